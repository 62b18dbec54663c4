"""Initial weights: schemes for convolutional and dense layers, by name in `harness.networks.SCHEMES`."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch
from torch import Generator, nn

from harness.networks import SCHEMES

Weighted = nn.Conv2d | nn.Linear


def weighted_layers(network: nn.Module) -> Iterator[Weighted]:
    """The convolutional and the fully connected layers, in module order."""
    return (module for module in network.modules() if isinstance(module, Weighted))


def initialise(network: nn.Module, scheme: str, generator: Generator | None = None) -> None:
    """Draw every weight and bias of the convolutional and fully connected layers anew, in place.

    Args:
        network: its other layers are left as they are.
        scheme: a name in `SCHEMES`.
        generator: on the device of the parameters; None is torch's global one, which a trainer seeds.

    Raises:
        UnknownName: for a scheme that is not registered.
    """
    draw = SCHEMES.load(scheme)
    with torch.no_grad():
        for layer in weighted_layers(network):
            draw(layer, generator)


def kaiming(layer: Weighted, generator: Generator | None) -> None:
    """Normal, variance 2 / fan-out, zero bias (He et al. 2015, Eq. 14)."""
    nn.init.kaiming_normal_(layer.weight, mode="fan_out", nonlinearity="relu", generator=generator)
    _no_bias(layer)


def vgg(layer: Weighted, generator: Generator | None) -> None:
    """As torchvision's VGG: `kaiming` for convolutions, normal of standard deviation 0.01 for dense layers."""
    if isinstance(layer, nn.Conv2d):
        kaiming(layer, generator)
    else:
        normal(0.01)(layer, generator)


def xavier(layer: Weighted, generator: Generator | None) -> None:
    """Uniform, variance 2 gain^2 / (fan-in + fan-out) with gain^2 = 2, zero bias."""
    nn.init.xavier_uniform_(layer.weight, gain=nn.init.calculate_gain("relu"), generator=generator)
    _no_bias(layer)


def torch_default(layer: Weighted, generator: Generator | None) -> None:
    """What torch's layers start from, and torchvision's AlexNet: weights and biases uniform within 1 / sqrt(fan-in)."""
    bound = layer.weight[0].numel() ** -0.5
    nn.init.uniform_(layer.weight, -bound, bound, generator=generator)
    if layer.bias is not None:
        nn.init.uniform_(layer.bias, -bound, bound, generator=generator)


def normal(deviation: float) -> Callable[[Weighted, Generator | None], None]:
    """Normal of one standard deviation in every layer, zero bias (Simonyan and Zisserman's first version)."""

    def draw(layer: Weighted, generator: Generator | None) -> None:
        nn.init.normal_(layer.weight, 0.0, deviation, generator=generator)
        _no_bias(layer)

    return draw


def _no_bias(layer: Weighted) -> None:
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)


normal_of_deviation, normal_of_variance = normal(0.01), normal(0.1)
"""N(0, 0.01) names a standard deviation in some texts and a variance in others: both are here."""
