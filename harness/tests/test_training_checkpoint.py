"""A training that is cut off goes on from its checkpoint and ends in the same bits."""

from __future__ import annotations

import contextlib
import logging
import subprocess
import sys
from typing import Any

import numpy as np
import pytest

from harness.runs import Bench, Run, RunDiverged, perform
from harness.runs.checkpoint import Checkpoints
from harness.store import Store
from harness.tests.fake_networks import small_cnn
from harness.tests.training_bench import MadeUpBench
from harness.training import Adam, Augmentation, Cosine, Data, Keep, Network, Sgd, Steps
from harness.training.trainer import Trainer
from harness.training.training import Training

SMALL = Training(
    network=small_cnn(),
    data=Data("made-up", count=50, held_out=10),
    optimiser=Sgd(0.05, momentum=0.9, weight_decay=1e-3),
    epochs=3,
    batch_size=16,
    schedule=Steps((1,), 0.5),
    augmentation=Augmentation(1, True),
    keep=Keep(("*",), (0, 1, 3)),
)
RGB = {"channels": 3}
VARIANTS: dict[str, Any] = {
    "momentum": (SMALL, {}),
    "no memory": (SMALL.with_(optimiser=Sgd(0.05)), {}),
    "adam": (SMALL.with_(optimiser=Adam(1e-3), schedule=Cosine(2), precision="float64"), {}),
    "bf16": (SMALL.with_(precision="bf16"), {}),
    "dropout": (SMALL.with_(network=Network.of("test-dropout")), {}),
    "random shuffles and batch norm": (
        SMALL.with_(network=Network.of("test-shuffles", **RGB), data=Data("made-up", 20, 5), epochs=2,
                    batch_size=10, keep=Keep(("*",), (2,))), RGB),
    "fixed shuffles": (
        SMALL.with_(network=Network.of("test-shuffles", fixed=True, **RGB),
                    data=Data("made-up", 20, 5), epochs=2, batch_size=10, keep=Keep(("*",), (2,))), RGB),
}  # fmt: skip


class Cut(Exception):
    """What ends a process."""


def cut_before(monkeypatch, steps):
    """Let the trainers of this test do so many steps altogether, and not one more."""
    plain, count = Trainer.step, iter(range(steps))

    def step(trainer, index):
        opening = trainer.done.draws is None  # steps that are thrown away
        if not opening and next(count, None) is None:
            raise Cut
        return plain(trainer, index)

    monkeypatch.setattr(Trainer, "step", step)


@pytest.fixture
def always(monkeypatch):
    """Save after every step."""
    monkeypatch.setattr("harness.training.checkpoint.EVERY", 0.0)
    monkeypatch.setattr("harness.training.checkpoint.COST", 1e9)


def bench_with(folder, shape):
    return MadeUpBench(checkpoints=Checkpoints(folder), **shape)


def cut_off(recipe, steps, folder, monkeypatch, seed=0, **shape):
    with monkeypatch.context() as patch:
        cut_before(patch, steps)
        with pytest.raises(Cut):
            recipe.compute(seed, bench_with(folder, shape))


def same(one, other):
    assert one.metrics == other.metrics
    assert one.tensors.keys() == other.tensors.keys()
    for name, values in one.tensors.items():
        assert values.tobytes() == other.tensors[name].tobytes(), name


@pytest.mark.usefixtures("always")
@pytest.mark.parametrize("name", VARIANTS)
def test_it_goes_on_from_any_step_to_the_same_bits(name, tmp_path, monkeypatch):
    recipe, shape = VARIANTS[name]
    whole = recipe.compute(3, MadeUpBench(**shape))
    steps = recipe.epochs * -(-recipe.data.count // recipe.batch_size)
    for cut in range(1, steps, 1 if name == "momentum" else 3):
        cut_off(recipe, cut, tmp_path / str(cut), monkeypatch, seed=3, **shape)
        with monkeypatch.context() as patch:
            cut_before(patch, steps - cut)
            same(recipe.compute(3, bench_with(tmp_path / str(cut), shape)), whole)


@pytest.mark.usefixtures("always")
def test_it_can_be_cut_again_and_again(tmp_path, monkeypatch):
    whole, attempts = SMALL.compute(0, MadeUpBench()), 0
    while True:
        attempts += 1
        with monkeypatch.context() as patch, contextlib.suppress(Cut):
            cut_before(patch, 1)
            result = SMALL.compute(0, bench_with(tmp_path, {}))
            break
    assert attempts == 3 * 4
    same(result, whole)


@pytest.mark.usefixtures("always")
def test_the_log_says_where_it_goes_on(tmp_path, monkeypatch, caplog):
    folder = tmp_path / "0123456789abcdef"
    cut_off(SMALL, 5, folder, monkeypatch)
    bench = bench_with(folder, {})
    SMALL.compute(0, bench)
    assert [record.message for record in caplog.records] == [
        "run 0123456789ab was cut off, and goes on in epoch 2 of 3"
    ]
    assert bench.reports == [(2, 3, "epochs"), (3, 3, "epochs")]


@pytest.mark.usefixtures("always")
def test_another_training_of_the_same_run_has_a_checkpoint_of_its_own(tmp_path, monkeypatch):
    SMALL.compute(0, bench_with(tmp_path, {}))
    for recipe, seed in ((SMALL, 1), (SMALL.with_(optimiser=Sgd(0.01)), 0)):
        same(recipe.compute(seed, bench_with(tmp_path, {})), recipe.compute(seed, MadeUpBench()))
    assert len(list(tmp_path.iterdir())) == 3


@pytest.mark.usefixtures("always")
@pytest.mark.parametrize(
    "damage", [lambda data: data[:-1], lambda data: b"", lambda data: data[:200] + b"?" + data[201:]]
)
def test_a_damaged_checkpoint_is_not_used(damage, tmp_path, monkeypatch, caplog):
    cut_off(SMALL, 7, tmp_path, monkeypatch)
    (file,) = tmp_path.iterdir()
    file.write_bytes(damage(file.read_bytes()))
    same(SMALL.compute(0, bench_with(tmp_path, {})), SMALL.compute(0, MadeUpBench()))
    assert f"checkpoint {file} is not used (its digest is wrong): the run begins anew" in caplog.text


def test_it_is_saved_now_and_then_only(tmp_path, monkeypatch):
    clock = iter(np.arange(1000) * 10.0)
    written = []
    monkeypatch.setattr("time.monotonic", lambda: next(clock))
    monkeypatch.setattr(Checkpoints, "write", lambda self, name, state, arrays: written.append(state["steps"]))
    SMALL.with_(epochs=6, keep=Keep()).compute(0, bench_with(tmp_path, {}))
    assert len(written) == 2


@pytest.mark.usefixtures("always")
def test_a_full_disk_costs_the_run_nothing(tmp_path, monkeypatch, caplog):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("harness.runs.checkpoint.write_atomically", full)
    same(SMALL.compute(0, bench_with(tmp_path, {})), SMALL.compute(0, MadeUpBench()))
    assert "is not written ([Errno 28] No space left on device)" in caplog.text


@pytest.mark.usefixtures("always")
def test_a_divergence_is_the_same_after_a_cut(tmp_path, monkeypatch):
    recipe = SMALL.with_(optimiser=Sgd(1e30))
    with pytest.raises(RunDiverged) as whole:
        recipe.compute(0, MadeUpBench())
    cut_off(recipe, 3, tmp_path, monkeypatch)
    with pytest.raises(RunDiverged) as resumed:
        recipe.compute(0, bench_with(tmp_path, {}))
    assert str(resumed.value) == str(whole.value)


def test_a_checkpoint_is_read_as_it_was_written(tmp_path):
    checkpoints = Checkpoints(tmp_path / "run")
    assert checkpoints.read("part") is None
    state = {"nan": float("nan"), "third": 1 / 3, "none": None}
    arrays = {"a": np.arange(6.0).reshape(2, 3), "b": np.array(7), "c": np.zeros(0, np.uint8)}
    checkpoints.write("part", state, arrays)
    read = checkpoints.read("part")
    assert repr(dict(read.state)) == repr(state)
    assert {name: (one.dtype, one.shape, one.tobytes()) for name, one in read.arrays.items()} == {
        name: (one.dtype, one.shape, one.tobytes()) for name, one in arrays.items()
    }
    checkpoints.clear()
    assert not (tmp_path / "run").exists()


def test_seconds_before_a_cut_count(tmp_path):
    clock = iter([100.0, 107.0, 500.0, 503.0, 504.0, 800.0, 801.0])
    first = Checkpoints(tmp_path / "run", lambda: next(clock))
    first.write("part", {}, {})
    second = Checkpoints(tmp_path / "run", lambda: next(clock))
    second.read("part")
    assert second.seconds() == 7 + 3
    second.write("part", {}, {})
    third = Checkpoints(tmp_path / "run", lambda: next(clock))
    third.read("part")
    assert third.seconds() == 7 + 4 + 1


KILLED = """
import os, signal, sys
from harness.runs import Run, Bench, perform
from harness.store import Store
from harness.tests.test_training_checkpoint import DIGITS
from harness.training import checkpoint
from harness.training.trainer import Trainer

checkpoint.EVERY, checkpoint.COST = 0.0, 1e9
plain, left = Trainer.step, int(sys.argv[2])

def step(trainer, index):
    global left
    left -= trainer.done.draws is not None  # not those of the opening, which are thrown away
    if left < 0:
        os.kill(os.getpid(), signal.SIGKILL)
    return plain(trainer, index)

Trainer.step = step
perform(Run(DIGITS, 5), Store(sys.argv[1]), Bench())
"""
DIGITS = Training(
    network=small_cnn(depth=1, classes=10),
    data=Data("digits", count=100, held_out=20),
    optimiser=Adam(1e-3),
    epochs=4,
    batch_size=25,
    keep=Keep(("*",), (4,)),
)


def test_a_killed_process_costs_no_step_that_was_saved(tmp_path, monkeypatch, caplog):
    store, whole = Store(tmp_path / "store"), perform(Run(DIGITS, 5), Store(tmp_path / "whole"), Bench())
    arguments = [sys.executable, "-c", KILLED, str(store.path), "11"]
    child = subprocess.run(arguments, check=False, capture_output=True, text=True)
    assert (child.returncode, child.stderr) == (-9, "")
    assert store.keys() == []
    with monkeypatch.context() as patch:
        cut_before(patch, 16 - 11)
        record = perform(Run(DIGITS, 5), store, Bench())
    assert "goes on in epoch 3 of 4" in caplog.text
    assert (record.key, record.content) == (whole.key, whole.content)
    assert list((store.path / "checkpoints").iterdir()) == []
    caplog.clear()
    with caplog.at_level(logging.INFO):
        assert perform(Run(DIGITS, 5), store, Bench()) == record
    assert caplog.text == ""
