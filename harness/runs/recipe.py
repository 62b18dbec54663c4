"""What a run is: a small frozen, torch-free recipe, a seed, and what comes out."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
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


SUSPECTED_BY_CHANCE = 1e-3
"""Chance that a sound run is taken for a suspect one."""


class Effort(NamedTuple):
    """Floating-point operations of a job's training, forwards and backwards, and in how many steps they are done."""

    operations: float
    steps: int


@dataclass(frozen=True)
class Reference:
    """Where a curve of sound runs ends; a run that ends elsewhere, worse or better, is suspect and decides nothing.

    Sound is what lies in the prediction interval of runs with seeds of development, which are done before those that
    are judged.  A run like those lies outside with a chance of `SUSPECTED_BY_CHANCE`.

    Attributes:
        curve: a metric with a number for each epoch, or one number.
        runs: the last of them in each of the runs of development, three at least, and not all alike.
    """

    curve: str
    runs: tuple[float, ...]

    def __post_init__(self) -> None:
        if len(self.runs) < 3 or len(set(self.runs)) == 1:
            raise ValueError(f"nothing tells how far sound runs differ: {self.runs}")

    def band(self) -> tuple[float, float]:
        """The prediction interval of one more run: Student's t, as if runs were normal."""
        from scipy.stats import t

        from harness.system.lazy import np

        n = len(self.runs)
        beyond = float(t.isf(SUSPECTED_BY_CHANCE / 2, n - 1) * np.std(self.runs, ddof=1) * (1 + 1 / n) ** 0.5)
        return float(np.mean(self.runs)) - beyond, float(np.mean(self.runs)) + beyond

    def doubt(self, metrics: Mapping[str, Any]) -> str:
        """What is suspect of a run with these metrics; empty where nothing is."""
        curve = metrics.get(self.curve)
        last = curve[-1] if isinstance(curve, (list, tuple)) and curve else curve
        if not isinstance(last, (int, float)):
            return f"it has no {self.curve}, by which its soundness is told"
        low, high = self.band()
        if low <= last <= high:
            return ""
        side = "worse" if last < low else "better"
        if "loss" in self.curve:
            side = "better" if last < low else "worse"
        return f"its {self.curve} ends at {last:.4g}, {side} than sound runs do ({low:.4g} to {high:.4g})"


@dataclass(frozen=True)
class Recipe:
    """One training or measurement job, described completely but for its seed.

    Subclasses are frozen dataclasses whose fields are JSON values, tuples of them, or such dataclasses.  The module
    that defines one must import without torch.  A field that does not change the result does not belong into a recipe.
    It and each dataclass that it holds has a `harness.system.stable_names.stable_name`, by which records know it.

    Attributes:
        called: a short name for people ("VGG-16 narrow, spatial shuffle last 4"); no part of what the recipe is.
        reference: by which an unsound run is told, where one is known; no part of it either.
    """

    called: str = field(default="", compare=False, kw_only=True)
    reference: Reference | None = field(default=None, compare=False, kw_only=True)

    @property
    def title(self) -> str:
        """What people call it; where nobody has said, its stable name and what is not at its default."""
        return self.called or described_shortly(self)

    def compute(self, seed: int, bench: Bench) -> Result:
        """Do the job.  The same recipe and seed give the same result on the same kind of device."""
        raise NotImplementedError

    def data_sets(self) -> tuple[tuple[str, str], ...]:
        """(name, split) of each data set that the job reads; their digests are part of the run's key."""
        return ()

    def modules(self) -> tuple[str, ...]:
        """Full names of modules that the job uses and that neither imports nor registered names in its fields show."""
        return ()

    def work(self) -> float | None:
        """How much there is to do, in a unit of the class's own that the cost goes with; None where nobody has said."""
        return None

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


def described_shortly(value: Any) -> str:
    """The values of a recipe that are not at their defaults, in a few words, part by part."""
    kind = getattr(type(value), "__stable_name__", type(value).__name__)
    return ", ".join([str(kind), *_words(value)])


def _words(value: Any) -> Iterator[str]:
    for item in dataclasses.fields(value):
        default = item.default_factory() if item.default_factory is not dataclasses.MISSING else item.default
        held, name = getattr(value, item.name), item.name.replace("_", " ")
        if not item.compare or held == default or held == ():
            continue
        if isinstance(held, bool):
            yield name if held else f"not {name}"
        elif isinstance(held, int | float) or (isinstance(held, str) and default is not dataclasses.MISSING):
            yield f"{name} {_word(held)}"
        else:
            yield _word(held)


def _word(value: Any) -> str:
    if isinstance(value, (tuple, list)):
        return " ".join(map(_word, value))
    if not dataclasses.is_dataclass(value):
        return f"{value:g}" if isinstance(value, float) else str(value)
    kind = getattr(type(value), "__stable_name__", type(value).__name__)
    return " ".join([*([] if hasattr(value, "name") else [str(kind)]), *_words(value)])
