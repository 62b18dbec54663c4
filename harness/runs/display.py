"""How far the runs are: bars on a terminal, plain lines anywhere else."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol, Self, TextIO

from harness.system.plain import one_line

if TYPE_CHECKING:
    from rich.progress import TaskID

    from harness.runs.pace import Pace

Left = Callable[[], float | None]
"""Seconds until all is done; None where nobody knows."""


def unknown() -> None:
    """Time left that nobody knows."""


class Display(Protocol):
    """Told of each run; a context manager that tidies up after itself."""

    def __enter__(self) -> Self:
        """Begin to show."""

    def __exit__(self, *raised: object) -> None:
        """Leave the terminal as it was."""

    def started(self, run: str) -> None:
        """A run began."""

    def advanced(self, run: str, done: int, total: int, what: str) -> None:
        """A run has come so far."""

    def finished(self, run: str, seconds: float, problem: str | None) -> None:
        """A run ended; `problem` says why, where it failed."""


def display_for(total: int, stream: TextIO | None = None, left: Left = unknown) -> Display:
    """The display that suits the stream (standard error unless given), for so many runs."""
    stream = stream if stream is not None else sys.stderr
    alone = "PYTEST_XDIST_WORKER" not in os.environ  # several processes cannot share a terminal's last lines
    return Bars(total, stream, left) if alone and stream.isatty() else Lines(total, stream, left)


def duration(seconds: float) -> str:
    """Seconds, minutes or hours, to two or three digits."""
    if seconds < 99.5:
        return f"{seconds:.1f} s" if seconds < 9.95 else f"{seconds:.0f} s"
    minutes = seconds / 60
    return f"{minutes:.1f} min" if minutes < 99.95 else f"{minutes / 60:.1f} h"


class Paced:
    """A display that tells a `Pace` too."""

    def __init__(self, display: Display, pace: Pace) -> None:
        self._display = display
        self._pace = pace

    def __enter__(self) -> Self:
        self._display.__enter__()
        return self

    def __exit__(self, *raised: object) -> None:
        self._display.__exit__(*raised)

    def started(self, run: str) -> None:
        """Tell both."""
        self._pace.started(run)
        self._display.started(run)

    def advanced(self, run: str, done: int, total: int, what: str) -> None:
        """Tell both."""
        self._pace.advanced(run, done, total)
        self._display.advanced(run, done, total, what)

    def finished(self, run: str, seconds: float, problem: str | None) -> None:
        """Tell both."""
        self._pace.finished(run, seconds, problem)
        self._display.finished(run, seconds, problem)


class Lines:
    """A line at each run's start and end, and one every `every` seconds at most between."""

    def __init__(self, total: int, stream: TextIO, left: Left = unknown, *, every: float = 5.0) -> None:
        self._total = total
        self._stream = stream
        self._left = left
        self._every = every
        self._done = self._failed = 0
        self._said: dict[str, float] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        if self._done < self._total:
            failed = f", {self._failed} failed" if self._failed else ""
            self._say(f"stopped with {self._done - self._failed} of {self._total} runs done{failed}; these are kept")

    def started(self, run: str) -> None:
        """Say so."""
        self._said[run] = time.monotonic()
        self._say(f"{run}: started")

    def advanced(self, run: str, done: int, total: int, what: str) -> None:
        """Say so, if the last line about this run is long enough ago."""
        now = time.monotonic()
        if now - self._said.get(run, now) >= self._every:
            self._said[run] = now
            self._say(f"{run}: {what} {done}/{total}")

    def finished(self, run: str, seconds: float, problem: str | None) -> None:
        """Say so, with the number of runs that have ended."""
        self._done += 1
        self._failed += problem is not None
        ended = problem or f"done in {seconds:.1f} s"
        self._say(f"[{self._done}/{self._total}] {run}: {ended}{_and_left(self._left(), self._total - self._done)}")

    def _say(self, line: str) -> None:
        print(one_line(line), file=self._stream, flush=True)


def _and_left(seconds: float | None, runs: int) -> str:
    return f", about {duration(seconds)} left" if runs and seconds is not None else ""


class Bars:
    """A bar for all runs together, and one for each that is computing."""

    def __init__(self, total: int, stream: TextIO, left: Left = unknown) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

        columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn())
        self._progress = Progress(*columns, TimeElapsedColumn(), console=Console(file=stream))
        self._all = self._progress.add_task("runs", total=total)
        self._waiting = total
        self._left = left
        self._each: dict[str, TaskID] = {}

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *raised: object) -> None:
        self._progress.stop()

    def started(self, run: str) -> None:
        """Add its bar (anew, if it began before and its process died)."""
        self._remove(run)
        self._each[run] = self._progress.add_task(one_line(run), total=None)

    def advanced(self, run: str, done: int, total: int, what: str) -> None:
        """Move its bar."""
        if run in self._each:
            self._progress.update(self._each[run], completed=done, total=total, description=one_line(f"{run}: {what}"))
            self._tell_left()

    def finished(self, run: str, seconds: float, problem: str | None) -> None:
        """Take its bar away and move the common one; a failure stays on the screen."""
        self._remove(run)
        self._waiting -= 1
        self._progress.advance(self._all)
        self._tell_left()
        if problem:
            self._progress.console.print(one_line(f"{run}: {problem}"), markup=False, highlight=False)

    def _tell_left(self) -> None:
        self._progress.update(self._all, description=f"runs{_and_left(self._left(), self._waiting)}")

    def _remove(self, run: str) -> None:
        if run in self._each:
            self._progress.remove_task(self._each.pop(run))
