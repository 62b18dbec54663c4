"""White noise as large as a deformation's change of an image (Tomasini et al. 2022, Eq. 1)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from harness.system.lazy import torch

if TYPE_CHECKING:
    from torch import Generator, Tensor

Match = Literal["each image", "mean square"]


def matched_noise(images: Tensor, deformed: Tensor, generator: Generator, match: Match = "each image") -> Tensor:
    """Gaussian noise of the magnitude of `deformed - images`, of their shape `(n, ...)` and dtype.

    Args:
        images: shape `(n, ...)`, floating point.
        deformed: the same images after the deformation.
        generator: source of the noise.
        match: "each image" gives every image noise of exactly the norm of its own change (uniform on a sphere);
            "mean square" draws all pixels with one variance, the mean of the squared changes.
    """
    change = deformed - images
    noise = torch.randn(change.shape, generator=generator, device=generator.device, dtype=change.dtype)
    noise = noise.to(change.device)
    if match == "mean square":
        return noise * change.square().mean().sqrt()
    rows = [len(change), *([1] * (change.ndim - 1))]
    radius, length = change.flatten(1).norm(dim=1), noise.flatten(1).norm(dim=1)
    return noise * (radius / length).reshape(rows)
