"""Checkpoints are swept once no run will go on from them, and never before."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from threading import Thread

import pytest

from harness.commands.sweep import DAYS, sweep
from harness.runs import Bench, Run, perform, plan
from harness.runs.checkpoint import Checkpoints
from harness.store import Store
from harness.tests.fake_recipes import Counted, Draw

DAY = 24 * 3600.0


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "store")


def key_of(run, store):
    (outcome,) = plan([run], store, Bench())
    return outcome.key


def saved(key, store, days=0.0):
    """A checkpoint that was written so many days ago."""
    checkpoints = Checkpoints(store.path / "checkpoints" / key)
    checkpoints.write("part", {"done": 3}, {})
    then = time.time() - days * DAY
    for path in (*checkpoints.folder.iterdir(), checkpoints.folder):
        os.utime(path, (then, then))
    return checkpoints.folder


def test_those_of_finished_runs_go_at_once(store):
    perform(Run(Draw()), store, Bench())
    key = key_of(Run(Draw()), store)
    folder = saved(key, store)
    assert sweep(store, {key}) == 1
    assert not folder.exists()
    assert perform(Run(Draw()), store, Bench(), compute=False).key == key


def test_those_of_runs_that_are_yet_to_be_done_go_when_nobody_asks_and_they_are_old(store):
    keys = [key_of(Run(Draw(), seed), store) for seed in range(3)]
    ages = (2.0 * DAYS, DAYS - 1.0, DAYS + 1.0)
    asked, young, old = (saved(key, store, days) for key, days in zip(keys, ages, strict=True))
    assert sweep(store, keys[:1]) == 1
    assert (asked.exists(), young.exists(), old.exists()) == (True, True, False)
    assert sweep(store, keys[:1]) == 0


def test_one_that_a_run_writes_into_is_not_old(store):
    folder = saved(key_of(Run(Draw()), store), store, 2.0 * DAYS)
    (folder / "part.checkpoint").touch()
    assert sweep(store, ()) == 0


def test_those_that_a_process_is_at_stay(store):
    """Another thread holds the lock as another process would."""
    key = key_of(Run(Draw()), store)
    folder, counts = saved(key, store, 2.0 * DAYS), []
    with store.lock(key):
        other = Thread(target=lambda: counts.append(sweep(store, ())))
        other.start()
        other.join()
    assert (counts, folder.exists()) == ([0], True)
    assert sweep(store, ()) == 1


def test_train_sweeps(suite, tmp_path):
    suite.claims(f"""
        from harness.tests.fake_recipes import Counted

        @claim("XX-01", where="Eq. 1", rule=greater_than(0.0), control="the same less ten", seeds=range(1),
               runs={{"smoke": {{"one": Counted({str(tmp_path / "calls")!r}, marker=1)}}}})
        def test_markers(lab):
            \"\"\"Markers are above zero.\"\"\"
    """)
    store = Store(tmp_path / "store")
    old = saved("0" * 64, store, 2.0 * DAYS)
    asked = saved(key_of(Run(Counted(str(tmp_path / "calls"), marker=1)), store), store, 2.0 * DAYS)
    command = [sys.executable, "-m", "harness", "train", "--store", str(store.path), "--minutes", "9"]
    done = subprocess.run(command, cwd=suite.root, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "checkpoints of 1 runs are swept" in done.stdout
    assert not old.exists()
    assert not asked.exists()
