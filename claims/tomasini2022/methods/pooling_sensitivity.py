"""Exact sensitivities of homogeneous networks to pairs of active pixels (Tomasini et al. 2022, § 4).

On inputs that are not negative, a stack of homogeneous layers without biases is linear.  With images x = δ_i + δ_j in
all rotations of a ring, each expectation of Eq. 1 depends on the linear map W only through the overlap

    q(d) = mean over i of <W δ_i, W δ_(i+d)>,

shape `(length,)`.  A deformation moves each active pixel, independently, by one pixel to the left or right.  Images are
given by their distances |i - j| on the ring, shape `(n,)`, integers; each counts the same.  float64.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from claims.tomasini2022.methods.diffusion import diffusion_matrix, patch, stack_matrix
from claims.tomasini2022.methods.rectified_gaussian import rectified_covariance, rectified_mean, rectified_variance
from harness.system.lazy import torch

if TYPE_CHECKING:
    from torch import Tensor


def overlap(matrix: Tensor) -> Tensor:
    """q(d) of a linear map of shape `(outputs, length)`."""
    length = matrix.shape[1]
    power = torch.fft.rfft(matrix, dim=1).abs().square().sum(0)
    return torch.fft.irfft(power, n=length) / length


def overlaps(length: int, filter_size: int, depth: int, stride: int = 1) -> list[Tensor]:
    """q(d) of a homogeneous network's input and of each of its `depth` layers."""
    if stride == 1:
        power = torch.fft.rfft(diffusion_matrix(length, filter_size)[0]).abs().square()
        return [torch.fft.irfft(power**layer, n=length) for layer in range(depth + 1)]
    return [overlap(stack_matrix(length, filter_size, layer, stride)) for layer in range(depth + 1)]


def mean_square_distance(q: Tensor, distances: Tensor) -> Tensor:
    """E |W(x₁ - x₂)|² over independent images."""
    return 4 * (q[0] + q[distances].mean() - 2 * q.mean())


def deformation_power(q: Tensor, distances: Tensor) -> Tensor:
    """E |W(τ(x) - x)|² when each of the two pixels moves by one."""
    curvature = torch.zeros_like(q)
    for shift, factor in zip(range(-2, 3), (1, -4, 6, -4, 1), strict=True):
        curvature += factor * q.roll(shift)
    return 4 * (q[0] - q[1]) + curvature[distances].mean() / 2


def noise_power(q: Tensor, variance: float, rectified: bool) -> Tensor:
    """E |Wη|² for white noise of this variance a pixel, as it is or rectified, max(0, η), before it enters W."""
    if not rectified:
        return variance * len(q) * q[0]
    return variance * len(q) * ((0.5 - 0.5 / math.pi) * q[0] + 0.5 / math.pi * q.sum())


def rectified_network_noise_power(
    length: int, filter_size: int, depth: int, distances: Tensor, variance: float
) -> Tensor:
    """E |f_k(x + η) - f_k(x)|² for raw white noise in a homogeneous network with ReLU and stride 1, exactly.

    Noise is negative at times, so that the first layer's ReLU acts; later layers see no negative values.
    """
    first = diffusion_matrix(length, filter_size)
    rest = overlaps(length, filter_size, depth - 1)[-1]
    spread = math.sqrt(variance / filter_size)
    means = first[:, 0] + torch.stack([first[:, int(d)] for d in distances])
    shift = rectified_mean(means, spread) - means
    between = torch.fft.irfft(torch.fft.rfft(shift).abs().square(), n=length)
    power = between @ rest + rest[0] * rectified_variance(means, spread).sum(1)
    for lag in range(1, len(patch(filter_size))):
        correlation = (filter_size - lag) / filter_size
        shared = rectified_covariance(means, means.roll(-lag, 1), spread, correlation).sum(1)
        power = power + 2 * rest[lag] * shared
    return power.mean()


def deformation_sensitivities(length: int, filter_size: int, depth: int, distances: Tensor, stride: int = 1) -> Tensor:
    """D_k of the layers 1 ... depth: shape `(depth,)`."""
    layers = overlaps(length, filter_size, depth, stride)[1:]
    return torch.stack([deformation_power(q, distances) / mean_square_distance(q, distances) for q in layers])


def noise_sensitivities(
    length: int, filter_size: int, depth: int, distances: Tensor, *, noise: str = "rectified", stride: int = 1
) -> Tensor:
    """G_k of the layers 1 ... depth, for noise with the mean squared size of the deformation: shape `(depth,)`.

    Args:
        length: of the ring.
        filter_size: of every layer.
        depth: number of layers.
        distances: of the images.
        noise: "rectified" (rectified before it enters), "raw" (the network's ReLU rectifies it; stride 1 only), or
            "linear" (raw noise in a network without ReLU).
        stride: of every layer.
    """
    inputs, *layers = overlaps(length, filter_size, depth, stride)
    variance = float(deformation_power(inputs, distances)) / length
    if noise == "raw":
        if stride != 1:
            raise ValueError(f"raw noise is computed for stride 1; got stride {stride}")
        power = [
            rectified_network_noise_power(length, filter_size, layer, distances, variance)
            for layer in range(1, depth + 1)
        ]
    else:
        power = [noise_power(q, variance, noise == "rectified") for q in layers]
    return torch.stack([p / mean_square_distance(q, distances) for p, q in zip(power, layers, strict=True)])


def log_slope(sizes: Sequence[float] | Tensor, values: Sequence[float] | Tensor) -> float:
    """Exponent of a power law: least-squares slope of log values on log sizes, both of length n."""
    x, y = (torch.as_tensor(row, dtype=torch.float64).log() for row in (sizes, values))
    x = x - x.mean()
    return float((x @ y) / (x @ x))
