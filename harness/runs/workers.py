"""Runs in parallel processes, each with a device of its own; a process that dies or hangs costs its own run alone.

On a processor a process does one run at a time.  On a GPU as many take turns as its memory has room for; when such a
process dies, those that it was at are done again, each alone, so that it is seen which of them it was.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import pickle
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import TYPE_CHECKING, Self

from harness.runs.attempt import failed, is_full
from harness.runs.bench import Bench, ignore
from harness.runs.devices import device_of, gpus, own_device
from harness.runs.display import Display
from harness.runs.errors import RunFailed
from harness.runs.roster import Place, Roster
from harness.runs.run import Run
from harness.runs.serving import LOOK_EVERY, Back, Ended, Setup, Word, serve
from harness.store.store import Store
from harness.system.registry import registered

if TYPE_CHECKING:
    from multiprocessing.context import SpawnProcess

GRACE = 5.0
"""Seconds that a worker has to end in, and to write its stack in, before it is killed."""

STARTING = 60.0
"""Seconds that a process may take longer until its first run shows progress: it loads libraries."""


def in_processes(
    runs: Sequence[Run],
    store: Store,
    bench: Bench,
    workers: int,
    display: Display,
    admits: Callable[[Run], bool],
    stalled: float | None = None,
    at_once: int = 1,
) -> list[RunFailed | None]:
    """Do those of the runs that `admits` lets begin, in so many processes; what went wrong with each, or None.

    A process that dies is replaced, and its run has failed.  So has one that has shown no progress for `stalled`
    seconds: its process is killed, and the failure has the stack of where it was.  In each process `at_once` runs take
    turns, or as many as its device has memory for.
    """
    with Crew(runs, store, bench, workers, display, stalled, at_once) as crew:
        crew.perform(admits)
    return [crew.failures[index] for index in range(len(runs))]


class Hand:
    """A worker process as its parent sees it.

    Attributes:
        number: its place in the crew, which decides on its device.
        runs, began: what it is at, and when it began with each, by `time.monotonic`, by the runs' indices.
        heard: when it last showed progress.
        loaded: whether it has shown any before.
    """

    def __init__(self, number: int, process: SpawnProcess, pipe: Connection, stack: Path | None) -> None:
        self.number = number
        self.process = process
        self.pipe = pipe
        self.runs: dict[int, Run] = {}
        self.began: dict[int, float] = {}
        self.heard = time.monotonic()
        self.loaded = False
        self._stack = stack

    @property
    def busy(self) -> bool:
        """Whether it is at a run."""
        return bool(self.runs)

    def stack(self) -> str:
        """Where it is, thread by thread, the innermost frame first; empty where it does not say."""
        if self._stack is None:
            return ""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.process.pid or 0, signal.SIGUSR1)
        ends, text = time.monotonic() + GRACE, ""
        while (longer := self._stack.read_text(errors="replace")) != text or not text:
            if time.monotonic() > ends:
                break
            text = longer
            time.sleep(LOOK_EVERY / 2)
        return text

    def end(self) -> None:
        """See that it ends: it has nothing more to do, or must not go on."""
        with contextlib.suppress(OSError):
            self.pipe.send(None)
        self.process.join(GRACE)
        self.kill()

    def kill(self) -> None:
        """End it at once."""
        self.process.kill()
        self.process.join()
        self.pipe.close()
        if self._stack is not None:
            self._stack.unlink(missing_ok=True)


class Crew:
    """Worker processes, and what became of the runs that they were given.

    Attributes:
        failures: what went wrong with each run that ended or was left, or None, by its index.
    """

    def __init__(
        self,
        runs: Sequence[Run],
        store: Store,
        bench: Bench,
        workers: int,
        display: Display,
        stalled: float | None,
        at_once: int,
    ) -> None:
        self.failures: dict[int, RunFailed | None] = {}
        self._roster = Roster(runs, workers, at_once)
        self._store = store
        self._bench = replace(bench, progress=ignore)
        self._display = display
        self._stalled = stalled
        self._at_once = at_once
        self._hands: list[Hand | None] = [None] * workers

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        hands = [hand for hand in self._hands if hand is not None]
        for hand in hands:
            if hand.busy:
                hand.process.terminate()
        for hand in hands:
            hand.end()

    def perform(self, admits: Callable[[Run], bool]) -> None:
        """Have the runs done, those that may begin."""
        while self._roster.waiting or any(hand is not None and hand.busy for hand in self._hands):
            while (place := self._roster.next()) is not None:
                if any(map(is_full, self.failures.values())) or not admits(place.run):
                    self.failures[self._roster.leave()] = None
                else:
                    self._begin(place)
            self._listen()

    def _begin(self, place: Place) -> None:
        hand = self._hands[place.worker]
        if hand is None or not (hand.busy or hand.process.is_alive()):
            self._hands[place.worker] = hand = self._start(place.worker)
        if not hand.busy:
            hand.heard = time.monotonic() + (0.0 if hand.loaded else STARTING)
        self._roster.begin(place)
        hand.runs[place.number], hand.began[place.number] = place.run, time.monotonic()
        try:
            sent = pickle.dumps(place.run)
        except Exception as error:  # a run that cannot be sent
            self._ended(hand, place.number, failed(place.run, error), 0.0)
            return
        with contextlib.suppress(OSError):  # of a process that has just died, which is seen when one listens
            hand.pipe.send((place.number, sent))

    def _start(self, number: int) -> Hand:
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        stack = None
        if self._stalled is not None:
            descriptor, name = tempfile.mkstemp(prefix="stack-")
            os.close(descriptor)
            stack = Path(name)
        asked = own_device(self._bench.device_name)
        bench = replace(self._bench, device_name=device_of(number, asked, gpus() if asked == "cuda" else []))
        setup = Setup(self._store.path, bench, self._at_once, list(sys.path), registered(), stack)
        process = context.Process(target=serve, args=(theirs, setup))
        process.start()
        theirs.close()
        return Hand(number, process, ours, stack)

    def _listen(self) -> None:
        """Hear what the workers have to say, for a moment; notice who has died, and who no longer moves."""
        busy = {hand.pipe: hand for hand in self._hands if hand is not None and hand.busy}
        for pipe in wait(list(busy), timeout=LOOK_EVERY):
            self._hear(busy[pipe])  # type: ignore[index]
        for hand in busy.values():
            if hand.busy and not (hand.process.is_alive() or hand.pipe.poll()):
                self._died(hand)
            elif hand.busy and self._stalled is not None and time.monotonic() - hand.heard > self._stalled:
                self._hangs(hand, self._stalled)

    def _hear(self, hand: Hand) -> None:
        try:
            said: Word | Ended | Back = hand.pipe.recv()
        except (EOFError, OSError):
            self._died(hand)
            return
        if isinstance(said, Word) and not said.what:
            hand.began[said.number] = time.monotonic()
            self._display.started(str(hand.runs[said.number]))
            return
        hand.heard, hand.loaded = time.monotonic(), True
        if isinstance(said, Ended):
            self._ended(hand, *said)
        elif isinstance(said, Back):
            self._roster.give_back(hand.number, *said)
            del hand.runs[said.number], hand.began[said.number]
        else:
            self._display.advanced(str(hand.runs[said.number]), said.done, said.total, said.what)

    def _ended(self, hand: Hand, number: int, failure: RunFailed | None, seconds: float) -> None:
        self._roster.end(hand.number, number)
        name, self.failures[number] = str(hand.runs.pop(number)), failure
        del hand.began[number]
        self._display.finished(name, seconds, failure.reason if failure else None)

    def _died(self, hand: Hand) -> None:
        hand.process.join(GRACE)
        code = hand.process.exitcode
        how = "was killed by " + signal.Signals(-code).name if code and code < 0 else f"ended with status {code}"
        self._lost(hand, "WorkerDied", f"its process {how} and gave no answer (out of memory?)")

    def _hangs(self, hand: Hand, seconds: float) -> None:
        stack = hand.stack()
        first = stack.partition("\n\n")[0]  # of several threads the youngest, which is the run's
        where = "".join(f"; at {line.strip()}" for line in first.splitlines() if "most recent call first" not in line)
        self._lost(hand, "Stalled", f"no progress for {seconds:g} s, so its process was killed{where}", stack)

    def _lost(self, hand: Hand, kind: str, message: str, trace: str = "") -> None:
        """Count a worker's run as failed, or have its several done again, by another that takes its place."""
        hand.kill()
        self._hands[hand.number] = None
        index = self._roster.lose(hand.number)
        if index is not None:
            run = str(hand.runs[index])
            self.failures[index] = failure = RunFailed(run, kind, message, trace)
            self._display.finished(run, time.monotonic() - hand.began[index], failure.reason)
        hand.runs.clear()
