"""Shuffled connections between the channels of successive convolutional layers."""

from __future__ import annotations

import copy
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


def shuffle_channels(network: Network, generator: Generator) -> Network:
    """A copy of the network with the connections between successive convolutions shuffled (Tomasini et al. 2022, § 2).

    The input channels of each convolution are permuted, those of the first layer too; biases and normalisation stay.
    """
    shuffled = copy.deepcopy(network)
    with torch.no_grad():
        for module in shuffled.modules():
            if isinstance(module, (torch.nn.Conv1d, torch.nn.Conv2d)):
                module.weight.copy_(shuffle_input_channels(module.weight, generator))
    return shuffled
