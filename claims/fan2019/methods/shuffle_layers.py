"""Networks whose layers see shuffled feature maps (Fan et al., sections 3.1 and 3.2).

Layers are counted from 1, as in the paper's Figures 6 and 7: convolutions of a VGG, bottlenecks of a residual network.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, TypeVar

from claims.fan2019.methods.prepend import prepend
from harness.system.lazy import torch

if TYPE_CHECKING:
    from torch import Generator, nn

    from harness.networks.vgg import VGG

Network = TypeVar("Network", bound="nn.Module")


def last(count: int, of: int) -> range:
    """The last `count` of `of` layers, counted from 1."""
    if not 0 <= count <= of:
        raise ValueError(f"the last {count} of {of} layers; give a number from 0 to {of}")
    return range(of - count + 1, of + 1)


def shuffle_vgg(network: VGG, layers: Iterable[int], *, downsampling: str = "pool", **how: Any) -> VGG:
    """Shuffle the input of these convolutions, in place.

    Args:
        network: from `harness.networks.vgg`.
        layers: numbers of the convolutions, 1 to 13.
        downsampling: what halves the maps behind a shuffled layer: "pool" keeps the max-pooling, as the text has it;
            "stride" gives the convolution stride 2 and drops the pooling, as the authors' CIFAR code has it.
        how: arguments of `methods.shuffle_layer.Shuffle`.
    """
    from claims.fan2019.methods.shuffle_layer import Shuffle
    from harness.networks.vgg import convolutions

    if downsampling not in ("pool", "stride"):
        raise ValueError(f"unknown downsampling {downsampling!r}; there are pool and stride")
    found = convolutions(network)
    for number in _within(layers, 1, len(found)):
        convolution = found[number - 1]
        prepend(convolution, "shuffle", Shuffle(**how))
        if downsampling == "stride":
            _stride_for_pool(network.features, convolution)
    return network


def shuffle_resnet(network: Network, layers: Iterable[int], *, skip: bool = True, **how: Any) -> Network:
    """Shuffle the input of the 3 x 3 convolution in these bottlenecks, in place.

    Args:
        network: from `harness.networks.resnet`, or torchvision's of bottlenecks.
        layers: numbers of the bottlenecks, from 1; 0 is the stem.
        skip: shuffle the features on the skip connection too, with a permutation of their own (section 3.2).
        how: arguments of `methods.shuffle_layer.Shuffle`.
    """
    from claims.fan2019.methods.shuffle_layer import Shuffle
    from harness.networks.resnet import bottlenecks

    blocks: list[Any] = bottlenecks(network)
    for number in _within(layers, 0, len(blocks)):
        if number == 0:
            prepend(network.get_submodule("conv1"), "shuffle", Shuffle(**how))
            continue
        block = blocks[number - 1]
        prepend(block.conv2, "shuffle", Shuffle(**how))
        if skip and block.downsample is None:
            block.downsample = Shuffle(**how)
        elif skip:
            prepend(block.downsample[0], "shuffle", Shuffle(**how))
    return network


def shuffles(network: nn.Module) -> list[Any]:
    """The shuffle layers of a network, in module order."""
    from claims.fan2019.methods.shuffle_layer import Shuffle

    return [module for module in network.modules() if isinstance(module, Shuffle)]


def seed_shuffles(network: nn.Module, generator: Generator | None) -> None:
    """Let every shuffle of a network draw from this generator; None is the global one of the input's device."""
    for layer in shuffles(network):
        layer.generator = generator


def set_shuffling(network: nn.Module, active: bool) -> None:
    """Switch every shuffle of a network on or off: the rows of Table 1 that differ between training and test."""
    for layer in shuffles(network):
        layer.active = active


def _within(layers: Iterable[int], lowest: int, highest: int) -> list[int]:
    numbers = list(layers)
    for number in numbers:
        if not lowest <= number <= highest:
            raise ValueError(f"there is no layer {number}; layers are numbered {lowest} to {highest}")
    return numbers


def _stride_for_pool(features: nn.Sequential, convolution: nn.Conv2d) -> None:
    """Halve the maps in the convolution, not in the max-pooling behind its normalisation and ReLU, if there is one.

    The pooling's place is kept by an identity, so that the names of later parameters do not move.
    """
    after = list(features).index(convolution) + 3
    if isinstance(features[after], torch.nn.MaxPool2d):
        convolution.stride = (2, 2)
        features[after] = torch.nn.Identity()
