"""Which of several workers begins which run: as many at once on each as its device has room for, spread evenly.

A worker is a process with a device of its own: a GPU, on which runs take turns, or a processor, which does one run at a
time.  Nothing here starts a process or asks a device; `harness.runs.workers` does, and tells what became of them.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import NamedTuple

from harness.runs.run import Run


class Place(NamedTuple):
    """A run, its number in order, and that of the worker that is to do it."""

    worker: int
    number: int
    run: Run


class Roster:
    """Runs that wait, in order, and what each worker is at."""

    def __init__(self, runs: Sequence[Run], workers: int, at_once: int = 1) -> None:
        """Begin; `at_once` runs may be at a time on each of the workers."""
        self._waiting = deque(enumerate(runs))
        self._at: list[dict[int, Run]] = [{} for _ in range(workers)]
        self._room = [at_once] * workers
        self._suspects: set[int] = set()

    @property
    def waiting(self) -> bool:
        """Whether there is a run that no worker is at."""
        return bool(self._waiting)

    def next(self) -> Place | None:
        """The first run that waits and the least busy worker that has room for it; None where none has."""
        if not self._waiting:
            return None
        index, run = self._waiting[0]
        free = [worker for worker in range(len(self._at)) if self._takes(worker, index, run)]
        return Place(min(free, key=lambda worker: len(self._at[worker])), index, run) if free else None

    def leave(self) -> int:
        """Take the first run that waits out; its index."""
        return self._waiting.popleft()[0]

    def begin(self, place: Place) -> None:
        """The worker has taken the run that was `next`."""
        self.leave()
        self._at[place.worker][place.number] = place.run

    def end(self, worker: int, index: int) -> None:
        """A worker has done with a run, whatever became of it."""
        del self._at[worker][index]

    def give_back(self, worker: int, index: int, room: int) -> None:
        """A worker's device has room for so many runs alone, and this one has to wait: it is the next."""
        self._waiting.appendleft((index, self._at[worker].pop(index)))
        self._room[worker] = max(1, room)

    def lose(self, worker: int) -> int | None:
        """A worker died or hangs: the run at fault, where it was at one alone.

        Where it was at several, nobody can tell which of them it was: they are the next, each with nothing beside it.
        """
        at, self._at[worker] = self._at[worker], {}
        if len(at) == 1:
            return next(iter(at))
        self._suspects |= at.keys()
        self._waiting.extendleft(reversed(at.items()))
        return None

    def _takes(self, worker: int, index: int, run: Run) -> bool:
        at = self._at[worker]
        if self._alone(index, run) or any(self._alone(*one) for one in at.items()):
            return not at
        return len(at) < self._room[worker]

    def _alone(self, index: int, run: Run) -> bool:
        return index in self._suspects or run.recipe.alone()
