"""Fully connected networks."""

from __future__ import annotations

from itertools import pairwise

from torch import nn


def mlp(inputs: int = 784, width: int = 64, depth: int = 1, classes: int = 10) -> nn.Sequential:
    """A network of `depth` hidden layers of `width` rectified units on flattened images; depth 0 is linear."""
    sizes = [inputs] + [width] * depth
    hidden = [part for a, b in pairwise(sizes) for part in (nn.Linear(a, b), nn.ReLU())]
    return nn.Sequential(nn.Flatten(), *hidden, nn.Linear(sizes[-1], classes))
