"""Checkpoints that no run will go on from: those of runs that are in the store, and those that have been left alone.

A run removes its own when it ends; what is left was cut off in between, or belongs to code, data or a device that have
changed since, under whose key nobody will ask again.  Which these are cannot be known, since a selection never asks for
every run: so a checkpoint goes once nothing was written for `DAYS`, unless a run that is asked for now goes on from it.
"""

from __future__ import annotations

import contextlib
import math
import shutil
import time
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from harness.store import Store

DAYS = 30
"""Longer than a night's run is left on a machine that is used at all."""


def sweep(store: Store, asked: Collection[str]) -> int:
    """Remove the checkpoints that are stale; how many runs' they were.

    Args:
        store: that they lie in; nothing is done to one that can only be read, or that another process is at.
        asked: keys of the runs that are asked for now.
    """
    from filelock import FileLock, Timeout

    stored, swept = set(store.keys()), 0
    oldest = time.time() - DAYS * 24 * 3600
    for folder in [] if store.unwritable else sorted(store.path.glob("checkpoints/*")):
        if folder.name in stored or (folder.name not in asked and _written(folder) < oldest):
            lock = FileLock(store.path / "locks" / f"{folder.name}.lock", is_singleton=True)
            with contextlib.suppress(OSError, Timeout), lock.acquire(timeout=0):
                shutil.rmtree(folder)
                swept += 1
    return swept


def _written(folder: Path) -> float:
    """When anything in it was written last, in seconds since 1970."""
    try:
        return max(path.stat().st_mtime for path in (folder, *folder.iterdir()))
    except OSError:  # the run has ended meanwhile, and removes them
        return math.inf
