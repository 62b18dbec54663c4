"""Training a network, then measuring how sensitive each of its layers is, and how its filters vary in space."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from claims.tomasini2022.methods.filter_modes import aggregate_frequency, relative_energy
from claims.tomasini2022.methods.layer_sensitivities import (
    layer_sensitivities,
    normalised_by,
    shuffled_sensitivities,
)
from claims.tomasini2022.methods.probes import SMOOTH, Probes, probes
from harness.runs.recipe import Result
from harness.system.lazy import torch
from harness.system.stable_names import stable_name
from harness.training.experiment import Experiment
from harness.training.randomness import stream

if TYPE_CHECKING:
    from claims.tomasini2022.methods.image_networks import LayeredNetwork
    from claims.tomasini2022.methods.sensitivity import Sensitivities
    from harness.runs.bench import Bench
    from harness.training.data import Prepared
    from harness.training.labelled import Labelled

UNTRAINED, TRAINED = "untrained", "trained"
BY_PROBES = "untrained, normalised by the probes"
"""States of a network; the last is that of one with batch normalisation, whose first running statistics do nothing."""

AS_IT_IS, SHUFFLED = "as it is", "channels shuffled"

DIGITS = 6
"""Of what is measured, in the record."""


@stable_name("layer-sensitivities")
@dataclass(frozen=True)
class LayerSensitivities(Experiment):
    """Train, and write down D and G of each layer and the frequencies of its filters, before training and after.

    The seed decides the training, and, from streams of their own, the probes (the same before and after) and the
    shuffles.  What is measured is the network after the last epoch, computed in float64.

    Attributes:
        training: of a `image_networks.LayeredNetwork`.
        deformation: of the probes, see `methods.probes`.
        count: probes, the first of the test split in a random order.
        shuffles: of the channels, over which D and G are averaged (geometric mean).
        states: in which the network is measured.
    """

    deformation: str = SMOOTH
    count: int = 500
    shuffles: int = 5
    states: tuple[str, ...] = (UNTRAINED, TRAINED)

    def compute(self, seed: int, bench: Bench) -> Result:
        """Train and measure.

        Metrics: those of the training, with "test" among `shared_images`; `test_accuracy` and `test_images`;
        `layers`, what each is; `sensitivity[state][channels]["deformation"|"noise"]`, a list over layers;
        `filters[state]`, for each convolution the energy by eigenspace, relative to white filters' (a list by
        increasing frequency); `frequency[state]`, their aggregate frequency.
        """
        from harness.training.data import images_for_test
        from harness.training.fingerprints import shared_images
        from harness.training.loop import initial_network, train
        from harness.training.trainer import deterministic_convolutions

        fitted = train(self.training, seed, bench)
        test = images_for_test(self.training.data, bench)
        networks = {TRAINED: fitted.network, UNTRAINED: initial_network(self.training, seed).to(bench.device)}
        with deterministic_convolutions():
            told = {
                "test_accuracy": _accuracy(fitted.network.eval(), fitted.data, test),
                "test_images": len(test),
                **self._measured({state: networks[state] for state in self.states}, fitted.data, test, seed),
            }
        shared = {**fitted.result.metrics["shared_images"], "test": shared_images(fitted.data.training, test)}
        return Result({**fitted.result.metrics, **told, "shared_images": shared}, fitted.result.tensors)

    def opening(self) -> LayerSensitivities | None:
        """The training's first epoch, and what is measured before it."""
        training = self.training.opening()
        return None if training is None else self.with_(training=training, states=(UNTRAINED,))

    def data_sets(self) -> tuple[tuple[str, str], ...]:
        """What training reads, and the test split."""
        return tuple(dict.fromkeys((*self.training.data_sets(), (self.training.data.name, "test"))))

    def _measured(self, networks: dict[str, Any], data: Prepared, test: Labelled, seed: int) -> dict[str, Any]:
        mean, spread = data.mean.double().cpu(), data.spread.double().cpu()
        drawn = probes(self._drawn(test, seed), self.deformation, stream(seed, "probes"), lambda x: (x - mean) / spread)
        asked = Probes(*(each.to(test.device) for each in drawn))
        exact = {state: network.double().eval().to(memory_format=torch.contiguous_format)
                 for state, network in networks.items()}  # fmt: skip
        if UNTRAINED in exact and "norm" in exact[UNTRAINED].layer_names():
            exact[BY_PROBES] = normalised_by(exact[UNTRAINED], asked.images)

        def sensitivities(network: LayeredNetwork) -> dict[str, Any]:
            shuffled = shuffled_sensitivities(network, asked, self.shuffles, stream(seed, "channel shuffles"))
            return {AS_IT_IS: _written(layer_sensitivities(network, asked)), SHUFFLED: _written(shuffled)}

        def filters(network: LayeredNetwork, measure: Any) -> list[Any]:
            weights = [layer.weight.detach().cpu() for layer in network if isinstance(layer, torch.nn.Conv2d)]
            return [measure(weight) for weight in weights]

        return {
            "layers": next(iter(exact.values())).layer_names(),
            "sensitivity": {state: sensitivities(network) for state, network in exact.items()},
            "filters": {
                state: filters(network, lambda weight: _rounded(relative_energy(weight)))
                for state, network in exact.items()
                if state != BY_PROBES
            },
            "frequency": {
                state: _rounded(torch.tensor(filters(network, aggregate_frequency)))
                for state, network in exact.items()
                if state != BY_PROBES
            },
        }

    def _drawn(self, test: Labelled, seed: int) -> torch.Tensor:
        """The probes' images as stored, on the CPU."""
        images = torch.cat([images for images, _ in test.batches(len(test))])
        order = torch.randperm(len(test), generator=stream(seed, "which probes"))[: self.count]
        return images[order.to(images.device)].cpu()


def _accuracy(network: torch.nn.Module, data: Prepared, test: Labelled) -> float:
    from harness.training.loop import EVALUATION_BATCH
    from harness.training.loss import hits

    with torch.inference_mode():
        right = [hits(network(data.as_input(images)), labels) for images, labels in test.batches(EVALUATION_BATCH)]
    return torch.stack(right).sum().item() / len(test)


def _written(found: Sensitivities) -> dict[str, list[float | None]]:
    return {"deformation": _rounded(found.deformation), "noise": _rounded(found.noise)}


def _rounded(values: torch.Tensor) -> list[float | None]:
    """What is no number is null in JSON."""
    return [float(f"{value:.{DIGITS}g}") if math.isfinite(value) else None for value in values.tolist()]
