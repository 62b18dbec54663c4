"""Runs as tasks of a cluster's queue, a run a task; submitit hands them to Slurm.

A task writes its record into the store, which lies on a file system that all machines share, as a run on this machine
does: a run that is in the store is never done again, and one whose task is cut off goes on from its checkpoint.
"""

from __future__ import annotations

import argparse
import contextlib
import faulthandler
import importlib.util
import os
import pickle
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from harness.commands.usage import BadUsage, positive

if TYPE_CHECKING:
    from submitit import AutoExecutor, Job
    from submitit.helpers import DelayedSubmission

    from harness.runs import Bench, Run
    from harness.runs.display import Display
    from harness.runs.errors import RunFailed
    from harness.store import Store

AT_ONCE = 16
"""Tasks at a time, unless something else is asked for."""

LONGEST_ARRAY = 1000
"""Tasks of an array: Slurm takes no more unless its MaxArraySize was raised."""

TRIES = 2
"""A run whose task died is submitted so often in all; one that kills its task each time has failed."""

LOOK_EVERY = 1.0
"""Seconds between two looks at the tasks' answers."""

ASK_EVERY = 10.0
"""Seconds between two questions to the queue, which answers to all of its users."""

GRACE = 60.0
"""Seconds that cancelled tasks have to end in; Slurm itself gives them 30 by default."""

WARNING = 90.0
"""Seconds before the end of its time at which a task is told to go back into the queue, at most."""


class Answer(NamedTuple):
    """What a task says: what went wrong with its run, or None, and how many seconds it took."""

    failure: RunFailed | None
    seconds: float


@dataclass(frozen=True)
class Task:
    """A run as a task does it, in a process of its own on whatever machine.

    Attributes:
        work: run, what it is made of, folder of the store and bench, pickled: they can be read once modules and names
            are known.
        path: where modules are found.
        names: what is registered (`harness.system.registry`).
        latest: when it may begin at the latest, in seconds since 1970; None for any time.
        ends: when it is cut off, likewise.
        stalled: seconds without progress after which it ends, with its stacks in its log; None for never.
    """

    work: bytes
    path: Sequence[str]
    names: Mapping[str, Mapping[str, str]]
    latest: float | None = None
    ends: float | None = None
    stalled: float | None = None

    def __call__(self) -> Answer | None:
        """Do the run, so that its record is in the store; None where it is too late to begin."""
        from harness.runs.attempt import attempt
        from harness.runs.conditions import keep_freed_memory
        from harness.store import Store
        from harness.system.registry import register_all

        began = time.time()
        if self.latest is not None and began > self.latest:
            return None
        if self.ends is not None:
            signal.setitimer(signal.ITIMER_REAL, max(self.ends - began, 1e-3))  # SIGALRM ends the process
        sys.path[:] = self.path
        register_all({kind: dict(targets) for kind, targets in self.names.items()})
        keep_freed_memory()
        run, made_of, store, bench = pickle.loads(self.work)
        with ended_when_stalled(bench, self.stalled) as bench:
            failure = differs(run, made_of, bench) or attempt(run, Store(store), bench)
        signal.setitimer(signal.ITIMER_REAL, 0)
        return Answer(failure, time.time() - began)

    def checkpoint(self) -> DelayedSubmission:
        """What submitit puts into the queue when the task is preempted or its time is up: the same."""
        from submitit.helpers import DelayedSubmission

        return DelayedSubmission(self)


@contextlib.contextmanager
def ended_when_stalled(bench: Bench, stalled: float | None) -> Iterator[Bench]:
    """The bench for a run that ends its process, with its stacks on standard error, after so long without progress."""
    if stalled is None:
        yield bench
        return
    from harness.runs.workers import STARTING

    heard = time.monotonic()

    def progress(done: int, total: int, what: str) -> None:
        nonlocal heard
        if time.monotonic() - heard > LOOK_EVERY:
            heard = time.monotonic()
            faulthandler.dump_traceback_later(stalled + LOOK_EVERY, exit=True)
        bench.progress(done, total, what)

    faulthandler.dump_traceback_later(stalled + STARTING, exit=True)
    try:
        yield replace(bench, progress=progress)
    finally:
        faulthandler.cancel_dump_traceback_later()


def differs(run: Run, made_of: Mapping[str, Any], bench: Bench) -> RunFailed | None:
    """Why a run would make another record on this machine than the one that is waited for, if it would."""
    from harness.runs import RunFailed, ingredients

    here = ingredients(run, bench)
    if other := [f"{what} {here[what]}, not {made_of[what]}" for what in here if here[what] != made_of.get(what)]:
        message = f"its task's machine has {'; '.join(other)}: start the command on a machine like those of tasks"
        return RunFailed(str(run), "AnotherMachine", message)
    return None


@dataclass(frozen=True)
class Queue:
    """Where tasks go.

    Attributes:
        executor: "slurm", or "local" for processes of this machine.
        partition: Slurm's; None for its default.
        at_once: tasks that may run at a time.
        minutes: after which a task is put back into the queue, to go on from its checkpoint.
        asked: what else sbatch is asked for, by the names of its long options with underscores.
    """

    executor: str
    partition: str | None = None
    at_once: int = AT_ONCE
    minutes: float = 1440.0
    asked: Mapping[str, str] | None = None

    @property
    def longest(self) -> int:
        """So many tasks are submitted together."""
        return LONGEST_ARRAY if self.executor == "slurm" else self.at_once

    def opened(self, folder: Path, device: str) -> AutoExecutor:
        """What submits tasks under the name of `folder`, and keeps their logs there.

        Each task has a processor, and a GPU where `device` is "cuda".
        """
        from submitit import AutoExecutor

        executor = AutoExecutor(folder, cluster=self.executor)
        executor.update_parameters(name=folder.name, timeout_min=max(1, round(self.minutes)), cpus_per_task=1)
        if device == "cuda":
            executor.update_parameters(gpus_per_node=1)
        if self.executor == "slurm":
            executor.update_parameters(
                slurm_array_parallelism=self.at_once,
                slurm_signal_delay_s=round(min(WARNING, 15 * self.minutes)),
                slurm_additional_parameters=dict(self.asked or {}),
            )
        if self.executor == "slurm" and self.partition:
            executor.update_parameters(slurm_partition=self.partition)
        return executor


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options that send runs to a cluster."""
    parser.add_argument(
        "--executor",
        choices=("slurm", "local"),
        help="do runs as tasks of a Slurm array, through submitit; the store is on a disk that all machines share, and "
        "the command is started on a machine with the device that computes. local: in processes of this machine",
    )
    parser.add_argument("--partition", metavar="P", help="with --executor slurm: where to (default: Slurm's)")
    parser.add_argument(
        "--task-minutes",
        type=positive,
        metavar="N",
        default=1440.0,
        help="with --executor: after so long a task is queued again, three times at most, and goes on from its "
        "checkpoint (default: 1440)",
    )
    parser.add_argument(
        "--sbatch",
        action="append",
        default=[],
        metavar="OPTION=VALUE",
        help="with --executor slurm: what else to ask sbatch for, e.g. mem=8G",
    )


def queue(chosen: argparse.Namespace) -> Queue | None:
    """The queue that the options name; None where runs are done here.

    Raises:
        BadUsage: submitit or Slurm is not here, or an option makes no sense.
    """
    if chosen.executor is None:
        return None
    if importlib.util.find_spec("submitit") is None:
        raise BadUsage("--executor takes submitit, which is not installed: pip install '.[cluster]'")
    if chosen.executor == "slurm" and shutil.which("sbatch") is None:
        raise BadUsage("--executor slurm: there is no sbatch on this machine")
    pairs = [one.removeprefix("--").partition("=") for one in chosen.sbatch]
    if wrong := [one for one, (option, _, value) in zip(chosen.sbatch, pairs, strict=True) if not (option and value)]:
        raise BadUsage(f"--sbatch {wrong[0]}: say OPTION=VALUE")
    asked = {option.replace("-", "_"): value for option, _, value in pairs}
    return Queue(chosen.executor, chosen.partition, chosen.workers or AT_ONCE, chosen.task_minutes, asked)


def perform_as_tasks(
    expected: Mapping[Run, float | None],
    store: Store,
    bench: Bench,
    queue: Queue,
    display: Display,
    ends: float | None = None,
    stalled: float | None = None,
) -> None:
    """Do runs as tasks, in the order given; the display is told how each ended.

    Runs whose task gave no answer (killed, its machine gone) are submitted once more, then told as failed.  Whatever
    ends the wait, Ctrl-C for instance, cancels the tasks.

    Args:
        expected: the runs, and what seconds each is expected to take, where that is known.
        store: where records go; on a disk that tasks share.
        bench: what runs work with.
        queue: where tasks go.
        display: what to tell.
        ends: when all has to be finished, in seconds since 1970: a task begins only if its run is expected to end
            before, and is cut off then.
        stalled: seconds without progress after which a task ends, as if it had died, with its stacks in its log.

    Raises:
        BadUsage: Slurm does not take the tasks.
        StoreNotWritable: the store can only be read.
    """
    store.require_writable()
    (store.path / "tasks").mkdir(exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="claims-", dir=store.path / "tasks"))
    tasks = _Tasks(store, bench, queue, display, folder, ends, stalled)
    left = dict(expected)
    died: dict[Run, Path] = {}
    with display, tasks.cancelled_on_interrupt():
        for _ in range(TRIES):
            died = {}
            runs = list(left)
            for start in range(0, len(runs), queue.longest):
                died |= tasks.array({run: left[run] for run in runs[start : start + queue.longest]})
            left = {run: left[run] for run in died}
        for run, log in died.items():
            tasks.failed(run, "TaskDied", f"its task gave no answer {TRIES} times (killed?), see {log}", log)
    if not died:
        shutil.rmtree(folder, ignore_errors=True)


class _Tasks:
    """Tasks of one command: they have its folder's name in the queue, and their logs there."""

    def __init__(
        self,
        store: Store,
        bench: Bench,
        queue: Queue,
        display: Display,
        folder: Path,
        ends: float | None,
        stalled: float | None,
    ) -> None:
        from harness.runs.bench import ignore

        self._store = store
        self._bench = replace(bench, device_name=bench.device.type, progress=ignore)
        self._display = display
        self._folder = folder
        self._ends = ends
        self._stalled = stalled
        self._executor = queue.opened(folder, bench.device.type)
        self._slurm = queue.executor == "slurm"
        self._jobs: list[Job[Answer | None]] = []

    def array(self, expected: Mapping[Run, float | None]) -> dict[Run, Path]:
        """Submit runs together and wait for them; those whose task died, with the file of what it wrote last."""
        waiting = dict(zip(expected, self._submitted(expected), strict=True))
        begun: set[Run] = set()
        died: dict[Run, Path] = {}
        look = _Look(self._folder.name) if self._slurm else None
        while waiting:
            files = set(os.listdir(self._folder))
            gone = look.gone({job.job_id for job in waiting.values()}) if look else set()
            for run, job in list(waiting.items()):
                if run not in begun and job.paths.stderr.name in files:
                    begun.add(run)
                    self._display.started(str(run))
                if job.paths.result_pickle.name in files:
                    self._answered(run, job)
                elif (job.job_id in gone if look else job.done()) and not job.paths.result_pickle.exists():
                    died[run] = job.paths.stderr
                else:
                    continue
                del waiting[run]
            time.sleep(LOOK_EVERY if waiting else 0)
        return died

    def failed(self, run: Run, kind: str, message: str, log: Path) -> None:
        """Tell that a run failed whose task can tell nothing, and keep what it left, with its log as the stack."""
        from harness.runs import RunFailed, ingredients
        from harness.runs.key import device_class
        from harness.runs.remains import leave_for
        from harness.store import content_key

        said = log.read_text(encoding="utf-8", errors="replace") if log.is_file() else ""
        failure = RunFailed(str(run), kind, message, said)
        key = content_key(ingredients(run, self._bench))
        leave_for(failure, key, self._store, device_class(self._bench.device))
        self._display.finished(str(run), 0.0, failure.reason)

    @contextlib.contextmanager
    def cancelled_on_interrupt(self) -> Iterator[None]:
        """Cancel the tasks where something ends the wait for them, and see that they end."""
        try:
            yield
        except BaseException:
            self._cancel()
            ends = time.monotonic() + GRACE
            while self._under_way() and time.monotonic() < ends:
                time.sleep(min(LOOK_EVERY, 0.5))
            raise

    def _submitted(self, expected: Mapping[Run, float | None]) -> list[Job[Answer | None]]:
        from submitit.core.utils import FailedJobError, FailedSubmissionError

        tasks = [self._task(run, seconds) for run, seconds in expected.items()]
        try:
            with sigint_heeded(), self._executor.batch():
                self._jobs = [self._executor.submit(task) for task in tasks]
        except (FailedJobError, FailedSubmissionError) as error:
            said = [line for line in str(error).splitlines() if "error:" in line] or str(error).splitlines()
            raise BadUsage(f"the tasks are not taken: {said[-1].strip()}") from error
        return self._jobs

    def _task(self, run: Run, seconds: float | None) -> Task:
        from harness.runs import ingredients
        from harness.system.registry import registered

        work = pickle.dumps((run, ingredients(run, self._bench), self._store.path, self._bench))
        latest = None if self._ends is None else self._ends - (seconds or 0.0)
        places = [str(Path(place).absolute()) for place in sys.path]
        return Task(work, places, registered(), latest, self._ends, self._stalled)

    def _answered(self, run: Run, job: Job[Answer | None]) -> None:
        """Tell how a run ended whose task gave an answer; one that was too late to begin is left."""
        if error := job.exception():
            told, log = str(error).strip().splitlines()[-1], job.paths.stderr
            self.failed(run, type(error).__name__, f"{told}, see {log}", log)
        elif answer := job.result():
            self._display.finished(str(run), answer.seconds, answer.failure.reason if answer.failure else None)

    def _cancel(self) -> None:
        """Have waiting tasks taken out of the queue, and those that run killed: submitit's do not heed SIGTERM."""
        if self._slurm:
            for how in ([], ["--signal=KILL"]):
                _ask(["scancel", f"--name={self._folder.name}", *how])
            return
        for job in self._jobs:
            with contextlib.suppress(OSError):
                job.cancel(check=False)

    def _under_way(self) -> bool:
        return bool(_queued(self._folder.name)) if self._slurm else not all(job.done() for job in self._jobs)


@contextlib.contextmanager
def sigint_heeded() -> Iterator[None]:
    """Have processes that are started here heed SIGINT, by which local tasks are cancelled.

    A process that was put into the background may ignore it, and hand that on to those that it starts.
    """
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        yield
        return
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)


class _Look:
    """Which tasks are no longer in Slurm's queue, which it knows without keeping accounts.

    One that it does not have twice in a row is gone: the answer of a task that has just ended may take a moment to be
    seen on this machine.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._missed: set[str] = set()
        self._asked = time.monotonic()

    def gone(self, ids: set[str]) -> set[str]:
        """Those of the tasks that are; none as long as the last question is not long ago."""
        if time.monotonic() - self._asked < ASK_EVERY:
            return set()
        self._asked = time.monotonic()
        queued = _queued(self._name)
        missed = set() if queued is None else ids - queued
        gone, self._missed = missed & self._missed, missed
        return gone


def _queued(name: str) -> set[str] | None:
    """Ids of this user's tasks of this name that wait or run, as "12_3"; None where Slurm gives no answer."""
    said = _ask(["squeue", "--noheader", "--array", f"--user={os.getuid()}", f"--name={name}", "--format=%i"])
    return None if said is None else set(said.split())


def _ask(command: Sequence[str]) -> str | None:
    """What one of Slurm's commands prints; None where it fails."""
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout
    except (OSError, subprocess.SubprocessError):
        return None
