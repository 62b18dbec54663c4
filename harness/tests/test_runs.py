"""One run in this process: computed once, under fixed conditions, stored, and found again."""

from __future__ import annotations

import dataclasses
import os
import random
from typing import Any

import numpy as np
import pytest
import torch

from harness.data.image_set import ImageSet
from harness.runs import Bench, Run, RunDiverged, RunMissing, key, perform
from harness.runs import bench as workshop
from harness.store import RecordNotWritten, Store, StoreNotWritable
from harness.tests.fake_recipes import Carelessly, Counted, Diverges, Draw, Fails, Reads, Stepwise, WrongType
from harness.verdicts import Evidence


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "store")


@pytest.fixture
def bench():
    return Bench()


@pytest.fixture
def squares(monkeypatch):
    """A data set of its own, that is read anew by each test."""

    def load(name, split, root, *, download=False):
        return ImageSet(name, split, torch.ones(2, 1, 3, 3), torch.zeros(2).long(), "d" * 64, Evidence.PROXY)

    monkeypatch.setattr("harness.data.load", load)
    monkeypatch.setattr("harness.data.provenance", lambda *arguments, **options: load(*arguments, **options).provenance)
    workshop._load.cache_clear()
    yield
    workshop._load.cache_clear()


def test_a_run_is_computed_once(store, bench, tmp_path):
    run = Run(Counted(str(tmp_path / "calls")), 5)
    assert perform(run, store, bench) == perform(run, store, bench)
    assert (tmp_path / "calls").read_text() == "0/5\n"


def test_a_record_says_what_was_found_where_and_at_what_cost(store, bench):
    record = perform(Run(Draw(), 2), store, bench)
    values = np.random.default_rng(2).normal(size=(3, 2))
    np.testing.assert_array_equal(record.tensors["values"], values)
    assert record.metrics == {"mean": values.mean(), "curve": values[:, 0].tolist()}
    assert record.made_of["seed"] == 2
    assert record.made_of["device"] == "cpu"
    assert record.made_of["recipe"]["name"] == "fake-draw"
    assert record.seconds >= 0
    assert record.environment["torch"] == torch.__version__
    assert record.environment["threads"] == 1
    assert {"python", "platform", "device", "suite", "cuda"} <= set(record.environment)


def test_without_computing_a_missing_run_is_named_and_one_that_is_there_is_found(store, bench):
    run = Run(Draw(scale=3.0))
    with pytest.raises(RunMissing, match="fake-draw, scale 3, seed 0"):
        perform(run, store, bench, compute=False)
    record = perform(run, store, bench)
    assert perform(run, store, bench, compute=False) == record


@pytest.mark.parametrize(("changed", "steps"), [("nothing", "23"), ("code_digest", "0123"), ("torch_release", "0123")])
def test_a_run_that_was_cut_goes_on_from_its_checkpoint_only_with_the_same_key(
    changed, steps, store, bench, tmp_path, monkeypatch
):
    def cut(done, total, what):
        if done == 2:
            raise KeyboardInterrupt

    run, file = Run(Stepwise(str(tmp_path / "steps"))), tmp_path / "steps"
    with pytest.raises(KeyboardInterrupt):
        perform(run, store, dataclasses.replace(bench, progress=cut))
    assert file.read_text().split() == ["0", "1"]
    file.unlink()
    if changed != "nothing":
        monkeypatch.setattr(key, changed, lambda *arguments: "0" * 64)
    perform(run, store, bench)
    assert "".join(file.read_text().split()) == steps


def test_a_corrupt_record_is_computed_again_and_not_computed_missing(store, bench):
    run = Run(Draw())
    first = perform(run, store, bench)
    store.files(first.key)[1].write_bytes(b"")
    with pytest.raises(RunMissing):
        perform(run, store, bench, compute=False)
    again = perform(run, store, bench)
    np.testing.assert_array_equal(again.tensors["values"], first.tensors["values"])


def test_a_diverged_run_is_a_finding_and_is_not_tried_again(store, bench, caplog):
    record = perform(Run(Diverges()), store, bench)
    assert record.diverged
    assert record.metrics["diverged_at"] == 812
    assert np.isnan(record.metrics["loss"])
    assert record.metrics["detail"] == "lr 0.1, last finite loss 3.2"
    assert "diverged at step 812 (loss nan): lr 0.1" in caplog.text
    assert perform(Run(Diverges()), store, bench, compute=False).diverged


def test_any_other_exception_stores_nothing(store, bench):
    with pytest.raises(FloatingPointError, match="no such thing"):
        perform(Run(Fails()), store, bench)
    assert store.keys() == []


def test_a_recipe_that_gives_no_result_is_told_so(store, bench):
    with pytest.raises(TypeError, match=r"WrongType.compute gives a Result, not a dict"):
        perform(Run(WrongType()), store, bench)


def test_a_store_that_is_only_read_is_found_out_before_computing(store, bench, tmp_path):
    stored = perform(Run(Draw()), store, bench)
    store.unwritable = "Read-only file system"
    with pytest.raises(StoreNotWritable):
        perform(Run(Counted(str(tmp_path / "calls"))), store, bench)
    assert not (tmp_path / "calls").exists()
    assert perform(Run(Draw()), store, bench) == stored


def test_a_full_disk_is_reported_and_the_lock_is_free_again(store, bench, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(RecordNotWritten, match="No space left"):
            perform(Run(Draw()), store, bench)
    assert perform(Run(Draw()), store, bench).metrics


@pytest.fixture
def two_threads():
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


@pytest.mark.usefixtures("two_threads")
def test_threads_and_global_randomness_are_fixed_and_put_back(store, bench):
    numpy_state: Any = np.random.get_state
    states = torch.get_rng_state(), numpy_state()[1], random.getstate()
    variables = dict(os.environ)
    first = perform(Run(Carelessly(), 1), store, bench)
    assert first.metrics["threads"] == [1, "1"]
    assert torch.get_num_threads() == 2
    assert dict(os.environ) == variables
    assert torch.equal(torch.get_rng_state(), states[0])
    assert np.array_equal(numpy_state()[1], states[1])
    assert random.getstate() == states[2]

    torch.rand(7)
    np.random.rand(7)
    store.files(first.key)[0].unlink()
    assert perform(Run(Carelessly(), 1), store, bench).metrics == first.metrics
    assert perform(Run(Carelessly(), 2), store, bench).metrics["torch"] != first.metrics["torch"]


@pytest.mark.usefixtures("two_threads")
def test_conditions_are_put_back_after_an_exception_too(store, bench):
    state = torch.get_rng_state()
    with pytest.raises(FloatingPointError):
        perform(Run(Fails()), store, bench)
    assert torch.get_num_threads() == 2
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.usefixtures("squares")
def test_a_runs_data_are_in_its_key(store, bench):
    record = perform(Run(Reads()), store, bench)
    assert record.metrics == {"sum": 18.0}
    assert record.made_of["data"] == {"squares/train": "d" * 64}


@pytest.mark.usefixtures("squares")
def test_data_that_a_run_has_written_into_are_not_used_again(store, bench):
    perform(Run(Reads(overwrites=True)), store, bench)
    with pytest.raises(RuntimeError, match="changed in place"):
        perform(Run(Reads()), store, bench)


def test_divergence_reads_well_without_details():
    assert str(RunDiverged(3, float("inf"))) == "diverged at step 3 (loss inf)"
