"""Train recorded runs again, and compare: does the evidence come out as it was written down?

Without --all, a sample: as many as fit into --seconds, beginning at another place for each commit, so that all come up
in turn; a record that would take longer alone is left.  A run is done whole where the record took less than --whole
seconds, and then all its metrics are compared, else its first epoch is done.  Numbers are to agree to the bit on the
same kind of processor with the same libraries, else within a tolerance (`harness.evidence.recheck`).  A stale record
that comes out again under the code as it is now is confirmed, and with --confirm that is written beside it.

A sample that came out again is remembered in the store; with --once it is not done again as long as nothing changes:
no commit, no evidence, no data, no option.

Exit status: 0 when all that was done agrees, also where there is nothing to do; 1 when anything does not; 2 for bad
usage.
"""

from __future__ import annotations

import argparse
import datetime
import hashlib
import math
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.commands import rechecked, selection
from harness.commands.record import add_record_arguments, state_of_code
from harness.commands.selection import Selection, selected
from harness.commands.usage import BadUsage, evidence_folder, positive
from harness.system.places import EVIDENCE

if TYPE_CHECKING:
    from harness.evidence import Entry, Freshness
    from harness.evidence.recheck import Comparison
    from harness.runs import Recipe, Run

WHOLE = 20.0
"""Seconds: a run that took no longer is done whole."""


@dataclass(frozen=True)
class Candidate:
    """A record, and the run of today that should come to the same."""

    run: Run
    entry: Entry
    freshness: Freshness

    def job(self, whole: float) -> tuple[Recipe, int | None]:
        """What is done again, and how many epochs of it; None for all."""
        opening = None if self.entry.seconds <= whole else self.run.recipe.opening()
        return (self.run.recipe, None) if opening is None else (opening, 1)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    selection.add_arguments(parser)
    selection.add_fresh_seeds(parser)
    add_record_arguments(parser)
    parser.add_argument("--seconds", type=positive, default=60.0, metavar="N", help="about how long (default: 60)")
    parser.add_argument("--all", action="store_true", help="every record, however long it takes")
    parser.add_argument(
        "--whole", type=positive, default=WHOLE, metavar="S", help="runs up to S seconds are done whole"
    )
    parser.add_argument("--once", action="store_true", help="not again what came out before and has not changed since")
    parser.add_argument("--confirm", action="store_true", help="write down which stale records came out again")


def run(chosen: argparse.Namespace) -> int:
    """Recheck a sample, or all."""
    evidence_folder(chosen.evidence)
    commit = state_of_code(allow_dirty=chosen.allow_dirty or not chosen.confirm)
    name = rechecked.name_of(chosen, commit)
    if chosen.once and (before := rechecked.recalled(chosen, name)):
        print(f"already rechecked at {before[0]}: {before[1]}; `make recheck` does it again")
        return 0
    failed, said = recheck_sample(chosen, commit, math.inf if chosen.all else chosen.seconds)
    if name is not None and not failed and name == rechecked.name_of(chosen, state_of_code(allow_dirty=True)):
        rechecked.remember(chosen, name, said)
    return int(failed)


def recheck_sample(chosen: argparse.Namespace, commit: str, within: float) -> tuple[bool, str]:
    """Recheck for so many seconds: whether anything is wrong, and what was done in a few words."""
    from harness.data.dataset_errors import DatasetMissing
    from harness.evidence import Archive

    archive = Archive.read(chosen.evidence or EVIDENCE)
    for problem in archive.problems:
        print(problem, file=sys.stderr)
    chosen_claims = selected(chosen)
    waiting = rotated(list(candidates(chosen_claims, archive)), commit)
    failed, done, pace = 0, 0, 1.0
    ends = time.monotonic() + within
    for candidate in list(waiting):
        seconds, begun = expected(candidate, chosen.whole), time.monotonic()
        if begun + pace * seconds > ends:
            continue
        print(f"{done + 1}: {candidate.entry.title}, about {pace * seconds:.0f} s", file=sys.stderr)
        try:
            comparison, alike = recheck(candidate, chosen_claims, chosen.whole)
        except DatasetMissing as missing:  # released weights, which are no data set that a recipe names
            print(f"left out: {missing}", file=sys.stderr)
            waiting.remove(candidate)
            continue
        done += 1
        pace = max(1.0, (time.monotonic() - begun) / max(seconds, 1.0))  # this machine may be the slower one
        failed += bool(comparison.differences)
        print(told(candidate, comparison, chosen.whole, alike), flush=True)
        if chosen.confirm and not comparison.differences and candidate.freshness != "current":
            confirm(candidate, comparison, chosen_claims, archive, chosen.whole, commit)
    print(f"{done} of {len(waiting)} records rechecked, {failed or 'none'} did not come out again")
    if why := nothing_done(waiting, done, archive, chosen):
        print(why)
    return bool(failed or archive.problems), why or f"{done - failed} of {len(waiting)} records agreed"


def nothing_done(waiting: Sequence[Candidate], done: int, archive: object, chosen: argparse.Namespace) -> str:
    """Why no record was rechecked; "" where some were."""
    from harness.evidence import Archive

    assert isinstance(archive, Archive)
    if done:
        return ""
    if waiting:
        least = min(expected(candidate, chosen.whole) for candidate in waiting)
        return f"no record fits into {chosen.seconds:g} s: the shortest takes about {least:.0f} s"
    if archive.entries:
        return f"{len(archive.entries)} records are kept, and of the selected claims none whose data are here"
    return "no records are kept"


def candidates(chosen: Selection, archive: object) -> Iterator[Candidate]:
    """The records of the selection's runs whose data are here.

    Raises:
        BadUsage: data are here, and damaged.
    """
    from harness.data.dataset_errors import DatasetCorrupt, DatasetMissing
    from harness.evidence import Archive
    from harness.runs import ingredients

    assert isinstance(archive, Archive)
    for one in chosen.needs:
        try:
            made_of = ingredients(one, chosen.bench)
        except DatasetMissing:
            continue
        except DatasetCorrupt as damaged:
            raise BadUsage(str(damaged)) from damaged
        found = archive.find(made_of, made_of["data"])
        if found is not None:
            yield Candidate(one, *found)


def rotated(waiting: Sequence[Candidate], commit: str) -> list[Candidate]:
    """The same in an order that begins elsewhere for each commit, stale ones first."""
    ordered = sorted(waiting, key=lambda one: one.entry.key)
    start = int(hashlib.sha256(commit.encode()).hexdigest(), 16) % max(len(ordered), 1)
    turned = ordered[start:] + ordered[:start]
    return sorted(turned, key=lambda one: one.freshness != "stale")


def expected(candidate: Candidate, whole: float) -> float:
    """Seconds that a recheck will take: those of the record, or its share of one epoch."""
    _, epochs = candidate.job(whole)
    curve = candidate.entry.metrics.get("train_loss", [0])
    return candidate.entry.seconds if epochs is None else candidate.entry.seconds * epochs / max(len(curve), 1)


def recheck(candidate: Candidate, chosen: Selection, whole: float) -> tuple[Comparison, bool]:
    """Do a run again, in a store of its own, and compare; with whether that was on the same kind of processor."""
    from harness.evidence.recheck import compare, same_machine
    from harness.runs import Run, perform
    from harness.store import Store

    recipe, epochs = candidate.job(whole)
    with tempfile.TemporaryDirectory() as folder:
        now = perform(Run(recipe, candidate.run.seed), Store(folder), chosen.bench)
        alike = same_machine(candidate.entry.environment, now.environment)
        metrics = candidate.entry.metrics
        return compare(metrics, now.metrics, now.made_of, whole=epochs is None, to_the_bit=alike), alike


def told(candidate: Candidate, comparison: Comparison, whole: float, alike: bool) -> str:
    """A line for a recheck, and one for each value that did not come out again."""
    _, epochs = candidate.job(whole)
    part = "whole" if epochs is None else f"first {epochs} epochs" if epochs > 1 else "first epoch"
    where = "" if alike else ", on another processor"
    how = "to the last digit" if comparison.exact else "within the tolerance"
    outcome = f"{len(comparison.differences)} values differ" if comparison.differences else f"agrees {how}"
    lines = [f"{candidate.entry.title} ({part}, {comparison.compared} values{where}): {outcome}"]
    return "\n  ".join([*lines, *map(str, comparison.differences)])


def confirm(
    candidate: Candidate, comparison: Comparison, chosen: Selection, archive: object, whole: float, commit: str
) -> None:
    """Write down that a stale record came out again under the code as it is now."""
    from harness.evidence import Archive, Confirmation
    from harness.runs import ingredients
    from harness.runs.conditions import environment

    assert isinstance(archive, Archive)
    place = archive.places().get(candidate.entry.key)
    if place is not None:
        code = str(ingredients(candidate.run, chosen.bench)["code"])
        today = datetime.datetime.now(datetime.UTC).date().isoformat()
        _, epochs = candidate.job(whole)
        facts = environment(chosen.bench.device)
        said = Confirmation(candidate.entry.key, code, epochs, comparison.exact, today, commit, facts)
        archive.add(place, [said])
