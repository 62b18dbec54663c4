"""What can be done to images before they are measured, as parts of a recipe."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from claims.ghosh2019.methods import filters
from harness.interventions import pixels
from harness.system.stable_names import stable_name

if TYPE_CHECKING:
    from torch import Generator, Tensor


class Distortion(Protocol):
    """A frozen dataclass of JSON values; `harness.training.SwapBlocks` is one too."""

    def apply(self, images: Tensor, generator: Generator) -> Tensor:
        """The images, shape `(n, c, h, w)`, distorted."""


@stable_name("permute-pixels")
@dataclass(frozen=True)
class PermutePixels:
    """Put the pixels of each image in a random order of its own, or all images in the same one."""

    shared: bool = False

    def apply(self, images: Tensor, generator: Generator) -> Tensor:
        """The images, shape `(n, c, h, w)`, permuted; channels move together."""
        return pixels.permute_pixels(images, generator, self.shared)


@stable_name("low-pass")
@dataclass(frozen=True)
class LowPass:
    """Drop the radial frequencies above `cutoff`, in units of the Nyquist frequency."""

    cutoff: float

    def apply(self, images: Tensor, generator: Generator) -> Tensor:
        """The images, shape `(n, c, h, w)`, filtered."""
        return filters.low_pass(images, self.cutoff)


@stable_name("high-pass")
@dataclass(frozen=True)
class HighPass:
    """Drop the radial frequencies up to `cutoff`, in units of the Nyquist frequency."""

    cutoff: float

    def apply(self, images: Tensor, generator: Generator) -> Tensor:
        """The images, shape `(n, c, h, w)`, filtered."""
        return filters.high_pass(images, self.cutoff)


@stable_name("random-mask")
@dataclass(frozen=True)
class RandomMask:
    """Keep each frequency with probability `keep`, the same ones in all images."""

    keep: float

    def apply(self, images: Tensor, generator: Generator) -> Tensor:
        """The images, shape `(n, c, h, w)`, filtered."""
        height, width = images.shape[-2:]
        return filters.apply_mask(images, filters.random_mask(height, width, self.keep, generator))
