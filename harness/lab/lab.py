"""What a claim's function is given: data, runs, randomness of its own, and where to put what it measured."""

from __future__ import annotations

import functools
import hashlib
import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from harness.claims.claim import SINGLE, Claim
from harness.judging.about import Standing
from harness.judging.cases import NothingMeasured
from harness.judging.looks import Look, looks_of
from harness.rules import Count, Curve, Estimate, Exact, Several
from harness.rules.sample import Sample
from harness.system.lazy import np, torch
from harness.verdicts import Evidence, weakest

if TYPE_CHECKING:
    from harness.data.detection_set import DetectionSet
    from harness.data.image_set import ImageSet, Provenance
    from harness.data.weights import Weights
    from harness.lab.pictures import Box
    from harness.lab.session import Found, Session
    from harness.runs.recipe import Recipe
    from harness.store import Record


class UndeclaredRun(Exception):
    """A claim's function reads a run that its declaration does not name."""


class Lab:
    """One case's workplace.

    Attributes:
        tier: the tier whose runs the case uses: its rung of the claim's ladder.
        look: which of several looks at the claim this is; None where there is one only.
        seeds: of every run, as many as there are at this look.
        parameters: the case's data set and readings, by name.
        seed: an integer of this case's own, from the claim's id and the case's name.
        measured, controls: what was measured so far, by part.
        found: the records that were read, by key, with where they come from.
        reached: what each run has reached of what the claim's gate asks for.
        unmodified: the unmodified network's value, for the claim's baseline.
        suspects: what is unsound about records that were read, by their key.
        failed: what runs left that failed, by their key.
        released: SHA-256 of the files of the released weights that were read, by the network's name.
    """

    def __init__(
        self,
        claim: Claim,
        case: str,
        parameters: Mapping[str, Any],
        place: Session,
        tier: str | None = None,
        look: Look | None = None,
    ) -> None:
        """Furnish it for a case; without `tier` at the last one up to the session's at which the claim changes.

        Without `look` at the first one, where there are several.
        """
        self.claim = claim
        self.parameters = dict(parameters)
        self.tier = tier or claim.tier_within(place.tier)
        self.look = look or next(iter(looks_of(claim, self.tier)), None)
        self.seeds = claim.seeds_within(self.tier, self.look.seeds if self.look else None)
        self.seed = int.from_bytes(hashlib.sha256(f"{claim.id}[{case}]".encode()).digest()[:6], "big")
        self.measured: dict[str, Sample] = {}
        self.controls: dict[str, Sample] = {}
        self.notes: list[str] = []
        self.pictures: list[dict[str, Any]] = []
        self.curves: dict[str, dict[str, list[float]]] = {}
        self.sources: dict[tuple[str, str], Provenance] = {}
        self.found: dict[str, Found] = {}
        self.released: dict[str, str] = {}
        self.failed: dict[str, dict[str, Any]] = {}
        self.reached: list[float] = []
        self.unmodified: float | None = None
        self.suspects: dict[str, str] = {}
        self._place = place

    @functools.cached_property
    def generator(self) -> torch.Generator:
        """The case's own source of randomness, on the CPU."""
        return torch.Generator().manual_seed(self.seed)

    @property
    def device(self) -> torch.device:
        """The device that measurements should use."""
        return self._place.device

    def images(self, name: str, split: str = "train") -> ImageSet:
        """A data set of the catalogue, verified; images on the CPU."""
        found = self._place.images(name, split)
        self.sources[name, split] = found.provenance
        return found

    def detection(self, name: str, split: str = "test") -> DetectionSet:
        """Images with annotated objects, verified."""
        found = self._place.detection(name, split)
        self.sources[name, split] = found.provenance
        return found

    def weights(self, name: str) -> Weights:
        """Those that others have released for a network, by its name in `harness.data.weights`."""
        found = self._place.weights(name)
        self.released[name] = found.sha256
        return found

    @property
    def runs(self) -> Mapping[Any, Recipe]:
        """The recipes that the claim declared, at this case's tier and parameters, by its own names for them."""
        return self.claim.runs_within(self.tier, self.parameters)

    def record(self, recipe: Recipe, seed: int = 0) -> Record:
        """What a run found out, from the store; done now where it is missing.

        Raises:
            UndeclaredRun: the claim declares its runs, and not this one.
            NotAvailable: see `Session.record`.
        """
        __tracebackhide__ = True
        if self.claim.runs is not None and recipe not in self.runs.values():
            raise UndeclaredRun(
                f"{self.claim.origin}: {self.claim.id} reads {recipe.title}, which its `runs` do not name at tier "
                f"{self.tier}, so that plan, train and bundles know nothing of it"
            )
        try:
            found = self._place.record(recipe, seed, trained=self.claim.trained)
        except Exception:
            from harness.runs import Run

            if left := self._place.left_by(Run(recipe, seed)):
                self.failed[left["key"]] = left
            raise
        self.found.setdefault(found.record.key, found)
        if recipe.reference is not None and (doubt := recipe.reference.doubt(found.record.metrics)):
            self.suspects[found.record.key] = f"{found.title}: {doubt}"
        provenances = found.provenances or [self._place.provenance(*data_set) for data_set in recipe.data_sets()]
        for provenance in provenances:
            self.sources[provenance.name, provenance.split] = provenance
        return found.record

    def records(self, recipe: Recipe, seeds: Iterable[int] | None = None) -> list[Record]:
        """One record a seed; the claim's own seeds unless others are given.

        Raises:
            ValueError: they do not have the same metrics, or these are not of the same kind.
        """
        __tracebackhide__ = True
        chosen = self.seeds if seeds is None else seeds
        found = [*map(self.record, itertools.repeat(recipe), chosen)]
        refuse_mixed(found)
        return found

    def at_next_look(self, case: str) -> Lab | None:
        """The workplace of the same case at the next look, where there is one and all its runs are at hand."""
        if self.look is None or self.look == self.look.last:
            return None
        look = Look(self.look.number + 1, self.look.plan)
        later = Lab(self.claim, case, self.parameters, self._place, self.tier, look)
        runs = [(recipe, seed) for recipe in later.runs.values() for seed in later.seeds]
        return later if all(self._place.is_at_hand(*run) for run in runs) else None

    def measure(self, value: Any = None, /, **parts: Any) -> None:
        """Hand over what was measured: one value, or one for each part that the claim's rule names.

        A value is a `Sample`, or a row of replicates (list, array or tensor of shape `(n,)`, one entry a seed).

        Raises:
            ValueError: a part was measured before; which of the two would be judged?
        """
        _add(self.measured, _samples(value, parts, self.claim.unit))

    def control(self, value: Any = None, /, **parts: Any) -> None:
        """Hand over the same for the control."""
        _add(self.controls, _samples(value, parts, self.claim.unit))

    def gate(self, values: Iterable[float]) -> None:
        """Hand over what each run has reached of what the claim's gate asks for."""
        self.reached += [float(value) for value in values]

    def baseline(self, values: Iterable[float]) -> None:
        """Hand over the unmodified network's value in each run; their mean is held against the claim's baseline."""
        self.unmodified = float(np.mean([float(value) for value in values]))

    def note(self, text: str) -> None:
        """A sentence for the report."""
        self.notes.append(text)

    def series(self, name: str, x: Sequence[float], y: Sequence[float]) -> None:
        """Points of a curve, so that the paper's figure can be drawn again from the report's data."""
        self.curves[name] = {"x": [float(v) for v in x], "y": [float(v) for v in y]}

    def picture(self, caption: str, image: torch.Tensor, boxes: Iterable[Box]) -> None:
        """An image, uint8 `(3, height, width)`, with boxes, for the report."""
        from harness.lab.pictures import picture

        self.pictures.append(picture(caption, image, boxes))

    @property
    def stand_in(self) -> bool:
        """Whether the case's data set stands in for those that the claim speaks of."""
        return self.parameters.get("data") in self.claim.proxies

    def standing(self) -> Standing:
        """What the case's evidence may decide.

        Raises:
            NothingMeasured: the claim has a gate or a baseline, and the function gave nothing for it, or the reverse.
        """
        gate, baseline = self.claim.gate, self.claim.baseline
        for what, declared, given in (
            ("gate", gate is not None, bool(self.reached)),
            ("baseline", baseline is not None, self.unmodified is not None),
        ):
            if declared != given:
                wrong = (
                    f"declares a {what}, but gives lab.{what} nothing" if declared else f"gives lab.{what} undeclared"
                )
                raise NothingMeasured(f"{self.claim.origin}: {self.claim.id} {wrong}")
        return Standing(
            about=self.claim.about,
            evidence=self.reach(),
            gate=all(value >= gate.at_least for value in self.reached) if gate else None,
            distance=self.unmodified - baseline.paper if baseline and self.unmodified is not None else None,
            within=baseline.within if baseline else None,
            suspect="; ".join(self.suspects.values()),
        )

    def reach(self) -> Evidence:
        """How far this case's evidence reaches: as declared for its tier, and never further than its data."""
        stated = self.claim.reach.get(self.tier)
        reaches = [source.reach for source in self.sources.values()]
        return weakest([*reaches, *([Evidence(stated)] if stated else [])])


def _add(there: dict[str, Sample], samples: Mapping[str, Sample]) -> None:
    if twice := sorted(there.keys() & samples.keys()):
        raise ValueError(f"measured twice: {', '.join(part or 'the claim' for part in twice)}")
    there.update(samples)


def refuse_mixed(records: Sequence[Record]) -> None:
    """Raise `ValueError` unless all records have the same metrics, each of one kind; a value that is None is of any."""
    for record in records[1:]:
        first = records[0]
        if other := first.metrics.keys() ^ record.metrics.keys():
            has, lacks = (first, record) if min(other) in first.metrics else (record, first)
            raise ValueError(f"record {has.key} has {min(other)!r}, and record {lacks.key} of another seed has not")
        for name, value in record.metrics.items():
            kinds = _kind(first.metrics[name]), _kind(value)
            if None not in kinds and kinds[0] != kinds[1]:
                told = f"{kinds[1]}, and in record {first.key} of another seed {kinds[0]}"
                raise ValueError(f"{name!r} of record {record.key} is {told}")


def _kind(value: Any) -> str | None:
    kinds = {str: "text", list: "a list", dict: "a mapping", int: "a number", float: "a number", bool: "true or false"}
    return kinds.get(type(value))


def _samples(value: Any, parts: Mapping[str, Any], unit: str) -> dict[str, Sample]:
    if (value is None) == (not parts):
        raise TypeError("measure one value, or parts by name: lab.measure(x) or lab.measure(first=x, second=y)")
    given: Mapping[str, Any] = parts or {SINGLE: value}
    return {part: _sample(one, unit) for part, one in given.items()}


def _sample(value: Any, unit: str) -> Sample:
    if isinstance(value, (Estimate, Exact, Curve, Count, Several)):
        return value
    to_estimate: Callable[[], Estimate] | None = getattr(value, "to_estimate", None)
    if to_estimate is not None:
        return to_estimate()
    if np.ndim(value) != 1:
        raise TypeError(
            f"got {value!r}: a number alone does not say how sure it is.  Give Exact(x) for what was computed rather "
            "than sampled, or a row of replicates, one a seed"
        )
    return Estimate.from_replicates(np.asarray(value, dtype=float), unit)
