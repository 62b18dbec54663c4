"""How alike the channels of trained networks are: sensitivities of all of them and of their mean (section 3)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from claims.tomasini2022.methods.layer_sensitivities import layer_sensitivities
from claims.tomasini2022.methods.probes import Probes, probes
from claims.tomasini2022.methods.sensitivity_runs import DIGITS, LayerSensitivities
from harness.system.lazy import torch
from harness.system.stable_names import stable_name
from harness.training.randomness import stream

if TYPE_CHECKING:
    from collections.abc import Iterator

    from torch import Tensor

    from claims.tomasini2022.methods.image_networks import LayeredNetwork
    from harness.training.data import Prepared
    from harness.training.labelled import Labelled

ALL, MEAN = "all channels", "mean channel"


@stable_name("mean-channels")
@dataclass(frozen=True)
class MeanChannels(LayerSensitivities):
    """Train, and write down D and G of each convolution's activity, of all its channels and of their mean.

    Trained, and measured on the same probes, as by `LayerSensitivities`.
    """

    def _measured(self, networks: dict[str, Any], data: Prepared, test: Labelled, seed: int) -> dict[str, Any]:
        """Metrics: `alike[state][of]["deformation"|"noise"]`, a list over the convolutions, `of` all or their mean."""
        mean, spread = data.mean.double().cpu(), data.spread.double().cpu()
        drawn = probes(self._drawn(test, seed), self.deformation, stream(seed, "probes"), lambda x: (x - mean) / spread)
        asked = Probes(*(each.to(test.device) for each in drawn))
        return {"alike": {state: alike(network.double().eval(), asked) for state, network in networks.items()}}


def alike(network: LayeredNetwork, asked: Probes) -> dict[str, dict[str, list[float | None]]]:
    """D and G after the ReLU of each convolution: of all channels, and of their mean."""
    found = {}
    for of, layers in {ALL: _Maps(network), MEAN: _Maps(network, mean=True)}.items():
        measured = layer_sensitivities(cast("LayeredNetwork", layers), asked)
        found[of] = {"deformation": _written(measured.deformation), "noise": _written(measured.noise)}
    return found


class _Maps:
    """Maps behind each convolution's ReLU as `layer_sensitivities` takes layers; their mean over channels, if asked."""

    def __init__(self, network: LayeredNetwork, *, mean: bool = False) -> None:
        self._network, self._mean = network, mean

    def layer_names(self) -> list[str]:
        """A ReLU each."""
        return ["relu"] * sum(isinstance(layer, torch.nn.Conv2d) for layer in self._network)

    def representations(self, x: Tensor) -> Iterator[Tensor]:
        """After each ReLU that follows a convolution."""
        for layer in self._network:
            x = layer(x)
            if isinstance(layer, torch.nn.ReLU) and x.ndim == 4:
                yield x.mean(1) if self._mean else x


def _written(values: Tensor) -> list[float | None]:
    return [float(f"{value:.{DIGITS}g}") if math.isfinite(value) else None for value in values.tolist()]
