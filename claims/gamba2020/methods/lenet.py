"""The LeNet with six convolutional layers of Gamba et al. 2020, section A.7."""

from __future__ import annotations

from torch import Tensor, nn

from harness.networks.initialise import initialise

WIDTHS = (6, 16, 64)
"""Channels of each pair of 3 x 3 convolutions; a 2 x 2 max-pooling follows each pair."""


class LeNet(nn.Module):
    """Six 3 x 3 convolutions in three pairs, then 120, 84 and `classes` units.

    The paper gives the number of convolutions; widths, dropout and pooling to 3 x 3 are those of the authors' code, and
    so is the initialisation, Xavier's, where section 3.1 says Kaiming's for all networks.

    Args:
        classes: class scores.
        channels: of the images.
        initialisation: a key of `harness.networks.initialise.SCHEMES`; drawn from torch's global generator.
    """

    def __init__(self, classes: int = 10, channels: int = 1, initialisation: str = "xavier") -> None:
        super().__init__()
        pairs = zip((channels, *WIDTHS), WIDTHS, strict=False)
        self.features = nn.Sequential(*[layer for inputs, outputs in pairs for layer in _pair(inputs, outputs)])
        self.avgpool = nn.AdaptiveAvgPool2d(3)
        self.classifier = nn.Sequential(
            nn.Flatten(), nn.Linear(3 * 3 * WIDTHS[-1], 120), nn.ReLU(), nn.Dropout(),
            nn.Linear(120, 84), nn.ReLU(), nn.Dropout(), nn.Linear(84, classes),
        )  # fmt: skip
        initialise(self, initialisation)

    def forward(self, images: Tensor) -> Tensor:
        """Class scores `(n, classes)` for images `(n, channels, height, width)`."""
        return self.classifier(self.avgpool(self.features(images)))


def _pair(inputs: int, outputs: int) -> list[nn.Module]:
    first = nn.Conv2d(inputs, outputs, 3, padding=1)
    second = nn.Conv2d(outputs, outputs, 3, padding=1)
    return [first, nn.ReLU(), second, nn.ReLU(), nn.MaxPool2d(2)]
