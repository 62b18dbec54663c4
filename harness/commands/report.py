"""Draw a report's index.html again, from its claims.json."""

from __future__ import annotations

import argparse
from pathlib import Path

from harness.commands.document import read_document
from harness.system.places import REPORT


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    parser.add_argument("folder", type=Path, nargs="?", default=REPORT, help=f"the report (default: {REPORT})")


def run(chosen: argparse.Namespace) -> int:
    """Write the page."""
    from harness.report.page import render
    from harness.system.files import write_atomically

    page = chosen.folder / "index.html"
    write_atomically(page, render(read_document(chosen.folder)))
    print(page)
    return 0
