"""How the sensitivities of trained networks' layers are read; what the claims on them share.

Arrays have an entry a seed first: all layers and all probes of one network make one number.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from claims.tomasini2022.methods.sensitivity_runs import AS_IT_IS, BY_PROBES, SHUFFLED, TRAINED, UNTRAINED
from harness.rules import Estimate, Several
from harness.system.lazy import np

if TYPE_CHECKING:
    from harness.lab.lab import Lab
    from harness.store.record import Record

HIDDEN, EVERY = "activations", "every layer"
LAYERS = (HIDDEN, EVERY)
"""Which layers count: what follows each ReLU, and the output; or every convolution, normalisation, ReLU, pool and dense
layer, as in the authors' code."""

STATISTICS = ("running", "batch")
"""By which batch normalisation is done in networks that were not trained: by the running statistics that they begin
with, which change nothing, or by those of the probes, as in the authors' code."""


class Told(Protocol):
    """What a network's layers told: a record, or what stands for one."""

    @property
    def metrics(self) -> Mapping[str, Any]:
        """As `sensitivity_runs.LayerSensitivities` writes them."""


class Depth:
    """Logarithms of D, G and R of the layers of a claim's networks of one kind, each of shape `(seeds, layers)`.

    Attributes:
        relative: log R.
    """

    def __init__(self, records: Sequence[Told], state: str, channels: str = AS_IT_IS, layers: str = HIDDEN) -> None:
        chosen = [_chosen(record, layers) for record in records]
        self.deformation, self.noise = (
            np.array(
                [
                    [_log(record.metrics["sensitivity"][state][channels][what][i]) for i in numbers]
                    for record, numbers in zip(records, chosen, strict=True)
                ]
            )
            for what in ("deformation", "noise")
        )
        self.relative = self.deformation - self.noise


def rise(by_layer: np.ndarray) -> np.ndarray:
    """From the first layer to the last, shape `(seeds,)`, of logarithms `(seeds, layers)`."""
    difference: np.ndarray = by_layer[:, -1] - by_layer[:, 0]
    return difference


def steps_down(by_layer: np.ndarray) -> np.ndarray:
    """In each network, the share of steps from layer to layer that go down: shape `(seeds,)`."""
    share: np.ndarray = (np.diff(by_layer, axis=1) < 0).mean(1)
    return share


def records_of(lab: Lab, name: str) -> list[Record]:
    """The records of one network."""
    return list(lab.records(lab.runs[name]))


def untrained_state(records: list[Record], statistics: str) -> str:
    """Under which name records have the untrained network, where batch normalisation is by these statistics."""
    by_probes = statistics == "batch" and BY_PROBES in records[0].metrics["sensitivity"]
    return BY_PROBES if by_probes else UNTRAINED


def of_each(by_name: Mapping[str, np.ndarray]) -> Several:
    """One number a network, `(seeds,)`, judged for each kind of network."""
    return Several(tuple(Estimate.from_replicates(values) for values in by_name.values()), tuple(by_name))


def exchanged(by_name: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Differences the other way round, for the control of a claim that says of which sign they are."""
    return {name: -values for name, values in by_name.items()}


def layers_of_each(by_name: Mapping[str, np.ndarray], first: int = 1) -> Several:
    """Some layers of each kind of network, `(seeds, layers)`, each judged over seeds; numbered from `first` on."""
    samples, names = [], []
    for name, values in by_name.items():
        samples += [Estimate.from_replicates(column) for column in values.T]
        names += [f"{name}, layer {number}" for number in range(first, first + values.shape[1])]
    return Several(tuple(samples), tuple(names))


def spectra(records: list[Record], state: str) -> np.ndarray:
    """Energy by eigenspace and mode, relative to white filters', of 3 x 3 filters: `(seeds, convolutions, 6)`."""
    return np.array([record.metrics["filters"][state] for record in records], dtype=float)


def frequencies(records: list[Record], state: str) -> np.ndarray:
    """Aggregate frequency of each convolution's filters, 1 if white: `(seeds, convolutions)`."""
    return np.array([record.metrics["frequency"][state] for record in records], dtype=float)


def draw(lab: Lab, layers: str = HIDDEN) -> None:
    """The curves of the paper's figures: means over networks of D, G and R by relative depth."""
    for name in lab.runs:
        records = records_of(lab, name)
        for state, channels in ((TRAINED, AS_IT_IS), (TRAINED, SHUFFLED), (UNTRAINED, AS_IT_IS)):
            depth = Depth(records, state, channels, layers)
            for what, values in (("D", depth.deformation), ("G", depth.noise), ("R", depth.relative)):
                count = values.shape[1]
                which = state if channels == AS_IT_IS else f"{state}, {channels}"
                lab.series(
                    f"{what}, {name}, {which}", [(k + 1) / count for k in range(count)], np.exp(values.mean(0)).tolist()
                )
        accuracies = np.array([record.metrics["test_accuracy"] for record in records])
        lab.note(f"{name}: {accuracies.mean():.1%} of the test images are classified correctly")


def _chosen(record: Told, layers: str) -> list[int]:
    kinds = record.metrics["layers"]
    return [i for i, kind in enumerate(kinds) if layers == EVERY or kind == "relu" or i == len(kinds) - 1]


def _log(value: float | None) -> float:
    return float("nan") if value is None else float(np.log(value))
