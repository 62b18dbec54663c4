"""What the projection statistics are by chance alone.

Where weights are drawn independently from a distribution symmetric about zero, a filter and its negative are equally
likely, so each sign is a fair coin: `F * n_l` is binomial with F trials, whatever the distribution's scale or shape.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.system.lazy import np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


def share_probabilities(filters: int) -> NDArray[np.float64]:
    """Chance of each value 0, 1/F, ..., 1 of a layer's share of negative projections: shape `(filters + 1,)`."""
    from scipy.stats import binom

    return binom.pmf(np.arange(filters + 1), filters, 0.5)


def share_spread(filters: int) -> float:
    """Standard deviation of the share by chance, `1 / (2 sqrt(F))`: no spread over seeds is expected below it."""
    return 0.5 / filters**0.5


def expected_distance(filters: int) -> float:
    """Mean distance of the share from one half by chance, about `0.4 / sqrt(F)`: no layer is less biased than that."""
    return float(share_probabilities(filters) @ np.abs(np.arange(filters + 1) / filters - 0.5))


def share_at_least(share: float, filters: int) -> float:
    """Chance of a share of at least `share` (one-sided p-value of a bias towards negative projections)."""
    from scipy.stats import binom

    fewest = np.ceil(share * filters - 1e-9)
    return float(binom.sf(fewest - 1, filters, 0.5))


def aligned_probability(filters: int, *, either_sign: bool = True) -> float:
    """Chance that all filters have the same sign: `2 / 2**F`, or `1 / 2**F` for a sign named beforehand."""
    return (2.0 if either_sign else 1.0) * 0.5**filters


def cosine_distribution(cosine: ArrayLike, dimension: int) -> NDArray[np.float64]:
    """Distribution function of the cosine between a fixed line and a direction uniform on the sphere.

    The square of that cosine follows Beta(1/2, (n - 1)/2) in `dimension` n; a filter of independent normal weights has
    such a direction, with n its number of weights.  Variance 1/n, and excess kurtosis -6/(n + 2): nearly normal.
    """
    from scipy.special import betainc

    cosine = np.asarray(cosine, dtype=float)
    return 0.5 * (1 + np.sign(cosine) * betainc(0.5, (dimension - 1) / 2, np.clip(cosine**2, 0, 1)))
