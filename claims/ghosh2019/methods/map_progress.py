"""Orderness of every layer's maps while a network trains, as a recipe, and how its looks are read (section 4.2).

The peak that the paper describes may lie within the first epoch, where the ends of epochs miss it: a recipe names the
steps at which it looks.  The maps themselves are not kept; a look leaves some tens of numbers.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.runs.recipe import Result
from harness.system.stable_names import stable_name
from harness.training.experiment import Experiment

if TYPE_CHECKING:
    from harness.runs.bench import Bench
    from harness.training.training import Training


@stable_name("map-progress")
@dataclass(frozen=True)
class MapProgress(Experiment):
    """Train a `GhoshCnn`, and look at the maps of its layers before, on the way and at the end.

    Attributes:
        training: how the network is trained; what it keeps is left out.
        steps: after how many steps it is looked at, besides none and all, in ascending order.
        probes: training images in each of two halves, so that what is chosen on one can be tested on the other.
    """

    steps: tuple[int, ...] = ()
    probes: int = 300

    def __post_init__(self) -> None:
        if list(self.steps) != sorted(set(self.steps)) or any(step < 1 for step in self.steps):
            raise ValueError(f"steps are positive and ascend; got {self.steps}")
        if self.probes < 1:
            raise ValueError(f"{self.probes} probes: orderness is that of one image or more")

    def compute(self, seed: int, bench: Bench) -> Result:
        """Train, and look; metrics as `claims.ghosh2019.methods.watched_training.watch` gives them."""
        from claims.ghosh2019.methods.watched_training import watch

        return Result(watch(self, seed, bench))

    def opening(self) -> MapProgress | None:
        """The training's first epoch, with the looks that fall into it."""
        training = self.training.opening()
        if training is None:
            return None
        first = steps_of(training)
        return self.with_(training=training, steps=tuple(step for step in self.steps if step < first))


def steps_of(training: Training) -> int:
    """Steps of a training that states how many images it takes.

    Raises:
        ValueError: when it does not.
    """
    if training.data.count is None:
        raise ValueError("steps are counted beforehand: state how many training images there are")
    return training.epochs * math.ceil(training.data.count / training.batch_size)


def looks(training: Training, within: int = 2, each: int = 6) -> tuple[int, ...]:
    """Steps to look at: the ends of all epochs but the last, and on a grid of logarithms within the first ones.

    Args:
        training: what is watched.
        within: epochs that the grid covers.
        each: looks a decade of steps.
    """
    every, an_epoch = steps_of(training), steps_of(training.with_(epochs=1))
    ends = range(an_epoch, every, an_epoch)
    exponents = range(math.floor(each * math.log10(within * an_epoch)) + 1)
    grid = {round(10 ** (exponent / each)) for exponent in exponents}
    return tuple(sorted({*ends, *(step for step in grid if step < every)}))
