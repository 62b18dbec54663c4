"""Networks that cannot pool, whatever their weights: what claims on trained networks have for controls.

One that works pixel by pixel, by filters of one pixel without strides or pools, cannot pool over space: its receptive
fields do not grow.  One that works channel by channel, by group convolutions of one channel each, cannot pool over
channels: a shuffle finds nothing to exchange in it.  Neither has biases, so that on images and noise that are nowhere
negative a network of the first kind multiplies each pixel by a number: D and G are those of the images in all layers.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, NamedTuple

from claims.tomasini2022.methods.sensitivity_readings import Depth
from claims.tomasini2022.methods.sensitivity_runs import AS_IT_IS, SHUFFLED, TRAINED, UNTRAINED
from harness.rules import Exact, Several
from harness.system.lazy import np, torch

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from torch import Generator

    from claims.tomasini2022.methods.image_networks import LayeredNetwork
    from claims.tomasini2022.methods.probes import Probes
    from claims.tomasini2022.methods.sensitivity import Sensitivities

PIXEL_BY_PIXEL, CHANNEL_BY_CHANNEL = "pixel by pixel", "channel by channel"

NETWORKS = 6
"""As many as a claim has seeds: with fewer than five a sign test refutes nothing."""

WIDTH, DEPTH = 16, 6
SIZE, SCALE, GAP, IMAGES = 12, 6, 2, 60
"""Of the scale-detection task that they are probed with."""

DIGITS = 9
"""Digits that are kept of D and G: less than what rounding leaves of them."""


class Unpooled(NamedTuple):
    """What a record tells of a network: here of one whose weights were drawn, before and "after training" anew."""

    metrics: Mapping[str, Any]


def depth_of(kind: str, state: str = TRAINED, channels: str = AS_IT_IS, layers: str = "activations") -> Depth:
    """Logarithms of D, G and R of networks of one kind, read as those of trained ones are."""
    return Depth(measured(kind), state, channels, layers)


def whatever_the_weights(kind: str, values: np.ndarray) -> Several:
    """One number, which all networks of a kind have in common.

    Raises:
        ValueError: when they differ, `values` being one a network, `(networks,)`.
    """
    if not (values == values[0]).all():
        raise ValueError(f"networks that work {kind} differ: {values.tolist()}")
    return Several((Exact(float(values[0])),), (kind,))


@functools.cache
def measured(kind: str) -> list[Unpooled]:
    """D and G of each layer of `NETWORKS` networks of a kind."""
    from claims.tomasini2022.methods.layer_sensitivities import layer_sensitivities, shuffled_sensitivities

    drawn = torch.Generator().manual_seed(0)
    asked, make = _probes(drawn), _MAKERS[kind]

    def sensitivities(network: LayeredNetwork) -> dict[str, dict[str, list[float]]]:
        return {
            AS_IT_IS: _written(layer_sensitivities(network, asked)),
            SHUFFLED: _written(shuffled_sensitivities(network, asked, 1, drawn)),
        }

    found = []
    for _ in range(NETWORKS):
        networks = {state: make(drawn) for state in (UNTRAINED, TRAINED)}
        names = networks[TRAINED].layer_names()
        of_each = {state: sensitivities(network) for state, network in networks.items()}
        found.append(Unpooled({"layers": names, "sensitivity": of_each}))
    return found


def pixel_by_pixel(generator: Generator) -> LayeredNetwork:
    """Convolutions with filters of one pixel, each followed by ReLU; float64, as all here."""
    return _stack(generator, size=1, groups=1)


def channel_by_channel(generator: Generator) -> LayeredNetwork:
    """Convolutions with filters of 3 x 3 pixels, each channel for itself behind the first."""
    return _stack(generator, size=3, groups=WIDTH)


_MAKERS: Mapping[str, Callable[[Generator], LayeredNetwork]] = {
    PIXEL_BY_PIXEL: pixel_by_pixel,
    CHANNEL_BY_CHANNEL: channel_by_channel,
}


def _stack(generator: Generator, size: int, groups: int) -> LayeredNetwork:
    from claims.tomasini2022.methods.image_networks import LayeredNetwork

    layers: list[torch.nn.Module] = []
    for before in [1, *[WIDTH] * (DEPTH - 1)]:
        convolution = torch.nn.Conv2d(
            before, WIDTH, size, padding=size // 2, groups=min(groups, before), bias=False, dtype=torch.float64
        )
        with torch.no_grad():
            convolution.weight.normal_(generator=generator)
        layers += [convolution, torch.nn.ReLU()]
    return LayeredNetwork(*layers)


def _probes(generator: Generator) -> Probes:
    """Images of the task, a move of their active pixels, and rectified noise."""
    from claims.tomasini2022.methods.matched_noise import matched_noise
    from claims.tomasini2022.methods.probes import Probes, moved_pixels
    from claims.tomasini2022.methods.scale_task import scale_detection_2d

    images = scale_detection_2d(SIZE, SCALE, GAP).images(torch.float64)
    images = images[torch.randperm(len(images), generator=generator)[:IMAGES]]
    deformed = moved_pixels(images, generator)
    return Probes(images, deformed, images + matched_noise(images, deformed, generator).relu())


def _written(found: Sensitivities) -> dict[str, list[float]]:
    rows = {"deformation": found.deformation, "noise": found.noise}
    return {name: [float(f"{value:.{DIGITS}g}") for value in values.tolist()] for name, values in rows.items()}
