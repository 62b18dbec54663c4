"""Homogeneous convolutions as diffusion: random walks of pixels (Tomasini et al. 2022, appendix A).

A layer with the filter [1/F, ..., 1/F] spreads the intensity of each pixel evenly over F neighbours: a random walk's
step.  The patch is centred for odd F; for even F it has one more pixel on the left than on the right (Eqs. 6, 7).
Everything here is exact and float64.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from harness.system.lazy import np, torch

if TYPE_CHECKING:
    from torch import Tensor


class Distribution(NamedTuple):
    """Probabilities (or other weights of sum 1) at positions, both of shape `(m,)`."""

    positions: Tensor
    weights: Tensor

    @property
    def mean(self) -> float:
        """Mean position."""
        return float(self.positions @ self.weights)

    @property
    def variance(self) -> float:
        """Variance of the position."""
        return float((self.positions - self.mean).square() @ self.weights)


def patch(filter_size: int) -> range:
    """Offsets of the inputs that one output reads: -(F-1)/2 ... (F-1)/2, or -F/2 ... F/2 - 1 for even F."""
    left = filter_size // 2
    return range(-left, filter_size - left)


def diffusion_matrix(length: int, filter_size: int, stride: int = 1) -> Tensor:
    """The matrix of one layer on a ring of `length` pixels (Eq. 3, each row divided by F so that it sums to 1).

    Returns:
        Shape `(length / stride, length)`; circulant for stride 1.
    """
    if length % stride or filter_size > length:
        raise ValueError(f"a ring of {length} has no filter of {filter_size} with stride {stride}")
    rows = torch.arange(length // stride)
    matrix = torch.zeros(length // stride, length, dtype=torch.float64)
    for offset in patch(filter_size):
        matrix[rows, (rows * stride + offset) % length] += 1 / filter_size
    return matrix


def stack_matrix(length: int, filter_size: int, depth: int, stride: int = 1) -> Tensor:
    """The matrix of `depth` such layers, one after the other: shape `(length / stride**depth, length)`."""
    matrix = torch.eye(length, dtype=torch.float64)
    for _ in range(depth):
        matrix = diffusion_matrix(len(matrix), filter_size, stride) @ matrix
    return matrix


def walk(filter_size: int, steps: int) -> Distribution:
    """Where `steps` layers of stride 1 spread a pixel at 0 of an endless line."""
    weights, box = np.ones(1), np.full(filter_size, 1 / filter_size)
    for _ in range(steps):
        weights = np.convolve(weights, box)
    first = -steps * patch(filter_size)[-1]
    return Distribution(torch.arange(first, first + len(weights), dtype=torch.float64), torch.from_numpy(weights))


def step_mean(filter_size: int) -> float:
    """Mean displacement of a pixel in one layer: 0 for odd F, 1/2 for even F."""
    return 0.0 if filter_size % 2 else 0.5


def step_variance(filter_size: int) -> float:
    """Variance of a pixel's displacement in one layer: (F² - 1) / 12."""
    return (filter_size**2 - 1) / 12


def gaussian(positions: Tensor, mean: float, variance: float) -> Tensor:
    """The Gaussian density at `positions`."""
    return torch.exp(-(positions - mean).square() / (2 * variance)) / math.sqrt(2 * math.pi * variance)


def wrapped(distribution: Distribution, length: int) -> Tensor:
    """The distribution after winding the line, integer positions, round a ring of `length` pixels: `(length,)`."""
    ring = torch.zeros(length, dtype=distribution.weights.dtype)
    return ring.index_add(0, distribution.positions.long() % length, distribution.weights)


def total_variation(first: Tensor, second: Tensor) -> float:
    """Half the sum of absolute differences of two densities at the same points."""
    return float((first - second).abs().sum() / 2)


def distance_to_gaussian(distribution: Distribution, mean: float, variance: float) -> float:
    """Total variation distance between a distribution on the integers and a Gaussian density read at all integers."""
    beyond = int(max(float((distribution.positions - mean).abs().max()), 12 * math.sqrt(variance))) + 1
    positions = torch.arange(round(mean) - beyond, round(mean) + beyond + 1, dtype=torch.float64)
    weights = torch.zeros_like(positions)
    weights[(distribution.positions - positions[0]).long()] = distribution.weights
    return total_variation(weights, gaussian(positions, mean, variance))
