"""A training and what is measured on the network that it gives: what such recipes have in common."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.runs.recipe import Effort, Recipe
from harness.training.training import Training

if TYPE_CHECKING:
    from harness.runs.bench import Bench


@dataclass(frozen=True)
class Experiment(Recipe):
    """Train a network, then measure something on it.

    Subclasses say in `compute` what is measured, and overwrite what their measurements add to the training's.

    Attributes:
        training: how the network is trained.
    """

    training: Training

    def opening(self) -> Recipe | None:
        """The training's first epoch; nothing is measured on what it gives."""
        return self.training.opening()

    def modules(self) -> tuple[str, ...]:
        """Those of the training."""
        return self.training.modules()

    def work(self) -> float:
        """Images that are seen in training; what is measured is a fixed part more."""
        return self.training.work()

    def effort(self, bench: Bench) -> Effort:
        """That of the training."""
        return self.training.effort(bench)

    def alone(self) -> bool:
        """As the training."""
        return self.training.alone()

    def data_sets(self) -> tuple[tuple[str, str], ...]:
        """What training reads."""
        return self.training.data_sets()
