"""Random shifts, mirror images and noise of a batch, drawn anew each time."""

from __future__ import annotations

from dataclasses import dataclass

from harness.lazy import torch


@dataclass(frozen=True)
class Augmentation:
    """What is done to each training image each time that it is seen.

    Attributes:
        shift: largest shift along each axis in pixels, uniform over whole pixels; black moves in (a random crop of the
            image padded by so many pixels).
        flip: mirror left and right with probability 1/2.
        noise: standard deviation of independent Gaussian noise on each pixel, in units of the network's input.
    """

    shift: int = 0
    flip: bool = False
    noise: float = 0.0

    def apply(self, images: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        """A batch of shape `(n, c, h, w)`, each image with its own shift and flip."""
        if self.shift:
            images = shifted(images, *_offsets(len(images), self.shift, generator))
        if self.flip:
            mirrored = torch.rand(len(images), generator=generator) < 0.5
            images = torch.where(mirrored.to(images.device)[:, None, None, None], images.flip(3), images)
        return images

    def disturb(self, inputs: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        """The network's inputs `(n, c, h, w)` with noise."""
        if not self.noise:
            return inputs
        noise = torch.randn(inputs.shape, generator=generator, dtype=inputs.dtype)
        return inputs + self.noise * noise.to(inputs.device)


def shifted(images: torch.Tensor, down: torch.Tensor, right: torch.Tensor) -> torch.Tensor:
    """Move image i of `(n, c, h, w)` by `down[i]` and `right[i]` whole pixels (shape `(n,)`); zeros move in."""
    n, _, height, width = images.shape
    device = images.device
    rows = torch.arange(height, device=device) - down.to(device)[:, None]
    columns = torch.arange(width, device=device) - right.to(device)[:, None]
    inside = ((rows >= 0) & (rows < height))[:, :, None] & ((columns >= 0) & (columns < width))[:, None, :]
    rows, columns = rows.clamp(0, height - 1), columns.clamp(0, width - 1)
    index = torch.arange(n, device=device)[:, None, None]
    moved = images[index, :, rows[:, :, None], columns[:, None, :]].permute(0, 3, 1, 2)
    return moved * inside[:, None]


def _offsets(n: int, most: int, generator: torch.Generator) -> tuple[torch.Tensor, torch.Tensor]:
    down, right = torch.randint(-most, most + 1, (2, n), generator=generator)
    return down, right
