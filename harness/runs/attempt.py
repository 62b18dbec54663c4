"""A run that is tried: what goes wrong is told, and ends nothing else."""

from __future__ import annotations

import traceback
from typing import TYPE_CHECKING

from harness.runs.errors import RunFailed
from harness.runs.execution import perform
from harness.store.errors import RecordNotWritten

if TYPE_CHECKING:
    from harness.runs.bench import Bench
    from harness.runs.run import Run
    from harness.store.store import Store


def attempt(run: Run, store: Store, bench: Bench) -> RunFailed | None:
    """Do a run; what went wrong, or None."""
    try:
        perform(run, store, bench)
    except Exception as error:
        return failed(run, error)
    return None


def failed(run: Run, error: Exception) -> RunFailed:
    """What an exception says of a run."""
    return RunFailed(str(run), type(error).__name__, str(error), "".join(traceback.format_exception(error)))


def is_full(failure: RunFailed | None) -> bool:
    """Whether a run failed because the store takes no more records, so that no other one need begin."""
    return failure is not None and failure.kind == RecordNotWritten.__name__
