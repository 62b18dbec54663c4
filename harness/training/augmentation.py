"""Random shifts, mirror images and noise of a batch, drawn anew each time."""

from __future__ import annotations

from dataclasses import dataclass

from harness.system.lazy import torch
from harness.system.stable_names import stable_name


@stable_name("augmentation")
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

    def draw(self, n: int, generator: torch.Generator) -> torch.Tensor:
        """How each of `n` images is moved: int64, shape `(3, n)`: pixels down, pixels right, whether it is mirrored."""
        moves = torch.zeros(3, n, dtype=torch.int64)
        if self.shift:
            moves[:2] = torch.randint(-self.shift, self.shift + 1, (2, n), generator=generator)
        if self.flip:
            moves[2] = torch.rand(n, generator=generator) < 0.5
        return moves

    def apply(self, images: torch.Tensor, moves: torch.Tensor) -> torch.Tensor:
        """A batch of shape `(n, c, h, w)`, each image moved as drawn; `moves` lie on the images' device."""
        if self.shift:
            images = shifted(images, moves[0], moves[1])
        if self.flip:
            images = torch.where(moves[2, :, None, None, None].bool(), images.flip(3), images)
        return images

    def disturb(self, inputs: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        """The network's inputs `(n, c, h, w)` with noise; the generator is on their device."""
        if not self.noise:
            return inputs
        noise = torch.randn(inputs.shape, generator=generator, dtype=inputs.dtype, device=inputs.device)
        return inputs + self.noise * noise


def shifted(images: torch.Tensor, down: torch.Tensor, right: torch.Tensor) -> torch.Tensor:
    """Move image i of `(n, c, h, w)` by `down[i]` and `right[i]` whole pixels (shape `(n,)`); zeros move in."""
    n, _, height, width = images.shape
    device = images.device
    rows = torch.arange(height, device=device) - down[:, None]
    columns = torch.arange(width, device=device) - right[:, None]
    inside = ((rows >= 0) & (rows < height))[:, :, None] & ((columns >= 0) & (columns < width))[:, None, :]
    rows, columns = rows.clamp(0, height - 1), columns.clamp(0, width - 1)
    index = torch.arange(n, device=device)[:, None, None]
    moved = images[index, :, rows[:, :, None], columns[:, None, :]].permute(0, 3, 1, 2)
    return moved * inside[:, None]


SHIFT_AND_FLIP = Augmentation(shift=4, flip=True)
"""What is usual for images of 32 x 32 pixels: a random crop of the padded image, mirrored or not."""
