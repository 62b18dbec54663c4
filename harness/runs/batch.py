"""Many runs: each once, in parallel, with its progress shown."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from harness.data.dataset_errors import DatasetMissing
from harness.runs.attempt import attempt, is_full
from harness.runs.bench import Bench
from harness.runs.devices import gpus, xdist_number
from harness.runs.display import Display, display_for
from harness.runs.errors import RunFailed
from harness.runs.key import device_class, ingredients
from harness.runs.remains import DIED, leave_for
from harness.runs.run import Run, distinct
from harness.runs.together import AT_ONCE, together
from harness.runs.workers import in_processes
from harness.store.canonical import content_key
from harness.store.record import Record
from harness.store.store import Store
from harness.system.processors import processors


@dataclass(frozen=True)
class Outcome:
    """What became of a run.

    Attributes:
        run: the run.
        key: its key; None where that cannot be known, e.g. because its data are missing.
        made_of: what the key is the digest of; None as the key.
        record: its record, if the store has one.
        failure: what went wrong, if something did; caused by the exception, where that happened in this process.
    """

    run: Run
    key: str | None
    made_of: Mapping[str, Any] | None = None
    record: Record | None = None
    failure: RunFailed | None = None

    @property
    def missing(self) -> bool:
        """Whether it is yet to be done."""
        return self.record is None and self.failure is None

    @property
    def lacks_data(self) -> bool:
        """Whether it cannot be done here because a data set is not here."""
        return self.failure is not None and isinstance(self.failure.__cause__, DatasetMissing)


def plan(runs: Iterable[Run], store: Store, bench: Bench) -> list[Outcome]:
    """What is there and what is missing, each run once, in the order given.  Nothing is computed.

    The runs have names that tell them apart (`harness.runs.run.distinct`).
    """
    seen: dict[str, Outcome] = {}
    for run in distinct(list(runs)):
        outcome = _looked_up(run, store, bench)
        seen.setdefault(outcome.key or f"{run.recipe!r} {run.seed}", outcome)
    return list(seen.values())


def perform_all(
    runs: Iterable[Run],
    store: Store,
    bench: Bench,
    *,
    workers: int | None = None,
    display: Display | None = None,
    admits: Callable[[Run], bool] = lambda run: True,
    apart: bool = False,
    stalled: float | None = None,
) -> list[Outcome]:
    """Do those of the runs that the store does not have; each once, in the order given.

    A run that fails costs none of the others; once the store takes no more records, none begins.  On Ctrl-C the
    finished ones are kept, and `KeyboardInterrupt` goes on.

    Args:
        runs: may name a run several times.
        store: where records are looked up and kept.
        bench: what runs work with; its progress is not used, since `display` is told.
        workers: processes; as many as there are cores by default, or GPUs; a single one is this process.
        display: what to tell; by default bars on a terminal and lines elsewhere, on standard error.
        admits: asked of each run when it is about to begin; one that may not is left, its outcome `missing`.
        apart: whether no run is done in this process, which would die with it.
        stalled: seconds without progress after which a run is killed; none is where this is None.  Runs that may be
            killed are done apart.

    Raises:
        StoreNotWritable: something is missing, and the store can only be read.
    """
    outcomes = plan(runs, store, bench)
    todo = [outcome.run for outcome in outcomes if outcome.missing]
    if not todo:
        return outcomes
    store.require_writable()
    workers = min(workers or default_workers(bench), len(todo))
    with display or display_for(len(todo)) as shown:
        if workers > 1 or apart or stalled is not None:
            failures = in_processes(todo, store, bench, workers, shown, admits, stalled, at_once(bench))
        else:
            failures = _here(todo, store, bench, shown, admits)
    done = iter(failures)
    return [_after(outcome, next(done), store, bench) if outcome.missing else outcome for outcome in outcomes]


def default_workers(bench: Bench) -> int:
    """How many runs are done at a time: one for each processor that there is for this process, or one a GPU."""
    if bench.device.type != "cpu":
        return 1 if bench.device.index is not None else max(1, len(gpus()))
    return processors()


def at_once(bench: Bench) -> int:
    """How many runs take turns in each process: several where it has a GPU for itself."""
    return AT_ONCE if bench.device.type == "cuda" and xdist_number(os.environ) is None else 1


def _looked_up(run: Run, store: Store, bench: Bench) -> Outcome:
    try:
        made_of = ingredients(run, bench)
        key = content_key(made_of)
        return Outcome(run, key, made_of, store.get(key))
    except Exception as error:
        failure = RunFailed(str(run), type(error).__name__, str(error))
        failure.__cause__ = error
        return Outcome(run, None, failure=failure)


def _here(
    runs: Sequence[Run], store: Store, bench: Bench, display: Display, admits: Callable[[Run], bool]
) -> list[RunFailed | None]:
    if (several := at_once(bench)) > 1:
        return together(runs, store, bench, display, admits, several)
    failures: list[RunFailed | None] = []
    for run in runs:
        if any(map(is_full, failures)) or not admits(run):
            failures.append(None)
            continue
        started = time.monotonic()
        display.started(str(run))
        failure = attempt(run, store, replace(bench, progress=partial(display.advanced, str(run))))
        display.finished(str(run), time.monotonic() - started, failure.reason if failure else None)
        failures.append(failure)
    return failures


def _after(outcome: Outcome, failure: RunFailed | None, store: Store, bench: Bench) -> Outcome:
    if failure is not None and outcome.key is not None and failure.kind in DIED:
        leave_for(failure, outcome.key, store, device_class(bench.device))
    if failure is not None or outcome.key is None:
        return replace(outcome, failure=failure)
    return replace(outcome, record=store.get(outcome.key))
