"""Small networks of the tests' own, one for each thing that a trainer must get right; importing this registers them."""

from __future__ import annotations

from collections import OrderedDict

import torch
from torch import Tensor, nn

from harness.networks import NETWORKS
from harness.training import Network

NETWORKS.register("test-cnn", "harness.tests.fake_networks:Cnn")
NETWORKS.register("test-dropout", "harness.tests.fake_networks:Dropping")
NETWORKS.register("test-shuffles", "harness.tests.fake_networks:Shuffling")


def small_cnn(depth: int = 2, width: int = 4, size: int = 8, classes: int = 3) -> Network:
    """The plain network of most tests, as a recipe names it."""
    return Network.of("test-cnn", depth=depth, width=width, size=size, classes=classes)


class Cnn(nn.Module):
    """Convolutions with pooling between them, then one dense layer: nothing is drawn, nothing remembered."""

    def __init__(
        self, depth: int = 2, width: int = 4, size: int = 8, classes: int = 3, channels: int = 1, kernel: int = 3
    ) -> None:
        super().__init__()
        self.layers = nn.Sequential()
        for inputs in (channels, *[width] * (depth - 1)):
            convolution = nn.Conv2d(inputs, width, kernel, padding=kernel // 2)
            parts: OrderedDict[str, nn.Module] = OrderedDict(conv=convolution, pool=nn.MaxPool2d(2), relu=nn.ReLU())
            self.layers.append(nn.Sequential(parts))
        self.head = nn.Sequential(nn.Flatten(), nn.Linear(width * (size // 2**depth) ** 2, classes))

    def forward(self, images: Tensor) -> Tensor:
        """Class scores `(n, classes)` of images `(n, channels, size, size)`."""
        scores: Tensor = self.head(self.layers(images))
        return scores


class Dropping(nn.Module):
    """Draws from torch's global generator while it trains: dropout, of units and behind them once more."""

    def __init__(self, width: int = 16, classes: int = 3, channels: int = 1) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(channels, width, 3, padding=1), nn.ReLU(), nn.AdaptiveAvgPool2d(4), nn.Flatten()
        )
        self.classifier = nn.Sequential(
            nn.Dropout(), nn.Linear(16 * width, width), nn.ReLU(), nn.Dropout(), nn.Linear(width, classes)
        )

    def forward(self, images: Tensor) -> Tensor:
        """Class scores `(n, classes)` of images `(n, channels, height, width)`."""
        scores: Tensor = self.classifier(self.features(images))
        return scores


class Shuffling(nn.Module):
    """Draws in evaluation too: pixels of a map change places anew at each pass; and batch normalisation, with buffers.

    Args:
        fixed: keep the places of the first pass, as tensors that are neither parameters nor buffers.
    """

    def __init__(self, width: int = 8, classes: int = 3, channels: int = 1, fixed: bool = False) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(channels, width, 3, padding=1), nn.BatchNorm2d(width), nn.ReLU(), PixelShuffle(fixed),
            nn.Conv2d(width, width, 3, padding=1), nn.BatchNorm2d(width), nn.ReLU(), PixelShuffle(fixed),
            nn.Conv2d(width, width, 3, padding=1), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(),
        )  # fmt: skip
        self.classifier = nn.Linear(width, classes)

    def forward(self, images: Tensor) -> Tensor:
        """Class scores `(n, classes)` of images `(n, channels, height, width)`."""
        scores: Tensor = self.classifier(self.features(images))
        return scores


class PixelShuffle(nn.Module):
    """One permutation of a map's pixels for all images and channels, from the global generator of their device."""

    def __init__(self, fixed: bool) -> None:
        super().__init__()
        self.fixed = fixed
        self.places: Tensor | None = None

    def forward(self, maps: Tensor) -> Tensor:
        """Maps `(n, c, h, w)` with their pixels in other places."""
        places = self.draw(maps) if self.places is None else self.places.to(maps.device)
        if self.fixed:
            self.places = places
        return maps.flatten(2)[..., places].reshape(maps.shape)

    @torch.inference_mode(False)  # places that are kept in a test must serve in training too
    def draw(self, maps: Tensor) -> Tensor:
        """A new permutation."""
        return torch.rand(maps.shape[2] * maps.shape[3], device=maps.device).argsort()
