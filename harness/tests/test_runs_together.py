"""Runs at once in one process, as on a GPU: each is what it is alone, whatever becomes of the others."""

from __future__ import annotations

import os
import signal

import pytest
import torch

from harness.runs import Bench, Run, perform
from harness.runs.display import Display
from harness.runs.together import together
from harness.store import Store
from harness.tests.processes import handled
from harness.tests.test_training_together import CNN, EXPLODING, content
from harness.training import Data, Keep, Network
from harness.training.trainer import Trainer
from harness.training.training import Training

SHUFFLED = CNN.with_(
    network=Network.of("test-shuffles", width=4, classes=4),
    data=Data("textures", count=60, held_out=20), batch_size=20,
)  # fmt: skip
RUNS = [Run(CNN, 0), Run(CNN, 1), Run(SHUFFLED, 0), Run(CNN.with_(batch_size=50), 1), Run(SHUFFLED, 1)]


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    """Each run's record from a store of its own."""
    return {run: content(perform(run, Store(tmp_path_factory.mktemp("alone")), Bench())) for run in RUNS}


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "store")


@pytest.fixture(autouse=True)
def often(monkeypatch):
    """Give way after every step."""
    monkeypatch.setattr("harness.runs.together.STEPS", 1)


class Log(Display):
    """What a display is told."""

    def __init__(self):
        self.events = []

    def __enter__(self):
        return self

    def __exit__(self, *raised):
        """Nothing was shown."""

    def started(self, name):
        self.events.append(("started", name))

    def advanced(self, name, done, total, what):
        self.events.append(("advanced", name))

    def finished(self, name, seconds, problem):
        assert seconds > 0
        self.events.append(("finished", name))


def done(runs, store, at_once, display=None, admits=lambda run: True):
    return together(runs, store, Bench(), display or Log(), admits, at_once)


def contents(runs, store):
    return {run: content(perform(run, store, Bench(), compute=False)) for run in runs}


@pytest.mark.parametrize("at_once", [1, 2, 5])
def test_grouped_equals_alone(at_once, store, alone):
    state, threads, display = torch.get_rng_state(), torch.get_num_threads(), Log()
    assert done(RUNS, store, at_once, display) == [None] * 5
    assert contents(RUNS, store) == alone
    assert torch.equal(torch.get_rng_state(), state)
    assert torch.get_num_threads() == threads
    under_way = most = 0
    for event, _ in display.events:
        under_way += {"started": 1, "finished": -1}.get(event, 0)
        most = max(most, under_way)
    assert (under_way, most) == (0, at_once)


def test_one_that_explodes_and_one_that_fails_cost_the_others_nothing(store, alone):
    broken = Run(CNN.with_(data=Data("digits", count=10**6)), 0)
    failures = done([Run(EXPLODING), broken, *RUNS], store, 4)
    assert [failure and failure.kind for failure in failures] == [None, "ValueError", *[None] * 5]
    assert perform(Run(EXPLODING), store, Bench(), compute=False).diverged
    assert contents(RUNS, store) == alone


def test_without_enough_memory_there_are_half_as_many_at_once(store, alone, monkeypatch, caplog):
    plain, under_way, most = Trainer.step, Log(), []

    def step(trainer, batch):
        began = [name for event, name in under_way.events if event == "started"]
        ended = [name for event, name in under_way.events if event == "finished"]
        retreats = caplog.text.count("begins again")
        most.append(len(began) - len(ended) - retreats)
        if most[-1] > 2:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return plain(trainer, batch)

    monkeypatch.setattr(Trainer, "step", step)
    assert done(RUNS, store, 4, under_way) == [None] * 5
    assert contents(RUNS, store) == alone
    assert "out of memory with 4 runs at once: 2 from now on" in caplog.text


def test_a_run_that_is_too_large_alone_fails(store, monkeypatch):
    def step(trainer, batch):
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(Trainer, "step", step)
    assert [failure.kind for failure in done(RUNS, store, 4)] == ["OutOfMemoryError"] * 5
    assert store.keys() == []


def test_what_wants_no_other_beside_it_has_none(store, alone, monkeypatch):
    monkeypatch.setattr(Training, "alone", lambda recipe: recipe.network == SHUFFLED.network)
    display = Log()
    assert done(RUNS, store, 4, display) == [None] * 5
    assert contents(RUNS, store) == alone
    under_way, most = set(), {True: 0, False: 0}
    for event, name in display.events:
        if event == "started":
            under_way.add(name)
        elif event == "finished":
            under_way.remove(name)
        lonely = any(str(run) in under_way for run in RUNS if run.recipe == SHUFFLED)
        most[lonely] = max(most[lonely], len(under_way))
    assert most == {True: 1, False: 2}


def test_runs_that_are_not_admitted_are_left(store, alone):
    done(RUNS, store, 2, admits=lambda run: run.seed == 1)
    chosen = [run for run in RUNS if run.seed == 1]
    assert contents(chosen, store) == {run: alone[run] for run in chosen}
    assert len(store.keys()) == len(chosen)


@pytest.fixture
def interruptible():
    """Ctrl-C interrupts, also where the tests run in the background and were told to ignore it."""
    with handled(signal.SIGINT, signal.default_int_handler):
        yield


@pytest.mark.usefixtures("interruptible")
def test_an_interrupt_keeps_the_finished_ones_and_goes_on(store, alone):
    class Interrupting(Log):
        def finished(self, name, seconds, problem):
            super().finished(name, seconds, problem)
            os.kill(os.getpid(), signal.SIGINT)

    threads, long = torch.get_num_threads(), CNN.with_(epochs=50, keep=Keep())
    runs = [Run(CNN.with_(epochs=1, keep=Keep()), 0), Run(long, 1), Run(long, 2)]
    with pytest.raises(KeyboardInterrupt):
        done(runs, store, 3, Interrupting())
    assert len(store.keys()) == 1
    assert torch.get_num_threads() == threads
    assert done(RUNS, store, 3) == [None] * 5
    assert contents(RUNS, store) == alone
