"""Does a record come out again?  A run done anew, whole or its first epoch, beside what was recorded.

To the bit on the same kind of processor with the same libraries, elsewhere within a tolerance.  What rounding cannot
touch is compared exactly: the fingerprints of what the seed decides, learning rates, numbers of images.

The tolerance comes from a measurement (`python -m harness.benchmarks rounding`): the same trainings under other numbers
of threads, with older instructions, with channels first in memory, in float32 and in bfloat16, each beside the run as
it is.  The largest differences that were seen are multiplied by `ALLOWED`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

EXACT = ("fingerprints", "shared_images", "rate", "optimiser", "test_images", "filters", "layers")
"""Metrics that do not depend on how a processor rounds."""

ROUNDED = "initial weights"
"""The one fingerprint that does: normal numbers are computed otherwise with other instructions."""

OPENING = "opening_losses"
LOSSES = ("train_loss",)
ACCURACIES = ("train_accuracy", "validation_accuracy")


@dataclass(frozen=True)
class Tolerance:
    """How far a metric may lie from the recorded one.

    Attributes:
        opening: of the losses of the first steps, one by one, as a share of them.
        loss: of the mean loss of the first epoch, as a share of it.
        accuracy: of an accuracy after the first epoch, absolute, for 1000 images; it goes with one over the root.
    """

    opening: tuple[float, ...]
    loss: float
    accuracy: float


ALLOWED = 3.0
"""Times the largest difference that was measured."""

TOLERANCES = {
    "float64": Tolerance((1e-12, 1e-10, 1e-8, 1e-6), 0.03, 0.25),
    "float32": Tolerance((3e-6, 3e-4, 3e-3, 1.5e-2), 0.03, 0.25),
    "bf16": Tolerance((3e-6, 3e-4, 3e-3, 1.5e-2), 0.05, 0.25),
}
"""By the precision of the training."""


@dataclass(frozen=True)
class Difference:
    """A metric that did not come out again.

    Attributes:
        metric: its name.
        epoch: of a curve (or step, of the opening losses), from 0; None where there is one value.
        recorded, found: both values.
    """

    metric: str
    epoch: int | None
    recorded: Any
    found: Any

    def __str__(self) -> str:
        place = "" if self.epoch is None else f" [{'step' if self.metric == OPENING else 'epoch'} {self.epoch}]"
        return f"{self.metric}{place}: recorded {_short(self.recorded)}, now {_short(self.found)}"


@dataclass(frozen=True)
class Comparison:
    """What became of a recheck.

    Attributes:
        differences: beyond the tolerance; none when the record came out again.
        exact: whether everything that was compared agreed to all recorded digits.
        compared: how many values were.
    """

    differences: tuple[Difference, ...]
    exact: bool
    compared: int


def same_machine(recorded: Mapping[str, Any], now: Mapping[str, Any]) -> bool:
    """Whether two environments round alike: the same kind of processor or GPU, and the same libraries."""
    return all(recorded.get(name) == now.get(name) for name in ("torch", "cuda", "device", "processor", "threads"))


def precision_of(made_of: Mapping[str, Any]) -> str:
    """The precision that a recipe trains in, wherever it says so; float32 where it does not."""
    found = list(_precisions(made_of.get("recipe")))
    return found[0] if found and found[0] in TOLERANCES else "float32"


def _precisions(described: Any) -> Iterator[str]:
    if isinstance(described, Mapping):
        for name, value in described.items():
            if name == "precision" and isinstance(value, str):
                yield value
            yield from _precisions(value)


def compare(
    recorded: Mapping[str, Any], found: Mapping[str, Any], made_of: Mapping[str, Any], *, to_the_bit: bool = False
) -> Comparison:
    """Compare a run that was done again, or its first epoch, with the record.

    Args:
        recorded: the record's metrics.
        found: those of the run now; curves may be shorter.
        made_of: what the run now is made of, which says in what precision it was trained.
        to_the_bit: whether the processor and the libraries are the record's, so that nothing may differ.
    """
    tolerance = TOLERANCES[precision_of(made_of)]
    pairs = list(_pairs(recorded, found))
    exact = all(_same(one, other) for _, _, one, other in pairs)
    differences = tuple(
        Difference(metric, epoch, one, other)
        for metric, epoch, one, other in pairs
        if not _within(metric, epoch, one, other, tolerance, to_the_bit)
    )
    return Comparison(differences, exact, len(pairs))


def _pairs(recorded: Mapping[str, Any], found: Mapping[str, Any]) -> Iterator[tuple[str, int | None, Any, Any]]:
    """Values that both have: those of curves as far as both go, by epoch."""
    for metric in (*EXACT, OPENING, *LOSSES, *ACCURACIES):
        if metric not in recorded and metric not in found:
            continue
        one, other = recorded.get(metric), found.get(metric)
        if isinstance(one, (list, tuple)) and isinstance(other, (list, tuple)):
            yield from ((metric, i, *pair) for i, pair in enumerate(zip(one, other, strict=False)))
        else:
            yield metric, None, one, other


def _within(metric: str, epoch: int | None, recorded: Any, found: Any, tolerance: Tolerance, to_the_bit: bool) -> bool:
    if metric == "fingerprints" and not to_the_bit and isinstance(recorded, Mapping) and isinstance(found, Mapping):
        return _same({**recorded, ROUNDED: ""}, {**found, ROUNDED: ""})
    if to_the_bit or metric in EXACT or not (_is_number(recorded) and _is_number(found)):
        return _same(recorded, found)
    if metric in ACCURACIES:
        return abs(recorded - found) <= tolerance.accuracy
    share = tolerance.loss
    if metric == OPENING and epoch is not None and epoch < len(tolerance.opening):
        share = tolerance.opening[epoch]
    return abs(recorded - found) <= share * max(abs(recorded), 1e-3)


def _same(one: Any, other: Any) -> bool:
    """Equal to the digits that a record keeps."""
    if _is_number(one) and _is_number(other):
        return math.isclose(one, other, rel_tol=1e-11, abs_tol=1e-300)
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(_same(one[name], other[name]) for name in one)
    if isinstance(one, (list, tuple)) and isinstance(other, (list, tuple)):
        return len(one) == len(other) and all(map(_same, one, other))
    return bool(one == other)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _short(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else repr(value)
