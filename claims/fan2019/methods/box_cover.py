"""How many of some given boxes a few boxes can cover: overlap by a threshold or more.

Ceilings come from the dual of the linear program of maximum coverage.  Give every box a weight v from 0 to 1.  Then any
k boxes cover together at most sum(1 - v) + k w, where w is the largest weight that a single box covers: each covered
box counts 1 - v in the first term and v in that of a box that covers it.  Weights that are good for some k are the dual
variables of the program over a few hundred candidates; all 1 is one choice.

The largest weight w is bounded over all boxes there are by branch and bound.  A region of boxes is a range for each of
left, top, right and bottom.  Intersection over union with a given box rises with each side up to that box's own and
falls beyond, whatever the other sides are; so its largest value in a region is at the given box's sides, clipped to the
ranges.  The weight of the boxes that reach the threshold there is a bound for the region.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from claims.fan2019.methods.detections import overlaps
from harness.system.lazy import np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.floating]
    Booleans = NDArray[np.bool_]

COUNTS = (2, 4, 8)
"""Numbers of boxes for which weights are found."""
CANDIDATES = 400
REGIONS = 20_000
"""Regions that are looked at together at most; where more would be needed, the bound stays the higher for it."""
SLACK = 0.02
"""Share by which a bound may exceed what was found, for the sake of an early end."""

_FIRST = 6
_SPLITS = 10
_TRIED = 2000
_AT_ONCE = 1 << 17


class Cover(NamedTuple):
    """How well a few boxes can cover some given ones.

    Attributes:
        boxes: chosen greedily, one after another, shape `(k, 4)`.
        covered: given boxes that the first 0, 1, ..., k of them cover, shape `(k + 1,)`.
        ceilings: lines (a, b), shape `(lines, 2)`: no n boxes cover more than a + b n.
    """

    boxes: Floats
    covered: Floats
    ceilings: Floats

    def most(self, count: Floats | float) -> Floats:
        """No `count` boxes cover more than this; concave in `count`, any shape."""
        return (self.ceilings[:, 0] + np.asarray(count, dtype=float)[..., None] * self.ceilings[:, 1]).min(-1)


def cover(boxes: Floats, count: int = 8, threshold: float = 0.5, seed: int = 0) -> Cover:
    """Choose up to `count` boxes that cover the given ones, of shape `(n, 4)`, and bound what others can."""
    boxes = boxes.astype(float)
    left, covered = np.ones(len(boxes), dtype=bool), [0]
    chosen: list[Floats] = []
    while left.any() and len(chosen) < count:
        chosen.append(heaviest(boxes, left.astype(float), threshold, regions=REGIONS // 4)[0])
        left &= overlaps(boxes, chosen[-1]) < threshold
        covered.append(len(boxes) - int(left.sum()))
    reach = overlaps(np.concatenate([chosen, _candidates(boxes, threshold, seed)])[:, None], boxes) >= threshold
    weights = [np.ones(len(boxes)), *(_dual(reach, some) for some in COUNTS)]
    lines = [(float((1 - weight).sum()), heaviest(boxes, weight, threshold)[1]) for weight in weights]
    return Cover(np.array(chosen), np.array(covered), np.array([(float(len(boxes)), 0.0), *lines]))


def heaviest(
    boxes: Floats, weights: Floats, threshold: float = 0.5, *, regions: int = REGIONS, slack: float = SLACK
) -> tuple[Floats, float]:
    """A box that covers much weight of the given ones, and a bound on what any box covers.

    Without slack, and with regions enough, the box covers as much as any does.
    """
    boxes, weights = boxes[weights > 0], weights[weights > 0]
    if not len(boxes):
        return np.zeros(4), 0.0
    best, heaviest_weight = _best(boxes, boxes, weights, threshold)
    low, high = _first_regions(boxes)
    for _ in range(_SPLITS):
        reach = _weight(low, high, boxes, weights, threshold)
        likely = np.argsort(-reach, kind="stable")[:_TRIED]
        middle, weight_of_middle = _best((low[likely] + high[likely]) / 2, boxes, weights, threshold)
        if weight_of_middle > heaviest_weight:
            best, heaviest_weight = middle, weight_of_middle
        enough = heaviest_weight * (1 + slack) + 1e-9
        unsure = reach > enough  # only these regions may hold a box that covers notably more
        if not unsure.any():
            return best, enough
        low, high, reach = low[unsure], high[unsure], reach[unsure]
        if 16 * len(low) > regions:  # as many as there would be after halving all four ranges
            break
        low, high = _halved(low, high)
    return best, float(reach.max())


def _best(candidates: Floats, boxes: Floats, weights: Floats, threshold: float) -> tuple[Floats, float]:
    covered = _weight(candidates, candidates, boxes, weights, threshold)
    return candidates[covered.argmax()], float(covered.max())


def _candidates(boxes: Floats, threshold: float, seed: int) -> Floats:
    """Given boxes, and twice the mean of those that each covers."""
    few = np.random.default_rng(seed).permutation(len(boxes))[: CANDIDATES // 3]
    rounds = [boxes[few]]
    for _ in range(2):
        reach = (overlaps(rounds[-1][:, None], boxes) >= threshold).astype(float)
        around = reach.sum(1, keepdims=True)
        rounds.append(np.where(around > 0, reach @ boxes / np.maximum(around, 1), rounds[-1]))
    return np.concatenate(rounds)


def _dual(reach: Booleans, count: int) -> Floats:
    """Weights of the given boxes that solve the dual of covering them with `count` candidates."""
    from scipy.optimize import linprog
    from scipy.sparse import bmat, csr_array, identity

    candidates, given = reach.shape
    rows = bmat([
        [-csr_array(reach.T.astype(float)), identity(given)],
        [csr_array(np.ones((1, candidates))), csr_array((1, given))],
    ])  # fmt: skip
    limits = np.append(np.zeros(given), count)
    gain = np.append(np.zeros(candidates), -np.ones(given))
    solved = linprog(gain, A_ub=rows, b_ub=limits, bounds=(0, 1), method="highs")
    return np.clip(-solved.ineqlin.marginals[:given], 0.0, 1.0)


def _first_regions(boxes: Floats) -> tuple[Floats, Floats]:
    """Regions that hold every box inside the hull of the given ones; no box outside it overlaps any of them more."""
    edges = np.linspace(boxes[:, :2].min(0), boxes[:, 2:].max(0), _FIRST + 1)
    start, end = np.triu_indices(_FIRST)
    across, down = (which.ravel() for which in np.indices((len(start), len(start))))
    corner = [(start[across], 0), (start[down], 1), (end[across], 0), (end[down], 1)]
    low, high = (np.stack([edges[step + shift, axis] for step, axis in corner], 1) for shift in (0, 1))
    return low, high


def _halved(low: Floats, high: Floats) -> tuple[Floats, Floats]:
    """Each region's sixteen parts, every range halved."""
    half = (high - low) / 2
    corners = np.indices((2, 2, 2, 2)).reshape(4, -1).T
    start = (low[:, None] + corners * half[:, None]).reshape(-1, 4)
    return start, start + np.repeat(half, 16, axis=0)


def _weight(low: Floats, high: Floats, boxes: Floats, weights: Floats, threshold: float) -> Floats:
    """For each region the weight of the boxes that can be covered from it, though not all from the same place."""
    rows, low, high, boxes = max(1, _AT_ONCE // len(boxes)), *(part.astype(np.float32) for part in (low, high, boxes))
    parts = [
        _covers(low[start : start + rows, None], high[start : start + rows, None], boxes, threshold) @ weights
        for start in range(0, len(low), rows)
    ]
    return np.concatenate(parts)


def _covers(low: Floats, high: Floats, boxes: Floats, threshold: float) -> Booleans:
    """Whether each box can be covered from each region, shape `(regions, boxes)`; rounding is in its favour."""
    areas, shared = [], []
    for start, end in ((0, 2), (1, 3)):
        first, last = (np.minimum(np.maximum(boxes[:, side], low[..., side]), high[..., side]) for side in (start, end))
        areas.append(last - first)
        shared.append(np.minimum(last, boxes[:, end]) - np.maximum(first, boxes[:, start]))
    both = np.maximum(areas[0], 0) * np.maximum(areas[1], 0) + (boxes[:, 2:] - boxes[:, :2]).prod(1)
    common = np.maximum(shared[0], 0) * np.maximum(shared[1], 0)
    return common * np.float32((1 + threshold) * (1 + 1e-5)) >= both * np.float32(threshold)
