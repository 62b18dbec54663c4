"""Runs in parallel processes, one run at a time in each; a process that dies or hangs costs its own run alone."""

from __future__ import annotations

import contextlib
import faulthandler
import multiprocessing
import os
import signal
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from harness.runs.bench import Bench, ignore
from harness.runs.conditions import keep_freed_memory
from harness.runs.devices import device_of, gpus, own_device
from harness.runs.display import Display
from harness.runs.errors import RunFailed
from harness.runs.execution import perform
from harness.runs.run import Run
from harness.store.errors import RecordNotWritten
from harness.store.store import Store
from harness.system.registry import register_all, registered

if TYPE_CHECKING:
    from multiprocessing.context import SpawnProcess

LOOK_EVERY = 0.2
"""Seconds between two looks at what the workers have to say, and between two words of a worker."""

GRACE = 5.0
"""Seconds that a worker has to end in, and to write its stack in, before it is killed."""

STARTING = 60.0
"""Seconds that a process may take longer until its first run shows progress: it loads libraries."""


class Word(NamedTuple):
    """What a worker says of its run: what is done of it, of how much, of what; an empty `what` says that it began."""

    done: int
    total: int
    what: str


class Ended(NamedTuple):
    """A worker's last word on its run: what went wrong, or None."""

    failure: RunFailed | None


def attempt(run: Run, store: Store, bench: Bench) -> RunFailed | None:
    """Do a run; what went wrong, or None."""
    try:
        perform(run, store, bench)
    except Exception as error:
        return _failed(run, error)
    return None


def _failed(run: Run, error: Exception) -> RunFailed:
    return RunFailed(str(run), type(error).__name__, str(error), "".join(traceback.format_exception(error)))


def is_full(failure: RunFailed | None) -> bool:
    """Whether a run failed because the store takes no more records, so that no other one need begin."""
    return failure is not None and failure.kind == RecordNotWritten.__name__


def in_processes(
    runs: Sequence[Run],
    store: Store,
    bench: Bench,
    workers: int,
    display: Display,
    admits: Callable[[Run], bool],
    stalled: float | None = None,
) -> list[RunFailed | None]:
    """Do those of the runs that `admits` lets begin, in so many processes; what went wrong with each, or None.

    A process that dies is replaced, and its run has failed.  So has one that has shown no progress for `stalled`
    seconds: its process is killed, and the failure has the stack of where it was.
    """
    with Crew(store, bench, workers, display, stalled) as crew:
        for index, run in enumerate(runs):
            hand = crew.free()
            if any(map(is_full, crew.failures.values())) or not admits(run):
                crew.failures[index] = None
            else:
                crew.begin(hand, index, run)
        crew.finish()
    return [crew.failures[index] for index in range(len(runs))]


class Hand:
    """A worker process as its parent sees it.

    Attributes:
        number: its place in the crew, which decides on its device.
        index, run: what it is at; None where it waits.
        began, heard: when it began with that, and when it last showed progress, by `time.monotonic`.
        loaded: whether it has shown any before.
    """

    def __init__(self, number: int, process: SpawnProcess, pipe: Connection, stack: Path | None) -> None:
        self.number = number
        self.process = process
        self.pipe = pipe
        self.index: int | None = None
        self.run: Run | None = None
        self.began = self.heard = time.monotonic()
        self.loaded = False
        self._stack = stack

    @property
    def busy(self) -> bool:
        """Whether it is at a run."""
        return self.run is not None

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

    def __init__(self, store: Store, bench: Bench, workers: int, display: Display, stalled: float | None) -> None:
        self.failures: dict[int, RunFailed | None] = {}
        self._store = store
        self._bench = replace(bench, progress=ignore)
        self._display = display
        self._stalled = stalled
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

    def free(self) -> Hand:
        """A worker that is at nothing; waits for one."""
        while True:
            for number, hand in enumerate(self._hands):
                if hand is None or not (hand.busy or hand.process.is_alive()):
                    self._hands[number] = hand = self._start(number)
                if not hand.busy:
                    return hand
            self._listen()

    def begin(self, hand: Hand, index: int, run: Run) -> None:
        """Have a free worker do a run."""
        hand.index, hand.run, hand.began = index, run, time.monotonic()
        hand.heard = hand.began + (0.0 if hand.loaded else STARTING)
        try:
            hand.pipe.send(run)
        except Exception as error:  # a run that cannot be sent
            self._ended(hand, _failed(run, error))

    def finish(self) -> None:
        """Wait until nothing is under way."""
        while any(hand is not None and hand.busy for hand in self._hands):
            self._listen()

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
        setup = (theirs, self._store.path, bench, list(sys.path), registered(), stack)
        process = context.Process(target=_serve, args=setup)
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
            said: Word | Ended = hand.pipe.recv()
        except (EOFError, OSError):
            self._died(hand)
            return
        if isinstance(said, Word) and not said.what:
            hand.began = time.monotonic()
            self._display.started(str(hand.run))
            return
        hand.heard, hand.loaded = time.monotonic(), True
        if isinstance(said, Ended):
            self._ended(hand, said.failure)
        else:
            self._display.advanced(str(hand.run), *said)

    def _ended(self, hand: Hand, failure: RunFailed | None) -> None:
        assert hand.index is not None
        name, self.failures[hand.index] = str(hand.run), failure
        hand.index = hand.run = None
        self._display.finished(name, time.monotonic() - hand.began, failure.reason if failure else None)

    def _died(self, hand: Hand) -> None:
        hand.process.join(GRACE)
        code = hand.process.exitcode
        how = "was killed by " + signal.Signals(-code).name if code and code < 0 else f"ended with status {code}"
        self._given_up(hand, "WorkerDied", f"its process {how} and gave no answer (out of memory?)")

    def _hangs(self, hand: Hand, seconds: float) -> None:
        stack = hand.stack()
        where = "".join(f"; at {line.strip()}" for line in stack.splitlines() if "most recent call first" not in line)
        self._given_up(hand, "Stalled", f"no progress for {seconds:g} s, so its process was killed{where}", stack)

    def _given_up(self, hand: Hand, kind: str, message: str, trace: str = "") -> None:
        """Count a worker's run as failed, and have another take its place when there is more to do."""
        hand.kill()
        self._hands[hand.number] = None
        self._ended(hand, RunFailed(str(hand.run), kind, message, trace))


@dataclass
class Worker:
    """What a worker process works with."""

    store: Store
    bench: Bench
    pipe: Connection

    def work(self, run: Run) -> None:
        """Do a run, so that its record is in the store.  An exception is told as text: not all can be sent."""
        self.pipe.send(Word(0, 0, ""))
        said = time.monotonic()

        def progress(done: int, total: int, what: str) -> None:
            nonlocal said
            if time.monotonic() - said >= LOOK_EVERY:
                said = time.monotonic()
                self.pipe.send(Word(done, total, what[:80]))

        self.pipe.send(Ended(attempt(run, self.store, replace(self.bench, progress=progress))))


def _serve(
    pipe: Connection, store: Path, bench: Bench, path: list[str], targets: dict[str, dict[str, str]], stack: Path | None
) -> None:
    """Be a worker until there is nothing more to do."""
    with _told_where(stack):
        _settle(path, targets)
        worker = Worker(Store(store), bench, pipe)
        while True:
            try:
                run: Any = pipe.recv()
            except EOFError:
                return
            except Exception as error:  # of a class that cannot be loaded here
                pipe.send(Ended(RunFailed("a run", type(error).__name__, str(error), traceback.format_exc())))
                continue
            if run is None:
                return
            worker.work(run)


@contextlib.contextmanager
def _told_where(stack: Path | None) -> Iterator[None]:
    """Write the stacks of all threads into this file on SIGUSR1."""
    if stack is None:
        yield
        return
    with stack.open("w") as file:
        faulthandler.register(signal.SIGUSR1, file, all_threads=False)
        yield
        faulthandler.unregister(signal.SIGUSR1)


def _settle(path: list[str], targets: dict[str, dict[str, str]]) -> None:
    """Begin as a worker: leave Ctrl-C to the parent, and do not outlive it.

    It finds the modules that the parent finds, and knows the names that are registered there.
    """
    sys.path[:] = path
    register_all(targets)
    keep_freed_memory()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
