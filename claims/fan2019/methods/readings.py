"""How the accuracies of Fan et al.'s networks are read, on the scale of the paper's; what claims on them share."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

from claims.fan2019.methods.arms import PERCEPTRON, SEEDS
from claims.fan2019.methods.shuffle_test import AS_TRAINED
from harness.claims.claim import claim
from harness.statistics.seeds_needed import seeds_needed
from harness.system.lazy import np

if TYPE_CHECKING:
    from claims.fan2019.methods.shuffle_test import ShuffleTest
    from harness.lab.lab import Lab
    from harness.store.record import Record

REACH = {"laptop": "proxy", "nightly": "reduced", "paper": "paper"}
BELOW_RESNET = {**REACH, "nightly": "proxy"}
"""Reach of claims on ResNet-50 for which a VGG stands in below tier `paper`."""

claim_on_cifar = functools.partial(
    claim,
    tier="laptop",
    data={"laptop": ("cifar10",), "nightly": ("cifar100",)},
    seeds=SEEDS,
    reach=REACH,
    unit="points",
)
"""`claim` with what most claims on these networks declare; each may give another value of its own."""

BASELINE = 73.10
"""Points by which the paper's baseline, 74.10 %, is above chance on CIFAR-100."""

PRINTED = {
    "plain": 74.10, "spatial 4": 74.07, "spatial 7": 71.44, "spatial 10": 57.05, "channel 1": 71.44,
    "channel 4": 67.56, "channel 10": 4.84, "spatial at 1": 16.02, PERCEPTRON: 25.61,
}  # fmt: skip
"""Accuracies in per cent that the paper's text gives for VGG-16 on CIFAR-100, by arm, tested as trained."""


class Accuracies:
    """Accuracies of some arms, the baseline first, in points that the paper's numbers can be compared with.

    A point is a hundredth of the paper's baseline above chance, scaled: the baseline stands 73.10 points above chance
    here as in the paper.  At the paper's own accuracy it is a percentage point.  Arrays have one entry a seed.
    """

    def __init__(self, runs: Mapping[str, ShuffleTest], records: Callable[[ShuffleTest], Sequence[Record]]) -> None:
        self.records = {name: records(recipe) for name, recipe in runs.items()}
        self.baseline = next(iter(runs))
        self._classes = dict(runs[self.baseline].training.network.parameters)["classes"]

    @classmethod
    def of(cls, lab: Lab) -> Accuracies:
        """Those of a claim's runs, said in the report too."""
        found = cls(cast("Mapping[str, ShuffleTest]", lab.runs), lab.records)
        for line in found.notes():
            lab.note(line)
        return found

    def shares(self, arm: str, condition: str = AS_TRAINED, epoch: str = "last") -> np.ndarray:
        """The share of images that is right, from 0 to 1.

        Args:
            arm: the network that was trained.
            condition: as which other arm it is tested; mean over passes.
            epoch: "last", on the test images; or "best", on the validation images that it is the best on.
        """
        metrics_by_seed = [record.metrics for record in self.records[arm]]
        if epoch == "best":
            return np.array([metrics["best_validation_accuracy"] for metrics in metrics_by_seed])
        return np.array([np.mean(metrics["test_accuracy"][condition]) for metrics in metrics_by_seed])

    def points(self, arm: str, condition: str = AS_TRAINED, epoch: str = "last") -> np.ndarray:
        """Points above chance; arguments as in `shares`."""
        return self._scaled(self.shares(arm, condition, epoch) - self._chance, epoch)

    def lost(self, arm: str, condition: str = AS_TRAINED, epoch: str = "last") -> np.ndarray:
        """Points that the baseline of the same seed is better by; arguments as in `shares`."""
        return self.points(self.baseline, epoch=epoch) - self.points(arm, condition, epoch)

    def untrained_shares(self, arm: str) -> np.ndarray:
        """The share of the validation images that is right before training."""
        return np.array([record.metrics["validation_accuracy"][0] for record in self.records[arm]])

    def untrained(self, arm: str) -> np.ndarray:
        """Points above chance before training, on the validation images."""
        return self._scaled(self.untrained_shares(arm) - self._chance)

    def curve(self, arm: str, name: str) -> np.ndarray:
        """Points above chance over the epochs, shape `(seeds, epochs)`; `name` as in the metrics of a training."""
        epochs = len(self.records[arm][0].metrics["train_accuracy"])
        curves = np.array([record.metrics[name][-epochs:] for record in self.records[arm]])
        return self._scaled(curves - self._chance)

    def curves(self, **arms_by_x: Mapping[Any, str]) -> dict[str, tuple[list[float], list[float]]]:
        """Points of the paper's figures: accuracies of arms by x, ours on the paper's scale in per cent, and its own.

        A second curve has the points that the paper's text gives, if it gives any.
        """
        found: dict[str, tuple[list[float], list[float]]] = {}
        for key, arms in arms_by_x.items():
            name = key.replace("_", " ")
            found[name] = [*arms], [self.points(arm).mean() + PRINTED["plain"] - BASELINE for arm in arms.values()]
            if printed := {x: PRINTED[arm] for x, arm in arms.items() if arm in PRINTED}:
                found[f"{name}, as printed"] = [*printed], [*printed.values()]
        return found

    def notes(self) -> list[str]:
        """What was measured, in per cent of the test images: mean and spread over seeds, and over forward passes."""
        fitted = [100 * record.metrics["train_accuracy"][-1] for record in self.records[self.baseline]]
        lines = [f"{self.baseline} gets {np.mean(fitted):.0f} % of its training images right in the last epoch"]
        for arm, records in self.records.items():
            for condition in records[0].metrics["test_accuracy"]:
                passes = 100 * np.array([record.metrics["test_accuracy"][condition] for record in records])
                line = f"{arm}, {condition}: {passes.mean():.2f} % ({passes.mean(1).std(ddof=1):.2f} over seeds"
                within = passes.std(1, ddof=1).mean() if passes.shape[1] > 1 else 0.0
                lines.append(line + (f", {within:.2f} over {passes.shape[1]} forward passes)" if within else ")"))
        return lines

    @property
    def _chance(self) -> float:
        return 1 / int(self._classes or 0)

    def _scaled(self, shares: np.ndarray, epoch: str = "last") -> np.ndarray:
        unit = (self.shares(self.baseline, epoch=epoch) - self._chance).mean()
        return shares * BASELINE / unit if unit > 0 else np.full_like(shares, np.nan)


def note_seeds(lab: Lab, differences: np.ndarray, margin: float) -> None:
    """Say how many seeds would resolve the margin, given how much these differ."""
    needed = seeds_needed(differences, margin)
    lab.note(f"seeds that would show a difference of 0 within {margin:g} points: {needed or 'more than 100,000'}")


def draw(lab: Lab, found: Accuracies, **curves: Mapping[Any, str]) -> None:
    """Put accuracies of arms by x into the report, ours beside those that the paper's text gives."""
    for name, (x, y) in found.curves(**curves).items():
        lab.series(name, x=x, y=y)
