"""Spatial frequencies of filters: their energy in the modes of the grid's Laplacian (Tomasini et al. 2022, Eq. 2).

The modes of a grid with free borders are products of cosines.  Modes of equal frequency can be rotated into each other,
so that only the energy of a whole eigenspace is defined: for 3x3 filters the eigenvalues are 0, 1, 1, 2, 3, 3, 4, 4, 6.
Filters are weights of convolutions, `(out, in, F)` or `(out, in, F, F)`, averaged over all `out x in`.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from harness.system.lazy import torch

if TYPE_CHECKING:
    from torch import Tensor


class Modes(NamedTuple):
    """Eigenvectors of a grid's Laplacian, by increasing frequency.

    Attributes:
        values: eigenvalues, shape `(m,)`.
        vectors: orthonormal, one row a mode, shape `(m, m)`.
    """

    values: Tensor
    vectors: Tensor


def laplacian(size: int, dims: int = 2) -> Tensor:
    """Degree minus adjacency of the grid of `size` points along 1 or 2 axes, free borders: `(m, m)`, float64."""
    line = torch.diag(torch.full((size,), 2.0, dtype=torch.float64))
    line[0, 0] = line[-1, -1] = 1 if size > 1 else 0
    near = torch.ones(size - 1, dtype=torch.float64)
    line = line - torch.diag(near, 1) - torch.diag(near, -1)
    if dims == 1:
        return line
    unit = torch.eye(size, dtype=torch.float64)
    return torch.kron(line, unit) + torch.kron(unit, line)


def modes(size: int, dims: int = 2) -> Modes:
    """The modes of the grid of `size` points along each of 1 or 2 axes, float64."""
    frequency = torch.arange(size, dtype=torch.float64) * math.pi / size
    line = torch.cos(frequency[:, None] * (torch.arange(size, dtype=torch.float64) + 0.5))
    line = line / line.norm(dim=1, keepdim=True)
    values = 2 - 2 * torch.cos(frequency)
    if dims == 1:
        return Modes(values, line)
    values = (values[:, None] + values).flatten()
    order = values.round(decimals=9).argsort(stable=True)
    return Modes(values[order], torch.kron(line, line)[order])


def mode_energy(weight: Tensor) -> Tensor:
    """Squared projection on each mode, averaged over filters (Eq. 2): shape `(m,)`, by increasing frequency.

    Within an eigenspace the split depends on the choice of the modes; see `eigenspace_energy`.
    """
    filters = weight.flatten(2).flatten(0, 1).double()
    vectors = modes(weight.shape[-1], weight.ndim - 2).vectors.to(filters.device)
    return (filters @ vectors.T).square().mean(0)


def eigenspaces(size: int, dims: int = 2) -> tuple[Tensor, Tensor]:
    """Distinct eigenvalues, shape `(s,)`, and how many modes have each, shape `(s,)`."""
    return modes(size, dims).values.round(decimals=9).unique(return_counts=True)


def eigenspace_energy(weight: Tensor) -> Tensor:
    """Share of the filters' energy in each eigenspace, by increasing frequency: shape `(s,)`, sum 1."""
    energy = mode_energy(weight)
    _, counts = eigenspaces(weight.shape[-1], weight.ndim - 2)
    shares = torch.stack([part.sum() for part in energy.split(counts.tolist())])
    return shares / shares.sum()


def relative_energy(weight: Tensor) -> Tensor:
    """Energy of each mode of an eigenspace in units of what white filters have there: shape `(s,)`, 1 if white."""
    _, counts = eigenspaces(weight.shape[-1], weight.ndim - 2)
    return eigenspace_energy(weight) * counts.sum() / counts.to(weight.device)


def aggregate_frequency(weight: Tensor) -> float:
    """Mean eigenvalue, weighted by energy, in units of the eigenvalues' mean (Fig. 8).

    1 for white filters, 0 for homogeneous ones, 2.25 for 3x3 filters of the highest frequency.
    """
    values = modes(weight.shape[-1], weight.ndim - 2).values.to(weight.device)
    energy = mode_energy(weight)
    return float((values * energy).sum() / energy.sum() / values.mean())


def coefficient_of_variation(taps: Tensor) -> float:
    """Standard deviation of a filter's entries over the absolute value of their mean; 0 if homogeneous."""
    taps = taps.double()
    return float(taps.std(correction=0) / taps.mean().abs())
