"""Two-hop arrangements of pixels: which triples (p, q, r) there are on a grid, and how often each pair occurs in them.

A triple has q next to p and r next to q, with r neither p nor next to p (ghosh2019, section 2).  All positions lie on
the grid, and each ordered triple counts once.  The three readings of "next to":

- "four": the pixels above, below, left and right.  r lies two steps straight ahead (one q) or on a diagonal (two q).
- "eight": the diagonals too.  r is two king's moves away (up to three q).
- "straight": four neighbours, with p, q and r on one line.

With (p, q, r) its reversal (r, q, p) is a triple.  Hence E(X(p) - X(q))^2 = E(X(q) - X(r))^2 whatever the image.  An
expectation over triples weights a pair by the number of triples that hold it: a pair (p, r) by its common neighbours, a
pair (p, q) by the ways to go on from q.  On a border there are fewer of both, which the weights take into account.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from harness.system.lazy import torch

if TYPE_CHECKING:
    from torch import Tensor

Lag = tuple[int, int]
"""From one pixel to another: (rows down, columns to the right)."""

_FOUR = ((0, 1), (1, 0), (0, -1), (-1, 0))
_NEIGHBOURS: dict[str, tuple[Lag, ...]] = {
    "four": _FOUR,
    "eight": (*_FOUR, (1, 1), (1, -1), (-1, 1), (-1, -1)),
    "straight": _FOUR,
}
NEIGHBOURHOODS = tuple(_NEIGHBOURS)


@dataclass(frozen=True)
class PairWeights:
    """How many triples hold each pair of pixels.

    Attributes:
        one_hop: the pairs (p, q), by lag; an array of `(height - |rows|, width - |columns|)` float64 counts, one for
            each pair of pixels at this lag (which lies wholly downwards, or to the right within a row).
        two_hop: the pairs (p, r), likewise.
        triples: number of triples.
    """

    one_hop: dict[Lag, Tensor]
    two_hop: dict[Lag, Tensor]
    triples: int


def hops(neighbours: str) -> list[tuple[Lag, Lag]]:
    """All (q - p, r - p) of a reading: 12 for "four", 32 for "eight", 4 for "straight"."""
    if neighbours not in _NEIGHBOURS:
        raise ValueError(f"neighbours is {neighbours!r}; it must be one of {', '.join(NEIGHBOURHOODS)}")
    steps = _NEIGHBOURS[neighbours]
    near = {(0, 0), *steps}
    onward = {step: [step] if neighbours == "straight" else steps for step in steps}
    pairs = [(step, (step[0] + then[0], step[1] + then[1])) for step in steps for then in onward[step]]
    return [(step, reach) for step, reach in pairs if reach not in near]


@lru_cache(maxsize=256)
def pair_weights(neighbours: str, height: int, width: int) -> PairWeights:
    """Count the triples of a reading on a grid, pair by pair; there are none on a grid that is too small."""
    one_hop: dict[Lag, Tensor] = {}
    two_hop: dict[Lag, Tensor] = {}
    triples = 0
    for step, reach in hops(neighbours):
        rows, columns = _extent(height, step[0], reach[0]), _extent(width, step[1], reach[1])
        if rows and columns:
            _count(one_hop, step, rows, columns, height, width)
            _count(two_hop, reach, rows, columns, height, width)
            triples += len(rows) * len(columns)
    return PairWeights(one_hop, two_hop, triples)


def pair_slices(lag: Lag) -> tuple[tuple[slice, slice], tuple[slice, slice]]:
    """The (rows, columns) of the first and of the second pixels of all pairs at a lag with rows >= 0."""
    down, right = lag
    ahead = (slice(down, None), slice(max(right, 0), None if right >= 0 else right))
    behind = (slice(None, -down or None), slice(max(-right, 0), -right if right > 0 else None))
    return behind, ahead


def _extent(side: int, step: int, reach: int) -> range:
    """The positions p along a side for which p, p + step and p + reach lie on the grid."""
    return range(max(0, -step, -reach), side - max(0, step, reach))


def _count(weights: dict[Lag, Tensor], lag: Lag, rows: range, columns: range, height: int, width: int) -> None:
    """Add one to each pair (p, p + lag) with p in `rows` x `columns`."""
    down, right = lag
    top, left = rows.start, columns.start
    if lag < (0, 0):  # the same pair from its other end, so that a lag and its opposite are one
        top, left, down, right = top + down, left + right, -down, -right
    shape = (height - down, width - abs(right))
    pairs = weights.setdefault((down, right), torch.zeros(shape, dtype=torch.float64))
    left -= max(-right, 0)
    pairs[top : top + len(rows), left : left + len(columns)] += 1
