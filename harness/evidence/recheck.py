"""Does a record come out again?  A run done anew, whole or its first epoch, beside what was recorded.

Of a whole run every metric is compared, number by number; of a first epoch what it can give: what is decided before it,
the first steps, the beginnings of curves.  Beginnings are known by their lengths: a list that is as long as `rate` in
both, or one longer in both, has an entry an epoch.

To the bit on the same kind of processor with the same libraries, elsewhere within a tolerance.  What rounding cannot
touch is compared exactly: words, what is not there, the fingerprints of what the seed decides, learning rates, numbers
of images.  Lists that mix words with numbers (boxes that were drawn) tell what a network chose of what there was; they
are compared on the same processor alone.

The tolerance comes from a measurement (`python -m harness.benchmarks rounding`): the same trainings under other numbers
of threads, with older instructions, with channels first in memory, each beside the run as it is.  The largest
differences that were seen are multiplied by `ALLOWED`.  What was measured, and what only follows:

- the first epoch was measured in float32 and in bfloat16, whole runs in float32 alone, over three epochs of small
  networks; the others are given the same, losses in bfloat16 as much more as in their first epoch;
- rounding grows to another path through the weights within an epoch, which is why what is read off a trained network
  agrees roughly on another processor, accuracies to some hundredths.  A longer run was given no more than that: its
  rate falls to nothing, and the paths end near each other or not at all;
- detectors begin with larger rates and more layers with batch norm: their first steps were measured apart
  (by the `rounding_benchmark` of the paper that has them), and rounding takes them ten times as far;
- accuracies are told by their name, or as whole numbers of the images that the record counts;
- of other numbers, such as a claim reads off weights or detections, nobody measured each: they may differ as summaries
  of kernels did, by a share of their size and, since a correlation may be about zero, a part of 1;
- counts of what a trained network does (filters, detections) are only looked at for being there: of the 16 filters of
  a layer 7 had changed the sign of their sum.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

EXACT = ("fingerprints", "shared_images", "rate", "optimiser", "test_images", "filters", "layers")
"""Metrics that do not depend on how a processor rounds; a first epoch has them as the whole run."""

COUNTS = ("filters", "layers")
"""Those of them that count.  A mapping of that name, such as the spectra of filters by state, was measured instead."""

ROUNDED = "initial weights"
"""The one fingerprint that does: normal numbers are computed otherwise with other instructions."""

RATE = "rate"
OPENING = "opening_losses"
LOSSES = ("train_loss",)
ACCURACIES = ("train_accuracy", "validation_accuracy")
CURVES = (RATE, *LOSSES, *ACCURACIES)


Place = tuple[int | str, ...]


class Nothing:
    """What stands where one of two runs has no value."""

    def __repr__(self) -> str:
        return "nothing"


NOTHING = Nothing()


@dataclass(frozen=True)
class Tolerance:
    """How far a metric may lie from the recorded one.

    Attributes:
        opening: of the losses of the first steps, one by one, as a share of them.
        loss: of the mean loss of the first epoch, as a share of it.
        later: of that of a later epoch, as a share of the first epoch's.
        accuracy: of an accuracy, absolute.
    """

    opening: tuple[float, ...]
    loss: float
    later: float
    accuracy: float


ALLOWED = 3.0
"""Times the largest difference that was measured."""

TOLERANCES = {
    "float64": Tolerance((1e-12, 1e-10, 1e-8, 1e-6), 0.03, 0.08, 0.25),
    "float32": Tolerance((3e-6, 3e-4, 3e-3, 1.5e-2), 0.03, 0.08, 0.25),
    "bf16": Tolerance((3e-6, 3e-4, 3e-3, 1.5e-2), 0.05, 0.13, 0.25),
}
"""By the precision of the training."""

OVERLAP = "train_overlap"
"""What the curves of detectors have in place of an accuracy."""

OPENING_OF_DETECTORS = (3e-5, 2.5e-2, 9e-2, 0.16)
"""The first steps of detectors, in any precision below float64: measured were 9e-6, 8e-3, 3e-2 and 5e-2."""

SHARE = 0.4
"""Of a number that is read off a trained network, as a share of it."""

AROUND_ZERO = 0.33
"""The same, absolute: what a correlation may differ by."""


@dataclass(frozen=True)
class Difference:
    """A metric that did not come out again.

    Attributes:
        metric: its name.
        place: in it, from outside in: positions in lists, from 0, and names; empty where there is one value.
        unit: what a first position counts: epochs of a curve, steps of the opening losses; "" for anything else.
        recorded, found: both values; `NOTHING` where there is none.
    """

    metric: str
    place: Place
    unit: str
    recorded: Any
    found: Any

    def __str__(self) -> str:
        place = f" [{f'{self.unit} '.lstrip()}{', '.join(map(str, self.place))}]" if self.place else ""
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


def tolerance_of(recorded: Mapping[str, Any], precision: str) -> Tolerance:
    """What a record of a training in this precision is given on another processor."""
    plain = TOLERANCES[precision]
    detector = OVERLAP in recorded and precision != "float64"
    return replace(plain, opening=OPENING_OF_DETECTORS) if detector else plain


def compare(
    recorded: Mapping[str, Any],
    found: Mapping[str, Any],
    made_of: Mapping[str, Any],
    *,
    whole: bool = False,
    to_the_bit: bool = False,
) -> Comparison:
    """Compare a run that was done again, or its first epoch, with the record.

    Args:
        recorded: the record's metrics.
        found: those of the run now.
        made_of: what the run now is made of, which says in what precision it was trained.
        whole: whether all of the run was done, so that every metric is to be there; else its curves are shorter.
        to_the_bit: whether the processor and the libraries are the record's, so that nothing may differ.
    """
    pairs = list(_everything(recorded, found) if whole else _beginning(recorded, found))
    exact = all(_same(pair.recorded, pair.found) for pair in pairs)
    if not to_the_bit:
        elsewhere = _Elsewhere(recorded, found, tolerance_of(recorded, precision_of(made_of)))
        pairs = [pair for pair in pairs if not elsewhere.chosen(pair.metric)]
        return Comparison(tuple(pair for pair in pairs if not elsewhere.within(pair)), exact, len(pairs))
    return Comparison(tuple(pair for pair in pairs if not _same(pair.recorded, pair.found)), exact, len(pairs))


def _everything(recorded: Mapping[str, Any], found: Mapping[str, Any]) -> Iterator[Difference]:
    """All values of all metrics."""
    for metric in dict.fromkeys((*recorded, *found)):
        yield from _values(metric, recorded.get(metric, NOTHING), found.get(metric, NOTHING), metric in CURVES)


def _beginning(recorded: Mapping[str, Any], found: Mapping[str, Any]) -> Iterator[Difference]:
    """Values that a first epoch has as the whole run: those of curves as far as both go."""
    for metric in dict.fromkeys((*recorded, *found)):
        one, other = recorded.get(metric, NOTHING), found.get(metric, NOTHING)
        if metric in CURVES or _has_an_entry_an_epoch(one, other, recorded.get(RATE), found.get(RATE)):
            if _is_list(one) and _is_list(other):
                both = max(1, min(len(one), len(other)))
                one, other = one[:both], other[:both]
            yield from _values(metric, one, other, curve=True)
        elif _is_exact(metric, one) or metric == OPENING:
            yield from _values(metric, one, other, curve=False)


def _is_exact(metric: str, value: Any) -> bool:
    """Whether rounding has no part in a metric."""
    return metric in EXACT and not (metric in COUNTS and isinstance(value, Mapping))


def _has_an_entry_an_epoch(one: Any, other: Any, rates: Any, other_rates: Any) -> bool:
    """Whether two lists, of runs of different lengths, are both as long as the run, or both longer by one."""
    if not all(map(_is_list, (one, other, rates, other_rates))) or len(rates) == len(other_rates):
        return False
    more = len(one) - len(rates)
    return more in (0, 1) and len(other) - len(other_rates) == more


def _values(metric: str, recorded: Any, found: Any, curve: bool) -> Iterator[Difference]:
    unit = "epoch" if curve else "step" if metric == OPENING else ""
    for place, one, other in _leaves(recorded, found):
        yield Difference(metric, place, unit, one, other)


def _leaves(one: Any, other: Any, place: Place = ()) -> Iterator[tuple[Place, Any, Any]]:
    """Each place in nested lists and mappings, with both values; the shallowest where only one goes deeper."""
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        for name in dict.fromkeys((*one, *other)):
            yield from _leaves(one.get(name, NOTHING), other.get(name, NOTHING), (*place, name))
    elif _is_list(one) and _is_list(other):
        for index, pair in enumerate(itertools.zip_longest(one, other, fillvalue=NOTHING)):
            yield from _leaves(*pair, (*place, index))
    else:
        yield place, one, other


class _Elsewhere:
    """What two values may differ by on another processor."""

    def __init__(self, recorded: Mapping[str, Any], found: Mapping[str, Any], tolerance: Tolerance) -> None:
        self._recorded, self._found, self._tolerance = recorded, found, tolerance
        self._images = sorted(_numbers_of_images(recorded))

    def chosen(self, metric: str) -> bool:
        """Whether a metric tells in words and numbers what a network chose."""
        return not _is_exact(metric, self._recorded.get(metric)) and any(
            _mixes(metrics.get(metric)) for metrics in (self._recorded, self._found)
        )

    def within(self, pair: Difference) -> bool:
        """Whether two values are as near as rounding leaves them."""
        if pair.metric == "fingerprints" and pair.place == (ROUNDED,):
            return isinstance(pair.found, str)
        exact = _is_exact(pair.metric, self._recorded.get(pair.metric))
        if exact or not (_is_number(pair.recorded) and _is_number(pair.found)):
            return _same(pair.recorded, pair.found)
        return bool(abs(pair.recorded - pair.found) <= self._allowed(pair))

    def _allowed(self, pair: Difference) -> float:
        tolerance, first = self._tolerance, pair.place[0] if pair.place else None
        if pair.metric == OPENING and isinstance(first, int):
            share = tolerance.opening[first] if first < len(tolerance.opening) else tolerance.loss
            return share * max(abs(pair.recorded), 1e-3)
        if pair.metric in LOSSES and first == 0:
            return tolerance.loss * max(abs(pair.recorded), 1e-3)
        if pair.metric in LOSSES:
            return tolerance.later * max(abs(self._recorded[pair.metric][0]), 1e-3)
        if "accuracy" in pair.metric or self._counts_images(pair.recorded, pair.found):
            return tolerance.accuracy
        size = max(abs(pair.recorded), abs(pair.found))
        if isinstance(pair.recorded, int) and isinstance(pair.found, int):
            return math.inf
        return SHARE * size + AROUND_ZERO

    def _counts_images(self, *values: float) -> bool:
        """Whether numbers are shares of the images of one set."""
        return any(
            all(isinstance(value, float) and 0 <= value <= 1 and _is_whole(value * count) for value in values)
            for count in self._images
        )


def _numbers_of_images(metrics: Mapping[str, Any]) -> set[int]:
    """How many images were looked at, of each set that a record counts."""
    shared = metrics.get("shared_images")
    counted = [of for _, of in shared.values()] if isinstance(shared, Mapping) else []
    return {count for count in (*counted, metrics.get("test_images")) if isinstance(count, int) and count > 0}


def _mixes(value: Any) -> bool:
    """Whether a list has words beside numbers, at any depth."""
    if isinstance(value, Mapping):
        return any(map(_mixes, value.values()))
    if not _is_list(value):
        return False
    words = any(isinstance(item, str) for item in value)
    return (words and any(map(_is_number, value))) or any(map(_mixes, value))


def _is_list(value: Any) -> bool:
    return isinstance(value, (list, tuple))


def _is_whole(value: float) -> bool:
    return abs(value - round(value)) < 1e-6


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
