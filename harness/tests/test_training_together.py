"""A training's record does not depend on what is trained beside it, before or after it, nor on what becomes of that."""

from __future__ import annotations

import math

import pytest

from harness.runs import Bench, Run, perform, perform_all
from harness.store import Store
from harness.tests.fake_networks import small_cnn
from harness.training import Augmentation, Data, Keep, Sgd
from harness.training.trainer import Trainer
from harness.training.training import Training

CNN = Training(
    network=small_cnn(depth=1, classes=10),
    data=Data("digits", count=100, held_out=20),
    optimiser=Sgd(0.05, momentum=0.9),
    epochs=2,
    batch_size=25,
    augmentation=Augmentation(1, True),
    keep=Keep(("*",), (2,)),
)
EXPLODING = CNN.with_(optimiser=Sgd(1e30))
OTHERS = [Run(CNN, 0), Run(CNN, 1), Run(CNN.with_(batch_size=50), 1), Run(CNN.with_(precision="bf16"), 0)]


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    """Each run's record from a store of its own."""
    return {run: content(perform(run, Store(tmp_path_factory.mktemp("alone")), Bench())) for run in OTHERS}


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "store")


def content(record):
    tensors = {name: array.tobytes() for name, array in record.tensors.items()}
    return record.key, dict(record.metrics), tensors


def contents(outcomes):
    return {outcome.run: content(outcome.record) for outcome in outcomes if not outcome.record.diverged}


@pytest.mark.parametrize("order", [(0, 1, 2, 3), (3, 1, 0, 2), (2, 3, 1, 0)])
def test_runs_done_together_in_any_order_equal_those_done_alone(order, store, alone):
    assert contents(perform_all([OTHERS[place] for place in order], store, Bench(), workers=1)) == alone


def test_runs_in_two_processes_beside_one_that_explodes_equal_those_done_alone(store, alone):
    outcomes = perform_all([Run(EXPLODING), *OTHERS], store, Bench(), workers=2)
    assert contents(outcomes) == alone
    assert outcomes[0].record.metrics["diverged_at"] > 0


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_a_loss_that_is_not_finite_is_stored_as_diverged_and_the_others_are_what_they_were(
    value, store, alone, monkeypatch
):
    plain, planted, trainers = Trainer.step, Run(CNN, 7), []

    def step(trainer, index):
        if trainer.done.draws is None:  # one that is thrown away after its first steps
            return plain(trainer, index)
        if trainer not in trainers:
            trainers.append(trainer)
        loss, hits = plain(trainer, index)
        sixth = trainer.done.epochs == 1 and len(trainer.done.losses) == 1
        if trainers.index(trainer) == 2 and sixth:
            loss.fill_(value)
            next(trainer.network.parameters()).data.fill_(value)
        return loss, hits

    monkeypatch.setattr(Trainer, "step", step)
    outcomes = perform_all([*OTHERS[:2], planted, *OTHERS[2:]], store, Bench(), workers=1)
    assert contents(outcomes) == alone
    metrics = outcomes[2].record.metrics
    assert (metrics["diverged_at"], repr(metrics["loss"])) == (5, repr(value))
    assert metrics["detail"].startswith("learning rate 0.05, last finite loss ")
    assert perform(planted, store, Bench(), compute=False).diverged
