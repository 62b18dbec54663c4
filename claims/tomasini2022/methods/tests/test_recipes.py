"""Each recipe says what the paper says."""

from __future__ import annotations

import math

import pytest

from claims.tomasini2022.methods.recipes import tomasini_convolutional, tomasini_dense, tomasini_scale_detection
from harness.tests.training_bench import MadeUpBench
from harness.training import Adam, Augmentation, Constant, Cosine, Data, Keep, Network, Sgd

NETWORK = Network.of("mlp", inputs=64, width=8, depth=1, classes=3)
CIFAR = Data("cifar10", held_out=5000)
SHIFTED = Augmentation(shift=4, flip=True)


@pytest.mark.parametrize(
    ("recipe", "optimiser", "schedule", "epochs", "augmentation", "loss"),
    [
        (tomasini_convolutional, Sgd(0.1, 0.9, 0.0), Cosine(250), 250, SHIFTED, "cross-entropy"),
        (tomasini_dense, Adam(0.1), Constant(), 250, SHIFTED, "cross-entropy"),
        (tomasini_scale_detection, Sgd(0.05, 0.9, 0.0), Cosine(300), 300, Augmentation(), "hinge"),
    ],
)
def test_a_recipe_is_the_papers(recipe, optimiser, schedule, epochs, augmentation, loss):
    training = recipe(NETWORK, CIFAR)
    assert (training.network, training.data) == (NETWORK, CIFAR)
    assert training.optimiser == optimiser
    assert training.schedule == schedule
    assert (training.epochs, training.batch_size) == (epochs, 128)
    assert (training.augmentation, training.loss) == (augmentation, loss)


@pytest.mark.parametrize(
    ("recipe", "rates"),
    [
        (tomasini_convolutional, {0: 0.1, 125: 0.05, 249: 0.1 * (1 - math.cos(math.pi / 250)) / 2}),
        (tomasini_dense, {0: 0.1, 249: 0.1}),
        (tomasini_scale_detection, {0: 0.05, 150: 0.025}),
    ],
)
def test_rates_follow_the_papers_schedule(recipe, rates):
    training = recipe(NETWORK, CIFAR)
    assert {epoch: training.optimiser.rate * training.schedule.share(epoch) for epoch in rates} == pytest.approx(rates)


def test_the_authors_cosine_rises_again_and_their_decay_spares_vectors():
    training = tomasini_convolutional(NETWORK, CIFAR, "code")
    rates = {epoch: 0.1 * training.schedule.share(epoch) for epoch in (200, 249)}
    assert rates == pytest.approx({200: 0.0, 249: 0.0141}, abs=1e-4)
    assert training.optimiser == Sgd(0.1, 0.9, 5e-4, decay_vectors=False)
    assert (training.epochs, training.augmentation) == (250, SHIFTED)
    with pytest.raises(ValueError, match="it is 'text' or 'code'"):
        tomasini_convolutional(NETWORK, CIFAR, "paper")


@pytest.mark.parametrize("recipe", [tomasini_convolutional, tomasini_dense])
def test_it_trains(recipe):
    short = recipe(NETWORK, Data("made-up", 30, 10)).with_(epochs=1, keep=Keep(("*",), (1,)))
    assert math.isfinite(short.compute(0, MadeUpBench()).metrics["train_loss"][0])
