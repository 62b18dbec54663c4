"""GAP+FC: global average pooling inside a network, fully connected layers from there on (Fan et al., section 3.1)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from claims.fan2019.methods.prepend import prepend
from claims.fan2019.methods.shuffle_layers import last as last_layers
from harness.system.lazy import torch

if TYPE_CHECKING:
    from torch import nn

    from harness.networks.vgg import VGG

Network = TypeVar("Network", bound="nn.Module")


def gap_fc_vgg(network: VGG, last: int) -> VGG:
    """Replace the last `last` convolutions by fully connected layers behind a global average pooling, in place.

    The pooling comes directly before the first replaced convolution, behind any max-pooling there; later max-poolings
    go.  A fully connected layer has a bias where the convolution had one; its initial weights are torch's default, as
    in the authors' code.

    Args:
        network: from `harness.networks.vgg`.
        last: how many of its 13 convolutions to replace.
    """
    from harness.networks.vgg import convolutions

    found = convolutions(network)
    replaced = [found[number - 1] for number in last_layers(last, len(found))]
    if replaced:
        kept = list(network.features)[: list(network.features).index(replaced[0])]
        dense = [layer for convolution in replaced for layer in _dense(convolution)]
        network.features = torch.nn.Sequential(*kept, torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten(), *dense)
        network.avgpool = torch.nn.Identity()
    return network


def gap_fc_resnet(network: Network, last: int) -> Network:
    """Replace the 3 x 3 convolution of the last `last` bottlenecks by a fully connected layer, in place.

    The first of these bottlenecks sees its input through a global average pooling.  The 1 x 1 convolutions stay: on
    maps of one pixel they are fully connected layers.

    Args:
        network: from `harness.networks.resnet`, or torchvision's of bottlenecks.
        last: how many of its bottlenecks to change.
    """
    from harness.networks.resnet import bottlenecks

    blocks: list[Any] = bottlenecks(network)
    changed = [blocks[number - 1] for number in last_layers(last, len(blocks))]
    if changed:
        prepend(changed[0], "gap", torch.nn.AdaptiveAvgPool2d(1))
    for block in changed:
        dense = _linear(block.conv2)
        block.conv2 = torch.nn.Sequential(
            torch.nn.Flatten(), dense, torch.nn.Unflatten(1, (dense.out_features, 1, 1))
        )  # fmt: skip
    return network


def _dense(convolution: nn.Conv2d) -> list[nn.Module]:
    normalise = torch.nn.BatchNorm1d(convolution.out_channels, **_like(convolution))
    return [_linear(convolution), normalise, torch.nn.ReLU(inplace=True)]


def _linear(convolution: Any) -> nn.Linear:
    bias = convolution.bias is not None
    return torch.nn.Linear(convolution.in_channels, convolution.out_channels, bias=bias, **_like(convolution))


def _like(convolution: nn.Conv2d) -> dict[str, Any]:
    return {"device": convolution.weight.device, "dtype": convolution.weight.dtype}
