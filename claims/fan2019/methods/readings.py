"""How the accuracies of Fan et al.'s networks are read; what claims on them share.

Claims are judged in per cent of the images and percentage points.  Points on the scale of the paper's baseline are for
its figures and tables alone, where ours stand beside the paper's: they magnify what a weaker network loses.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

from claims.fan2019.methods.arms import PERCEPTRON, SEEDS
from claims.fan2019.methods.percent import UNIT, Percent
from claims.fan2019.methods.shuffle_test import AS_TRAINED
from harness.claims.about import Baseline
from harness.claims.claim import claim
from harness.rules.judgement import ALPHA
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
    unit=UNIT,
)
"""`claim` with what most claims on these networks declare; each may give another value of its own."""

PRINTED = {
    "plain": 74.10, "spatial 4": 74.07, "spatial 7": 71.44, "spatial 10": 57.05, "channel 1": 71.44,
    "channel 4": 67.56, "channel 10": 4.84, "spatial at 1": 16.02, PERCEPTRON: 25.61,
}  # fmt: skip
"""Accuracies in per cent that the paper's text gives for VGG-16 on CIFAR-100, by arm, tested as trained."""

NEAR_THE_PAPER = Baseline(paper=PRINTED["plain"], within=1.0)
"""Beside which baseline a shorter training of VGG-16 on CIFAR-100 may support a size.

Within one percentage point, which is what SH-10 calls reproduced, whatever the margin of the claim: whether a network
is the one that the paper speaks of does not depend on what is asked of it.  Half of each claim's margin would let
the widest claims (SH-28: 4.4 points) rest on the weakest networks, and widening a margin would widen this too.  Claims
on ResNet-50 have none: what the paper's baseline reaches on CIFAR-100 is not among the numbers known here.
"""


class Accuracies:
    """Accuracies of some arms, the baseline first.

    What claims are judged by is a `Percent`; figures show its mean, which is what our networks reached.  Arrays have
    one entry a seed.
    """

    def __init__(self, runs: Mapping[str, ShuffleTest], records: Callable[[ShuffleTest], Sequence[Record]]) -> None:
        self.records = {name: records(recipe) for name, recipe in runs.items()}
        self.baseline = next(iter(runs))
        self._classes = dict(runs[self.baseline].training.network.parameters)["classes"]

    @classmethod
    def of(cls, lab: Lab) -> Accuracies:
        """Those of a claim's runs, said in the report too; of its baseline where it declares one."""
        found = cls(cast("Mapping[str, ShuffleTest]", lab.runs), lab.records)
        if lab.claim.baseline is not None:
            lab.baseline(found.percent(found.baseline, epoch=lab.parameters.get("epoch", "last")).by_seed)
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

    def percent(self, arm: str, condition: str = AS_TRAINED, epoch: str = "last") -> Percent:
        """Per cent of the images that are right; arguments as in `shares`."""
        shares = self.shares(arm, condition, epoch)
        images = self._validating(arm) if epoch == "best" else self._tested(arm)
        return Percent.of(shares, images, f"{arm}, {condition}, {epoch}")

    def percent_above_chance(self, arm: str, condition: str = AS_TRAINED, epoch: str = "last") -> Percent:
        """Percentage points above chance; arguments as in `shares`."""
        return self.percent(arm, condition, epoch) - 100 * self._chance

    def lost_percent(self, arm: str, condition: str = AS_TRAINED, epoch: str = "last") -> Percent:
        """Percentage points that the baseline of the same seed is better by; arguments as in `shares`."""
        return self.percent(self.baseline, epoch=epoch) - self.percent(arm, condition, epoch)

    def untrained_percent(self, arm: str) -> Percent:
        """Per cent of the validation images that are right before training."""
        before = [record.metrics["validation_accuracy"][0] for record in self.records[arm]]
        return Percent.of(before, self._validating(arm), f"{arm}, untrained")

    def percent_after(self, arm: str, curve: str, quarters: int) -> Percent:
        """Per cent right after so many quarters of the epochs.

        Args:
            arm: the network that was trained.
            curve: "train_accuracy", of the images that it is trained on in that epoch: no other images are thought of;
                or "validation_accuracy".
            quarters: from 1 to 4.
        """
        epochs = len(self.records[arm][0].metrics["train_accuracy"])
        shares = [record.metrics[curve][-epochs:][quarters * epochs // 4 - 1] for record in self.records[arm]]
        images = None if curve == "train_accuracy" else self._validating(arm)
        return Percent.of(shares, images, f"{arm}, {curve}, {quarters}")

    def curve(self, arm: str, name: str) -> np.ndarray:
        """Per cent right over the epochs, for figures, shape `(seeds, epochs)`; `name` as in the metrics."""
        epochs = len(self.records[arm][0].metrics["train_accuracy"])
        return 100 * np.array([record.metrics[name][-epochs:] for record in self.records[arm]])

    def curves(self, **arms_by_x: Mapping[Any, str]) -> dict[str, tuple[list[float], list[float]]]:
        """Points of the paper's figures: accuracies of arms by x in per cent, ours and its own.

        A second curve has the points that the paper's text gives, if it gives any.
        """
        found: dict[str, tuple[list[float], list[float]]] = {}
        for key, arms in arms_by_x.items():
            name = key.replace("_", " ")
            found[name] = [*arms], [self.percent(arm).by_seed.mean() for arm in arms.values()]
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

    def _tested(self, arm: str) -> int:
        """How many test images there are."""
        return int(self.records[arm][0].metrics["test_images"])

    def _validating(self, arm: str) -> int:
        """How many validation images there are; where none are held out they are the test images."""
        _, images = self.records[arm][0].metrics["shared_images"]["validation"]
        return int(images)


def note_seeds(lab: Lab, difference: Percent, margin: float) -> None:
    """Say how many seeds would resolve the margin, given how much these differ and what the images leave open."""
    from scipy import special

    left_open = float(special.ndtri(1 - ALPHA)) * difference.image_variance**0.5
    shown = f"a difference of 0 within {margin:g} {UNIT}"
    if left_open >= margin:
        lab.note(f"no number of seeds would show {shown}: images leave {left_open:.2f} open to each side")
        return
    needed = seeds_needed(difference.by_seed, (margin**2 - left_open**2) ** 0.5)
    lab.note(f"seeds that would show {shown}: {needed or 'more than 100,000'}")


def draw(lab: Lab, found: Accuracies, **curves: Mapping[Any, str]) -> None:
    """Put accuracies of arms by x into the report, ours beside those that the paper's text gives."""
    for name, (x, y) in found.curves(**curves).items():
        lab.series(name, x=x, y=y)
