"""VGG of 11, 13, 16 or 19 layers (Simonyan and Zisserman 2015), and a small one, at any width."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from harness.system.torchvision_compat import torchvision

CONFIGURATIONS = {11: "A", 13: "B", 16: "D", 19: "E"}
"""Names of the sequences of layers by Simonyan and Zisserman, by number of layers with weights."""

SMALL = 7
"""Depth of a network of their first three stages, of two convolutions each, for images from 8 x 8 pixels on."""

HEADS = ("average", "linear", "torchvision")


class VGG(nn.Module):
    """3 x 3 convolutions, with batch normalisation or without, in five stages; then a head.

    The last maps of images of 32 x 32 pixels are single pixels, of which an average is the pixel itself.

    Args:
        classes: number of classes.
        width: channels of the first stage: 64 in the original.  The other stages and the dense layers (8 and 64 times
            as wide) scale with it.
        bias: biases in the convolutions; without batch normalisation from zero.
        depth: layers with weights, of which three are the original head's; `SMALL` takes the head "linear" alone.
        batch_norm: batch normalisation behind each convolution.
        head: "average" (global average pooling and three dense layers), "torchvision" (maps brought to 7 x 7 and three
            dense layers with dropout), or "linear" (global average pooling and one dense layer, for small experiments).
        channels: of the images.
        deviation: initial weights of all layers are normal with this standard deviation at width 64; at others with
            `sqrt(64 / width)` times as much, so that a layer scales its input's variance by as much as at width 64.
            None draws the convolutions as Kaiming (variance 2 / fan-out), the dense layers as torch.
    """

    def __init__(
        self,
        classes: int = 1000,
        width: int = 64,
        bias: bool = False,
        *,
        depth: int = 16,
        batch_norm: bool = True,
        head: str = "average",
        channels: int = 3,
        deviation: float | None = None,
    ) -> None:
        super().__init__()
        self.features = _features(depth, width, bias, batch_norm, channels)
        self.avgpool: nn.Module = nn.AdaptiveAvgPool2d(7 if head == "torchvision" else 1)
        self.classifier = _head(head, classes, width, convolutions(self)[-1].out_channels)
        for layer in convolutions(self):
            nn.init.kaiming_normal_(layer.weight, mode="fan_out", nonlinearity="relu")
            if layer.bias is not None and not batch_norm:
                nn.init.zeros_(layer.bias)
        if deviation is not None:
            _redraw(self, deviation * (64 / width) ** 0.5)

    def forward(self, images: Tensor) -> Tensor:
        """Class scores `(n, classes)` for images `(n, channels, height, width)` of 32 x 32 or more."""
        return self.classifier(torch.flatten(self.avgpool(self.features(images)), 1))


def vgg16(classes: int = 1000, width: int = 64, bias: bool = False) -> VGG:
    """A new VGG-16 with batch normalisation and global average pooling; 37.70 million parameters at the full width."""
    return VGG(classes, width, bias)


def plain(
    classes: int = 10,
    width: int = 64,
    *,
    depth: int = 19,
    head: str = "torchvision",
    channels: int = 3,
    deviation: float | None = None,
) -> VGG:
    """A new VGG as it was first published: no batch normalisation, biases from zero."""
    options: dict[str, Any] = {"depth": depth, "head": head, "channels": channels, "deviation": deviation}
    return VGG(classes, width, True, batch_norm=False, **options)


def convolutions(network: VGG) -> list[nn.Conv2d]:
    """The convolutions that are left in it, first to last."""
    return [layer for layer in network.features if isinstance(layer, nn.Conv2d)]


def _features(depth: int, width: int, bias: bool, batch_norm: bool, channels: int) -> nn.Sequential:
    scaled: list[Any] = [entry if entry == "M" else entry * width // 64 for entry in _sequence(depth)]
    features: nn.Sequential = torchvision.models.vgg.make_layers(scaled, batch_norm=batch_norm)
    if channels != 3:
        features[0] = nn.Conv2d(channels, scaled[0], kernel_size=3, padding=1)
    for layer in features:
        if isinstance(layer, nn.Conv2d) and not bias:
            layer.register_parameter("bias", None)
    return features


def _sequence(depth: int) -> list[Any]:
    if depth == SMALL:
        return _sequence(13)[:9]
    if depth not in CONFIGURATIONS:
        raise ValueError(f"there is no VGG-{depth}; there are {', '.join(map(str, (SMALL, *CONFIGURATIONS)))}")
    return list(torchvision.models.vgg.cfgs[CONFIGURATIONS[depth]])


def _head(head: str, classes: int, width: int, channels: int) -> nn.Sequential:
    if head not in HEADS:
        raise ValueError(f"there is no head {head!r}; there are {', '.join(HEADS)}")
    if head == "linear":
        return nn.Sequential(nn.Linear(channels, classes))
    if channels != 8 * width:
        raise ValueError(f"the head {head!r} takes {8 * width} channels, those of a whole VGG; got {channels}")
    pixels, dropout = (49, [nn.Dropout()]) if head == "torchvision" else (1, [])
    hidden = 64 * width
    return nn.Sequential(
        nn.Linear(8 * width * pixels, hidden), nn.ReLU(), *dropout,
        nn.Linear(hidden, hidden), nn.ReLU(), *dropout,
        nn.Linear(hidden, classes),
    )  # fmt: skip


def _redraw(network: VGG, deviation: float) -> None:
    for layer in network.modules():
        if isinstance(layer, nn.Conv2d | nn.Linear):
            nn.init.normal_(layer.weight, 0.0, deviation)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
