"""AlexNet: torchvision's, with five convolutional layers."""

from __future__ import annotations

from torch import nn

from harness.networks.initialise import initialise
from harness.system.torchvision_compat import torchvision


def alexnet(classes: int = 1000, channels: int = 3, initialisation: str = "torch-default") -> nn.Module:
    """AlexNet for images of 224 x 224 (63 x 63 is the least), with dropout before its first two dense layers.

    Args:
        classes: class scores.
        channels: of the images.
        initialisation: a name in `harness.networks.SCHEMES`, drawn from torch's global generator.
    """
    network = torchvision.models.alexnet(num_classes=classes)
    if channels != 3:
        network.features[0] = nn.Conv2d(channels, 64, kernel_size=11, stride=4, padding=2)
    if initialisation != "torch-default":
        initialise(network, initialisation)
    return network
