"""Estimates from a few networks that are all tested on the same images: both would be others another time.

A statistic comes as an array `(seeds, 1 + replicates)`: of each network on the images themselves, and on images drawn
with replacement, in the same draws for all networks (`harness.statistics.resampling.weights`).  The variance of a mean
over networks is taken as the sum of two: that of its bootstrap replicates, and that of the networks' own values on the
images themselves, divided by their number.  What both vary together is counted twice, to be careful.  Degrees of
freedom are Welch's and Satterthwaite's: few seeds that hardly differ do not hide what many images tell.  The variance
over images has one less than there are replicates, where those are fewer than images: so few tell it no better.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.rules.sample import Estimate
from harness.system.lazy import np

if TYPE_CHECKING:
    from numpy.typing import NDArray

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
    seeds = len(by_seed)
    value, drawn = float(statistic[0]), statistic[1:]
    method = f"{seeds} seeds on the same {images} images; {len(drawn)} bootstrap replicates of the images"
    if seeds < 2:
        return Estimate(value, np.nan, seeds, 0, unit, method)
    by_image = float(drawn.var(ddof=1)), min(images, len(drawn)) - 1
    parts = [by_image, (float(by_seed.var(ddof=1)) / seeds, seeds - 1)]
    total = sum(variance for variance, _ in parts)
    df = total**2 / sum(variance**2 / df for variance, df in parts) if total > 0 else 0.0
    return Estimate(value, total**0.5, seeds, df, unit, method)
