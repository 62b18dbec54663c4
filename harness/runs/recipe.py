"""What a run is: a small frozen, torch-free recipe, a seed, and what comes out."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, Self

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    import torch

    from harness.data.detection_set import DetectionSet
    from harness.data.folders import ImageFiles
    from harness.data.image_set import ImageSet, Provenance
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


class Effort(NamedTuple):
    """Floating-point operations of a job's training, forwards and backwards, and in how many steps they are done."""

    operations: float
    steps: int


class Workbench(Protocol):
    """What a recipe is given to work with; everything that is not in the recipe, and that its key accounts for."""

    @property
    def device(self) -> torch.device:
        """Where to compute."""

    @property
    def data(self) -> Path | None:
        """The folder of the real data sets; None where there is none."""

    def images(self, name: str, split: str = "train") -> ImageSet:
        """A data set by its name in the catalogue, verified, on the CPU."""

    def extent(self, name: str) -> tuple[int, tuple[int, int, int]]:
        """How many training images it has, and their shape `(channels, height, width)`, without decoding it."""

    def image_files(self, name: str, split: str = "train") -> ImageFiles:
        """The same for images that are too many to be held decoded."""

    def detection(self, name: str, split: str = "train") -> DetectionSet:
        """The same for images with annotated objects."""

    def provenance(self, name: str, split: str = "train") -> Provenance:
        """What tells a data set of any kind from others, without decoding it where that can be."""

    @property
    def progress(self) -> Callable[[int, int, str], None]:
        """Called as `progress(done, total, what)`; cheap enough for every epoch."""

    @property
    def give_way(self) -> Callable[[], None]:
        """Called between two steps; what is computed beside this job may go on meanwhile."""

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

    def effort(self, bench: Workbench) -> Effort | None:
        """What there is to compute; None where nobody has said.  No part of the key."""
        return None

    def alone(self) -> bool:
        """Whether nothing else should be computed beside it on a GPU.  No part of the key."""
        return False

    def with_(self, **changes: Any) -> Self:
        """The same recipe but for these fields."""
        return dataclasses.replace(self, **changes)
