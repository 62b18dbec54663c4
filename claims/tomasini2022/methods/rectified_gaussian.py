"""Moments of rectified Gaussian variables, max(0, U): what a ReLU makes of noise.  All elementwise, in float64."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from harness.system.lazy import np, torch

if TYPE_CHECKING:
    from torch import Tensor

NODES = 24
"""Points of the Gauss-Legendre rule of `rectified_covariance`; it converges to rounding for correlations up to 0.9."""


def rectified_mean(mean: Tensor, std: float) -> Tensor:
    """E max(0, U) for U ~ N(mean, std²)."""
    height = mean / std
    return mean * torch.special.ndtr(height) + std * _density(height)


def rectified_variance(mean: Tensor, std: float) -> Tensor:
    """Var max(0, U) for U ~ N(mean, std²)."""
    height = mean / std
    square = (mean.square() + std**2) * torch.special.ndtr(height) + mean * std * _density(height)
    return square - rectified_mean(mean, std).square()


def rectified_covariance(first: Tensor, second: Tensor, std: float, correlation: float) -> Tensor:
    """Cov(max(0, U), max(0, V)) for jointly Gaussian U, V of means `first`, `second` and of equal spread.

    By Price's theorem its derivative with respect to the correlation is std² P(U > 0, V > 0), whose own derivative is
    the bivariate density at 0; one integral over the correlation remains.
    """
    if not abs(correlation) <= 0.9:
        raise ValueError(f"the quadrature is accurate for correlations up to 0.9 in size; got {correlation}")
    a, b = first / std, second / std
    nodes, weights = np.polynomial.legendre.leggauss(NODES)
    total = correlation * torch.special.ndtr(a) * torch.special.ndtr(b)
    for node, weight in zip(nodes.tolist(), weights.tolist(), strict=True):
        r = correlation * (node + 1) / 2
        exponent = (a.square() - 2 * r * a * b + b.square()) / (2 * (1 - r**2))
        density = torch.exp(-exponent) / (2 * math.pi * math.sqrt(1 - r**2))
        total = total + weight * correlation / 2 * (correlation - r) * density
    return std**2 * total


def _density(height: Tensor) -> Tensor:
    return torch.exp(-height.square() / 2) / math.sqrt(2 * math.pi)
