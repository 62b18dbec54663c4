"""Judging claims on made-up records: what a claim would say of trainings that came out like this.

    found = judge_by_name(claim, lambda name, seed: {"accuracy": 0.9}, data="cifar10")
    assert found.verdict is Verdict.SUPPORTED and not found.control_faults

Everything between the records and the verdict is the real thing: the claim's function, its rules, its control.
"""

from __future__ import annotations

import dataclasses
import functools
import importlib.util
import itertools
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from harness.claims import claim as claims
from harness.claims.claim import Claim
from harness.claims.tiers import reaches
from harness.data.image_set import Provenance
from harness.judging.cases import CaseJudgement, judge_case
from harness.lab.lab import Lab
from harness.lab.session import Found, Session, computed
from harness.runs import Recipe, Result, Run
from harness.store.record import Record
from harness.verdicts import Evidence

CLAIMS = Path(__file__).parents[2] / "claims"

Told = Mapping[str, Any] | Result | Record
"""What a made-up run found out: metrics alone, metrics and tensors, or a whole record."""

Made = Callable[[Recipe, int], Told]
MadeByName = Callable[[Any, int], Told]


class MadeUpSession(Session):
    """A session whose records, and whose released weights if any are asked for, are made up; it trains nothing."""

    def __init__(self, made: Made, *, tier: str, weights: Callable[[str], Any] | None = None) -> None:
        super().__init__(tier=tier, data=None, store=Path("no store"), device="cpu", train=False)
        self._made = made
        self._made_weights = weights

    def record(self, recipe: Recipe, seed: int, *, trained: bool = False) -> Found:
        """The made-up record of a run."""
        return computed(Run(recipe, seed), as_record(self._made(recipe, seed)))

    def provenance(self, name: str, split: str) -> Provenance:
        """Of no real images."""
        return Provenance(name, split, "made up", Evidence.PROXY)

    def weights(self, name: str) -> Any:
        """The made-up weights; without any, as a session that has no data."""
        return super().weights(name) if self._made_weights is None else self._made_weights(name)


def as_record(found: Told) -> Record:
    """A record of these metrics, and arrays where there are any; its key and its cost mean nothing."""
    if isinstance(found, Record):
        return found
    result = found if isinstance(found, Result) else Result(found)
    record = Record("made up", {}, result.metrics, {}, 0.0, None, Path("no file"))
    record.__dict__["tensors"] = {name: np.asarray(array) for name, array in (result.tensors or {}).items()}
    return record  # the arrays were put where the cached property would keep those of a file


def lab_of(
    claim: Claim, made: Made, *, tier: str | None = None, weights: Callable[[str], Any] | None = None, **parameters: Any
) -> Lab:
    """The lab of one case of a claim after the claim's function was called on made-up records.

    Args:
        claim: see `claims_of`, or `function.__claim__` of a decorated function.
        made: what the run of a recipe with a seed found out.
        tier: that judges; the claim's own lowest unless told, and `laptop` at least where it trains.
        weights: released weights by name, for claims that read some.
        parameters: of the case: its data set and readings.
    """
    lab = Lab(claim, "made up", parameters, MadeUpSession(made, tier=tier or lowest_tier(claim), weights=weights))
    claim.function(lab, **parameters)
    lab.suspects.clear()  # what is made up ends where it likes, and is taken for sound
    return lab


def judge(
    claim: Claim, made: Made, *, tier: str | None = None, weights: Callable[[str], Any] | None = None, **parameters: Any
) -> CaseJudgement:
    """The judgement of one case of a claim on made-up records, taken for sound runs at the paper's own scale.

    Arguments as of `lab_of`.
    """
    lab = lab_of(claim, made, tier=tier, weights=weights, **parameters)
    standing = dataclasses.replace(lab.standing(), evidence=Evidence.PAPER)
    return judge_case(claim, lab.measured, lab.controls, standing)


def judge_by_name(
    claim: Claim,
    made: MadeByName,
    *,
    tier: str | None = None,
    weights: Callable[[str], Any] | None = None,
    **parameters: Any,
) -> CaseJudgement:
    """The same where `made` is given the claim's own name of a run instead of its recipe."""
    names = names_of_runs(claim, tier, parameters)
    return judge(claim, lambda recipe, seed: made(names[recipe], seed), tier=tier, weights=weights, **parameters)


def names_of_runs(claim: Claim, tier: str | None, parameters: Mapping[str, Any]) -> dict[Recipe, Any]:
    """The claim's name of each of its recipes; of two names for one recipe, which share its runs, the first."""
    runs = claim.runs_within(claim.tier_within(tier or lowest_tier(claim)), parameters)
    return {recipe: name for name, recipe in reversed([*runs.items()])}


def lowest_tier(claim: Claim) -> str:
    """The lowest tier that judges a claim: `laptop` at least where it trains."""
    return claim.tier if claim.runs is None or reaches(claim.tier, "laptop") else "laptop"


def cases_of(claim: Claim, tier: str | None = None) -> Iterator[dict[str, Any]]:
    """The parameters of each case: its data sets at a tier (their stand-ins aside), and every reading."""
    sets: Sequence[str] = claim.data_within(tier or lowest_tier(claim))
    axes = {**({"data": sets} if sets else {}), **claim.readings}
    return (dict(zip(axes, values, strict=True)) for values in itertools.product(*axes.values()))


@functools.cache
def claims_of(paper: str) -> Mapping[str, Claim]:
    """All claims of `claims/<paper>` by their ids, from an import of their files that leaves no trace."""
    found = {}
    for file in sorted((CLAIMS / paper).glob("test_*.py")):
        found.update({claim.id: claim for claim in _declared_in(file)})
    return found


def trained_claims_of(paper: str) -> Mapping[str, Claim]:
    """Those that rest on runs."""
    return {id: claim for id, claim in claims_of(paper).items() if claim.runs is not None}


def _declared_in(file: Path) -> list[Claim]:
    """A file's claims; pytest, which may collect the same file in this process, is not to see them twice."""
    before = len(claims.declared)
    name = f"made_up_records_of_{file.parent.name}_{file.stem}"
    spec = importlib.util.spec_from_file_location(name, file)
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    new = claims.declared[before:]
    del claims.declared[before:]
    return new
