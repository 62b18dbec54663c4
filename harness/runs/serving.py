"""What a worker process does: it takes runs from its parent, and says how far each is and how it ended."""

from __future__ import annotations

import contextlib
import faulthandler
import multiprocessing
import os
import pickle
import signal
import sys
import threading
import time
import traceback
from collections.abc import Iterator
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, NamedTuple, Self

from harness.runs.attempt import attempt
from harness.runs.bench import Bench
from harness.runs.conditions import keep_freed_memory, one_thread
from harness.runs.errors import RunFailed
from harness.runs.run import Run
from harness.runs.together import Group
from harness.store.store import Store
from harness.system.registry import register_all

LOOK_EVERY = 0.2
"""Seconds between two looks at what the workers have to say, and between two words of a worker on a run."""


class Word(NamedTuple):
    """What is done of a run, of how much, of what; an empty `what` says that it began."""

    number: int
    done: int
    total: int
    what: str


class Ended(NamedTuple):
    """The last word on a run: what went wrong, or None, and the seconds that it had for itself."""

    number: int
    failure: RunFailed | None
    seconds: float


class Back(NamedTuple):
    """A run has to wait: the worker's device has room for so many at once."""

    number: int
    room: int


@dataclass(frozen=True)
class Setup:
    """What a worker begins with.

    Attributes:
        store: folder of the store.
        bench: what runs work with, on this worker's device.
        at_once: runs that may take turns.
        path, names: where modules are found, and what is registered, as in the parent.
        stack: file that the stacks are written into on SIGUSR1; None for none.
    """

    store: Path
    bench: Bench
    at_once: int
    path: list[str]
    names: dict[str, dict[str, str]]
    stack: Path | None


def serve(pipe: Connection, setup: Setup) -> None:
    """Be a worker until there is nothing more to do."""
    with told_where(setup.stack, all_threads=setup.at_once > 1):
        settle(setup)
        worker = Worker(Store(setup.store), setup.bench, pipe)
        if setup.at_once > 1:
            worker.do_several(setup.at_once)
        else:
            worker.do_one_by_one()


class Worker:
    """Does what its parent sends, and tells it."""

    def __init__(self, store: Store, bench: Bench, pipe: Connection) -> None:
        self.store = store
        self.bench = bench
        self.pipe = pipe

    def do_one_by_one(self) -> None:
        """Each run as it comes.  An exception is told as text: not all can be sent."""
        while (taken := self._take()) is not None:
            number, run = taken
            said = Said(self.pipe, {str(run): number})
            said.started(str(run))
            bench = replace(self.bench, progress=lambda *far, said=said, run=run: said.advanced(str(run), *far))
            began = time.monotonic()
            failure = attempt(run, self.store, bench)
            self.pipe.send(Ended(number, failure, time.monotonic() - began))

    def do_several(self, at_once: int) -> None:
        """So many at once, in turns; those that the device's memory does not suffice for go back."""
        said = Said(self.pipe, {})
        group = Group((), self.store, self.bench, said, lambda run: True, at_once)
        with one_thread():
            while True:
                while not group.busy or self.pipe.poll():
                    if (taken := self._take()) is None:
                        return
                    said.numbers[str(taken[1])] = taken[0]
                    group.add(*taken)
                group.turn()
                for number, failure in group.failures.items():
                    self.pipe.send(Ended(number, failure, said.seconds.pop(number, 0.0)))
                group.failures.clear()
                for number in group.given_back():
                    self.pipe.send(Back(number, group.at_once))

    def _take(self) -> tuple[int, Run] | None:
        """The next run, with its index; None where there is none.  One that cannot be read here has failed."""
        while True:
            try:
                sent: tuple[int, bytes] | None = self.pipe.recv()
            except EOFError:
                return None
            if sent is None:
                return None
            try:
                return sent[0], pickle.loads(sent[1])
            except Exception as error:  # of a class that cannot be loaded here
                failure = RunFailed("a run", type(error).__name__, str(error), traceback.format_exc())
                self.pipe.send(Ended(sent[0], failure, 0.0))


class Said:
    """A display that tells the parent; of each run's progress not more often than `LOOK_EVERY`.

    Attributes:
        numbers: the runs' numbers by their names.
        seconds: that those took which ended, by their numbers.
    """

    def __init__(self, pipe: Connection, numbers: dict[str, int]) -> None:
        self.numbers = numbers
        self.seconds: dict[int, float] = {}
        self._pipe = pipe
        self._said: dict[str, float] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        """Nothing was shown."""

    def started(self, run: str) -> None:
        """It began."""
        self._said[run] = time.monotonic()
        self._pipe.send(Word(self.numbers[run], 0, 0, ""))

    def advanced(self, run: str, done: int, total: int, what: str) -> None:
        """It has come so far."""
        if time.monotonic() - self._said[run] >= LOOK_EVERY:
            self._said[run] = time.monotonic()
            self._pipe.send(Word(self.numbers[run], done, total, what[:80]))

    def finished(self, run: str, seconds: float, problem: str | None) -> None:
        """Keep how long it took, to be told with what went wrong."""
        self.seconds[self.numbers[run]] = seconds


@contextlib.contextmanager
def told_where(stack: Path | None, *, all_threads: bool) -> Iterator[None]:
    """Write the stack of the main thread, or of all, into this file on SIGUSR1."""
    if stack is None:
        yield
        return
    with stack.open("w") as file:
        faulthandler.register(signal.SIGUSR1, file, all_threads=all_threads)
        yield
        faulthandler.unregister(signal.SIGUSR1)


def settle(setup: Setup) -> None:
    """Begin as a worker: leave Ctrl-C to the parent, and do not outlive it.

    It finds the modules that the parent finds, and knows the names that are registered there.
    """
    sys.path[:] = setup.path
    register_all(setup.names)
    keep_freed_memory()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent: Any = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
