"""What a run is: a small frozen, torch-free recipe, a seed, and what comes out."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, Self

if TYPE_CHECKING:
    import numpy as np
    import torch

    from harness.data.detection_set import DetectionSet
    from harness.data.image_set import ImageSet
    from harness.runs.checkpoint import Checkpoints


@dataclass(frozen=True)
class Result:
    """What a run found out.

    Attributes:
        metrics: JSON values by name: numbers, strings, lists of them (curves).
        tensors: arrays by name, for what is too large for JSON (snapshots of weights, bootstrap replicates).
    """

    metrics: Mapping[str, Any]
    tensors: Mapping[str, np.ndarray] = field(default_factory=dict)


class Workbench(Protocol):
    """What a recipe is given to work with; everything that is not in the recipe, and that its key accounts for."""

    @property
    def device(self) -> torch.device:
        """Where to compute."""

    def images(self, name: str, split: str = "train") -> ImageSet:
        """A data set by its name in the catalogue, verified, on the CPU."""

    def detection(self, name: str, split: str = "train") -> DetectionSet:
        """The same for images with annotated objects."""

    def data_set(self, name: str, split: str) -> ImageSet | DetectionSet:
        """A data set of either kind."""

    @property
    def progress(self) -> Callable[[int, int, str], None]:
        """Called as `progress(done, total, what)`; cheap enough for every epoch."""

    @property
    def checkpoints(self) -> Checkpoints | None:
        """Where a long job keeps what it has come to; None where nothing is kept."""


@dataclass(frozen=True)
class Recipe:
    """One training or measurement job, described completely but for its seed.

    Subclasses are frozen dataclasses whose fields are JSON values, tuples of them, or such dataclasses.  The module
    that defines one must import without torch.  A field that does not change the result does not belong into a recipe.
    """

    def compute(self, seed: int, bench: Workbench) -> Result:
        """Do the job.  The same recipe and seed give the same result on the same kind of device."""
        raise NotImplementedError

    def data_sets(self) -> tuple[tuple[str, str], ...]:
        """(name, split) of each data set that the job reads; their digests are part of the run's key."""
        return ()

    def modules(self) -> tuple[str, ...]:
        """Full names of modules that the job uses and that no import in its own module shows: part of the key too."""
        return ()

    def with_(self, **changes: Any) -> Self:
        """The same recipe but for these fields."""
        return dataclasses.replace(self, **changes)
