"""The decorator that makes a test function a claim.

One place holds a claim's id, where it stands, the paper's numbers, the tiers that judge it, its rule, its control and,
as the function's docstring, its statement; the short function below decides it.  The README shows one in full.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from harness.claims import fresh
from harness.claims.about import About, Baseline, Gate
from harness.claims.kinds import Erratum, Kind, Remark
from harness.claims.tiers import TIERS, reaches

if TYPE_CHECKING:
    from harness.rules import Rule
    from harness.runs.recipe import Recipe

    Runs = Mapping[Any, Recipe]

Function = TypeVar("Function", bound=Callable[..., None])
Given = TypeVar("Given")

SINGLE = "measured"
"""Name of the only part of a claim that measures one thing."""


@dataclass(frozen=True)
class Claim:
    """Everything that is declared of a claim; see `claim` for the fields."""

    id: str
    where: str
    rules: Mapping[str, Rule]
    control: str
    mirrored: Sequence[str]
    uncontrolled: Mapping[str, str]
    paper: float | str | Mapping[str, float] | None
    unit: str
    tier: str
    data: Sequence[str] | Mapping[str, Sequence[str]]
    proxies: Sequence[str]
    readings: Mapping[str, Sequence[Any]]
    runs: Mapping[str, Runs] | Callable[..., Runs] | None
    seeds: Sequence[int] | Mapping[str, Sequence[int]]
    most_seeds: int | None
    reach: Mapping[str, str]
    about: About | None
    gate: Gate | None
    baseline: Baseline | None
    formerly: Sequence[str]
    kind: Kind
    erratum: Erratum | None
    remark: Remark | None
    function: Callable[..., None] = field(repr=False)

    @property
    def statement(self) -> str:
        """The claim in one sentence: the first paragraph of the function's docstring."""
        return " ".join((inspect.getdoc(self.function) or "").split("\n\n")[0].split())

    @property
    def discussion(self) -> str:
        """What the docstring says after the statement."""
        return "\n\n".join((inspect.getdoc(self.function) or "").split("\n\n")[1:])

    @property
    def file(self) -> Path:
        """The file that the claim stands in."""
        return Path(self.function.__code__.co_filename)

    @property
    def origin(self) -> str:
        """`file:line` of the function, for messages."""
        return f"{self.file}:{self.function.__code__.co_firstlineno}"

    @property
    def trained(self) -> bool:
        """Whether it rests on trained networks: their recipes, by tier, say how far the evidence reaches."""
        return bool(self.runs and self.reach)

    @functools.cached_property
    def _asked(self) -> tuple[str, ...]:
        """What the function that gives the runs asks for; nothing where there is none."""
        return tuple(inspect.signature(self.runs).parameters) if callable(self.runs) else ()

    def tier_within(self, tier: str) -> str:
        """The last tier up to `tier` at which the claim's runs or data change: what its verdict is recorded under."""
        changes = {self.tier}
        if self.data:
            changes.add("laptop")
        for given in (self.data, self.seeds, self.runs):
            if isinstance(given, Mapping):
                changes.update(given)
        if "tier" in self._asked:
            changes.update(TIERS)
        return [name for name in TIERS if name in changes and reaches(name, self.tier) and reaches(tier, name)][-1]

    def runs_within(self, tier: str, parameters: Mapping[str, Any]) -> Runs:
        """The runs that the claim needs at `tier` for a case with these parameters, by the claim's own names."""
        if self.runs is None:
            return {}
        if isinstance(self.runs, Mapping):
            return _given(self.runs, tier)
        known = {"tier": self.tier_within(tier), **parameters}
        return self.runs(**{name: known[name] for name in self._asked})

    def data_within(self, tier: str) -> Sequence[str]:
        """The data sets that it speaks of at `tier`, or at the lowest tier that judges it."""
        if not isinstance(self.data, Mapping):
            return self.data
        return _given(self.data, tier if reaches(tier, self.tier) else self.tier)

    def seeds_within(self, tier: str, count: int | None = None) -> Sequence[int]:
        """The seeds of every run at `tier`; so many of them, beyond its own the whole numbers that follow."""
        own = _given(self.seeds, tier) if isinstance(self.seeds, Mapping) else self.seeds
        if self.trained and fresh.first is not None:
            own = range(fresh.first, fresh.first + len(own))
        if count is None or count <= len(own):
            return own
        return [*own, *range(max(own) + 1, max(own) + 1 + count - len(own))]


def _given(by_tier: Mapping[str, Given], tier: str) -> Given:
    """What is given for the last tier up to this one."""
    return by_tier[max((name for name in by_tier if reaches(tier, name)), key=TIERS.index)]


declared: list[Claim] = []
"""Every claim of the modules imported so far, in order of declaration; emptied when a session is configured."""


def claim(
    id: str,
    *,
    where: str,
    rule: Rule | Mapping[str, Rule],
    control: str,
    mirrored: Sequence[str] = (),
    uncontrolled: Mapping[str, str] | None = None,
    paper: float | str | Mapping[str, float] | None = None,
    unit: str = "",
    tier: str = "smoke",
    data: Sequence[str] | Mapping[str, Sequence[str]] = (),
    proxies: Sequence[str] = (),
    readings: Mapping[str, Sequence[Any]] | None = None,
    runs: Mapping[str, Runs] | Callable[..., Runs] | None = None,
    seeds: Sequence[int] | Mapping[str, Sequence[int]] = (0,),
    most_seeds: int | None = None,
    reach: Mapping[str, str] | None = None,
    about: About | None = None,
    gate: Gate | None = None,
    baseline: Baseline | None = None,
    formerly: Sequence[str] = (),
    kind: Kind | None = None,
    erratum: Erratum | None = None,
    remark: Remark | None = None,
) -> Callable[[Function], Function]:
    """Declare the claim that the decorated test decides.

    Nothing is checked here: `harness.claims.problems` reports every problem of every claim at once, at collection.

    Args:
        id: stable id, e.g. "XX-06"; "E-XX1" for an erratum, "N-XX1" for a remark.
        where: section, equation, figure or table of the paper.
        rule: the decision procedure, or one for each named part that the function measures.
        control: in words, the data for which the claim is false; the function passes them to `lab.control`.
        mirrored: parts (`SINGLE` where there is one) whose control is the measurement itself with its sides exchanged:
            where the part is refuted, it may be supported.
        uncontrolled: parts that the control leaves out, each with the reason; the report shows it.
        paper: the number (or numbers by name, or words) that the paper gives.
        unit: unit of the paper's number and ours.
        tier: the lowest tier that judges the claim.
        data: data sets that it speaks of, or those that its runs take, for each tier that changes them; each becomes a
            case with the parameter `data`.
        proxies: what stands in for them at tier `smoke`, or where none of them is there.
        readings: values of each ambiguous definition; each combination becomes a case.
        runs: recipes by a name of their own, for each tier that changes them; or a function of `tier` and any of the
            case's parameters that returns them.  They are done before the test and reach it through `lab.runs`.
        seeds: seeds of every run, or those for each tier that changes them.
        most_seeds: how many seeds may be added up to, at looks that are fixed beforehand (`harness.judging.looks`),
            until the claim is decided; must be stated before any of them is seen.
        reach: how far the evidence reaches, by tier, where data alone does not say it.
        about: what the sentence is about, by which evidence that does not reach far enough leaves it out of reach;
            must be given where networks are trained.
        gate: of a sentence about a regime; the function gives what each run has reached to `lab.gate`.
        baseline: of a sentence about a size; the function gives the unmodified network's value to `lab.baseline`.
        formerly: ids that it had before, under which the ledger may know it.
        kind: whether it is a `claim` of the paper, as it is where nothing is said, a `definition` or `derived`.
        erratum: for a statement that is wrong as printed: the rules judge what is printed, and the control is the
            corrected statement, which must be supported.
        remark: for a slip, something unsaid, or code that differs: the rules judge what is meant.
    """
    rules = rule if isinstance(rule, Mapping) else {SINGLE: rule}

    def declare(function: Function) -> Function:
        stated = Claim(
            id=id,
            where=where,
            rules=rules,
            control=control,
            mirrored=mirrored,
            uncontrolled=uncontrolled or {},
            paper=paper,
            unit=unit,
            tier=tier,
            data=data,
            proxies=proxies,
            readings=readings or {},
            runs=runs,
            seeds=seeds,
            most_seeds=most_seeds,
            reach=reach or {},
            about=About(about) if about in list(About) else about,  # what is none of them is said at collection
            gate=gate,
            baseline=baseline,
            formerly=formerly,
            kind=kind or (erratum.kind if erratum else remark.kind if remark else Kind.CLAIM),
            erratum=erratum,
            remark=remark,
            function=function,
        )
        declared.append(stated)
        function.__claim__ = stated  # type: ignore[attr-defined]
        return function

    return declare
