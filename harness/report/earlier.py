"""What an earlier session left in the report's folder, while another is on its way: never taken for that one's.

The page stays and says so at its top, as long as the other has written none; where it dies without, the page goes on
saying so.  What programs read is set aside, so that they find no report and can't take an old one for new.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from pathlib import Path

from harness.system.files import write_atomically

PAGE = "index.html"
OUTPUTS = ("claims.json", "junit.xml", "claims.csv", "badge.svg", PAGE)
"""The files of a report in the order in which they are written, and set aside; the page last."""

ASIDE = ".earlier"
"""The folder in the report's one that they wait in."""

_MARK = 'id="earlier"'
_HEADING = "<h1>Claims report</h1>"

_NOT_THERE = contextlib.suppress(FileNotFoundError)
"""Of several sessions that report into one folder at a time, another was faster; the last one's report stays."""


def set_aside(folder: Path, began: str) -> None:
    """Begin a session: let nothing in a report's folder be taken for its report.

    Args:
        folder: of the report; what a session that died has set aside there stays, where there is nothing newer.
        began: when the session did, for people.

    Raises:
        OSError: as writing does.
    """
    aside = folder / ASIDE
    page = aside / PAGE
    for name in OUTPUTS:
        file = folder / name
        if file.exists() and not (name == PAGE and page.exists() and _is_marked(file)):
            aside.mkdir(exist_ok=True)
            _move(file, aside / name)
    with _NOT_THERE:
        write_atomically(folder / PAGE, marked(page.read_text(encoding="utf-8"), began), lasting=False)


def put_back(folder: Path) -> None:
    """End a session that has nothing to report: the earlier report stands, as it was."""
    for file in sorted((folder / ASIDE).glob("*")):
        _move(file, folder / file.name)
    forget(folder)


def forget(folder: Path) -> None:
    """End a session that has written its report."""
    shutil.rmtree(folder / ASIDE, ignore_errors=True)


def marked(page: str, began: str) -> str:
    """The page of an earlier report, which says at its top that a later session has written none."""
    note = f"A session that began {began} has not written its report. What follows is the one before."
    before, heading, after = page.partition(_HEADING)
    return f'{before}{heading}<p class="partial" {_MARK}>{note}</p>{after}'


def _move(file: Path, there: Path) -> None:
    with _NOT_THERE:
        os.replace(file, there)


def _is_marked(page: Path) -> bool:
    with _NOT_THERE:
        return _MARK in page.read_text(encoding="utf-8", errors="replace")
    return False
