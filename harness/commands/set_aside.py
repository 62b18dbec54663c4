"""Runs that killed their process: the second time one is set aside, and begun again only on request.

A night that does them again would lose the time that they take each time.  The store's folder `deaths` has a file for
each, under the run's key: a run whose recipe, code, data or device have changed has another one.
A run that is done in the command's own process, as a single one is, takes the command along, and nothing is written.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from harness.system.files import write_atomically

if TYPE_CHECKING:
    from pathlib import Path

    from harness.runs import Outcome
    from harness.store import Store

DEATHS = {"WorkerDied": 1, "Stalled": 1, "TaskDied": 2}
"""Kinds of failures that took a process along, and how many each: a task that dies was submitted twice."""

ENOUGH = 2


def remember_deaths(outcomes: Iterable[Outcome], problems: Mapping[str, str], store: Store) -> None:
    """Write down which of the runs killed their process, from what they failed of by name."""
    for outcome in outcomes:
        reason = problems.get(str(outcome.run), "")
        count = DEATHS.get(reason.partition(":")[0], 0)
        if count and outcome.key:
            found = [*deaths(outcome, store), *[reason] * count]
            write_atomically(_file(outcome.key, store), json.dumps(found, indent=1))


def set_aside(outcomes: Iterable[Outcome], store: Store) -> dict[str, str]:
    """Why runs that are missing are not to be begun, by name: what those that died often enough failed of last."""
    counted = {str(outcome.run): deaths(outcome, store) for outcome in outcomes if outcome.missing}
    return {
        name: f"killed its process {len(found)} times; the last time, {found[-1]}"
        for name, found in counted.items()
        if len(found) >= ENOUGH
    }


def deaths(outcome: Outcome, store: Store) -> list[str]:
    """What a run failed of each time that it killed its process; a file that cannot be read says nothing."""
    if outcome.key is not None:
        with contextlib.suppress(OSError, ValueError):
            found = json.loads(_file(outcome.key, store).read_text(encoding="utf-8"))
            return [str(one) for one in found] if isinstance(found, list) else []
    return []


def _file(key: str, store: Store) -> Path:
    return store.path / "deaths" / f"{key}.json"
