"""Planting a mistake in a function, and judging claims with it in place."""

from __future__ import annotations

import contextlib
import functools
import importlib
import importlib.util
import itertools
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from harness.claims import claim as claims
from harness.claims.claim import Claim
from harness.judging.cases import judge_case
from harness.lab.lab import Lab
from harness.lab.session import Session
from harness.verdicts import Verdict

CLAIMS = Path(__file__).parents[2] / "claims"


@dataclass(frozen=True)
class Mistake:
    """A small wrong turn, and a claim whose verdict it must turn.

    Attributes:
        name: what is wrong, in words.
        place: the function that goes wrong, "package.module:name" or "package.module:Class.name".
        wrong: given the function, another in its place.
        claim: id of the claim that must notice.
    """

    name: str
    place: str
    wrong: Callable[[Any], Any]
    claim: str

    def __str__(self) -> str:
        return f"{self.claim}: {self.name}"


@contextlib.contextmanager
def planted(mistake: Mistake) -> Iterator[None]:
    """Let everyone who knows the function know the wrong one instead, and forget what was computed with the other."""
    module_name, _, path = mistake.place.partition(":")
    *above, name = path.split(".")
    module = importlib.import_module(module_name)
    owner = functools.reduce(getattr, above, module)
    right = getattr(owner, name)
    wrong = mistake.wrong(right)
    known = set(_modules())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(owner, name, wrong)
        for holder in known:
            for held in [held for held, value in vars(holder).items() if value is right]:
                patch.setattr(holder, held, wrong)
        _forget()
        try:
            yield
        finally:
            _forget()
    # A module that is imported with the mistake in place would hold on to it.
    assert set(_modules()) == known, "judge the claim without the mistake first, which imports all that it needs"


def turned(mistake: Mistake, store: Path) -> tuple[dict[str, Verdict], dict[str, Verdict]]:
    """The claim's verdicts, case by case, without and with the mistake."""
    before = _sound(mistake.claim)
    with planted(mistake):
        return before, verdicts(mistake.claim, store)


@functools.cache
def _sound(id: str) -> dict[str, Verdict]:
    with tempfile.TemporaryDirectory() as store:
        return verdicts(id, Path(store))


def verdicts(id: str, store: Path) -> dict[str, Verdict]:
    """The verdict of each case of a claim at tier smoke, with whatever is planted; its module is imported anew.

    A case whose control does not do its work decides nothing.
    """
    claim = declared(id)
    axes = {**({"data": claim.proxies} if claim.data else {}), **claim.readings}
    place = Session(tier="smoke", data=None, store=store, device="cpu", train=True)
    found = {}
    for values in itertools.product(*axes.values()):
        parameters = dict(zip(axes, values, strict=True))
        case = "-".join(str(value).replace(" ", "-") for value in values)
        lab = Lab(claim, case, parameters, place)
        claim.function(lab, **parameters)
        judged = judge_case(claim, lab.measured, lab.controls, lab.standing())
        found[case] = judged.verdict if judged.control_holds else Verdict.INCONCLUSIVE
    return found


def declared(id: str) -> Claim:
    """The claim, from a fresh import of the file that declares it."""
    return next(claim for claim in declared_in(_file_of(id)) if claim.id == id)


@functools.cache
def _file_of(id: str) -> Path:
    naming = [file for file in sorted(CLAIMS.glob("*/test_*.py")) if id in file.read_text(encoding="utf-8")]
    (file,) = [file for file in naming if id in {claim.id for claim in declared_in(file)}]
    return file


def declared_in(file: Path) -> list[Claim]:
    """The claims of a file, from a fresh import."""
    before = len(claims.declared)
    spec = importlib.util.spec_from_file_location("claims_with_a_mistake", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    new = claims.declared[before:]
    del claims.declared[before:]
    return new


def _modules() -> list[ModuleType]:
    """What may hold on to a function: the loaded modules of the suite and of the papers."""
    return [module for name, module in sys.modules.items() if name.partition(".")[0] in ("harness", "claims")]


def _forget() -> None:
    """Empty the caches of the papers' methods and of what they share."""
    for module in _modules():
        if module.__name__.startswith(("claims.", "harness.measures", "harness.interventions", "harness.networks")):
            for value in list(vars(module).values()):
                if callable(getattr(value, "cache_clear", None)):
                    value.cache_clear()
