"""How far a set of runs has come: how long the rest takes, and what may still begin."""

from __future__ import annotations

import heapq
import statistics
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping

from harness.runs.display import duration
from harness.runs.recipe import Recipe
from harness.runs.run import Run


def makespan(seconds: Iterable[float], workers: int) -> float:
    """How long several workers take for runs of these lengths, each worker taking the longest that is left."""
    ends = [0.0] * workers
    for one in sorted(seconds, reverse=True):
        heapq.heapreplace(ends, ends[0] + one)
    return max(ends)


class Pace:
    """What is known of a set of runs while they are done.

    It is told of the runs by their names, as a `Display` is.

    Attributes:
        problems: why the runs that failed did, by name.
    """

    def __init__(
        self,
        expected: Mapping[Run, float | None],
        workers: int,
        *,
        at_once: int = 1,
        ends: float | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Begin.

        Args:
            expected: seconds of each run; None where they are unknown.
            workers: that share the work.
            at_once: runs that take turns on each worker; seconds of a run are those of its own turns.
            ends: when everything has to be finished, by `clock`; None for no limit.
            clock: seconds since some moment.
        """
        self._prior = {str(run): seconds for run, seconds in expected.items()}
        self._recipes = {str(run): run.recipe for run in expected}
        self._workers = workers
        self._at_once = at_once
        self._ends = ends
        self._clock = clock
        self._taken: dict[Recipe, list[float]] = defaultdict(list)
        self._began: dict[str, float] = {}
        self._share: dict[str, float] = {}
        self._waiting = dict.fromkeys(self._prior)
        self.problems: dict[str, str] = {}

    def admits(self, run: Run) -> bool:
        """Whether a run may begin now: not when the time is up, or expected to be up before the run ends."""
        if self._ends is None:
            return True
        return self._clock() + self._at_once * (self.expected(str(run)) or 0.0) < self._ends

    def expected(self, name: str) -> float | None:
        """Seconds that a run takes: as others of its recipe did just now, or as was said before."""
        taken = self._taken.get(self._recipes[name])
        return statistics.median(taken) if taken else self._prior[name]

    def started(self, name: str) -> None:
        """A run began."""
        self._began[name] = self._clock()

    def advanced(self, name: str, done: int, total: int) -> None:
        """A run has come so far."""
        self._share[name] = done / total if total else 0.0

    def finished(self, name: str, seconds: float, problem: str | None) -> None:
        """A run ended."""
        self._waiting.pop(name, None)
        if problem:
            self.problems[name] = problem
        else:
            self._taken[self._recipes[name]].append(seconds)

    def left(self) -> float | None:
        """Seconds until all is done; None while that is unknown for some run."""
        rest = [self._rest(name) for name in self._waiting]
        known = [seconds for seconds in rest if seconds is not None]
        return makespan(known, self._workers) if len(known) == len(rest) else None

    def _rest(self, name: str) -> float | None:
        """What is left of a run: as far as its progress or its expected cost says."""
        if name not in self._began:
            return self.expected(name)
        spent, share = (self._clock() - self._began[name]) / self._at_once, self._share.get(name, 0.0)
        if share > 0:
            return spent * (1 - share) / share
        expected = self.expected(name)
        return None if expected is None else max(expected - spent, 0.0)

    def told(self, name: str) -> str:
        """What is known of a run that is left, to follow its name."""
        if name in self._began and name in self._waiting:
            return f" (given up after {duration(self._clock() - self._began[name])})"
        expected = self.expected(name)
        return f" (about {duration(expected)})" if expected is not None else ""
