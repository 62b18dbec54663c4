"""Training a network while its filters' projections are watched, and resetting its layers one by one afterwards."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from claims.gamba2020.methods.drift import drift
from claims.gamba2020.methods.layer_resets import relative_drop, reset_hits
from claims.gamba2020.methods.projections import convolutional_layers, negative_share, projection_cosines
from harness.runs.errors import RunDiverged
from harness.runs.recipe import Result
from harness.system.lazy import np, torch
from harness.system.stable_names import stable_name
from harness.training import Keep, kept_name
from harness.training.experiment import Experiment

if TYPE_CHECKING:
    from harness.runs.bench import Bench
    from harness.store.record import Record
    from harness.training.labelled import Labelled
    from harness.training.loop import Fitted

    State = Mapping[str, torch.Tensor]

FRESH = "fresh"
"""The name of a state that was drawn anew, among those that are named by their epoch."""

FRESH_SEED = 1_000_003
"""Added to a run's seed for the fresh draw."""

BATCH = 250
"""Images that go through the layers together when they are reset; more leave the caches of a CPU."""


@stable_name("criticality")
@dataclass(frozen=True)
class Criticality(Experiment):
    """Train, and write down the share of negative projections of each layer and each layer's part in the accuracy.

    Attributes:
        training: of a network with parts `features`, `avgpool` and `classifier`; what it keeps is replaced.
        resets: epochs to which each layer is reset, besides a fresh draw; none skips the resets.
        test_images: the first so many of the test split that resets are evaluated on; None takes all.
        breakdown: a loss that is not finite is a result (`broke_at_step`, and nothing else) and not an error.
    """

    resets: tuple[int, ...] = ()
    test_images: int | None = None
    breakdown: bool = False

    def compute(self, seed: int, bench: Bench) -> Result:
        """Train and measure.

        Metrics: the training's; `layers` and `filters` (names and numbers of filters); `negative[epoch][layer]`, how
        many filters have a negative projection, from epoch 0 on; `moved[layer]` and `turned[layer]` (see
        `methods.drift`); and, where layers are reset, for each of "test" and "validation" `accuracy[images]` and
        `reset[images][source][layer]` (accuracy with a layer reset to an epoch, by its number as text, or to "fresh"),
        and "test" among `shared_images`.  No weights are kept.
        """
        from harness.training.loop import train

        keep = Keep(("features.*",), tuple(range(self.training.epochs + 1)))
        try:
            fitted = train(replace(self.training, keep=keep), seed, bench)
        except RunDiverged as broken:
            if not self.breakdown:
                raise
            return Result({"broke_at_step": broken.step})
        history = _History(fitted, self.training.epochs)
        resets = self._resets(fitted, history, seed, bench) if self.resets else {}
        return Result({**fitted.result.metrics, **history.metrics(), **resets})

    def opening(self) -> Criticality | None:
        """The training's first epoch; where layers are reset, to the untrained network alone.

        None where a breakdown is a result: whether and when it comes shows in the whole alone.
        """
        training = self.training.opening()
        if training is None or self.breakdown:
            return None
        return self.with_(training=training, resets=self.resets and (0,))

    def data_sets(self) -> tuple[tuple[str, str], ...]:
        """What training reads, and the test split where layers are reset."""
        test = ((self.training.data.name, "test"),) if self.resets else ()
        return tuple(dict.fromkeys((*self.training.data_sets(), *test)))

    def _resets(self, fitted: Fitted, history: _History, seed: int, bench: Bench) -> dict[str, Any]:
        from harness.training.fingerprints import shared_images
        from harness.training.loop import initial_network

        fresh = initial_network(self.training, seed + FRESH_SEED).to(bench.device).state_dict()
        sources = {**{str(epoch): history.state(epoch, bench.device) for epoch in self.resets}, FRESH: fresh}
        evaluated = self._evaluated(fitted, bench)
        swept = {name: self._swept(fitted, sources, part) for name, part in evaluated.items()}
        # beside the sources stands the network as it was, under no name: its accuracy is what drops are relative to
        whole = {name: accuracies.pop("")[0] for name, accuracies in swept.items()}
        shared = {
            **fitted.result.metrics["shared_images"],
            "test": shared_images(fitted.data.training, evaluated["test"]),
        }
        return {"accuracy": whole, "reset": swept, "shared_images": shared}

    def _evaluated(self, fitted: Fitted, bench: Bench) -> dict[str, Labelled]:
        from harness.training.data import images_for_test

        return {
            "test": images_for_test(self.training.data, bench, self.test_images),
            "validation": fitted.data.validation,
        }

    def _swept(self, fitted: Fitted, sources: Mapping[str, State], part: Labelled) -> dict[str, list[float]]:
        """Accuracies by source and layer, in the precision of the training."""
        total: dict[str, torch.Tensor] = {}
        device = part.device.type
        with torch.inference_mode(), torch.autocast(device, torch.bfloat16, self.training.precision == "bf16"):
            for images, labels in part.batches(BATCH):
                hits = reset_hits(fitted.network, sources, fitted.data.as_input(images), labels)
                total = {source: total.get(source, 0) + counts for source, counts in hits.items()}
        return {source: (counts.double() / len(part)).tolist() for source, counts in total.items()}


class _History:
    """The convolutions of a network through its training."""

    def __init__(self, fitted: Fitted, epochs: int) -> None:
        self._layers = list(convolutional_layers(fitted.network))
        self._kept = fitted.result.tensors
        self._epochs = epochs

    def state(self, epoch: int, device: torch.device) -> dict[str, torch.Tensor]:
        """The convolutions' parameters after this many epochs, by their names in the network's state."""
        suffix = kept_name("", epoch)
        return {
            name.removesuffix(suffix): _as_in_network(torch.from_numpy(value)).to(device)
            for name, value in self._kept.items()
            if name.endswith(suffix)
        }

    def metrics(self) -> dict[str, Any]:
        """What the weights alone show."""
        drifts = [drift(first, last) for first, last in zip(self._weights(0), self._weights(self._epochs), strict=True)]
        return {
            "layers": self._layers,
            "filters": [len(weight) for weight in self._weights(0)],
            "negative": [
                [round(len(weight) * negative_share(projection_cosines(weight))) for weight in self._weights(epoch)]
                for epoch in range(self._epochs + 1)
            ],
            "moved": [layer.moved for layer in drifts],
            "turned": [layer.turned for layer in drifts],
        }

    def _weights(self, epoch: int) -> Iterator[torch.Tensor]:
        return (torch.from_numpy(self._kept[kept_name(f"{name}.weight", epoch)]) for name in self._layers)


def _as_in_network(value: torch.Tensor) -> torch.Tensor:
    """Kernels channels last in memory, so that a layer reset to its own weights computes the same to the last bit."""
    return value.to(memory_format=torch.channels_last) if value.ndim == 4 else value


def shares_of(record: Record) -> np.ndarray:
    """Share of negative projections by epoch and layer, shape `(epochs + 1, layers)`, of a record of such a run."""
    return np.array(record.metrics["negative"]) / np.array(record.metrics["filters"])


def drops_of(record: Record, images: str = "test", source: str = "0") -> np.ndarray:
    """Share of the accuracy that resetting each layer to `source` costs, shape `(layers,)`."""
    before, after = record.metrics["accuracy"][images], record.metrics["reset"][images][source]
    return np.array([relative_drop(before, accuracy) for accuracy in after])
