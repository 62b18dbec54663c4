"""Do the runs that the selected claims need and the store lacks, the longest first.

A run is in the store from the moment it ends.  With --minutes, a run begins only if it is expected to end in time (one
of unknown cost always may, after all the others); what is still under way when the time is up is given up, as it is on
Ctrl-C, SIGTERM and SIGHUP, and leaves no record.  The same command goes on.

With --until-decided, seeds are added after that to claims that are undecided and state a largest number of them
(`most_seeds`): first where the fewest are needed, up to the next of the looks that were fixed beforehand
(harness/judging/looks.py), until the claim is decided, or could not be with all of its seeds.

With --executor slurm each run is a task of an array, --workers of them at a time, and the command waits for them.  It
is started on a machine with the device that computes, which the records name, and shares its store with the tasks.  A
task that is killed is submitted once more; --minutes holds for tasks, too, and those that are left are cancelled then.

A run that has killed its process twice, in this night or another, is set aside: it is named, and begun again only with
--again or once its code has changed.

Checkpoints that no run will go on from are swept first: of runs that are done, and those left alone for 30 days.

Exit status:
  0    every run is in the store (but for those set aside, and those whose data set is not here, unless --require-data)
  1    a run failed, or not a single one could be finished within --minutes
  2    bad usage
  3    stopped at --minutes with runs left; one at least was finished, so that repeating the command comes to an end
  130  stopped by Ctrl-C with runs left; 143: by SIGTERM; 129: by SIGHUP, as when the terminal is closed
"""

from __future__ import annotations

import argparse
import contextlib
import shlex
import signal
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

from harness.commands import cluster, selection
from harness.commands.plan import looked_up
from harness.commands.selection import Selection, selected, shown
from harness.commands.set_aside import remember_deaths, set_aside
from harness.commands.sweep import DAYS, sweep
from harness.commands.usage import BadUsage, at_least_one, positive
from harness.system.places import EVIDENCE
from harness.system.plain import one_line
from harness.system.signals import TOLD_TO_END, heed, put_back

if TYPE_CHECKING:
    from harness.runs import Outcome, Run
    from harness.runs.cost import Cost
    from harness.runs.pace import Pace

STOPPED = 3
LISTED = 10
"""So many of the runs that are left are named at the end."""


class Stopped(KeyboardInterrupt):
    """The time is up, or someone wants the process to end; `number` is the signal's."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


@dataclass(frozen=True)
class Account:
    """What has become of the runs.

    Attributes:
        new: how many of those stored were done now.
        diverged: where those of them that did left off, by name.
        lacking: why runs cannot be done for want of their data, by name.
        failed: why runs failed, by name.
        aside: why runs are not begun any more, by name.
        left: names of the runs that are yet to be done.
    """

    stored: Sequence[str]
    new: int
    diverged: Mapping[str, str]
    lacking: Mapping[str, str]
    failed: Mapping[str, str]
    aside: Mapping[str, str]
    left: Sequence[str]

    def __str__(self) -> str:
        text = f"runs in the store: {len(self.stored)}, {self.new} of them new"
        counts = {
            "diverged": self.diverged,
            "failed": self.failed,
            "set aside": self.aside,
            "without their data": self.lacking,
            "left": self.left,
        }
        return "; ".join([text, *(f"{what}: {len(runs)}" for what, runs in counts.items() if runs)])


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    add_training_arguments(parser)
    parser.add_argument(
        "--until-decided", action="store_true", help="then add seeds to undecided claims that state their `most_seeds`"
    )


def add_training_arguments(parser: argparse.ArgumentParser) -> None:
    """Those that say which runs are done, and how."""
    selection.add_arguments(parser)
    selection.add_fresh_seeds(parser)
    parser.add_argument("--minutes", type=positive, metavar="N", help="stop after this time (default: no limit)")
    parser.add_argument(
        "--workers", type=at_least_one, metavar="W", help="runs at a time (default: one a core or GPU; tasks: 16)"
    )
    parser.add_argument("--stalled", type=positive, metavar="S", help="give up a run without progress for S seconds")
    parser.add_argument("--bundle", type=Path, metavar="FILE", help="write the selection's records there, for `merge`")
    parser.add_argument("--again", action="store_true", help="also begin runs that killed their process twice")
    cluster.add_arguments(parser)


def run(chosen: argparse.Namespace) -> int:
    """Do what is missing, write the bundle, say what is left."""
    from harness.commands.until_decided import until_decided

    check(chosen)
    selection, ends = selected(chosen), deadline(chosen)
    status = train(selection, chosen, ends)
    return until_decided(selection, chosen, ends) if chosen.until_decided and not status else status


def deadline(chosen: argparse.Namespace) -> float | None:
    """When the time is up, by `time.monotonic`; None for never."""
    return time.monotonic() + 60 * chosen.minutes if chosen.minutes else None


def check(chosen: argparse.Namespace) -> None:
    """Refuse, before anything is collected or trained, a bundle that could not be written, or a cluster not at hand.

    Raises:
        BadUsage: the bundle's folder is not there, or what `--executor` takes is not.
    """
    cluster.queue(chosen)
    if chosen.bundle is not None and not chosen.bundle.absolute().parent.is_dir():
        raise BadUsage(f"--bundle {chosen.bundle}: there is no such folder")


def train(selection: Selection, chosen: argparse.Namespace, ends: float | None) -> int:
    """The same for a selection; costs are told from what the store and the evidence know."""
    from harness.evidence import Archive
    from harness.store import StoreProblem

    known = looked_up(selection, Archive.read(EVIDENCE))
    outcomes = [outcome for outcome, _ in known]
    swept = sweep(selection.store, {outcome.key for outcome in outcomes if outcome.key})
    if swept:
        print(f"checkpoints of {swept} runs are swept, which are done or were left alone for {DAYS} days")
    aside = {} if chosen.again else set_aside(outcomes, selection.store)
    todo = {run: seconds for run, seconds in longest_first(known).items() if str(run) not in aside}
    try:
        if queue := cluster.queue(chosen):
            pace, stopped = done_as_tasks(todo, selection, queue, ends, chosen.stalled)
        else:
            pace, stopped = done(todo, selection, chosen.workers, ends, chosen.stalled)
        remember_deaths(outcomes, pace.problems, selection.store)
        account = accounted(outcomes, selection, pace, aside)
        if chosen.bundle is not None:
            bundle(outcomes, selection, chosen.bundle)
    except (OSError, StoreProblem) as problem:
        print(problem, file=sys.stderr)
        return 1
    tell(account, pace, chosen)
    return status(account, stopped, require_data=chosen.require_data)


def longest_first(known: Sequence[tuple[Outcome, Cost]]) -> dict[Run, float | None]:
    """The missing runs and what each is expected to take, in the order in which they are done; the unknown ones last.

    A run of unknown cost may take longer than there is time; were it the first, it would be so every time.
    """
    missing = {outcome.run: cost.seconds for outcome, cost in known if outcome.missing}
    return dict(sorted(missing.items(), key=lambda item: -(item[1] or 0.0)))


def done(
    todo: Mapping[Run, float | None],
    selection: Selection,
    workers: int | None,
    ends: float | None,
    stalled: float | None = None,
) -> tuple[Pace, int | None]:
    """Do the runs; how it went, and the number of the signal that stopped it, if one did."""
    from harness.runs import at_once, default_workers, display_for, perform_all
    from harness.runs.display import Paced
    from harness.runs.pace import Pace

    apart = workers is None and selection.bench.device.type == "cpu"  # on a GPU runs take turns in one process
    workers = min(workers or default_workers(selection.bench), len(todo) or 1)
    pace = Pace(todo, workers, at_once=at_once(selection.bench), ends=ends)
    display = Paced(display_for(len(todo), left=pace.left), pace)
    store, bench = selection.store, selection.bench
    try:
        with stopping(ends):
            perform_all(
                todo, store, bench, workers=workers, display=display, admits=pace.admits, apart=apart, stalled=stalled
            )
    except Stopped as stop:
        return pace, stop.number
    return pace, None


def done_as_tasks(
    todo: Mapping[Run, float | None],
    selection: Selection,
    queue: cluster.Queue,
    ends: float | None,
    stalled: float | None = None,
) -> tuple[Pace, int | None]:
    """The same as tasks of a cluster."""
    from harness.runs import display_for
    from harness.runs.display import Paced
    from harness.runs.pace import Pace

    pace = Pace(todo, queue.at_once, ends=ends)
    display = Paced(display_for(len(todo), left=pace.left), pace)
    deadline = None if ends is None else time.time() + ends - time.monotonic()
    try:
        with stopping(ends):
            if todo:
                cluster.perform_as_tasks(todo, selection.store, selection.bench, queue, display, deadline, stalled)
    except Stopped as stop:
        return pace, stop.number
    return pace, None


@contextlib.contextmanager
def stopping(ends: float | None) -> Iterator[None]:
    """Raise `Stopped` when the time (of `time.monotonic`) is up, and on any of the signals `TOLD_TO_END`."""

    def stop(number: int, frame: FrameType | None) -> None:
        raise Stopped(number)

    before = heed((signal.SIGALRM, *TOLD_TO_END), stop)
    try:
        if ends is not None:
            signal.setitimer(signal.ITIMER_REAL, max(ends - time.monotonic(), 1e-3))
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        put_back(before)


def accounted(outcomes: Sequence[Outcome], selection: Selection, pace: Pace, aside: Mapping[str, str]) -> Account:
    """What has become of the runs, as the store has them now."""
    from harness.lab.session import told_of_divergence

    stored, diverged, lacking, failed, left = [], {}, {}, dict(pace.problems), []
    for outcome in outcomes:
        name = str(outcome.run)
        if outcome.lacks_data and outcome.failure:
            lacking[name] = outcome.failure.message
        elif outcome.failure:
            failed[name] = outcome.failure.reason
        elif outcome.key and (record := selection.store.get(outcome.key)):
            stored.append(name)
            if record.diverged:
                diverged[name] = told_of_divergence(record)
        elif name not in failed and name not in aside:
            left.append(name)
    new = len(stored) - sum(outcome.record is not None for outcome in outcomes)
    return Account(stored, new, diverged, lacking, failed, aside, left)


def bundle(outcomes: Sequence[Outcome], selection: Selection, file: Path) -> None:
    """Write those records that there are into a file."""
    from harness.store import export

    store = selection.store
    keys = [outcome.key for outcome in outcomes if outcome.key and store.get(outcome.key)]
    export(store, keys, file)
    print(f"{shown(file)}: {len(keys)} records")


def tell(account: Account, pace: Pace, chosen: argparse.Namespace) -> None:
    """Say what has become of the runs, and how to go on."""
    print(account)
    for name, where in account.diverged.items():
        print(one_line(f"{name} {where}; nothing can be read off it"), file=sys.stderr)
    for name, reason in account.failed.items():
        print(one_line(f"failed: {name}: {reason}"), file=sys.stderr)
    for name, reason in account.aside.items():
        print(one_line(f"set aside: {name}: {reason}; begin it with --again"), file=sys.stderr)
    for reason in sorted(set(account.lacking.values())):
        print(one_line(f"without data: {reason}"), file=sys.stderr)
    for name in account.left[:LISTED]:
        print(one_line(f"left: {name}{pace.told(name)}"))
    if len(account.left) > LISTED:
        print(f"left: {len(account.left) - LISTED} more")
    if account.left and chosen.minutes and not account.new:
        print(f"no run could be finished within {chosen.minutes:g} minutes: give more", file=sys.stderr)
    elif account.left:
        print(f"go on with: {shlex.join(['python', '-m', 'harness', *chosen.arguments])}")


def status(account: Account, stopped: int | None, *, require_data: bool) -> int:
    """The exit status; see the head of this module."""
    if account.left and stopped in TOLD_TO_END:
        return 128 + stopped
    if account.failed or (require_data and account.lacking):
        return 1
    if account.left:
        return STOPPED if account.new else 1
    return 0
