"""VGG-16 as Fan et al. train it (section 3.2; layer by layer from the authors' code)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from harness.torchvision_compat import torchvision


class VGG(nn.Module):
    """Thirteen 3 x 3 convolutions, each with batch normalisation; global average pooling; three dense layers.

    Args:
        classes: number of classes.
        width: channels of the first stage: 64 in the paper.  The other stages and the dense layers (8 and 64 times as
            wide) scale with it.
        bias: biases in the convolutions, before the batch normalisation.  The authors' code has both.
    """

    def __init__(self, classes: int = 1000, width: int = 64, bias: bool = False) -> None:
        super().__init__()
        self.features = _features(width, bias)
        self.avgpool: nn.Module = nn.AdaptiveAvgPool2d(1)
        hidden = 64 * width
        self.classifier = nn.Sequential(
            nn.Linear(8 * width, hidden), nn.ReLU(), nn.Linear(hidden, hidden), nn.ReLU(), nn.Linear(hidden, classes),
        )  # fmt: skip
        for layer in convolutions(self):
            nn.init.kaiming_normal_(layer.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, images: Tensor) -> Tensor:
        """Class scores `(n, classes)` for images `(n, 3, height, width)` of 32 x 32 or more."""
        return self.classifier(torch.flatten(self.avgpool(self.features(images)), 1))


def vgg16(classes: int = 1000, width: int = 64, bias: bool = False) -> VGG:
    """A new VGG-16; 37.70 million parameters for 1000 classes at the paper's width."""
    return VGG(classes, width, bias)


def convolutions(network: VGG) -> list[nn.Conv2d]:
    """The convolutions that are left in it, first to last."""
    return [layer for layer in network.features if isinstance(layer, nn.Conv2d)]


def _features(width: int, bias: bool) -> nn.Sequential:
    vgg = torchvision.models.vgg
    scaled = [entry if entry == "M" else entry * width // 64 for entry in vgg.cfgs["D"]]
    features: nn.Sequential = vgg.make_layers(scaled, batch_norm=True)
    for layer in features:
        if isinstance(layer, nn.Conv2d) and not bias:
            layer.register_parameter("bias", None)
    return features
