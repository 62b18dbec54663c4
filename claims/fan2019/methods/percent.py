"""Per cent of test images that are right, with what is known of how far other seeds and other images would move it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.statistics.seeds_and_images import over_seeds_and_images, share_variance
from harness.system.lazy import np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import ArrayLike, NDArray

    from harness.rules.sample import Estimate

UNIT = "percentage points"
WHOLE = (0.0, 100.0)


@dataclass(frozen=True)
class Percent:
    """An accuracy in per cent, or a sum of several with signs, in percentage points; paired by seed.

    Records do not say which images are right, so that how accuracies go together over images is unknown.  An image that
    is hard for one arm is hardly easy for another: accuracies are taken to be correlated by no less than 0 and, as
    always, no more than 1.  Then what is added has no more than the sum of its standard deviations, and so has what is
    taken away; and the difference of the two has no more than both their variances.  What is added and taken away
    again is gone, with its uncertainty.

    Attributes:
        by_seed: shape `(seeds,)`.
        moved: by how much other images would move each accuracy, by its name: a standard deviation, times what the
            accuracy is multiplied by, so that it is negative where it is taken away.
        images: how many images the accuracies are of, each number once.
        bounds: the least and the largest possible value, where they are known.
    """

    by_seed: NDArray[np.float64]
    moved: Mapping[str, float]
    images: tuple[int, ...] = ()
    bounds: tuple[float, float] | None = None

    @classmethod
    def of(cls, shares: ArrayLike, images: int | None, name: str) -> Percent:
        """An accuracy from shares of right images, from 0 to 1, shape `(seeds,)`.

        Args:
            shares: one a seed.
            images: how many images each is a share of; None where no others are thought of, as in training.
            name: of the accuracy; two of one name are the same thing.
        """
        by_seed = 100 * np.asarray(shares, dtype=float)
        if images is None:
            return cls(by_seed, {}, bounds=WHOLE)
        return cls(by_seed, {name: 100 * share_variance(shares, images) ** 0.5}, (images,), WHOLE)

    def __sub__(self, other: Percent | float) -> Percent:
        """The difference from another accuracy by seed, or from a number without uncertainty (chance)."""
        if isinstance(other, Percent):
            images = tuple(sorted({*self.images, *other.images}))
            names = {**self.moved, **other.moved}
            moved = {name: self.moved.get(name, 0.0) - other.moved.get(name, 0.0) for name in names}
            return Percent(self.by_seed - other.by_seed, moved, images)
        bounds = (self.bounds[0] - other, self.bounds[1] - other) if self.bounds else None
        return Percent(self.by_seed - other, self.moved, self.images, bounds)

    def __truediv__(self, number: float) -> Percent:
        """The same in parts, by a positive number."""
        if not number > 0:
            raise ValueError(f"accuracies are divided by positive numbers, not by {number}")
        moved = {name: deviation / number for name, deviation in self.moved.items()}
        return Percent(self.by_seed / number, moved, self.images)

    @property
    def image_variance(self) -> float:
        """How far other images would move the mean over seeds at most, in squared percentage points."""
        deviations = self.moved.values()
        added, taken = sum(one for one in deviations if one > 0), sum(one for one in deviations if one < 0)
        return added**2 + taken**2

    def to_estimate(self) -> Estimate:
        """The mean over seeds, for a rule."""
        images = " and ".join(map(str, self.images)) + " images" if self.images else "images"
        return over_seeds_and_images(self.by_seed, self.image_variance, UNIT, images, self.bounds)
