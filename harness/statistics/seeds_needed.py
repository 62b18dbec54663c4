"""How many seeds would decide, from the spread of a few."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.system.lazy import np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

MOST = 100_000


def seeds_needed(differences: ArrayLike, margin: float) -> int | None:
    """Seeds with which two one-sided t tests show a difference of 0 within `margin`, with probability 0.8.

    Args:
        differences: one entry a seed, shape `(n,)`; only their standard deviation counts, taken for the true one.
        margin: in the same unit.

    Returns:
        The smallest number; None where it is above `MOST` or where fewer than two seeds leave the spread unknown.
    """
    from harness.rules import Estimate
    from harness.rules.student import margin_shown

    values = np.asarray(differences, dtype=float)
    if len(values) < 2:
        return None
    spread = float(values.std(ddof=1))

    def enough(n: int) -> bool:
        shown = margin_shown(Estimate(0.0, spread / n**0.5, n, n - 1))
        return shown is not None and shown <= margin

    low, high = 1, 2
    while not enough(high):
        low, high = high, 2 * high
        if low > MOST:
            return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high
