"""Sensitivities of every layer of a network, some images at a time (Tomasini et al. 2022, Eq. 1, Figs. 2, 6, 7)."""

from __future__ import annotations

import copy
import math
from typing import TYPE_CHECKING

from claims.tomasini2022.methods.channels import shuffle_channels
from claims.tomasini2022.methods.sensitivity import Sensitivities
from harness.system.lazy import torch

if TYPE_CHECKING:
    from torch import Generator, Tensor

    from claims.tomasini2022.methods.image_networks import LayeredNetwork
    from claims.tomasini2022.methods.probes import Probes

BATCH = 100


def layer_sensitivities(network: LayeredNetwork, probes: Probes, batch: int = BATCH) -> Sensitivities:
    """Rows of shape `(layers,)`, float64: `sensitivity.sensitivities_by_layer` without holding all layers at once.

    Args:
        network: in evaluation mode, in the probes' precision.
        probes: two images at least.
        batch: images that go through together; it changes nothing but memory.
    """
    sums = [_Sums() for _ in network.layer_names()]
    with torch.inference_mode():
        for images, deformed, noisy in zip(*(each.split(batch) for each in probes), strict=True):
            values = zip(*(network.representations(each) for each in (images, deformed, noisy)), strict=True)
            for of_layer, (f, moved, disturbed) in zip(sums, values, strict=True):
                of_layer.add(f, moved, disturbed)
    deformation, noise = torch.tensor([of_layer.sensitivities() for of_layer in sums], dtype=torch.float64).T
    return Sensitivities(deformation, noise, deformation / noise)


def shuffled_sensitivities(
    network: LayeredNetwork, probes: Probes, shuffles: int, generator: Generator
) -> Sensitivities:
    """Those of the network with its channels shuffled: the geometric mean over so many shuffles."""
    found = [layer_sensitivities(shuffle_channels(network, generator), probes) for _ in range(shuffles)]
    deformation, noise = (torch.stack(rows).log().mean(0).exp() for rows in list(zip(*found, strict=True))[:2])
    return Sensitivities(deformation, noise, deformation / noise)


def normalised_by(network: LayeredNetwork, images: Tensor, batch: int = BATCH) -> LayeredNetwork:
    """A copy whose batch normalisations have the mean and variance of these images, and not those that it has kept."""
    copied = copy.deepcopy(network)
    norms = [layer for layer in copied if isinstance(layer, torch.nn.BatchNorm2d)]
    for layer in norms:
        layer.reset_running_stats()
        layer.momentum = None  # the plain mean over batches
    copied.train()
    with torch.inference_mode():
        for some in images.split(batch):
            copied(some)
    return copied.eval()


class _Sums:
    """What one layer's values come to over the images seen so far."""

    def __init__(self) -> None:
        self._n = 0
        self._origin: Tensor | None = None  # of the first images; far from 0, squares would lose the distances' digits
        self._total: Tensor | float = 0.0
        self._squares = self._moved = self._disturbed = 0.0

    def add(self, values: Tensor, moved: Tensor, disturbed: Tensor) -> None:
        """Count these images' values, and those of the same images deformed and with noise."""
        f, g, h = (each.flatten(1).double() for each in (values, moved, disturbed))
        if self._origin is None:
            self._origin = f.mean(0)
        centred = f - self._origin
        self._n += len(f)
        self._total = self._total + centred.sum(0)
        self._squares += float(centred.square().sum())
        self._moved += float((g - f).square().sum())
        self._disturbed += float((h - f).square().sum())

    def sensitivities(self) -> tuple[float, float]:
        """To deformations and to noise; each image's pair with itself counts.  NaN where all images have one value."""
        spread = 2 * (self._squares / self._n - float((torch.as_tensor(self._total) / self._n).square().sum()))
        if spread <= 0:
            return math.nan, math.nan
        return self._moved / self._n / spread, self._disturbed / self._n / spread
