"""Runs in parallel processes, one run at a time in each."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Future, ProcessPoolExecutor, wait
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from harness.runs.bench import Bench, ignore
from harness.runs.conditions import keep_freed_memory
from harness.runs.devices import device_of, gpus
from harness.runs.display import Display
from harness.runs.errors import RunFailed
from harness.runs.execution import perform
from harness.runs.run import Run
from harness.store.store import Store
from harness.system.registry import register_all, registered

if TYPE_CHECKING:
    from multiprocessing.queues import SimpleQueue

LOOK_EVERY = 0.2
"""Seconds between two looks at what the workers have to say, and between two words of a worker."""

Word = tuple[int, int, int, str]
"""Index of a run, what is done of it, of how much, of what; an empty `what` says that it began."""


@dataclass
class Worker:
    """What a worker process works with."""

    store: Store
    bench: Bench
    words: SimpleQueue[Word]

    def work(self, index: int, run: Run) -> RunFailed | None:
        """Do a run, so that its record is in the store.  An exception comes back as text: not all can be sent."""
        self.words.put((index, 0, 0, ""))
        said = time.monotonic()

        def progress(done: int, total: int, what: str) -> None:
            nonlocal said
            if time.monotonic() - said >= LOOK_EVERY:
                said = time.monotonic()
                self.words.put((index, done, total, what[:80]))

        return attempt(run, self.store, replace(self.bench, progress=progress))


_worker: Worker | None = None


def attempt(run: Run, store: Store, bench: Bench) -> RunFailed | None:
    """Do a run; what went wrong, or None."""
    try:
        perform(run, store, bench)
    except Exception as error:
        trace = "".join(traceback.format_exception(error))
        return RunFailed(str(run), type(error).__name__, str(error), trace)
    return None


def in_processes(
    runs: Sequence[Run],
    store: Store,
    bench: Bench,
    workers: int,
    display: Display,
    admits: Callable[[Run], bool],
) -> list[RunFailed | None]:
    """Do those of the runs that `admits` lets begin, in so many processes; what went wrong with each, or None.

    Where a process dies, the runs that were under way are done one by one, each in a process of its own, so that the
    one that kills it is known and costs none of the others.
    """
    work = dict(enumerate(runs))
    failures: dict[int, RunFailed | None] = {}
    while left := {index: run for index, run in work.items() if index not in failures}:
        ended, cut_short = _pool(left, store, bench, workers, display, admits)
        failures |= ended
        for index in sorted(cut_short):
            ended, died = _pool({index: work[index]}, store, bench, 1, display, admits)
            failures |= {index: _death(work[index], display)} if died else ended
    return [failures[index] for index in work]


def _death(run: Run, display: Display) -> RunFailed:
    died = RunFailed(str(run), "WorkerDied", "its process gave no answer (out of memory, or killed?)")
    display.finished(str(run), 0.0, died.reason)
    return died


def _pool(
    work: dict[int, Run],
    store: Store,
    bench: Bench,
    workers: int,
    display: Display,
    admits: Callable[[Run], bool],
) -> tuple[dict[int, RunFailed | None], set[int]]:
    """What went wrong with each run that ended, or None; and which were under way when a process died, if one did."""
    context = multiprocessing.get_context("spawn")
    words: SimpleQueue[Word] = context.SimpleQueue()
    devices: SimpleQueue[str] = context.SimpleQueue()
    for number in range(workers):
        devices.put(device_of(number, bench.device_name, gpus() if bench.device_name == "cuda" else []))
    setup = (store.path, replace(bench, progress=ignore), words, devices, list(sys.path), registered())
    executor = ProcessPoolExecutor(workers, mp_context=context, initializer=_start, initargs=setup)
    watch = _Watch(work, display)
    rest = iter(work.items())
    waiting: dict[Future[RunFailed | None], int] = {}
    begun: set[int] = set()
    with contextlib.suppress(BrokenExecutor), _ended_on_interrupt(executor):
        while True:
            while len(waiting) < workers and (upcoming := next(rest, None)):
                index, run = upcoming
                if admits(run):
                    begun.add(index)
                    waiting[executor.submit(_work, index, run)] = index
                else:
                    watch.failures[index] = None
            if not waiting:
                break
            done, _ = wait(waiting, timeout=LOOK_EVERY, return_when=FIRST_COMPLETED)
            while not words.empty():
                watch.hear(words.get())
            for future in done:
                watch.end(waiting.pop(future), future)
    return watch.failures, begun - watch.failures.keys()


class _Watch:
    """What is known of the runs in other processes."""

    def __init__(self, work: dict[int, Run], display: Display) -> None:
        self.failures: dict[int, RunFailed | None] = {}
        self._names = {index: str(run) for index, run in work.items()}
        self._began: dict[int, float] = {}
        self._display = display

    def hear(self, word: Word) -> None:
        index, done, total, what = word
        if what and index in self._began:
            self._display.advanced(self._names[index], done, total, what)
        elif not what:
            self._began[index] = time.monotonic()
            self._display.started(self._names[index])

    def end(self, index: int, future: Future[RunFailed | None]) -> None:
        with contextlib.suppress(BrokenExecutor):
            failure = future.result()
            self.failures[index] = failure
            seconds = time.monotonic() - self._began.pop(index, time.monotonic())
            self._display.finished(self._names[index], seconds, failure.reason if failure else None)


@contextlib.contextmanager
def _ended_on_interrupt(executor: ProcessPoolExecutor) -> Iterator[None]:
    """End the workers at once when the wait for them is interrupted; they would finish their runs otherwise."""
    others = set(multiprocessing.active_children())
    try:
        yield
    except BaseException:
        for child in set(multiprocessing.active_children()) - others:
            child.terminate()
        raise
    finally:
        executor.shutdown(cancel_futures=True)


def _start(
    store: Path,
    bench: Bench,
    words: SimpleQueue[Word],
    devices: SimpleQueue[str],
    path: list[str],
    targets: dict[str, dict[str, str]],
) -> None:
    """Begin as a worker, on the next device: leave Ctrl-C to the parent, and do not outlive it.

    It finds the modules that the parent finds, and knows the names that are registered there.
    """
    global _worker
    sys.path[:] = path
    register_all(targets)
    keep_freed_memory()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _worker = Worker(Store(store), replace(bench, device_name=devices.get()), words)


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _work(index: int, run: Run) -> RunFailed | None:
    if _worker is None:
        raise RuntimeError("no worker has been started in this process")
    return _worker.work(index, run)
