"""Masks on the Fourier transform of images: ideal low pass, ideal high pass, random.

A mask has the shape `(height, width)` of the two-dimensional transform (zero frequency first) and treats a frequency
like its negative, so that a masked real image is real.  They follow the three distortions that ghosh2019 discusses in
section 6: unfiltered, radial low pass, random.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.system.lazy import torch

if TYPE_CHECKING:
    from torch import Generator, Tensor


def radial_mask(height: int, width: int, cutoff: float) -> Tensor:
    """True where the radial frequency is at most `cutoff`, in units of the Nyquist frequency (0.5 cycles a pixel)."""
    rows = torch.fft.fftfreq(height, dtype=torch.float64)
    columns = torch.fft.fftfreq(width, dtype=torch.float64)
    return torch.hypot(rows[:, None], columns[None, :]) <= cutoff / 2


def random_mask(height: int, width: int, keep: float, generator: Generator) -> Tensor:
    """Each frequency kept with probability `keep`, together with its negative; the mean (zero frequency) always."""
    index = torch.arange(height * width).reshape(height, width)
    negative = index.flip(0, 1).roll((1, 1), (0, 1))
    draws = torch.rand(height * width, generator=generator, device=generator.device).cpu()
    mask = draws[torch.minimum(index, negative)] < keep
    mask[0, 0] = True
    return mask


def apply_mask(images: Tensor, mask: Tensor) -> Tensor:
    """The images without the frequencies that the mask drops.

    Args:
        images: shape `(..., height, width)`; all but float32 are filtered as float64.
        mask: shape `(height, width)`, symmetric as those of this module.
    """
    if images.shape[-2:] != mask.shape:
        raise ValueError(f"a mask of {tuple(mask.shape)} for images of {tuple(images.shape[-2:])}")
    if images.dtype != torch.float32:
        images = images.double()
    half = mask[:, : mask.shape[1] // 2 + 1].to(images.device)
    return torch.fft.irfft2(torch.fft.rfft2(images) * half, s=images.shape[-2:])


def low_pass(images: Tensor, cutoff: float) -> Tensor:
    """Keep the radial frequencies up to `cutoff` (in units of the Nyquist frequency)."""
    height, width = images.shape[-2:]
    return apply_mask(images, radial_mask(height, width, cutoff))


def high_pass(images: Tensor, cutoff: float) -> Tensor:
    """Keep the radial frequencies above `cutoff` (in units of the Nyquist frequency); the mean is lost."""
    height, width = images.shape[-2:]
    return apply_mask(images, ~radial_mask(height, width, cutoff))
