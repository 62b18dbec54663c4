"""Bootstrap over images: how far would a statistic move with other images of the same kind?

Images are drawn with replacement.  The draws depend on the number of images, the number of replicates and the seed
alone.  So two statistics of the same images (at two scales, or before and after an intervention) are resampled in
step, and the replicates of their difference are those of a paired comparison.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.rules.sample import Estimate
from harness.system.lazy import np, torch

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor

REPLICATES = 1000

_CHUNK = 1 << 22
"""Draws made at once; fixed, since the order of the draws is part of the result."""


@dataclass(frozen=True, eq=False)
class Bootstrapped:
    """A statistic with its bootstrap replicates; +, -, * and / combine it with another, replicate by replicate.

    Attributes:
        value: the statistic on the images themselves.
        replicates: its values on resampled images, shape `(replicates,)`, float64.
        n: number of images.
    """

    value: float
    replicates: NDArray[np.float64]
    n: int

    def __add__(self, other: Bootstrapped | float) -> Bootstrapped:
        return self._with(other, lambda a, b: a + b)

    def __sub__(self, other: Bootstrapped | float) -> Bootstrapped:
        return self._with(other, lambda a, b: a - b)

    def __mul__(self, other: Bootstrapped | float) -> Bootstrapped:
        return self._with(other, lambda a, b: a * b)

    def __truediv__(self, other: Bootstrapped | float) -> Bootstrapped:
        return self._with(other, lambda a, b: a / b)

    def to_estimate(self, unit: str = "") -> Estimate:
        """The value with the standard deviation of the replicates as its standard error, n - 1 degrees of freedom."""
        error = float(self.replicates.std(ddof=1))
        method = f"bootstrap over {self.n} images, {len(self.replicates)} replicates"
        return Estimate(self.value, error, self.n, self.n - 1, unit, method)

    def _with(self, other: Bootstrapped | float, combine: Callable) -> Bootstrapped:
        if not isinstance(other, Bootstrapped):
            return Bootstrapped(combine(self.value, other), combine(self.replicates, other), self.n)
        if len(self.replicates) != len(other.replicates):
            raise ValueError(
                f"{len(self.replicates)} and {len(other.replicates)} replicates cannot be combined one by one; "
                "bootstrap both with the same number"
            )
        replicates = combine(self.replicates, other.replicates)
        return Bootstrapped(combine(self.value, other.value), replicates, min(self.n, other.n))


def draws(n: int, replicates: int = REPLICATES, seed: int = 0) -> Iterator[Tensor]:
    """How often each image is drawn: chunks of shape `(some, n)`, float64, `replicates` rows in all."""
    generator = torch.Generator().manual_seed(seed)
    size = max(1, _CHUNK // n)
    for start in range(0, replicates, size):
        rows = min(size, replicates - start)
        places = torch.randint(n, (rows, n), generator=generator) + n * torch.arange(rows)[:, None]
        yield torch.bincount(places.flatten(), minlength=rows * n).reshape(rows, n).double()


def resampled_sums(columns: Tensor, replicates: int = REPLICATES, seed: int = 0) -> Tensor:
    """Sums over images, on the images themselves and on resampled ones.

    Args:
        columns: shape `(n, m)`, m numbers for each image.
        replicates: number of resampled sets.
        seed: seed of the draws.

    Returns:
        Shape `(1 + replicates, m)`, float64, on the CPU: first the sums themselves.
    """
    columns = columns.detach().double().cpu()
    return torch.cat([columns.sum(0)[None], *(drawn @ columns for drawn in draws(len(columns), replicates, seed))])


def weights(n: int, replicates: int = REPLICATES, seed: int = 0) -> NDArray[np.float64]:
    """How often each image counts: once in the first row, in the others as often as it is drawn.

    For statistics that are no function of sums over images.  Returns shape `(1 + replicates, n)`; a statistic of each
    row is what `from_sums` takes.
    """
    return torch.cat([torch.ones(1, n, dtype=torch.float64), *draws(n, replicates, seed)]).numpy()


def ratio_of_means(numerator: Tensor, denominator: Tensor, replicates: int = REPLICATES, seed: int = 0) -> Bootstrapped:
    """The ratio of two means over images: of `numerator` and `denominator`, both of shape `(n,)`."""
    sums = resampled_sums(torch.stack([numerator, denominator], 1), replicates, seed)
    return from_sums(sums[:, 0] / sums[:, 1], len(numerator))


def mean_of_ratios(numerator: Tensor, denominator: Tensor, replicates: int = REPLICATES, seed: int = 0) -> Bootstrapped:
    """The mean over images of each image's ratio; images whose denominator is zero are left out."""
    return ratio_of_means(*per_image_ratios(numerator, denominator), replicates, seed)


def per_image_ratios(numerator: Tensor, denominator: Tensor) -> tuple[Tensor, Tensor]:
    """Each image's ratio (0 where the denominator is zero), and 1 where it exists (else 0); float64."""
    exists = denominator != 0
    ratios = torch.where(exists, numerator.double() / denominator.double(), 0.0)
    return ratios, exists.double()


def from_sums(statistic: Tensor, n: int) -> Bootstrapped:
    """A statistic of the rows of `resampled_sums`: the value from the first row, the replicates from the others."""
    return Bootstrapped(float(statistic[0]), statistic[1:].numpy(), n)
