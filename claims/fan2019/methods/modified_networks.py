"""The networks of Fan et al. with a part of their layers shuffled or replaced, from plain parameters."""

from __future__ import annotations

from typing import Any

from torch import nn

from claims.fan2019.methods.gap_surgery import gap_fc_resnet, gap_fc_vgg
from claims.fan2019.methods.short_resnet import short_resnet
from claims.fan2019.methods.shuffle_layer import KINDS
from claims.fan2019.methods.shuffle_layers import last as last_layers
from claims.fan2019.methods.shuffle_layers import set_shuffling, shuffle_resnet, shuffle_vgg
from harness.networks.resnet import bottlenecks, resnet
from harness.networks.vgg import VGG, convolutions


def fan(
    architecture: str = "vgg16",
    method: str = "none",
    *,
    last: int = 0,
    only: int | None = None,
    classes: int = 100,
    width: int = 64,
    small_images: bool = True,
    bias: bool = False,
    downsampling: str = "pool",
    skip: bool = True,
    patch: int | None = None,
    per_image: bool = False,
    fixed: bool = False,
    channels: int = 3,
) -> nn.Module:
    """A VGG-16, ResNet-50 or ResNet-152, modified by one of the paper's methods (section 3).

    Args:
        architecture: "vgg16", "resnet50" or "resnet152"; or "short-resnet" of four bottlenecks, which stands in for
            ResNet-50.
        method: "none", "gap-fc", "truncated" or a kind of shuffle (`methods.shuffle_layer.KINDS`).  A truncated VGG
            has lost its last layers: what its other methods modify, left out.
        last: how many of the last layers are modified (sections 4.1 and 4.2).
        only: the number of the one layer to shuffle instead (sections 4.3 and 4.4).
        classes: number of classes.
        width: channels of the first stage.
        small_images: the stem of the residual networks, as in `harness.networks.resnet`.
        bias: biases in VGG's convolutions, as in `harness.networks.vgg`.
        downsampling: behind VGG's shuffled layers, as in `shuffle_vgg`.  With the method "none" too, where it is all
            that changes: the confound of the authors' code, apart from the shuffle.
        skip: shuffle skip connections too, as in `shuffle_resnet`.
        patch: side of the patches, for the method "patch".
        per_image: a permutation for each image.
        fixed: keep the first permutation.
        channels: of the images; residual networks take 3.
    """
    network = _plain(architecture, classes, width, small_images, bias, channels)
    if method == "none":
        return _downsampled(network, last, downsampling)
    if method == "gap-fc":
        if only is not None:
            raise ValueError("GAP+FC replaces all layers from one on: give `last`, not `only`")
        return gap_fc_vgg(network, last) if isinstance(network, VGG) else gap_fc_resnet(network, last)
    if method == "truncated":
        return _truncated(network, last)
    if method not in KINDS:
        raise ValueError(f"unknown method {method!r}; there are none, gap-fc, truncated, {', '.join(KINDS)}")
    how: dict[str, Any] = {"kind": method, "patch": patch, "per_image": per_image, "fixed": fixed}
    layers = convolutions(network) if isinstance(network, VGG) else bottlenecks(network)
    numbers = last_layers(last, len(layers)) if only is None else [only]
    if isinstance(network, VGG):
        return shuffle_vgg(network, numbers, downsampling=downsampling, **how)
    return shuffle_resnet(network, numbers, skip=skip, **how)


def _downsampled(network: nn.Module, last: int, downsampling: str) -> nn.Module:
    if downsampling == "pool":
        return network
    if not isinstance(network, VGG):
        raise ValueError("only VGG has another downsampling")
    numbers = last_layers(last, len(convolutions(network)))
    set_shuffling(shuffle_vgg(network, numbers, downsampling=downsampling), False)
    return network


def _truncated(network: nn.Module, last: int) -> nn.Module:
    if not isinstance(network, VGG):
        raise ValueError("only a VGG can be truncated")
    layers, found = list(network.features), convolutions(network)
    if last_layers(last, len(found)):
        first = found[-last]
        if first.in_channels != found[-1].out_channels:
            raise ValueError(f"without its last {last} layers the network's head does not fit")
        network.features = nn.Sequential(*layers[: layers.index(first)])
    return network


def _plain(architecture: str, classes: int, width: int, small_images: bool, bias: bool, channels: int) -> nn.Module:
    if architecture == "vgg16":
        return VGG(classes, width, bias, channels=channels)
    if channels != 3:
        raise ValueError(f"residual networks take images of 3 channels, not {channels}")
    if architecture == "short-resnet":
        return short_resnet(classes, width)
    depths = {"resnet50": 50, "resnet152": 152}
    if architecture not in depths:
        known = ("vgg16", "short-resnet", *depths)
        raise ValueError(f"unknown architecture {architecture!r}; there are {', '.join(known)}")
    return resnet(depths[architecture], classes, width, small_images)
