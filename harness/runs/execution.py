"""One run: looked up in the store, or computed and stored."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any

from harness.runs.bench import Bench
from harness.runs.checkpoint import Checkpoints
from harness.runs.conditions import environment, one_thread, own_randomness, own_stream
from harness.runs.errors import RunDiverged, RunMissing
from harness.runs.key import device_class, ingredients
from harness.runs.recipe import Result
from harness.runs.remains import forget, leave, watched
from harness.runs.run import Run
from harness.store.canonical import content_key
from harness.store.record import Record
from harness.store.store import Store

log = logging.getLogger(__name__)


def perform(run: Run, store: Store, bench: Bench, *, compute: bool = True) -> Record:
    """The record of a run.  Of several processes that need it, one computes it and the others wait.

    Raises:
        RunMissing: it is not in the store, and `compute` is off.
        StoreNotWritable: it is not in the store, which can only be read.
        Exception: whatever the recipe raises (but `RunDiverged`, which is stored); then nothing is.
    """
    made_of = ingredients(run, bench)
    key = content_key(made_of)
    record = store.get(key)
    if record is not None:
        return record
    if not compute:
        raise RunMissing(f"{run} ({key[:12]}) is not in {store.path}: let it be trained, or merge a bundle that has it")
    store.require_writable()
    with store.lock(key):
        record = store.get(key)
        return record if record is not None else _compute(run, key, made_of, store, bench)


def sources(run: Run, bench: Bench) -> list[dict[str, Any]]:
    """Where the data sets of a run come from, as JSON values: what those need who read its record without them."""
    found = [bench.provenance(name, split) for name, split in run.recipe.data_sets()]
    return [{**asdict(source), "reach": str(source.reach)} for source in found]


def _compute(run: Run, key: str, made_of: Mapping[str, Any], store: Store, bench: Bench) -> Record:
    from harness.system import bfloat16

    checkpoints, device = Checkpoints(store.path / "checkpoints" / key, bench.clock), bench.device
    with (
        one_thread(),
        bfloat16.where_needed(device),
        own_randomness(run.seed, device),
        own_stream(device),
        watched(bench, checkpoints.folder) as watch,
    ):
        try:
            result = run.recipe.compute(run.seed, replace(bench, checkpoints=checkpoints, progress=watch.progress))
            forget(store, key)
        except RunDiverged as diverged:
            log.warning("%s %s; stored as such", run, diverged)
            leave(diverged, str(run), checkpoints, store, device_class(device))
            result = Result(diverged.metrics)
        except Exception as error:
            leave(error, str(run), checkpoints, store, device_class(device))
            raise
        facts = {**environment(bench.device), "sources": sources(run, bench)}
    if not isinstance(result, Result):
        raise TypeError(f"{type(run.recipe).__name__}.compute gives a Result, not a {type(result).__name__}")
    record = store.put(key, made_of, result, facts, checkpoints.seconds())
    checkpoints.clear()
    return record
