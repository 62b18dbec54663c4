"""Random crops, mirror images and colours of images with boxes, drawn anew each time."""

from __future__ import annotations

from dataclasses import dataclass

from claims.fan2019.methods.detection_loss import Objects
from harness.system.lazy import torch
from harness.system.stable_names import stable_name

GREY = 0.5
"""What shows where a crop reaches beyond the image."""


@stable_name("detection-augmentation")
@dataclass(frozen=True)
class DetectionAugmentation:
    """What is done to each training image each time that it is seen (Redmon et al. 2016, section 2.2).

    Attributes:
        jitter: by what share of the image's side each of its four edges moves at most, inwards or outwards: random
            scaling and translation.  The text has "up to 20 %"; YOLO's own code moves edges.
        flip: mirror left and right with probability 1/2.
        colour: exposure and saturation are multiplied by a factor between its inverse and this, in the HSV space.
    """

    jitter: float = 0.0
    flip: bool = False
    colour: float = 1.0

    def apply(self, images: torch.Tensor, objects: Objects, generator: torch.Generator) -> tuple[torch.Tensor, Objects]:
        """Images `(n, 3, h, w)` with values from 0 to 1 and their objects, each image with draws of its own.

        An object whose centre leaves the image goes; one that is cut loses the part outside.
        """
        n, device = len(images), images.device
        if self.jitter or self.flip:
            moves = self.jitter * (2 * torch.rand(n, 4, generator=generator) - 1)
            windows = torch.tensor([0.0, 0.0, 1.0, 1.0]) + moves
            if self.flip:
                mirrored = torch.rand(n, generator=generator) < 0.5
                windows[mirrored] = windows[mirrored][:, [2, 1, 0, 3]]
            images, objects = cropped(images, windows.to(device)), moved(objects, windows.to(device))
        if self.colour != 1:
            low, high = 1 / self.colour, self.colour
            factors = low + (high - low) * torch.rand(2, n, generator=generator)
            images = coloured(images, *factors.to(device, images.dtype))
        return images, objects


def cropped(images: torch.Tensor, windows: torch.Tensor) -> torch.Tensor:
    """What is seen of images `(n, c, h, w)` through windows `(n, 4)`, at the same size.

    A window is left, top, right, bottom as shares of the image; beyond the image all is grey.  One whose left edge is
    on the right shows the mirror image.
    """
    centres, halves = windows[:, :2] + windows[:, 2:] - 1, (windows[:, 2:] - windows[:, :2])
    maps = torch.cat([torch.diag_embed(halves), centres[..., None]], -1).to(images.dtype)
    grid = torch.nn.functional.affine_grid(maps, list(images.shape), align_corners=False)
    return torch.nn.functional.grid_sample(images - GREY, grid, align_corners=False) + GREY


def moved(objects: Objects, windows: torch.Tensor) -> Objects:
    """Where the objects are that are seen through windows `(n, 4)`, as in `cropped`."""
    corner, far = windows[:, None, :2], windows[:, None, 2:]
    first, second = ((edge - corner) / (far - corner) for edge in objects.boxes.split(2, -1))
    low, high = torch.minimum(first, second), torch.maximum(first, second)
    centres = (low + high) / 2
    inside = ((centres > 0) & (centres < 1)).all(-1)
    return Objects(torch.cat([low, high], -1).clamp(0, 1), objects.labels.where(inside, -1))


def coloured(images: torch.Tensor, exposure: torch.Tensor, saturation: torch.Tensor) -> torch.Tensor:
    """Multiply value and saturation (of hue, saturation, value) by factors `(n,)`; hues stay, both are capped at 1."""
    value, least = images.amax(1, keepdim=True), images.amin(1, keepdim=True)
    before = (value - least) / value.clamp_min(1e-6)
    after = (before * saturation[:, None, None, None]).clamp_max(1)
    changed = value - (value - images) * after / before.clamp_min(1e-6)
    brighter = (value * exposure[:, None, None, None]).clamp_max(1)
    return changed * brighter / value.clamp_min(1e-6)
