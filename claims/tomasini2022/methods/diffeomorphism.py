"""Random smooth deformations of images: the maximum-entropy diffeomorphisms of Petrini et al. (2021).

A field is a sum of sines that vanish at the border: over integers i, j >= 1 with r = √(i² + j²) < c + 1/2, on the unit
square,

    τ(x, y) = n √T Σ C_ij sin(iπx) sin(jπy) / r,    C_ij ~ N(0, 1) independent,

one such sum for each axis, in pixels for images of n x n.  T is the temperature, c the cut (the highest frequency).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from harness.system.lazy import torch

if TYPE_CHECKING:
    from torch import Generator, Tensor


def displacement_fields(size: int, count: int, *, temperature: float, cut: int, generator: Generator) -> Tensor:
    """Random fields, float64, in pixels: shape `(count, 2, size, size)`, first across columns, then across rows."""
    amplitude = _amplitudes(cut)
    coefficients = torch.randn(count, 2, cut, cut, generator=generator, dtype=torch.float64, device=generator.device)
    sines = _sines(size, cut)
    fields = torch.einsum("bdij,ir,jc->bdrc", coefficients.cpu() * amplitude, sines, sines)
    return size * math.sqrt(temperature) * fields


def mean_square_displacement(size: int, temperature: float, cut: int) -> Tensor:
    """The expected squared length of the displacement of each pixel, exact: shape `(size, size)`, in pixels squared."""
    squares = _sines(size, cut) ** 2
    return 2 * size**2 * temperature * torch.einsum("ij,ir,jc->rc", _amplitudes(cut) ** 2, squares, squares)


def magnitude(temperature: float, cut: int, size: int) -> float:
    """Nominal root mean square displacement δ = n √(πT ln c) / 2, in pixels; what it tends to for a large cut."""
    return size * math.sqrt(math.pi * temperature * _log(cut)) / 2


def temperature_of(magnitude: float, cut: int, size: int) -> float:
    """The temperature at which the nominal displacement is `magnitude` pixels."""
    return 4 * magnitude**2 / (math.pi * size**2 * _log(cut))


def highest_temperature(cut: int) -> float:
    """The temperature 4 / (π³ c² ln c) up to which Petrini et al. take the fields to be invertible."""
    return 4 / (math.pi**3 * cut**2 * _log(cut))


def warp(images: Tensor, fields: Tensor) -> Tensor:
    """Read each image at its pixels' positions less the displacement, between pixels by bilinear interpolation.

    Args:
        images: shape `(n, channels, size, size)`, floating point.
        fields: shape `(n, 2, size, size)`, in pixels; positions beyond the border are read at the border.
    """
    size = images.shape[-1]
    if images.shape[-2] != size or fields.shape != (len(images), 2, size, size):
        raise ValueError(
            f"one field of (2, size, size) for each square image: got images of {tuple(images.shape)} and fields of "
            f"{tuple(fields.shape)}"
        )
    pixels = torch.arange(size, dtype=fields.dtype, device=fields.device)
    columns, rows = pixels - fields[:, 0], pixels[:, None] - fields[:, 1]
    positions = 2 * torch.stack([columns, rows], -1) / (size - 1) - 1
    positions = positions.to(images.device, images.dtype)
    return torch.nn.functional.grid_sample(images, positions, padding_mode="border", align_corners=True)


def deform(images: Tensor, generator: Generator, *, magnitude: float = 1.0, cut: int = 3) -> Tensor:
    """Deform each image of shape `(n, channels, size, size)` by a field of its own, of nominal `magnitude` pixels."""
    size = images.shape[-1]
    temperature = temperature_of(magnitude, cut, size)
    return warp(images, displacement_fields(size, len(images), temperature=temperature, cut=cut, generator=generator))


def jacobians(fields: Tensor) -> Tensor:
    """Determinant of the map p -> p - τ(p), by forward differences: shape `(n, size - 1, size - 1)`."""
    along_columns = fields[:, :, :-1, 1:] - fields[:, :, :-1, :-1]
    along_rows = fields[:, :, 1:, :-1] - fields[:, :, :-1, :-1]
    stretch = (1 - along_columns[:, 0]) * (1 - along_rows[:, 1])
    return stretch - along_columns[:, 1] * along_rows[:, 0]


def folds(fields: Tensor) -> Tensor:
    """Whether each field folds the image somewhere (a determinant that is not positive): shape `(n,)`, booleans."""
    return (jacobians(fields) <= 0).flatten(1).any(1)


def _amplitudes(cut: int) -> Tensor:
    """1/r for each pair of frequencies, 0 beyond the cut: shape `(cut, cut)`."""
    frequencies = torch.arange(1, cut + 1, dtype=torch.float64)
    radius = torch.hypot(frequencies[:, None], frequencies)
    return torch.where(radius < cut + 0.5, 1 / radius, 0.0)


def _sines(size: int, cut: int) -> Tensor:
    """sin(iπx) at `size` points of [0, 1]: shape `(cut, size)`."""
    positions = torch.linspace(0, 1, size, dtype=torch.float64)
    return torch.sin(math.pi * torch.arange(1, cut + 1, dtype=torch.float64)[:, None] * positions)


def _log(cut: int) -> float:
    if cut < 2:
        raise ValueError(f"the nominal displacement needs a cut of at least 2 (it divides by ln c); got {cut}")
    return math.log(cut)
