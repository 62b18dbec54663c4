"""What is done to the channels of convolutional layers: connections shuffled, filters replaced by their mean."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from harness.system.lazy import torch

if TYPE_CHECKING:
    from torch import Generator, Tensor
    from torch.nn import Module

    Network = TypeVar("Network", bound=Module)


def shuffle_input_channels(weight: Tensor, generator: Generator) -> Tensor:
    """The weight of a convolution, `(out, in, ...)`, with its input channels in a random order, one for all outputs.

    The order of a grouped convolution changes inside each group, alike in all groups.
    """
    order = torch.randperm(weight.shape[1], generator=generator, device=generator.device)
    return weight[:, order.to(weight.device)]


def mean_filter(weight: Tensor) -> Tensor:
    """The average filter of a convolution's weight `(out, in, ...)`: shape `(...)`."""
    return weight.mean((0, 1))


def replace_by_mean(weight: Tensor) -> Tensor:
    """The weight `(out, in, ...)` with every filter replaced by the layer's average filter."""
    return mean_filter(weight).expand_as(weight).clone()


def shuffle_channels(network: Network, generator: Generator) -> Network:
    """A copy of the network with the connections between successive convolutions shuffled (Tomasini et al. 2022, § 2).

    The input channels of each convolution are permuted, those of the first layer too; biases and normalisation stay.
    """
    return _with_weights(network, lambda weight: shuffle_input_channels(weight, generator))


def with_mean_channels(network: Network) -> Network:
    """A copy of the network in which each convolution has its average filter only (Tomasini et al. 2022, Fig. 4)."""
    return _with_weights(network, replace_by_mean)


def _with_weights(network: Network, change: Callable[[Tensor], Tensor]) -> Network:
    changed = copy.deepcopy(network)
    with torch.no_grad():
        for module in changed.modules():
            if isinstance(module, (torch.nn.Conv1d, torch.nn.Conv2d)):
                module.weight.copy_(change(module.weight))
    return changed
