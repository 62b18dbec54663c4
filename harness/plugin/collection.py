"""From declared claims to parametrised tests; nothing here imports torch."""

from __future__ import annotations

import math
import sys
from collections.abc import Generator, Sequence
from pathlib import Path
from typing import Any

import pytest

from harness.claims import claim as claims
from harness.claims import papers
from harness.claims.claim import Claim
from harness.claims.problems import problems
from harness.claims.tiers import reaches
from harness.data import catalogue
from harness.plugin.options import Settings, settings_key


def pytest_configure(config: pytest.Config) -> None:
    """Start with no claims: modules declare theirs as they are imported."""
    claims.declared.clear()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One case for each data set and each combination of readings, in the order of the declaration."""
    claim: Claim | None = getattr(metafunc.function, "__claim__", None)
    if claim is None:
        return
    axes = axes_of(claim, metafunc.config.stash[settings_key])
    for name in axes:
        if name in metafunc.fixturenames:
            metafunc.parametrize(name, list(axes[name]), ids=[str(value).replace(" ", "-") for value in axes[name]])


def axes_of(claim: Claim, settings: Settings) -> dict[str, Sequence[Any]]:
    """What a claim's cases differ in, with the values of each: data sets first, then its readings."""
    data = {"data": data_for(claim, settings)} if claim.data else {}
    return {**data, **claim.readings}


def case_count(claim: Claim, settings: Settings) -> int:
    """How many cases a claim has, whichever of them are selected."""
    return math.prod(len(values) for values in axes_of(claim, settings).values())


def data_for(claim: Claim, settings: Settings) -> Sequence[str]:
    """The data sets of a claim's cases: its own where tier and folder have any, else what stands in for them."""
    if not reaches(settings.tier, "quick"):
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
    """Mark claims, let `-k` know their ids, and leave out those that the tier does not reach."""
    tier = config.stash[settings_key].tier
    kept: list[pytest.Item] = []
    left: list[pytest.Item] = []
    for item in items:
        claim = claim_of(item)
        (kept if claim is None or reaches(tier, claim.tier) else left).append(item)
        if claim is not None:
            item.add_marker(pytest.mark.claim(claim.id))
            item.extra_keyword_matches.add(claim.id)  # `-k` with an id: read after this, and no name of a marker
        if claim is not None and claim.trained:
            item.add_marker(pytest.mark.trained)
    if left:
        config.hook.pytest_deselected(items=left)
        items[:] = kept


def claim_of(item: pytest.Item) -> Claim | None:
    """The claim that a collected test decides, if it is one."""
    return getattr(getattr(item, "function", None), "__claim__", None)
