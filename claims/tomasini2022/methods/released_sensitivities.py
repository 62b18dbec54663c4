"""Sensitivities of the layers of a released network (Tomasini et al. 2022, Fig. 2, right)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from claims.tomasini2022.methods.layer_sensitivities import layer_sensitivities
from claims.tomasini2022.methods.probes import SMOOTH, probes
from harness.runs.recipe import Recipe, Result
from harness.system.lazy import torch
from harness.system.stable_names import stable_name
from harness.training import Data
from harness.training.randomness import stream

if TYPE_CHECKING:
    from claims.tomasini2022.methods.image_networks import LayeredNetwork
    from claims.tomasini2022.methods.probes import Probes
    from claims.tomasini2022.methods.squeezenet import SqueezeNet
    from harness.runs.bench import Bench

DIGITS = 6
BATCH = 8
"""Images that go through together; it changes nothing but memory."""


@stable_name("released-sensitivities")
@dataclass(frozen=True)
class ReleasedSensitivities(Recipe):
    """Measure D and G of each layer of a SqueezeNet as released, and of the same with weights drawn anew.

    Attributes:
        network: a key of `squeezenet.POOLS`.
        images: a data set, whose test images are enlarged to the network's size.
        count: images, the first in a random order.
        redrawn: how many networks with weights drawn anew.
    """

    network: str
    images: str = "cifar10"
    count: int = 40
    redrawn: int = 5

    def compute(self, seed: int, bench: Bench) -> Result:
        """Metrics: `layers`; `released` and, one each, `redrawn`: "deformation" and "noise", a list over layers."""
        from claims.tomasini2022.methods.squeezenet import as_input, drawn_anew, enlarged, released
        from harness.training.data import images_for_test

        test = images_for_test(Data(self.images), bench)
        every = torch.cat([images.cpu() for images, _ in test.batches(len(test))])
        order = torch.randperm(len(every), generator=stream(seed, "which probes"))[: self.count]
        asked = probes(enlarged(every[order]), SMOOTH, stream(seed, "probes"), as_input)
        network, generator = released(self.network, bench.data), stream(seed, "weights drawn anew")
        redrawn = [_measured(drawn_anew(network, generator), asked) for _ in range(self.redrawn)]
        return Result(
            {"layers": network.layer_names(), "released": _measured(network, asked), "redrawn": redrawn},
        )

    def data_sets(self) -> tuple[tuple[str, str], ...]:
        """The test images."""
        return ((self.images, "test"),)

    def modules(self) -> tuple[str, ...]:
        """That of the network."""
        return ("claims.tomasini2022.methods.squeezenet",)


def _measured(network: SqueezeNet, asked: Probes) -> dict[str, list[float]]:
    found = layer_sensitivities(cast("LayeredNetwork", network), asked, BATCH)
    rows: dict[str, Any] = {"deformation": found.deformation, "noise": found.noise}
    return {name: [float(f"{value:.{DIGITS}g}") for value in values.tolist()] for name, values in rows.items()}
