"""What printed, rounded numbers leave open."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import TYPE_CHECKING, NamedTuple

from harness.system.lazy import np

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Range(NamedTuple):
    """Lowest and highest value, both included."""

    low: float
    high: float

    def distance(self, other: Range) -> float:
        """How far two ranges lie apart; 0 where they meet."""
        return max(0.0, self.low - other.high, other.low - self.high)


def before_rounding(value: float, decimals: int) -> Range:
    """The values that round to a printed one."""
    half = 0.5 * 10**-decimals
    return Range(value - half, value + half)


def correlation_range(x: Sequence[float], y: Sequence[float], decimals: int) -> Range:
    """Correlations that the numbers behind two printed rows can have.

    Every corner of the box of unrounded values is looked at, and both extremes are improved from the best corners and
    from the printed values: the correlation of some rows is largest inside the box.

    Args:
        x: printed values, at most ten in both rows together (there are two corners for each).
        y: likewise.
        decimals: to which they are rounded.
    """
    half = 0.5 * 10**-decimals
    printed = np.array([*x, *y])
    corners = printed + half * np.array(list(product((-1, 1), repeat=len(printed))))
    found = np.array([_correlation(corner) for corner in corners])
    low = _improved(+1, [corners[found.argmin()], printed], printed, half)
    high = _improved(-1, [corners[found.argmax()], printed], printed, half)
    return Range(low, high)


def _correlation(values: NDArray[np.float64]) -> float:
    x, y = np.split(values, 2)
    return float(np.corrcoef(x, y)[0, 1])


def _improved(sign: int, starts: list[NDArray[np.float64]], printed: NDArray[np.float64], half: float) -> float:
    """The least value of sign x correlation within the box, from several starts, as a correlation."""
    from scipy.optimize import minimize

    box = list(zip(printed - half, printed + half, strict=True))
    found = [minimize(lambda values: sign * _correlation(values), start, bounds=box).fun for start in starts]
    return sign * min(found)
