"""Effective receptive fields: how widely a neuron of a stack of convolutions sees (Tomasini et al. 2022, § 4)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from claims.tomasini2022.methods.diffusion import Distribution, patch, step_variance
from harness.system.lazy import np, torch

if TYPE_CHECKING:
    from torch import Tensor


def receptive_field(filters: Sequence[Tensor], stride: int = 1) -> Distribution:
    """Weights with which a neuron behind a stack of linear layers reads the pixels of a line.

    Args:
        filters: one row of `(F,)` for each layer from the first, of non-zero sum; placed as by `diffusion.patch`.
        stride: of every layer.

    Returns:
        Offsets from the neuron's own pixel and weights, normalised to the sum 1.
    """
    weights, first, step = np.ones(1), 0, 1
    for taps in filters:
        spread = np.zeros((len(taps) - 1) * step + 1)
        spread[::step] = taps.double().cpu().numpy() / float(taps.double().sum())
        weights = np.convolve(weights, spread)
        first, step = first + step * patch(len(taps))[0], step * stride
    return Distribution(torch.arange(first, first + len(weights), dtype=torch.float64), torch.from_numpy(weights))


def receptive_field_size(filter_size: int, depth: int, stride: int = 1) -> float:
    """Standard deviation A_k, in pixels, of the receptive field of `depth` homogeneous layers.

    Each layer adds (F² - 1)/12 times its stride in pixels squared: √(k (F² - 1)/12) for stride 1.
    """
    return (step_variance(filter_size) * sum(stride ** (2 * layer) for layer in range(depth))) ** 0.5


def support(filter_size: int, depth: int, stride: int = 1) -> int:
    """Pixels that a neuron behind `depth` layers can see at all."""
    return 1 + (filter_size - 1) * sum(stride**layer for layer in range(depth))


def effective_size(response: Tensor, centre: int) -> float:
    """Standard deviation of a response on a ring around its own mean, in its pixels.

    Args:
        response: shape `(length,)`, non-negative, e.g. the activity of a layer for one active pixel.
        centre: where the response is; it must vanish half a ring away for the value to have a meaning.
    """
    response, length = response.detach().double(), len(response)
    positions = (torch.arange(length, device=response.device) - centre + length // 2) % length - length // 2
    return Distribution(positions.double(), response / response.sum()).variance ** 0.5
