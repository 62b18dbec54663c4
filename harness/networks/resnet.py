"""Residual networks: torchvision's bottlenecks, at any width, also for small images."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from harness.system.torchvision_compat import torchvision

Bottleneck = torchvision.models.resnet.Bottleneck

BLOCKS = {50: (3, 4, 6, 3), 152: (3, 8, 36, 3)}
"""Bottlenecks in each of the four stages, by depth."""


class ResNet(nn.Module):
    """Four stages of bottlenecks; parameters are named as in torchvision's `ResNet`, whose weights it can load.

    Args:
        blocks: bottlenecks in each stage.
        classes: number of classes.
        width: channels of the stem: 64 in the original.  Everything else scales with it.
        small_images: a 3 x 3 stem of stride 1 without max-pooling, for 32 x 32 images; otherwise 7 x 7, stride 2, with
            max-pooling.
    """

    def __init__(
        self, blocks: tuple[int, int, int, int], classes: int, width: int = 64, small_images: bool = False
    ) -> None:
        super().__init__()
        kernel, stride = (3, 1) if small_images else (7, 2)
        self.conv1 = nn.Conv2d(3, width, kernel, stride, padding=kernel // 2, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.relu = nn.ReLU(inplace=True)
        self.maxpool = nn.Identity() if small_images else nn.MaxPool2d(3, stride=2, padding=1)
        planes = [width * 2**number for number in range(4)]
        inputs = [width, *(Bottleneck.expansion * count for count in planes)]
        self.layer1, self.layer2, self.layer3, self.layer4 = map(_stage, inputs, planes, blocks, (1, 2, 2, 2))
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(inputs[-1], classes)
        for layer in self.modules():
            if isinstance(layer, nn.Conv2d):
                nn.init.kaiming_normal_(layer.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, images: Tensor) -> Tensor:
        """Class scores `(n, classes)` for images `(n, 3, height, width)`."""
        x = self.maxpool(self.relu(self.bn1(self.conv1(images))))
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        return self.fc(torch.flatten(self.avgpool(x), 1))


def resnet(depth: int, classes: int = 1000, width: int = 64, small_images: bool = False) -> ResNet:
    """A new ResNet-50 or ResNet-152."""
    if depth not in BLOCKS:
        raise ValueError(f"there is no ResNet-{depth} here; depths are {', '.join(map(str, BLOCKS))}")
    return ResNet(BLOCKS[depth], classes, width, small_images)


def bottlenecks(network: nn.Module) -> list[Any]:
    """The bottlenecks of such a network, or of torchvision's, first to last."""
    return [block for block in network.modules() if isinstance(block, Bottleneck)]


def _stage(inputs: int, planes: int, count: int, stride: int) -> nn.Sequential:
    outputs = planes * Bottleneck.expansion
    shortcut = nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))
    first = Bottleneck(inputs, planes, stride, shortcut)
    return nn.Sequential(first, *(Bottleneck(outputs, planes) for _ in range(count - 1)))
