"""Seeds are added to claims until they are decided, the most promising claims first."""

from __future__ import annotations

import argparse
import contextlib
import json
import math
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.commands import train
from harness.commands.plan import looked_up
from harness.commands.selection import Selection, pytest_arguments
from harness.commands.usage import BadUsage
from harness.judging.about import ON_SUSPECT_RUNS

if TYPE_CHECKING:
    import pytest

    from harness.claims.claim import Claim
    from harness.judging.looks import Look

Json = dict[str, Any]


@dataclass(frozen=True)
class Undecided:
    """A claim that seeds may be added to.

    Attributes:
        claim: the claim.
        items: tests of its undecided cases.
        look: the last one at which they all were judged.
        needed: seeds with which the one that needs most would be decided, were further ones like those that there are;
            infinite where no number of seeds would do.
    """

    claim: Claim
    items: tuple[pytest.Item, ...]
    look: Look
    needed: float

    @property
    def promise(self) -> tuple[float, str]:
        """What claims are ordered by: by how much their seeds are to be multiplied."""
        return self.needed / self.look.seeds, self.claim.id

    @property
    def is_hopeless(self) -> bool:
        """Whether the largest number of seeds would leave it undecided; `needed` is a multiple of those there are."""
        return self.needed > self.look.seeds * math.ceil(self.look.last.seeds / self.look.seeds)

    def __str__(self) -> str:
        look = f"look {self.look.number} of {len(self.look.plan)}, {self.look.seeds} of {self.look.last.seeds} seeds"
        would = f"about {self.needed:g} seeds would decide it" if math.isfinite(self.needed) else "seeds decide nothing"
        return f"{self.claim.id}: undecided at {look}; {would}"


def until_decided(selection: Selection, chosen: argparse.Namespace, ends: float | None) -> int:
    """Train the next look's seeds of the most promising claim, judge it again, and go on; the exit status of `train`.

    Raises:
        BadUsage: none of the selected claims states its `most_seeds`.
    """
    items = [item for item in selection.items if looks_at(item, selection.tier)]
    if not items:
        raise BadUsage("--until-decided: no selected claim states the most seeds that it may take (`most_seeds`)")
    before: dict[str, Undecided] = {}
    left = judged(items, selection, chosen)
    status = 0
    while open_ones := [one for one in left.values() if worth_going_on(one, before.get(one.claim.id))]:
        if ends is not None and time.monotonic() >= ends:
            status = train.STOPPED
            break
        best = min(open_ones, key=lambda one: one.promise)
        print(f"{best}; adding seeds up to {best.look.plan[best.look.number]}", flush=True)
        status = train.train(at_next_look(best, selection), replaced(chosen), ends)
        if status and status != 1:  # 1: a run failed, which costs its own claim alone
            break
        before[best.claim.id] = best
        del left[best.claim.id]
        left |= judged(best.items, selection, chosen)
    for one in left.values():
        print(one)
    if chosen.bundle is not None:
        train.bundle([outcome for outcome, _ in looked_up(selection.at_every_look())], selection, chosen.bundle)
    return status


def worth_going_on(now: Undecided, before: Undecided | None) -> bool:
    """Whether seeds are left that may decide a claim, and those that were added last could be judged."""
    moved = before is None or now.look.number > before.look.number
    return moved and not now.is_hopeless and now.look != now.look.last


def looks_at(item: pytest.Item, tier: str) -> tuple[Look, ...]:
    """The looks at a test's claim; none where it is judged once."""
    from harness.judging.looks import looks_of
    from harness.plugin.collection import claim_of, rung_of

    claim = claim_of(item)
    return looks_of(claim, rung_of(item) or claim.tier_within(tier)) if claim and claim.trained else ()


def at_next_look(one: Undecided, selection: Selection) -> Selection:
    """The selection of the runs that the next look at a claim takes."""
    from harness.plugin.preparing import runs_of

    seeds = set(one.claim.seeds_within(selection.tier, one.look.plan[one.look.number]))
    runs = runs_of(one.items, selection.tier, every_look=True)
    due = {run: claims for run, claims in runs.items() if run.seed in seeds}
    return replace(selection.of(due), items=one.items)


def replaced(chosen: argparse.Namespace) -> argparse.Namespace:
    """The options for the further seeds alone: the bundle is written at the end."""
    return argparse.Namespace(**{**vars(chosen), "bundle": None})


def judged(items: Sequence[pytest.Item], selection: Selection, chosen: argparse.Namespace) -> dict[str, Undecided]:
    """Those of the tests' claims that are undecided, by id, judged by a pytest of its own that trains nothing."""
    from harness.plugin.collection import claim_of

    cases = {case["nodeid"]: case for case in judged_cases([item.nodeid for item in items], chosen)}
    by_claim: dict[str, list[pytest.Item]] = {}
    for item in items:
        claim = claim_of(item)
        if claim is not None and cases.get(item.nodeid, {}).get("verdict") == "inconclusive":
            by_claim.setdefault(claim.id, []).append(item)
    return {id: of_claim(tuple(ones), cases, selection.tier) for id, ones in by_claim.items()}


def of_claim(items: tuple[pytest.Item, ...], cases: dict[str, Json], tier: str) -> Undecided:
    """What is known of a claim with these undecided cases."""
    from harness.plugin.collection import claim_of

    claim = claim_of(items[0])
    assert claim is not None
    looks = {look.seeds: look for look in looks_at(items[0], tier)}
    own = [cases[item.nodeid] for item in items]
    look = looks[min(len(case["seeds"]) for case in own)]
    return Undecided(claim, items, look, max(needed(case) for case in own))


def needed(case: Json) -> float:
    """The seeds that would decide a case, with those that it rests on; infinite where one of these is suspect."""
    return math.inf if ON_SUSPECT_RUNS in case["reason"] else case["seeds_to_decide"] or math.inf


def judged_cases(nodeids: Sequence[str], chosen: argparse.Namespace) -> list[Json]:
    """The cases of these tests as claims.json has them."""
    options = argparse.Namespace(**{**vars(chosen), "keyword": None, "marker": None, "download": False})
    with tempfile.TemporaryDirectory() as folder:
        how = ["--no-train", "--no-ledger", f"--report={folder}", f"--history={folder}", "-p", "no:cacheprovider"]
        command = [sys.executable, "-m", "pytest", "-q", *how, *pytest_arguments(options), *nodeids]
        said = subprocess.run(command, capture_output=True, text=True, check=False)
        with contextlib.suppress(OSError):
            document = json.loads(Path(folder, "claims.json").read_text(encoding="utf-8"))
            return [case for entry in document["claims"] for case in entry["cases"]]
    raise BadUsage(f"the claims cannot be judged\n{said.stdout}{said.stderr}")
