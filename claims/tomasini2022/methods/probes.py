"""Images, the same deformed, and the same with noise as large: what sensitivities are measured on (Eq. 1)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from claims.tomasini2022.methods.diffeomorphism import deform
from claims.tomasini2022.methods.matched_noise import matched_noise
from claims.tomasini2022.methods.scale_task import displace, render
from harness.system.lazy import torch

if TYPE_CHECKING:
    from torch import Generator, Tensor

SMOOTH, PIXELS = "smooth", "pixels"
"""A smooth field of one pixel's nominal magnitude; or, on the scale-detection task, a move of each active pixel."""


class Probes(NamedTuple):
    """The same images `(n, channels, size, size)` three times, float64."""

    images: Tensor
    deformed: Tensor
    noisy: Tensor


def probes(images: Tensor, deformation: str, generator: Generator, as_input: Callable[[Tensor], Tensor]) -> Probes:
    """Deform each image by a draw of its own, and add noise of exactly the norm of its change.

    Args:
        images: as stored, `(n, channels, size, size)`.
        deformation: SMOOTH or PIXELS.
        generator: of all draws.
        as_input: what makes images a network's input; it is there that the noise is as large as the change.
    """
    images = images.double()
    deformed = moved_pixels(images, generator) if deformation == PIXELS else deform(images, generator)
    clean, deformed = as_input(images), as_input(deformed)
    return Probes(clean, deformed, clean + matched_noise(clean, deformed, generator))


def moved_pixels(images: Tensor, generator: Generator) -> Tensor:
    """Move both active pixels of images of the scale-detection task to a neighbour each, clipped at the border.

    The neighbour is where a step of length one into a direction drawn uniformly comes nearest, as in the authors' code:
    beside, with chance 2/3, or at a corner.

    Raises:
        ValueError: when an image has not two active pixels.
    """
    active = images.nonzero()
    if len(active) != 2 * len(images) or not torch.equal(active[:, 0], torch.arange(len(images)).repeat_interleave(2)):
        raise ValueError("only images of two active pixels each can have them moved")
    pairs = active[:, 2:].reshape(-1, 2, 2)
    direction = torch.randn(pairs.shape, generator=generator, dtype=torch.float64)
    step = (direction / direction.norm(dim=2, keepdim=True)).round().long()
    shape = (images.shape[2], images.shape[3])
    return images.amax() * render(displace(pairs, step, shape), shape, images.dtype)
