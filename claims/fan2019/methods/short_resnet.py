"""A residual network of four bottlenecks that a CPU trains in minutes."""

from __future__ import annotations

from typing import Any

from torch import nn

from harness.networks.resnet import ResNet, bottlenecks

STRIDES = (1, 1, 2, 1)
"""Of the four bottlenecks."""


def short_resnet(classes: int = 10, width: int = 8) -> ResNet:
    """A new one, with one bottleneck a stage.

    On images of 32 x 32 pixels the stem and its max-pooling leave 8 pixels a side, and the last two bottlenecks see
    maps of 8 and of 4: those that the first and the others of ResNet-50's last stage see.
    """
    network = ResNet((1, 1, 1, 1), classes, width, small_images=True)
    network.conv1.stride = (2, 2)
    network.maxpool = nn.MaxPool2d(3, stride=2, padding=1)
    for block, stride in zip(bottlenecks(network), STRIDES, strict=True):
        shortcut: Any = block.downsample
        block.conv2.stride = shortcut[0].stride = (stride, stride)
        block.stride = stride
    return network
