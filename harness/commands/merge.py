"""Take the records of bundles, which `train --bundle` writes, into the store; each is checked.

A record that the store has with another content is a conflict: the store's own is kept.  Exit status: 0 when every
record is in the store now, 1 when one was damaged or in conflict or a bundle was refused.  With --record those that
trained claims need are written into reports/evidence too, as `record` does.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from harness.claims.tiers import TIERS
from harness.commands.record import add_record_arguments, record, state_of_code
from harness.commands.selection import selected
from harness.commands.usage import BadUsage, evidence_folder
from harness.system.places import STORE

if TYPE_CHECKING:
    from harness.store import Store


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    parser.add_argument("bundles", metavar="FILE", nargs="+", type=Path, help="bundles of records")
    parser.add_argument("--record", action="store_true", help="write what trained claims need as evidence too")
    add_record_arguments(parser)
    parser.add_argument("--store", type=Path, default=STORE, metavar="DIR", help=f"where to (default: {STORE})")


def run(chosen: argparse.Namespace) -> int:
    """Merge one bundle after the other; one that is refused costs none of the others."""
    from harness.store import Store, StoreProblem

    commit = state_of_code(allow_dirty=chosen.allow_dirty) if chosen.record else ""
    for bundle in chosen.bundles:
        if not bundle.is_file():
            raise BadUsage(f"{bundle}: there is no such file")
    try:
        store = Store(chosen.store)
    except StoreProblem as problem:
        raise BadUsage(str(problem)) from problem
    refused = [str(bundle) for bundle in chosen.bundles if not take_in(bundle, store)]
    if chosen.record:
        everything = argparse.Namespace(paths=["claims"], tier=TIERS[-1], store=str(chosen.store))
        refused += record(selected(everything), evidence_folder(chosen.evidence, to_write=True), commit)[1]
    return int(bool(refused))


def take_in(bundle: Path, store: Store) -> bool:
    """Merge a bundle, say what became of its records, and return whether all are in the store."""
    from harness.store import StoreProblem, merge

    try:
        merged = merge(bundle, store)
    except (OSError, StoreProblem) as refusal:
        print(f"{bundle}: {refusal}", file=sys.stderr)
        return False
    print(f"{bundle}: {len(merged.added)} records added, {len(merged.skipped)} were there already")
    problems = [*merged.conflicts.values(), *merged.corrupt.values()]
    for problem in problems:
        print(f"{bundle}: {problem}", file=sys.stderr)
    return not problems
