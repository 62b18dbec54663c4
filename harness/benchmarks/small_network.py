"""A small network to time: so little work an image that what is around the convolutions shows."""

from __future__ import annotations

from collections import OrderedDict

from torch import nn


def small_network(width: int = 64) -> nn.Sequential:
    """Three convolutions, each followed by 2 x 2 max-pooling, and a dense layer: 10 scores of 28 x 28 pixels."""
    layers = nn.Sequential()
    for inputs in (1, width, width):
        convolution = nn.Conv2d(inputs, width, 3, padding=1)
        parts: OrderedDict[str, nn.Module] = OrderedDict(conv=convolution, pool=nn.MaxPool2d(2), relu=nn.ReLU())
        layers.append(nn.Sequential(parts))
    parts = OrderedDict(layers=layers, flatten=nn.Flatten(), head=nn.Linear(9 * width, 10))
    return nn.Sequential(parts)
