"""Disturbances that are one and the same for all images, of training and of validation.

An intervention draws from a stream of its own for either of the two sets; what both are to share is drawn from a number
that the recipe states, and is the same in runs of all seeds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from claims.ghosh2019.methods.filters import apply_mask, random_mask
from harness.interventions.pixels import permute_pixels
from harness.system.stable_names import stable_name
from harness.training.randomness import stream

if TYPE_CHECKING:
    from torch import Generator, Tensor


@stable_name("fixed-order")
@dataclass(frozen=True)
class FixedOrder:
    """Put the pixels of every image in the same random order: all is there, but neighbours have nothing in common.

    Attributes:
        number: which order.
    """

    number: int = 0

    def apply(self, images: Tensor, generator: Generator) -> Tensor:
        """The images, shape `(n, c, h, w)`, reordered; channels move together, and `generator` is left alone."""
        return permute_pixels(images, stream(self.number, "fixed order of pixels"), shared=True)


@stable_name("fixed-mask")
@dataclass(frozen=True)
class FixedMask:
    """Keep each spatial frequency with probability `keep`, the same ones in every image.

    Attributes:
        keep: from 0 to 1; the mean of an image is always kept.
        number: which mask.
    """

    keep: float
    number: int = 0

    def apply(self, images: Tensor, generator: Generator) -> Tensor:
        """The images, shape `(n, c, h, w)`, filtered; `generator` is left alone."""
        height, width = images.shape[-2:]
        mask = random_mask(height, width, self.keep, stream(self.number, "fixed mask"))
        return apply_mask(images, mask)
