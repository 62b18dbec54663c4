"""Draw a report's index.html again, from its claims.json; or say what became of each claim from one report to another.

With --compare the reports are folders, claims.json files, or files of a history; --to FILE draws the comparison as a
page too, or as Markdown where FILE ends in .md.  With --split style, script and pictures go into files beside the
page, for servers that allow nothing inside of one (Jenkins by its default policy).  With --archive FILE the report goes
into a zip file with all that its verdicts come from, which `verify --archive FILE` comes to again on any machine.

Exit status: 0, also where claims changed; 1 when an archive lacks records that its verdicts rest on; 2 for bad usage.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path
from typing import Any

from harness.commands.document import read_document
from harness.commands.usage import BadUsage
from harness.system.places import EVIDENCE, REPORT, STORE


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    parser.add_argument("folder", type=Path, nargs="?", default=REPORT, help=f"the report (default: {REPORT})")
    parser.add_argument("--split", action="store_true", help="put style, script and pictures beside the page")
    parser.add_argument("--archive", type=Path, metavar="FILE", help="write the report and what it comes from there")
    parser.add_argument("--evidence", type=Path, default=EVIDENCE, metavar="DIR", help=f"default: {EVIDENCE}")
    parser.add_argument("--store", type=Path, default=STORE, metavar="DIR", help=f"default: {STORE}")
    named = ("BEFORE", "AFTER")
    parser.add_argument("--compare", type=Path, nargs=2, metavar=named, help="two reports, the older first")
    parser.add_argument("--to", type=Path, metavar="FILE", help="write the comparison there too, .html or .md")


def run(chosen: argparse.Namespace) -> int:
    """Write the page, or compare."""
    if chosen.compare:
        before, after = chosen.compare
        compare(before, after, chosen.to)
    elif chosen.archive:
        return int(not archive(chosen.folder, chosen.evidence, chosen.store, chosen.archive))
    else:
        draw(chosen.folder, apart=chosen.split)
    return 0


def draw(folder: Path, apart: bool) -> None:
    """Write a report's page, and with `apart` what it is made of beside it."""
    from harness.report.page import render, split
    from harness.system.files import write_atomically

    document = read_document(folder)
    files = split(document) if apart else {"index.html": render(document)}
    for name, content in files.items():
        write_atomically(folder / name, content)
    print(folder / "index.html")


def archive(folder: Path, evidence: Path, store: Path, file: Path) -> bool:
    """Write a report and all that its verdicts come from into a zip file; whether all of it was to be had.

    Raises:
        BadUsage: this is no checkout, whose files git could name.
    """
    from harness.report.crate import write_crate
    from harness.system.checkout import tracked

    document = read_document(folder)
    try:
        names = tracked(Path.cwd())
    except (OSError, subprocess.SubprocessError) as error:
        raise BadUsage("--archive: git does not name the suite's files here; use a checkout of it") from error
    kept = [name for name in names if not name.startswith(f"{EVIDENCE.as_posix()}/")]
    sources = {name: Path(name).read_bytes() for name in kept}
    missing = write_crate(document, folder, sources, evidence, store, file)
    print(file)
    if missing:
        print(f"it lacks {len(missing)} of the records that its verdicts rest on:", file=sys.stderr)
        titles = sorted(document["runs"].get(key, {}).get("title", key) for key in missing)
        print(*(f"  {title}" for title in titles), sep="\n", file=sys.stderr)
        print(f"they are neither in {evidence} nor in {store}; `verify` will name these verdicts", file=sys.stderr)
    return not missing


def compare(before: Path, after: Path, to: Path | None) -> None:
    """Print what became of each claim from one report to another, and draw it where asked."""
    from harness.report.comparison import comparison, in_lines, markdown, page
    from harness.system.files import write_atomically

    if to is not None and to.suffix not in (".html", ".md"):
        raise BadUsage(f"--to {to}: a file that ends in .html or .md is wanted")
    found = comparison(taken(before), taken(after))
    print(*in_lines(found), sep="\n")
    if to is not None:
        write_atomically(to, markdown(found) if to.suffix == ".md" else page(found))


def taken(path: Path) -> dict[str, Any]:
    """A report in short, from its folder, its claims.json, or a file of a history.

    Raises:
        BadUsage: it is none of them.
    """
    from harness.report.history import NoSnapshot, read_one
    from harness.report.snapshot import snapshot

    if path.is_dir() or path.name == "claims.json":
        document = read_document(path if path.is_dir() else path.parent)
        return snapshot(document, document["session"].get("date", ""))
    try:
        return read_one(path)
    except NoSnapshot as problem:
        raise BadUsage(f"{path}: no report, and no file of a history: {problem}") from problem
