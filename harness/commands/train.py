"""Do the runs that the selected claims need and the store lacks, the longest first.

Finished runs are in the store from the moment they end.  With --minutes, a run begins only if it is expected to end in
time (one of unknown cost always may, after all the others); what is still under way when the time is up is given up,
as it is on Ctrl-C and SIGTERM, and leaves no record.  The same command goes on.

Exit status:
  0    every run is in the store (but for those whose data set is not here, unless --require-data)
  1    a run failed, or not a single one could be finished within --minutes
  2    bad usage
  3    stopped at --minutes with runs left; at least one was finished, so that repeating the command comes to an end
  130  stopped by Ctrl-C with runs left; 143 by SIGTERM
"""

from __future__ import annotations

import argparse
import contextlib
import shlex
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

from harness.commands import selection
from harness.commands.plan import looked_up
from harness.commands.selection import Selection, selected, shown
from harness.commands.usage import BadUsage, at_least_one, positive

if TYPE_CHECKING:
    from harness.runs import Outcome
    from harness.runs.pace import Pace

LISTED = 10
"""So many of the runs that are left are named at the end."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    selection.add_arguments(parser)
    parser.add_argument("--minutes", type=positive, metavar="N", help="stop after this time (default: no limit)")
    parser.add_argument("--workers", type=at_least_one, metavar="W", help="runs at a time (default: one a core or GPU)")
    parser.add_argument(
        "--bundle", type=Path, metavar="FILE", help="write the selection's finished records into a file, for `merge`"
    )


def run(chosen: argparse.Namespace) -> int:
    """Do what is missing, write the bundle, say what is left."""
    began = time.monotonic()
    if chosen.bundle is not None and not chosen.bundle.absolute().parent.is_dir():
        raise BadUsage(f"--bundle {chosen.bundle}: there is no such folder")
    work = Work.of(selected(chosen), chosen.workers, began + 60 * chosen.minutes if chosen.minutes else None)
    stopped = work.do()
    left = work.outcomes()
    ...
