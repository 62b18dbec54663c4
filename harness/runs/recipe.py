"""What a run is: a small frozen, torch-free recipe, a seed, and what comes out."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple, Self

if TYPE_CHECKING:
    import numpy as np

    from harness.runs.bench import Bench


@dataclass(frozen=True)
class Result:
    """What a run found out.

    Attributes:
        metrics: JSON values by name: numbers, strings, lists of them (curves).
        tensors: arrays by name, for what is too large for JSON (snapshots of weights, bootstrap replicates).
    """

    metrics: Mapping[str, Any]
    tensors: Mapping[str, np.ndarray] = field(default_factory=dict)


class Effort(NamedTuple):
    """Floating-point operations of a job's training, forwards and backwards, and in how many steps they are done."""

    operations: float
    steps: int


@dataclass(frozen=True)
class Recipe:
    """One training or measurement job, described completely but for its seed.

    Subclasses are frozen dataclasses whose fields are JSON values, tuples of them, or such dataclasses.  The module
    that defines one must import without torch.  A field that does not change the result does not belong into a recipe.
    """

    def compute(self, seed: int, bench: Bench) -> Result:
        """Do the job.  The same recipe and seed give the same result on the same kind of device."""
        raise NotImplementedError

    def data_sets(self) -> tuple[tuple[str, str], ...]:
        """(name, split) of each data set that the job reads; their digests are part of the run's key."""
        return ()

    def modules(self) -> tuple[str, ...]:
        """Full names of modules that the job uses and that no import in its own module shows: part of the key too."""
        return ()

    def effort(self, bench: Bench) -> Effort | None:
        """What there is to compute; None where nobody has said.  No part of the key."""
        return None

    def opening(self) -> Recipe | None:
        """The same job cut to its first epoch, whose metrics begin as the whole one's; None where it can't be cut.

        A recheck does this in place of a long job.
        """
        return None

    def alone(self) -> bool:
        """Whether nothing else should be computed beside it on a GPU.  No part of the key."""
        return False

    def with_(self, **changes: Any) -> Self:
        """The same recipe but for these fields."""
        return dataclasses.replace(self, **changes)
