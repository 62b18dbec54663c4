"""A VGG of six narrow convolutions that learns in seconds on a CPU, for small experiments."""

from __future__ import annotations

from typing import Any

from torch import nn

from harness.networks.vgg import VGG, convolutions
from harness.system.torchvision_compat import torchvision

PLAN = (2, 2, "M", 4, "M", 8, 8, "M", 8, "M")
"""Channels of each convolution in units of the width; "M" is max-pooling."""


def short_vgg(classes: int = 10, width: int = 8, channels: int = 3) -> VGG:
    """A new VGG with batch normalisation, six convolutions and one dense layer behind global average pooling.

    Its first convolution has stride 2.  On images of 32 x 32 pixels the convolutions see maps of 32, 16, 8, 4, 4 and 2
    pixels a side: those that the layers 1, 3 or 4, 5 to 7, 8 to 10 (twice) and 11 to 13 of VGG-16 see.
    """
    network = VGG(classes, width, depth=11, head="linear", channels=channels)
    plan: list[Any] = [entry if entry == "M" else int(entry) * width for entry in PLAN]
    network.features = torchvision.models.vgg.make_layers(plan, batch_norm=True)
    network.features[0] = nn.Conv2d(channels, plan[0], kernel_size=3, stride=2, padding=1)
    for layer in convolutions(network):
        layer.register_parameter("bias", None)
        nn.init.kaiming_normal_(layer.weight, mode="fan_out", nonlinearity="relu")
    return network
