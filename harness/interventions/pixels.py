"""What is done to single pixels: permuted, disturbed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.system.lazy import torch

if TYPE_CHECKING:
    from torch import Generator, Tensor


def permute_pixels(images: Tensor, generator: Generator, shared: bool = False) -> Tensor:
    """Put the pixels of each image in a random order; all channels move together.

    Args:
        images: shape `(n, c, height, width)`.
        generator: source of the permutations.
        shared: one permutation for all images instead of one for each.

    Returns:
        Images of the same shape and dtype.
    """
    n, _, height, width = images.shape
    keys = torch.rand(1 if shared else n, height * width, generator=generator, device=generator.device)
    order = keys.argsort(1).to(images.device)
    flat = images.flatten(2)
    return flat.gather(2, order[:, None, :].expand_as(flat)).reshape(images.shape)


def add_noise(images: Tensor, deviation: float, generator: Generator) -> Tensor:
    """Add independent Gaussian noise of a standard deviation (in units of the pixels) to floating point images."""
    if not images.is_floating_point():
        raise ValueError(f"noise is added to floating point images; got {images.dtype}, convert with images.float()")
    noise = torch.randn(images.shape, generator=generator, device=generator.device, dtype=images.dtype)
    return images + deviation * noise.to(images.device)
