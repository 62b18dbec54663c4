"""Read every record of the store and all evidence again, and come to every verdict of a report again.

Of each record all digests are checked; one that is damaged is moved to the store's quarantine.  Lines of evidence that
are damaged, or depend on one another where they should not, are named.  A report holds verdicts
and numbers but not the samples that they come from.  So each of its claims is judged again, by the code as it is here
and from the records in the store (`--no-train`), and its entry in claims.json is compared: numbers to one in a million,
everything else exactly, but for seconds and explanations.  A verdict that cannot be come to again, because a run or a
data set is not here, counts as a difference.  Give --data as it was given when the report was made.

With --archive FILE all of this is done in what `report --archive` wrote, by the suite that lies in it.  That runs code
of the archive: take it from somebody you trust.

Exit status: 0 when all is as it was, 1 when anything is not, 2 for bad usage.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import reprlib
import subprocess
import sys
import tempfile
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.commands.document import read_document
from harness.commands.selection import add_place, pytest_arguments, run_pytest
from harness.commands.usage import BadUsage, evidence_folder
from harness.system.places import EVIDENCE, REPORT, STORE

if TYPE_CHECKING:
    import pytest

Json = dict[str, Any]

RELATIVE, ABSOLUTE = 1e-6, 1e-9
"""By how much numbers may differ: another machine adds in another order."""

PROSE = {"seconds", "reason", "why", "notes", "discussion", "command", "expected", "previous", "again"}
"""What is not compared: it decides nothing, and names paths and times."""

LISTED = 5
"""So many differences are listed of each claim."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    add_place(parser)
    parser.add_argument("--evidence", type=Path, metavar="DIR", help=f"evidence that is kept (default: {EVIDENCE})")
    parser.add_argument("--archive", type=Path, metavar="FILE", help="what `report --archive` wrote")
    parser.add_argument("--report", type=Path, metavar="DIR", help=f"the report (default: {REPORT}, where it is there)")


def run(chosen: argparse.Namespace) -> int:
    """Check the store, then the report, as far as there are any."""
    if chosen.archive:
        return in_archive(chosen.archive, chosen.data)
    store = Path(chosen.store or STORE)
    report = chosen.report or (REPORT if (REPORT / "claims.json").exists() else None)
    evidence = evidence_folder(chosen.evidence)
    if not store.is_dir() and (chosen.store or (report is None and not evidence.is_dir())):
        raise BadUsage(f"{store}: there is no such store" + ("" if report else f", and no report in {REPORT}"))
    document = read_document(report) if report else None
    sound = check_store(store)
    sound &= check_evidence(evidence)
    if document is None:
        print(f"no report in {REPORT}: no verdicts to come to again")
    else:
        sound &= check_report(document, chosen)
    return int(not sound)


def in_archive(file: Path, data: str | None) -> int:
    """Unpack what `report --archive` wrote into a folder that is gone afterwards, and verify it there."""
    from harness.report.crate import RECORDS, REPORT

    with tempfile.TemporaryDirectory() as folder:
        try:
            with zipfile.ZipFile(file) as crate:
                crate.extractall(folder)  # which leaves out what would lead out of the folder
        except (OSError, EOFError, zlib.error, zipfile.BadZipFile) as error:
            raise BadUsage(f"{file}: no archive of a report ({error})") from error
        if not Path(folder, REPORT, "claims.json").is_file():
            raise BadUsage(f"{file}: no archive of a report, which would have {REPORT}/claims.json")
        places = [folder, *filter(None, [os.environ.get("PYTHONPATH")])]
        here = {**os.environ, "PYTHONPATH": os.pathsep.join(places), "PYTHONSAFEPATH": "1"}
        suite = [sys.executable, "-m", "harness"]
        steps = [[*suite, "merge", RECORDS]] if Path(folder, RECORDS).is_file() else []
        steps.append([*suite, "verify", *(["--data", str(Path(data).resolve())] if data else [])])
        codes = [subprocess.run(step, cwd=folder, env=here, check=False).returncode for step in steps]
        return next(filter(None, codes), 0)


def check_store(folder: Path) -> bool:
    """Print the state of the records, and return whether all are intact."""
    from harness.store import Store, StoreProblem

    if not folder.exists():
        print(f"store {folder}: none")
        return True
    try:
        store = Store(folder)
    except StoreProblem as problem:
        raise BadUsage(str(problem)) from problem
    count, problems = len(store.keys()), store.verify()
    print(f"store {folder}: {count} records read, {len(problems) or 'none'} of them damaged", *problems, sep="\n  ")
    return not problems


def check_evidence(folder: Path) -> bool:
    """Print the state of the evidence, and return whether every line can be believed."""
    from harness.evidence import Archive

    archive = Archive.read(folder)
    problems = [str(problem) for problem in archive.problems]
    count = len(archive.entries)
    print(f"evidence {folder}: {count} records read, {len(problems) or 'no'} lines set aside", *problems, sep="\n  ")
    return not problems


def check_report(document: Json, chosen: argparse.Namespace) -> bool:
    """Print in what a report differs from what its claims come to now, and return whether it does not."""
    reported = {entry["id"]: entry for entry in document["claims"]}
    print(f"judging {len(reported)} claims again", file=sys.stderr)
    again = {entry["id"]: entry for entry in judged_again(document, chosen)}
    found = {id: compared(entry, again.get(id)) for id, entry in reported.items()}
    differing = {id: told for id, told in found.items() if told}
    print(f"report: {len(reported)} claims, {len(reported) - len(differing)} come to the same again")
    for id, told in differing.items():
        more = [f"and {len(told) - LISTED} more"] if len(told) > LISTED else []
        print(*(f"  {id} {line}" for line in told[:LISTED] + more), sep="\n")
    return not differing


def judged_again(document: Json, chosen: argparse.Namespace) -> list[Json]:
    """The entries of the same cases, judged now, from what the store has."""
    wanted = {nodeid for entry in document["claims"] for rung in entry["ladder"] for nodeid in rung["nodeids"]}
    files = sorted({file for file in (id.split("::")[0] for id in wanted) if Path(file).is_file()})
    if not files:
        return []
    device = chosen.device or ("cpu" if document["environment"]["device"] == "cpu" else None)
    place = pytest_arguments(argparse.Namespace(**{**vars(chosen), "tier": document["tier"], "device": device}))
    how = ["--no-train", "--no-ledger", "--judge-anew", "--continue-on-collection-errors"]
    only = _Only(wanted)
    with tempfile.TemporaryDirectory() as folder:
        run_pytest([*how, f"--report={folder}", *place, *files], only)
    return only.judged


class _Only:
    """A plugin that leaves all tests out but some, says how far they are, and keeps what their claims came to."""

    def __init__(self, wanted: set[str]) -> None:
        self._wanted = wanted
        self._done = self._told = 0
        self.judged: list[Json] = []

    def pytest_claims_judged(self, document: Json) -> bool:
        self.judged = json.loads(json.dumps(document["claims"]))
        return True

    def pytest_runtest_logfinish(self) -> None:
        self._done += 1
        tenth = 10 * self._done // len(self._wanted)
        if tenth > self._told:
            self._told = tenth
            print(f"{self._done} of {len(self._wanted)} cases judged", file=sys.__stderr__, flush=True)

    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        left = [item for item in items if item.nodeid not in self._wanted]
        config.hook.pytest_deselected(items=left)
        items[:] = [item for item in items if item.nodeid in self._wanted]


def compared(reported: Json, again: Json | None) -> list[str]:
    """In what an entry differs from the one that its claim comes to now."""
    if again is None:
        return ["not judged again: its test does not run here"]
    return list(differences(keyed(reported), keyed(again)))


def keyed(entry: Mapping[str, Any]) -> Json:
    """An entry with its cases and readings by name rather than by place."""
    return {
        **entry,
        "cases": {case["nodeid"].partition("::")[2]: case for case in entry["cases"]},
        "readings": {reading["name"]: reading["verdict"] for reading in entry["readings"]},
    }


def differences(reported: Any, again: Any, where: str = "") -> Iterator[str]:
    """A sentence for each value in which two pieces of JSON differ."""
    if isinstance(reported, dict) and isinstance(again, dict):
        for name in unique([*reported, *again]):
            if name not in PROSE:
                yield from differences(reported.get(name), again.get(name), f"{where}.{name}" if where else name)
    elif isinstance(reported, list) and isinstance(again, list) and len(reported) == len(again):
        for index, pair in enumerate(zip(reported, again, strict=True)):
            yield from differences(*pair, f"{where}[{index}]")
    elif not same(reported, again):
        yield f"{where}: {reprlib.repr(reported)} in the report, {reprlib.repr(again)} now"


def same(one: Any, other: Any) -> bool:
    """Whether two values agree, numbers as closely as they must."""
    if is_number(one) and is_number(other):
        return math.isclose(one, other, rel_tol=RELATIVE, abs_tol=ABSOLUTE)
    return type(one) is type(other) and bool(one == other)


def is_number(value: Any) -> bool:
    """Whether a JSON value is a number."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def unique(values: Iterable[str]) -> list[str]:
    """The values without repeats, in order."""
    return list(dict.fromkeys(values))
