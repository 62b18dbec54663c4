"""The small convolutional network of Ghosh and Gupta's study of spatial orderness (section 4)."""

from __future__ import annotations

from collections import OrderedDict

import torch
from torch import nn


class GhoshCnn(nn.Module):
    """Convolutions with max-pooling between them, then one or two fully connected layers.

    From the paper: 64 units in every hidden layer, 3 x 3 kernels, 2 x 2 max-pooling after every convolution (MNIST,
    Fashion-MNIST) or after every second one (CIFAR-10), one fully connected layer (MNIST, Fashion-MNIST) or two
    (CIFAR-10); where the first layer's kernel size is varied, its padding is zero (section 5.2).

    The paper does not say, and this is how it is read here: ReLU; padding that keeps the size everywhere else; biases;
    pooling left out where a map is already one pixel wide (as behind a 27 x 27 kernel on 28 x 28 images).

    Pooling comes before the ReLU: the maximum of rectified values is the rectified maximum, at a quarter of the work.
    `layers[i]` ends with the feature maps of layer i, `layers[i].conv` holds its kernels.

    Args:
        depth: convolutions.
        width: channels of every convolution, and units of the hidden fully connected layer.
        first_kernel: kernel size of the first convolution; odd unless `first_padding` is given.
        first_padding: of the first convolution; None keeps the size.
        pool_every: convolutions to one pooling.
        linear: fully connected layers, 1 or 2.
        channels, size, classes: of the images; `size` is height and width.

    Raises:
        ValueError: when a layer would have no pixels left, or the numbers make no such network.
    """

    def __init__(
        self,
        depth: int = 3,
        width: int = 64,
        first_kernel: int = 3,
        first_padding: int | None = None,
        pool_every: int = 1,
        linear: int = 1,
        channels: int = 1,
        size: int = 28,
        classes: int = 10,
    ) -> None:
        super().__init__()
        if depth < 1 or linear not in (1, 2):
            raise ValueError(
                f"{depth} convolutions and {linear} fully connected layers; it takes 1 or more, and 1 or 2"
            )
        padding = _padding(first_kernel, first_padding)
        self.layers = nn.Sequential()
        for number in range(1, depth + 1):
            kernel, padding, inputs = (first_kernel, padding, channels) if number == 1 else (3, 1, width)
            size += 2 * padding - kernel + 1
            if size < 1:
                raise ValueError(f"a {kernel} x {kernel} kernel with padding {padding} leaves no pixels of the image")
            pool = number % pool_every == 0 and size > 1
            self.layers.append(_layer(inputs, width, kernel, padding, pool))
            size = size // 2 if pool else size
        self.head = _head(width * size**2, width, classes, linear)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Logits `(n, classes)` of images `(n, channels, size, size)`."""
        logits: torch.Tensor = self.head(self.layers(images))
        return logits


def _padding(kernel: int, padding: int | None) -> int:
    if padding is None and kernel % 2 == 0:
        raise ValueError(f"no padding keeps the size under a {kernel} x {kernel} kernel; give first_padding")
    return kernel // 2 if padding is None else padding


def _layer(inputs: int, width: int, kernel: int, padding: int, pool: bool) -> nn.Sequential:
    parts: OrderedDict[str, nn.Module] = OrderedDict(conv=nn.Conv2d(inputs, width, kernel, padding=padding))
    if pool:
        parts["pool"] = nn.MaxPool2d(2)
    parts["relu"] = nn.ReLU()
    return nn.Sequential(parts)


def _head(features: int, width: int, classes: int, linear: int) -> nn.Sequential:
    hidden = [nn.Linear(features, width), nn.ReLU()] if linear == 2 else []
    return nn.Sequential(nn.Flatten(), *hidden, nn.Linear(width if hidden else features, classes))
