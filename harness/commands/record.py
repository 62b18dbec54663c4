"""Do the runs that the selected trained claims lack evidence for, and write what they found into reports/evidence.

A run lacks evidence when no record of it is kept that the code as it is now made or confirmed.  What the store has
already is recorded without being done again, whatever device it was done on; so is what `merge` brought there.
Nothing is recorded from files that were changed since the last commit, since nobody could look up what they said
(--allow-dirty does it all the same, and the records say so).

Exit status: as `train`; 2 too where files have been changed, or a run has left what cannot be kept as evidence: that
one is named, and all others are recorded.
"""

from __future__ import annotations

import argparse
import dataclasses
import datetime
import re
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from harness.commands import train
from harness.commands.plan import kept, looked_up
from harness.commands.selection import Selection, selected, shown
from harness.commands.usage import BadUsage, evidence_folder
from harness.system.checkout import checkout
from harness.system.places import EVIDENCE

if TYPE_CHECKING:
    from harness.evidence import Entry
    from harness.runs import Run
    from harness.store import Record


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    train.add_training_arguments(parser)
    add_record_arguments(parser)
    parser.add_argument("--no-train", action="store_true", help="write down what the store has, and do no run")


def add_record_arguments(parser: argparse.ArgumentParser) -> None:
    """Those that say where evidence is kept, and from which state of the code."""
    parser.add_argument("--evidence", type=Path, metavar="DIR", help=f"where evidence is kept (default: {EVIDENCE})")
    parser.add_argument("--allow-dirty", action="store_true", help="record though files were changed since the commit")


def run(chosen: argparse.Namespace) -> int:
    """Train what lacks evidence, then record."""
    train.check(chosen)
    if chosen.no_train and chosen.bundle is not None:
        raise BadUsage("--bundle with --no-train: what the store has is bundled by `train --bundle`")
    commit = state_of_code(allow_dirty=chosen.allow_dirty)
    folder = evidence_folder(chosen.evidence, to_write=True)
    selection = selected(chosen)
    status = 0 if chosen.no_train else train.train(without_evidence(selection, folder), chosen, train.deadline(chosen))
    _, refused = record(selection, folder, commit)
    return 2 if refused else status


def without_evidence(selection: Selection, folder: Path) -> Selection:
    """The selection without the runs that a record is kept of which today's code made or confirmed."""
    from harness.evidence import Archive

    archive = Archive.read(folder)
    recorded = {outcome.run: kept(outcome, archive) for outcome, _ in looked_up(selection)}
    covered = {run for run, found in recorded.items() if found is not None and found[1] != "stale"}
    return dataclasses.replace(
        selection, needs={run: ids for run, ids in selection.needs.items() if run not in covered}
    )


def record(selection: Selection, folder: Path, commit: str) -> tuple[list[Entry], list[str]]:
    """Write the store's records of a selection's trained runs that are no evidence yet.

    Returns:
        What was added, and of each record that cannot be kept as text whose it is and why.
    """
    from harness.evidence import Archive

    archive, selection = Archive.read(folder), selection.at_every_look()
    for problem in archive.problems:
        print(problem, file=sys.stderr)
    added: dict[str, list[Entry]] = {}
    diverged: list[str] = []
    refused: list[str] = []
    stored = 0
    for run, found in made_by_this_code(selection):
        stored += 1
        if found.diverged:
            diverged.append(str(run))
        elif _is_metrics_only(found) and found.key not in archive.entries:
            entry = entry_of(run, found, commit)
            try:
                entry.line()
            except ValueError as problem:
                refused.append(f"{run}: {problem}")
            else:
                added.setdefault(place_of(selection, run, found), []).append(entry)
    for place, entries in sorted(added.items()):
        file = archive.add(place, entries)
        print(f"{shown(file)}: {len(entries)} records added")
    if diverged:
        print(f"{len(diverged)} runs diverged and leave nothing to record: {'; '.join(sorted(diverged))}")
    elif not added and not refused:
        why = "all that the store has of these claims is kept already" if stored else "the store has none of their runs"
        print(f"nothing to record: {why}")
    for told in refused:
        print(f"cannot be recorded: {told}", file=sys.stderr)
    return [entry for entries in added.values() for entry in entries], refused


def made_by_this_code(selection: Selection) -> Iterable[tuple[Run, Record]]:
    """The store's records of trained runs, whatever device they ran on, that today's code made; of the data here."""
    from harness.evidence.entry import identity
    from harness.runs import declared

    wanted = {}
    for run, claims in selection.needs.items():
        if any(claim.trained for claim in claims):
            made_of = declared(run)
            wanted[identity(made_of)] = run, made_of["code"]
    for record in selection.store.records():
        asked = wanted.get(_identity(record))
        if asked is not None and record.made_of.get("code") == asked[1]:
            yield asked[0], record


def _is_metrics_only(record: Record) -> bool:
    """Whether all that it found out can be kept as text."""
    return record.tensors_digest is None and "sources" in record.environment


def _identity(record: Record) -> str:
    from harness.evidence.entry import identity

    try:
        return identity(record.made_of)
    except (KeyError, TypeError):
        return ""


def entry_of(run: Run, record: Record, commit: str) -> Entry:
    """A record of the store as evidence of today."""
    from harness.evidence import Entry
    from harness.evidence.entry import source_of

    facts = dict(record.environment)
    sources = tuple(source_of(source) for source in facts.pop("sources"))
    today = datetime.datetime.now(datetime.UTC).date().isoformat()
    return Entry(str(run), record.made_of, record.metrics, facts, record.seconds, today, commit, sources)


def place_of(selection: Selection, run: Run, record: Record) -> str:
    """In which file a run is recorded: the folder of the first paper whose claims need it, and its kind and data."""
    paper = selection.needs[run][0].file.parent.name
    kind = str(record.made_of["recipe"]["name"])
    data = "-".join(dict.fromkeys(name for name, _ in run.recipe.data_sets()))
    place = f"{paper}/{kind}-{data}" if data else f"{paper}/{kind}"
    return re.sub(r"[^a-z0-9_/-]", "-", place.lower())


def state_of_code(*, allow_dirty: bool) -> str:
    """The commit that the code is at; it ends in "+" where files have been changed since.

    Raises:
        BadUsage: files have been changed and that is not allowed, or there is no repository.
    """
    try:
        found = checkout(Path(), apart=EVIDENCE)
    except (OSError, subprocess.SubprocessError) as problem:
        said = getattr(problem, "stderr", None) or str(problem)
        words = said.decode(errors="replace") if isinstance(said, bytes) else said
        raise BadUsage(f"evidence says which commit made it, and git does not: {words.strip()}") from problem
    if found.changed and not allow_dirty:
        files = ", ".join(found.changed[:5])
        raise BadUsage(f"files were changed since the last commit ({files}): commit them, or give --allow-dirty")
    return str(found)
