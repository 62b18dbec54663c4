"""Estimates from networks of several seeds that are tested on the same images: both would be others another time.

The images that a test set happens to have are shared by the seeds, and do not average out over them.  So an accuracy
has two variances: that of the mean over seeds, s^2 / n with n - 1 degrees of freedom, and that of the images, v, which
is known well.  The half-width of the interval is the root of (t s)^2 / n + z^2 v, with the quantiles t of n - 1 degrees
of freedom and z of the normal distribution; its coverage is never less than nominal (Banerjee 1960).  Degrees of
freedom after Welch and Satterthwaite are many where a few seeds happen to agree, and make it too narrow.

An `Estimate` has one standard error and one number of degrees of freedom: it gets n - 1 and the standard error with
which t makes that half-width.  For a smaller chance of error than `ALPHA` (after a correction) that is too wide, never
too narrow.  What the seeds' spread has of the images' luck is counted twice, to be careful.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.rules.judgement import ALPHA
from harness.rules.sample import Estimate
from harness.system.lazy import np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

SHARES = (0.0, 1.0)


def over_seeds_and_images(
    by_seed: ArrayLike,
    image_variance: float,
    unit: str = "",
    images: str = "images",
    bounds: tuple[float, float] | None = None,
) -> Estimate:
    """The mean over seeds of what all measured on the same images.

    Args:
        by_seed: shape `(seeds,)`, or differences of two arms by seed.
        image_variance: variance of the mean that other images would bring (a bootstrap's, a binomial's), in `unit`^2.
        unit: of the values.
        images: how the images are called, for the report: "2000 images".
        bounds: the least and largest possible value; where all seeds share one, rules count them.

    Returns:
        With n - 1 degrees of freedom.  Without a spread over seeds the standard error is 0, whatever the images say:
        several trainings that agree to the last image are repeats of one, or sit at a bound.
    """
    from scipy import special

    seeds = Estimate.from_replicates(by_seed, unit, bounds)
    if not seeds.standard_error > 0:
        return seeds
    ratio = float(special.ndtri(1 - ALPHA) / special.stdtrit(seeds.df, 1 - ALPHA))
    error = (seeds.standard_error**2 + ratio**2 * image_variance) ** 0.5
    method = (
        f"mean of {seeds.n} seeds on the same {images}; standard errors {seeds.standard_error:.3g} (seeds) "
        f"and {image_variance**0.5:.3g} (images)"
    )
    return Estimate(seeds.value, error, seeds.n, seeds.df, unit, method, bounds, seeds.replicates)


def accuracy(shares: ArrayLike, images: int) -> Estimate:
    """The mean over seeds of the share of test images that is right.

    Args:
        shares: from 0 to 1, shape `(seeds,)`.
        images: how many images all seeds were tested on.
    """
    return over_seeds_and_images(shares, share_variance(shares, images), images=f"{images} images", bounds=SHARES)


def accuracy_difference(
    first: ArrayLike, second: ArrayLike, images: int | tuple[int, int], discordant: ArrayLike | None = None
) -> Estimate:
    """The mean over seeds of the difference between two arms' shares of right images, paired by seed.

    Args:
        first: from 0 to 1, shape `(seeds,)`.
        second: likewise.
        images: how many images both arms were tested on; two numbers where each arm had images of its own.
        discordant: share of the images that one arm of a pair has right and the other wrong, one a seed or their mean.
            The images' variance is then (discordant - difference^2) / images, as in McNemar's test.  Without it,
            that of two independent sets, which is an upper bound as long as images that are hard for one arm are not
            easy for the other.
    """
    a, b = np.asarray(first, dtype=float), np.asarray(second, dtype=float)
    if discordant is None:
        sizes = (images, images) if isinstance(images, int) else images
        variance = share_variance(a, sizes[0]) + share_variance(b, sizes[1])
    elif isinstance(images, int):
        share = (float(np.asarray(discordant, dtype=float).mean()) * images + 2) / (images + 4)
        variance = (share - float((a - b).mean()) ** 2) / images
    else:
        raise ValueError("arms with images of their own have none that one has right and the other wrong")
    return over_seeds_and_images(a - b, variance, images=f"{images} images")


def share_variance(shares: ArrayLike, images: int) -> float:
    """Binomial variance of a share of images, at its mean over seeds; two right and two wrong images are added.

    So that a share of 0 or of 1 is not taken for certain (Agresti and Coull 1998).
    """
    share = (float(np.asarray(shares, dtype=float).mean()) * images + 2) / (images + 4)
    return share * (1 - share) / images
