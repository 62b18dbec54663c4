"""Planting a mistake in a module, and judging claims with it in place."""

from __future__ import annotations

import contextlib
import importlib.abc
import importlib.machinery
import importlib.util
import itertools
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import harness
from harness.claims import claim as claims
from harness.claims.claim import Claim
from harness.judging.cases import judge_case
from harness.lab.lab import Lab
from harness.lab.session import Session
from harness.verdicts import Verdict

CLAIMS = Path(__file__).parents[2] / "claims"

AFFECTED = ("measures", "interventions", "networks", "data", "experiments", "training", "draws")
"""What may hold on to a function of the module that the mistake is in, and is imported anew."""


@dataclass(frozen=True)
class Mistake:
    """A small wrong turn in the source, and a claim whose verdict it must turn."""

    name: str
    module: str
    right: str
    wrong: str
    claim: str

    @property
    def source(self) -> Path:
        return Path(harness.__file__).parent.joinpath(*self.module.split(".")[1:]).with_suffix(".py")


class _Finder(importlib.abc.MetaPathFinder):
    """Gives the module with the mistake in it."""

    def __init__(self, mistake: Mistake) -> None:
        self.mistake = mistake

    def find_spec(self, name, path=None, target=None):
        if name != self.mistake.module:
            return None
        return importlib.util.spec_from_loader(name, _Loader(self.mistake), origin=str(self.mistake.source))


class _Loader(importlib.machinery.SourceFileLoader):
    def __init__(self, mistake: Mistake) -> None:
        super().__init__(mistake.module, str(mistake.source))
        self.mistake = mistake

    def get_code(self, fullname):
        source = self.mistake.source.read_text(encoding="utf-8")
        if source.count(self.mistake.right) != 1:
            count = source.count(self.mistake.right)
            raise ValueError(f"{self.mistake.source}: {self.mistake.right!r} stands there {count} times, not once")
        return compile(source.replace(self.mistake.right, self.mistake.wrong), str(self.mistake.source), "exec")


@contextlib.contextmanager
def planted(mistake: Mistake | None) -> Iterator[None]:
    """Import everything that the mistake may reach anew, with it in place (or, for None, without any)."""
    saved = {name: module for name, module in sys.modules.items() if _affected(name)}
    packages = {name: vars(harness)[name] for name in AFFECTED if name in vars(harness)}
    finder = _Finder(mistake) if mistake else None
    try:
        for name in saved:
            del sys.modules[name]
        if finder:
            sys.meta_path.insert(0, finder)
        yield
    finally:
        if finder:
            sys.meta_path.remove(finder)
        for name in [name for name in sys.modules if _affected(name)]:
            del sys.modules[name]
        sys.modules.update(saved)
        vars(harness).update(packages)


def _affected(name: str) -> bool:
    return any(name == f"harness.{part}" or name.startswith(f"harness.{part}.") for part in AFFECTED)


def verdicts(id: str, store: Path) -> dict[str, Verdict]:
    """The verdict of each case of a claim at tier smoke, with whatever is planted; its module is imported anew."""
    claim = declared(id)
    axes = {**({"data": claim.proxies} if claim.data else {}), **claim.readings}
    place = Session(tier="smoke", data=None, store=store, device="cpu", train=True)
    found = {}
    for values in itertools.product(*axes.values()):
        parameters = dict(zip(axes, values, strict=True))
        case = "-".join(str(value).replace(" ", "-") for value in values)
        lab = Lab(claim, case, parameters, place)
        claim.function(lab, **parameters)
        found[case] = judge_case(claim, lab.measured, lab.controls).verdict
    return found


def declared(id: str) -> Claim:
    """The claim, from a fresh import of the file that declares it."""
    (file,) = [file for file in sorted(CLAIMS.glob("*/test_*.py")) if f'"{id}",' in file.read_text(encoding="utf-8")]
    return next(claim for claim in declared_in(file) if claim.id == id)


def declared_in(file: Path) -> list[Claim]:
    """The claims of a file, from a fresh import."""
    before = len(claims.declared)
    spec = importlib.util.spec_from_file_location("claims_with_a_mistake", file)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    new = claims.declared[before:]
    del claims.declared[before:]
    return new
