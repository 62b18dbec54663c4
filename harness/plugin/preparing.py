"""Before the first test: the runs that the selected claims need, each once, several at a time."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import TYPE_CHECKING

import pytest

from harness.plugin.collection import claim_of, rung_of, session_key
from harness.plugin.judging import parameters
from harness.plugin.options import settings_key
from harness.plugin.remembering import recalled
from harness.runs.conditions import keep_freed_memory

if TYPE_CHECKING:
    from harness.claims.claim import Claim
    from harness.runs import Run


@pytest.hookimpl(wrapper=True)
def pytest_runtestloop(session: pytest.Session) -> Generator[None, object, object]:
    """Do what the store lacks, with progress shown.

    Under pytest-xdist each worker takes the list in its own order, so that they share the work: what one is at, the
    others find done, or wait for.
    """
    config = session.config
    if not (config.option.collectonly or session.testsfailed):
        keep_freed_memory()
        settings = config.stash[settings_key]
        anew = [item for item in getattr(session, "items", ()) if recalled(item) is None]
        needed = runs_of(anew, settings.tier)
        if settings.recorded:
            needed = {run: of for run, of in needed.items() if not any(claim.trained for claim in of)}
        worker = getattr(config, "workerinput", None)
        config.stash[session_key].prepare(shared(list(needed), worker), workers=1 if worker else None)
    return (yield)


def runs_of(items: Sequence[pytest.Item], tier: str, *, every_look: bool = False) -> dict[Run, list[Claim]]:
    """Every run that the claims among these tests declare, once, in order; with the claims that need it.

    Of seeds that may be added until a claim is decided, none are meant unless `every_look`.
    """
    found: dict[Run, list[Claim]] = {}
    for item in items:
        claim = claim_of(item)
        if claim is not None and claim.runs is not None:
            from harness.runs import Run

            at = rung_of(item) or tier
            recipes = claim.runs_within(at, parameters(item)).values()
            most = claim.most_seeds if every_look else None
            for run in [Run(recipe, seed) for recipe in recipes for seed in claim.seeds_within(at, most)]:
                needing = found.setdefault(run, [])
                if claim not in needing:
                    needing.append(claim)
    return found


def shared(runs: list[Run], worker: dict[str, object] | None) -> list[Run]:
    """The order in which one of several workers takes the runs: those in turn that are its own, then others' last ones.

    Neighbours are seeds of one recipe, so that all workers have as much to do; two that went the same way would wait
    for one another at every run.
    """
    if worker is None:
        return runs
    number, workers = int(str(worker["workerid"]).removeprefix("gw")), int(str(worker["workercount"]))
    others = [run for index, run in enumerate(runs) if index % workers != number]
    return runs[number::workers] + others[::-1]
