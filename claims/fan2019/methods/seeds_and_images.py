"""Estimates from a few networks that are all tested on the same images: both would be others another time.

A statistic comes as an array `(seeds, 1 + replicates)`: of each network on the images themselves, and on images drawn
with replacement, in the same draws for all networks (`harness.statistics.resampling.weights`).  The interval is that of
`harness.statistics.seeds_and_images`: its half-width is the root of the squares of two, that of the networks' own
values on the images themselves (t with one degree of freedom less than there are networks) and that of the bootstrap
replicates.  So few seeds that happen to agree do not make it narrow.  Of replicates there are few too: their half-width
is that of t with one degree of freedom less than there are replicates, or images where those are fewer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.rules.judgement import ALPHA
from harness.statistics.seeds_and_images import over_seeds_and_images
from harness.system.lazy import np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from harness.rules.sample import Estimate

    Floats = NDArray[np.floating]


def mean(values: Floats, images: int, unit: str = "") -> Estimate:
    """The mean over seeds of a statistic, or of a difference of two, of shape `(seeds, 1 + replicates)`."""
    return _estimate(values.mean(0), values[:, 0], images, unit)


def ratio(numerator: Floats, denominator: Floats, images: int) -> Estimate:
    """The ratio of the means over seeds of two statistics of shape `(seeds, 1 + replicates)`.

    How far seeds vary is read off the numerator's deviations from the ratio times the denominator (delta method).
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        quotient = numerator.mean(0) / denominator.mean(0)
        apart = (numerator[:, 0] - quotient[0] * denominator[:, 0]) / denominator[:, 0].mean()
    return _estimate(quotient, apart, images, "")


def over_images(statistic: Floats) -> tuple[float, float]:
    """The 90 % interval of a statistic `(1 + replicates,)` that images alone leave open, seeds as they are."""
    from scipy.special import stdtrit

    drawn = statistic[1:]
    half = float(stdtrit(len(drawn) - 1, 0.95) * drawn.std(ddof=1))
    return float(statistic[0]) - half, float(statistic[0]) + half


def _estimate(statistic: Floats, by_seed: Floats, images: int, unit: str) -> Estimate:
    from scipy import special

    drawn = statistic[1:]
    few = special.stdtrit(min(images, len(drawn)) - 1, 1 - ALPHA) / special.ndtri(1 - ALPHA)
    variance = float(few**2 * drawn.var(ddof=1))
    around = by_seed - by_seed.mean() + statistic[0]
    return over_seeds_and_images(around, variance, unit, f"{images} images, resampled {len(drawn)} times")
