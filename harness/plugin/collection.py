"""From declared claims to parametrised tests; nothing here imports torch."""

from __future__ import annotations

import itertools
import math
import sys
from collections.abc import Generator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from harness.claims import claim as claims
from harness.claims import papers
from harness.claims.claim import Claim
from harness.claims.problems import problems
from harness.claims.tiers import TIERS, reaches
from harness.data import catalogue
from harness.lab.session import Session
from harness.plugin.options import Settings, settings_key

session_key = pytest.StashKey[Session]()


def pytest_configure(config: pytest.Config) -> None:
    """Start with no claims: modules declare theirs as they are imported.  Set up what they share; it opens nothing."""
    claims.declared.clear()
    settings = config.stash[settings_key]
    config.stash[session_key] = Session(
        tier=settings.tier,
        data=settings.data,
        store=settings.store,
        device=settings.device,
        train=settings.train,
        download=settings.download,
        evidence=settings.evidence,
        recorded=settings.recorded,
        stalled=settings.stalled,
    )


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One case for each data set and each combination of readings, in the order of the declaration."""
    claim: Claim | None = getattr(metafunc.function, "__claim__", None)
    if claim is None:
        return
    session = metafunc.config.stash[session_key]
    try:
        rungs = rungs_of(claim, metafunc.config.stash[settings_key], session)
    except Exception:  # a claim that is declared wrongly: said with all its problems, once its module is collected
        return
    if list(rungs) == [own_rung(claim, session.tier)]:
        for name, values in {**_data_axis(claim, *rungs.values()), **claim.readings}.items():
            if name in metafunc.fixturenames:
                metafunc.parametrize(name, list(values), ids=[id_of(value) for value in values])
        return
    pairs = [(tier, *one) for tier, names in rungs.items() for one in (zip(names) if claim.data else [()])]
    places = ("lab", "data") if claim.data else ("lab",)
    metafunc.parametrize(places, pairs, indirect=["lab"], ids=["-".join(map(id_of, pair)) for pair in pairs])
    for name, values in claim.readings.items():
        metafunc.parametrize(name, list(values), ids=[id_of(value) for value in values])


def _data_axis(claim: Claim, names: Sequence[str]) -> dict[str, Sequence[Any]]:
    return {"data": names} if claim.data else {}


def id_of(value: object) -> str:
    """A data set or a reading as part of a case's name."""
    return str(value).replace(" ", "-")


def rungs_of(claim: Claim, settings: Settings, session: Session) -> dict[str, Sequence[str]]:
    """The tiers that a claim is judged at, each with the data sets of its cases: the rungs of its ladder.

    The one that was asked for; and of a trained claim every other for which all its runs are kept as evidence.
    """
    if claim.origin not in session.rungs:
        session.rungs[claim.origin] = _rungs(claim, settings, session)
    return session.rungs[claim.origin]


def _rungs(claim: Claim, settings: Settings, session: Session) -> dict[str, Sequence[str]]:
    own = own_rung(claim, settings.tier)
    if not (claim.trained and session.archive.entries):
        return {own: data_for(claim, settings)}
    tiers = dict.fromkeys(map(claim.tier_within, TIERS[TIERS.index(claim.tier) :]))
    rungs = {tier: names for tier in tiers if (names := _recorded(claim, tier, session))}
    if own not in rungs and (reaches(settings.tier, claim.tier) or not rungs):
        rungs[own] = data_for(claim, settings)
    return {tier: rungs[tier] for tier in TIERS if tier in rungs}


def own_rung(claim: Claim, tier: str) -> str:
    """The rung that a tier asks for; the lowest of a claim that it does not reach."""
    return claim.tier_within(tier if reaches(tier, claim.tier) else claim.tier)


def _recorded(claim: Claim, tier: str, session: Session) -> Sequence[str] | None:
    """The data sets of a tier's cases of which all runs are kept as evidence; None where there are none."""
    names = [name for name in claim.data_within(tier) if _covered(claim, tier, {"data": name}, session)]
    if claim.data:
        return names or None
    return ("",) if _covered(claim, tier, {}, session) else None


def _covered(claim: Claim, tier: str, data: Mapping[str, str], session: Session) -> bool:
    from harness.runs import Run

    cases = [dict(zip(claim.readings, values, strict=True)) for values in itertools.product(*claim.readings.values())]
    recipes = {recipe for case in cases for recipe in claim.runs_within(tier, {**data, **case}).values()}
    return all(session.is_recorded(Run(recipe, seed)) for recipe in recipes for seed in claim.seeds_within(tier))


def case_count(claim: Claim, settings: Settings, session: Session, tier: str) -> int:
    """How many cases a claim has at a tier, whichever of them are selected."""
    names = rungs_of(claim, settings, session)[tier] if claim.data else [""]
    return math.prod([len(names), *(len(values) for values in claim.readings.values())])


def data_for(claim: Claim, settings: Settings) -> Sequence[str]:
    """The data sets of a claim's cases: its own where tier and folder have any, else what stands in for them."""
    if not reaches(settings.tier, "laptop"):
        return claim.proxies
    wanted = claim.data_within(settings.tier)
    there = settings.download or any(catalogue.present(name, settings.data) for name in wanted)
    return wanted if there or settings.require_data or not claim.proxies else claim.proxies


def pytest_pycollect_makemodule(module_path: Path) -> None:
    """Let the modules of a paper that stands on its own be imported by the name of its folder: `toy2026.methods.x`.

    Those of a project's papers are imported from its root, as `claims.<paper>.methods.x`.
    """
    folder = next((folder for folder in module_path.parents if papers.is_folder(folder)), None)
    if folder is None:
        return
    above = folder.parent
    of_project = above.name == "claims" and str(above.parent) in sys.path
    if not of_project and str(above) not in sys.path:
        sys.path.append(str(above))  # last, so that nothing beside the folder hides what others import


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """A module whose claims have problems fails to collect, and says all of them.

    Every module is collected before pytest stops; with `--continue-on-collection-errors` the sound ones are judged.
    """
    before = len(claims.declared)
    report = yield
    if isinstance(collector, pytest.Module) and report.passed:
        found = problems(claims.declared[before:], claims.declared[:before], catalogue.names())
        if found:
            del claims.declared[before:]
            report.outcome = "failed"
            report.longrepr = "\n".join(problem.replace(f"{collector.config.rootpath}/", "") for problem in found)
    return report


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark claims, let `-k` know their ids, and leave out those that neither the tier nor the evidence reaches."""
    tier = config.stash[settings_key].tier
    kept: list[pytest.Item] = []
    left: list[pytest.Item] = []
    for item in items:
        claim = claim_of(item)
        judged = claim is None or reaches(tier, claim.tier) or rung_of(item)
        (kept if judged else left).append(item)
        if claim is not None:
            item.add_marker(pytest.mark.claim(claim.id))
            item.extra_keyword_matches.add(claim.id)  # `-k` with an id: read after this, and no name of a marker
        if claim is not None and claim.trained:
            item.add_marker(pytest.mark.trained)
    if left:
        config.hook.pytest_deselected(items=left)
        items[:] = kept


def rung_of(item: pytest.Item) -> str | None:
    """The tier of a case, where its claim is judged at others than the one that was asked for."""
    callspec = getattr(item, "callspec", None)
    return callspec.params.get("lab") if callspec else None


def claim_of(item: pytest.Item) -> Claim | None:
    """The claim that a collected test decides, if it is one."""
    return getattr(getattr(item, "function", None), "__claim__", None)
