"""Labelled images for a network: resident on its device, or in files that are decoded while it trains."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Protocol

from harness.system.lazy import torch

if TYPE_CHECKING:
    from PIL.Image import Image
    from torch import Tensor

    from harness.data.folders import ImageFiles

LARGEST_SEED = 2**62
MARGIN = 8 / 7
"""Of the square that is cut out of an image's middle, the image's shorter side is so many: 256 pixels for 224."""


class Labelled(Protocol):
    """Images `(n, c, h, w)`, uint8 or floating point, with labels `(n,)`, as a training takes them."""

    def __len__(self) -> int: ...

    @property
    def device(self) -> torch.device:
        """Where they are handed out."""

    def draw(self, generator: torch.Generator) -> Tensor:
        """What an epoch draws for their sake, int64 of shape `(k, n)` on the CPU: the last rows of its draws."""

    def ahead(self, batches: Sequence[Tensor]) -> None:
        """Told which columns of an epoch's draws will be `taken`, in this order."""

    def taken(self, batch: Tensor) -> tuple[Tensor, Tensor]:
        """Images and labels of some columns of the epoch's draws, whose first row are the images' numbers."""

    def batches(self, size: int) -> Iterator[tuple[Tensor, Tensor]]:
        """All images and labels, in order, so many at a time."""


@dataclass(frozen=True)
class Resident:
    """Images on the device, as stored: shape `(n, c, h, w)`, uint8 or floating point; labels of shape `(n,)`."""

    images: Tensor
    labels: Tensor

    def __len__(self) -> int:
        return len(self.images)

    @property
    def device(self) -> torch.device:
        """See `Labelled`."""
        return self.images.device

    def to(self, device: torch.device) -> Resident:
        """The same on another device."""
        return Resident(self.images.to(device), self.labels.to(device))

    def draw(self, generator: torch.Generator) -> Tensor:
        """Nothing is drawn for them."""
        return torch.empty(0, len(self), dtype=torch.int64)

    def ahead(self, batches: Sequence[Tensor]) -> None:
        """They are all there."""

    def taken(self, batch: Tensor) -> tuple[Tensor, Tensor]:
        """See `Labelled`."""
        return self.images[batch[0]], self.labels[batch[0]]

    def batches(self, size: int) -> Iterator[tuple[Tensor, Tensor]]:
        """See `Labelled`."""
        return zip(self.images.split(size), self.labels.split(size), strict=True)


class Streamed:
    """Images in files, cut to squares.

    In training a random part of each image, of 8 to 100 % of it, is resized to the square (torchvision's
    `RandomResizedCrop`); otherwise the square is cut out of its middle.  What is random comes from the epoch's draws, a
    seed for each image, so that it depends neither on how many processes decode nor on where an epoch was cut.

    Args:
        files: the files.
        numbers: of the images that belong here, `(n,)`, on the CPU.
        side: of the squares, in pixels.
        device: where batches go.
    """

    def __init__(self, files: ImageFiles, numbers: Tensor, side: int, device: torch.device) -> None:
        self._files, self._numbers, self._side, self.device = files, numbers, side, device
        self._labels = files.labels[numbers].to(device)
        self._coming: Iterator[Tensor] = iter(())

    def __len__(self) -> int:
        return len(self._numbers)

    def draw(self, generator: torch.Generator) -> Tensor:
        """A seed for each image."""
        return torch.randint(LARGEST_SEED, (1, len(self)), generator=generator)

    def ahead(self, batches: Sequence[Tensor]) -> None:
        """See `Labelled`; from now on they are decoded."""
        drawn = torch.cat([batch[[0, -1]] for batch in batches], dim=1).cpu() if batches else torch.empty(2, 0).long()
        sizes = [batch.shape[1] for batch in batches]
        items = zip(self._numbers[drawn[0]].split(sizes), drawn[1].split(sizes), strict=True)
        self._coming = self._decoded(items, random_part)

    def taken(self, batch: Tensor) -> tuple[Tensor, Tensor]:
        """See `Labelled`; the batches that were announced, each once, in order."""
        return next(self._coming).to(self.device, non_blocking=True), self._labels[batch[0]]

    def batches(self, size: int) -> Iterator[tuple[Tensor, Tensor]]:
        """See `Labelled`."""
        items = ((numbers, torch.zeros_like(numbers)) for numbers in self._numbers.split(size))
        for images, labels in zip(self._decoded(items, middle), self._labels.split(size), strict=True):
            yield images.to(self.device, non_blocking=True), labels

    def _decoded(self, items: Iterator[tuple[Tensor, Tensor]], cut: Cut) -> Iterator[Tensor]:
        from harness.data.folders import decoded

        batches = (list(zip(numbers.tolist(), seeds.tolist(), strict=True)) for numbers, seeds in items)
        return decoded(self._files, batches, partial(cut, side=self._side))


class Cut(Protocol):
    """Cuts an image to a square: uint8 `(3, side, side)`."""

    def __call__(self, image: Image, seed: int, side: int) -> Tensor:
        """An image, a number to draw from, and how many pixels the square has along a side."""


def random_part(image: Image, seed: int, side: int) -> Tensor:
    """A random part of the image, of 8 to 100 % of its area and 3/4 to 4/3 as wide as high, resized to a square."""
    from harness.system.torchvision_compat import torchvision

    transforms = torchvision.transforms
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        part = transforms.RandomResizedCrop(side)(image)
    pixels: Tensor = transforms.functional.pil_to_tensor(part)
    return pixels


def middle(image: Image, seed: int, side: int) -> Tensor:
    """The middle of the image, whose shorter side is `MARGIN` times the square's."""
    from harness.system.torchvision_compat import torchvision

    functional = torchvision.transforms.functional
    pixels: Tensor = functional.pil_to_tensor(
        functional.center_crop(functional.resize(image, round(side * MARGIN)), [side, side])
    )
    return pixels
