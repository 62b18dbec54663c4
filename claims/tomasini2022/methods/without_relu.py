"""Networks without ReLU, which do the opposite of what is said of trained ones: controls of claims on trained networks.

Noise averages out in them.  So homogeneous filters lower the sensitivity to noise more than that to deformations, and
R rises from layer to layer; rough ones raise both.  Where homogeneous filters are made of channels, each of which moves
its map by a pixel, a shuffle of the channels undoes them, and R is lower with it.  Weights, images, deformations and
noise are drawn for each network anew, so that networks of a kind differ as trained ones of several seeds do.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from claims.tomasini2022.methods.sensitivity_readings import EVERY, Depth
from claims.tomasini2022.methods.sensitivity_runs import AS_IT_IS, SHUFFLED, TRAINED
from harness.system.lazy import torch

if TYPE_CHECKING:
    from torch import Generator, Tensor
    from torch.nn import Conv2d

    from claims.tomasini2022.methods.image_networks import LayeredNetwork
    from claims.tomasini2022.methods.probes import Probes
    from claims.tomasini2022.methods.sensitivity import Sensitivities

HOMOGENEOUS, ROUGH, BY_CHANNELS = "homogeneous filters", "rough filters", "homogeneous filters made of channels"

NETWORKS = 6
"""As many as a claim has seeds: with fewer than five a sign test refutes nothing."""

WIDTH, DEPTH = 8, 6
SIZE, IMAGES_OF_A_SLOPE, SLOPES = 24, 10, (1.0, 1.5, 2.0)
"""Of the Gaussian textures, whose amplitudes fall over frequency by these exponents, that they are probed with."""

FILTER = 3
LOWEST, HIGHEST = slice(0, 1), slice(-3, None)
"""Modes of the Laplacian of 3 x 3 filters: of frequency 0, and of 4, 4 and 6."""


class Drawn(NamedTuple):
    """What a record tells of a network, of one whose weights were drawn."""

    metrics: Mapping[str, Any]


def depth_of(kind: str, channels: str = AS_IT_IS) -> Depth:
    """Logarithms of D, G and R of networks of one kind, of every layer: nothing follows convolutions here."""
    return Depth(measured(kind), TRAINED, channels, EVERY)


@functools.cache
def measured(kind: str) -> list[Drawn]:
    """D and G of each layer of `NETWORKS` networks of a kind."""
    from claims.tomasini2022.methods.layer_sensitivities import layer_sensitivities, shuffled_sensitivities

    drawn = torch.Generator().manual_seed(0)
    found = []
    for _ in range(NETWORKS):
        network, asked = _MAKERS[kind](drawn), probes_of_textures(drawn)
        sensitivities = {
            AS_IT_IS: _written(layer_sensitivities(network, asked)),
            SHUFFLED: _written(shuffled_sensitivities(network, asked, 1, drawn)),
        }
        found.append(Drawn({"layers": network.layer_names(), "sensitivity": {TRAINED: sensitivities}}))
    return found


def probes_of_textures(generator: Generator) -> Probes:
    """Textures as they are, deformed, and with noise, standardised as CIFAR's images are."""
    from claims.tomasini2022.methods.probes import SMOOTH, probes
    from harness.data.generated import textures

    images = torch.cat([textures(IMAGES_OF_A_SLOPE, SIZE, SIZE, generator, slope) for slope in SLOPES])
    return probes(images, SMOOTH, generator, lambda inputs: (inputs - images.mean()) / images.std())


def homogeneous(generator: Generator) -> LayeredNetwork:
    """Convolutions with filters of equal entries, each times a number that is drawn; float64, as all here."""
    return _stack([_convolution(weight) for weight in _filters(generator, LOWEST)])


def rough(generator: Generator) -> LayeredNetwork:
    """Convolutions with filters of the highest frequencies, mixed at random."""
    return _stack([_convolution(weight) for weight in _filters(generator, HIGHEST)])


def by_channels(generator: Generator) -> LayeredNetwork:
    """As `homogeneous`, each convolution in two: a channel for each pixel of a filter, then filters of one."""
    layers: list[Conv2d] = []
    for weight in _filters(generator, LOWEST)[: DEPTH // 2]:
        before = weight.shape[1]
        each_pixel = torch.eye(FILTER**2, dtype=torch.float64).reshape(-1, 1, FILTER, FILTER)
        layers.append(_convolution(each_pixel.repeat(before, 1, 1, 1), groups=before))
        layers.append(_convolution(weight.reshape(len(weight), -1, 1, 1)))
    return _stack(layers)


_MAKERS: Mapping[str, Callable[[Generator], LayeredNetwork]] = {
    HOMOGENEOUS: homogeneous,
    ROUGH: rough,
    BY_CHANNELS: by_channels,
}


def _filters(generator: Generator, which: slice) -> list[Tensor]:
    """Weights `(out, in, 3, 3)` of `DEPTH` convolutions, of random mixtures of some modes."""
    from claims.tomasini2022.methods.filter_modes import modes

    chosen = modes(FILTER).vectors[which]
    strengths = [
        torch.randn(WIDTH, before, len(chosen), generator=generator, dtype=torch.float64)
        for before in (1, *[WIDTH] * (DEPTH - 1))
    ]
    return [(strength @ chosen).reshape(*strength.shape[:2], FILTER, FILTER) for strength in strengths]


def _convolution(weight: Tensor, groups: int = 1) -> Conv2d:
    after, before, size, _ = weight.shape
    convolution = torch.nn.Conv2d(before * groups, after, size, padding=size // 2, groups=groups, bias=False)
    convolution.weight.data = weight
    return convolution


def _stack(convolutions: list[Conv2d]) -> LayeredNetwork:
    from claims.tomasini2022.methods.image_networks import LayeredNetwork

    return LayeredNetwork(*convolutions)


def _written(found: Sensitivities) -> dict[str, list[float]]:
    return {"deformation": found.deformation.tolist(), "noise": found.noise.tolist()}
