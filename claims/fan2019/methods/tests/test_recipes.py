"""The recipe says what the authors' code says."""

from __future__ import annotations

import math

import pytest

from claims.fan2019.methods.recipes import fan
from harness.tests.training_bench import MadeUpBench
from harness.training import Augmentation, Data, Keep, Network, Sgd, Steps

NETWORK = Network.of("mlp", inputs=64, width=8, depth=1, classes=3)
CIFAR = Data("cifar100", held_out=5000)


def test_the_recipe_is_the_authors():
    training = fan(NETWORK, CIFAR)
    assert (training.network, training.data) == (NETWORK, CIFAR)
    assert training.optimiser == Sgd(0.1, 0.9, 1e-4)
    assert training.schedule == Steps((50, 75))
    assert (training.epochs, training.batch_size) == (100, 128)
    assert (training.augmentation, training.loss) == (Augmentation(shift=4, flip=True), "cross-entropy")


def test_rates_follow_the_authors_steps():
    training = fan(NETWORK, CIFAR)
    expected = {0: 0.1, 49: 0.1, 50: 0.01, 74: 0.01, 75: 0.001, 99: 0.001}
    rates = {epoch: training.optimiser.rate * training.schedule.share(epoch) for epoch in expected}
    assert rates == pytest.approx(expected)


def test_it_trains():
    short = fan(NETWORK, Data("made-up", 30, 10)).with_(epochs=1, keep=Keep(("*",), (1,)))
    assert math.isfinite(short.compute(0, MadeUpBench()).metrics["train_loss"][0])
