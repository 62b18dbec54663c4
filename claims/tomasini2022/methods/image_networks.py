"""The networks that Tomasini et al. train on images, as rows of layers (appendix B.1; sizes of the authors' code).

For images of one channel and 28 x 28 pixels VGG and AlexNet begin with two pixels of padding on each side, so that they
see 32 x 32, and LeNet's maps end at 4 x 4 in place of 5 x 5.  All layers start as torch draws them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from torch import Tensor, nn

from harness.networks.vgg import CONFIGURATIONS
from harness.system.torchvision_compat import torchvision

UNCOUNTED = (nn.Flatten, nn.Dropout, nn.ZeroPad2d)
"""What is no layer of its own: it leaves values as they are, when a network is tested."""


class LayeredNetwork(nn.Sequential):
    """A network whose layers follow one another, so that each one's values can be had."""

    def representations(self, x: Tensor) -> Iterator[Tensor]:
        """The values of each layer, as `layer_names` lists them: convolutions, normalisations, ReLUs, pools, dense."""
        for layer in self:
            x = layer(x)
            if not isinstance(layer, UNCOUNTED):
                yield x

    def layer_names(self) -> list[str]:
        """What each layer is, e.g. "conv", "relu", "pool", "norm", "dense"."""
        return [KINDS[type(layer)] for layer in self if not isinstance(layer, UNCOUNTED)]


KINDS: dict[type[nn.Module], str] = {
    nn.Conv2d: "conv",
    nn.BatchNorm2d: "norm",
    nn.ReLU: "relu",
    nn.MaxPool2d: "pool",
    nn.Linear: "dense",
}


def lenet(classes: int = 10, channels: int = 3, width: int = 6) -> LayeredNetwork:
    """LeNet of two 5 x 5 convolutions and three dense layers; `width` channels in the first, 6 originally.

    The other layers scale with it.
    """
    second, hidden, last = (count * width // 6 for count in (16, 120, 84))
    side = 4 if channels == 1 else 5
    return LayeredNetwork(
        nn.Conv2d(channels, width, 5), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(width, second, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
        nn.Linear(second * side**2, hidden), nn.ReLU(), nn.Linear(hidden, last), nn.ReLU(), nn.Linear(last, classes),
    )  # fmt: skip


def alexnet(classes: int = 10, channels: int = 3, width: int = 64) -> LayeredNetwork:
    """AlexNet for 32 x 32 pixels: five 3 x 3 convolutions, of which the first has stride 2; `width` channels in it.

    The other layers scale with it: 4096 units in the dense ones at 64.
    """
    second, third, last, hidden = 3 * width, 6 * width, 4 * width, 64 * width
    return LayeredNetwork(
        *_padding(channels),
        nn.Conv2d(channels, width, 3, stride=2, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(width, second, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(second, third, 3, padding=1), nn.ReLU(),
        nn.Conv2d(third, last, 3, padding=1), nn.ReLU(),
        nn.Conv2d(last, last, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
        nn.Dropout(), nn.Linear(4 * last, hidden), nn.ReLU(),
        nn.Dropout(), nn.Linear(hidden, hidden), nn.ReLU(), nn.Linear(hidden, classes),
    )  # fmt: skip


def vgg(
    classes: int = 10, channels: int = 3, width: int = 64, *, depth: int = 11, batch_norm: bool = False, size: int = 3
) -> LayeredNetwork:
    """VGG of 3 x 3 convolutions with biases, down to one pixel, and one dense layer; `width` channels in the first.

    Args:
        classes: scores.
        channels: of the images.
        width: of the first stage; the others scale with it, as usual.
        depth: 11, 13, 16 or 19.
        batch_norm: batch normalisation behind each convolution.
        size: of the filters; 1 for a network whose receptive fields grow by its pools alone.
    """
    layers: list[nn.Module] = _padding(channels)
    before = channels
    sequence: list[Any] = torchvision.models.vgg.cfgs[CONFIGURATIONS[depth]]
    for entry in sequence:
        if entry == "M":
            layers.append(nn.MaxPool2d(2))
            continue
        after = entry * width // 64
        norm = [nn.BatchNorm2d(after)] if batch_norm else []
        layers += [nn.Conv2d(before, after, size, padding=size // 2), *norm, nn.ReLU()]
        before = after
    return LayeredNetwork(*layers, nn.Flatten(), nn.Linear(before, classes))


def _padding(channels: int) -> list[nn.Module]:
    return [nn.ZeroPad2d(2)] if channels == 1 else []
