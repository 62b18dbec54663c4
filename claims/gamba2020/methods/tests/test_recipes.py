"""Each recipe says what the paper says."""

from __future__ import annotations

import math

import pytest

from claims.gamba2020.methods.recipes import gamba, gamba_noisy_labels, gamba_shuffled_pixels, gamba_smooth
from harness.tests.training_bench import MadeUpBench
from harness.training import Augmentation, Data, Exponential, Keep, LabelNoise, Network, Sgd, Steps

NETWORK = Network.of("mlp", inputs=64, width=8, depth=1, classes=3)
CIFAR = Data("cifar10", held_out=5000)
SHIFTED = Augmentation(shift=4, flip=True)
SMOOTH = Exponential(10 ** (-1 / 25))


@pytest.mark.parametrize(
    ("recipe", "optimiser", "schedule", "augmentation"),
    [
        (gamba, Sgd(0.01, 0.9, 5e-4), Steps((25, 50)), SHIFTED),
        (gamba_smooth, Sgd(0.01, 0.9, 5e-4), SMOOTH, SHIFTED),
        (gamba_noisy_labels, Sgd(0.01, 0.9, 0.0), Exponential(0.95), Augmentation()),
        (gamba_shuffled_pixels, Sgd(0.01, 0.9, 5e-4), Exponential(0.95), SHIFTED),
    ],
)
def test_a_recipe_is_the_papers(recipe, optimiser, schedule, augmentation):
    training = recipe(NETWORK, CIFAR)
    assert (training.network, training.data.name, training.data.held_out) == (NETWORK, "cifar10", 5000)
    assert training.optimiser == optimiser
    assert training.schedule == schedule
    assert (training.epochs, training.batch_size) == (75, 128)
    assert (training.augmentation, training.loss) == (augmentation, "cross-entropy")


@pytest.mark.parametrize(
    ("recipe", "expected"),
    [
        (gamba, {0: 0.01, 24: 0.01, 25: 1e-3, 49: 1e-3, 50: 1e-4}),
        (gamba_smooth, {0: 0.01, 25: 1e-3, 50: 1e-4, 1: 0.01 * 10**-0.04}),
        (gamba_noisy_labels, {0: 0.01, 1: 0.0095, 20: 0.01 * 0.95**20}),
        (gamba_shuffled_pixels, {0: 0.01, 1: 0.0095}),
    ],
)
def test_rates_follow_the_papers_schedule(recipe, expected):
    training = recipe(NETWORK, CIFAR)
    rates = {epoch: training.optimiser.rate * training.schedule.share(epoch) for epoch in expected}
    assert rates == pytest.approx(expected)


def test_only_the_studies_of_noise_disturb_labels_or_pixels():
    plain, smooth = gamba(NETWORK, CIFAR), gamba_smooth(NETWORK, CIFAR)
    assert plain.data == smooth.data == CIFAR
    noisy = gamba_noisy_labels(NETWORK, CIFAR, "any class")
    assert noisy.data.label_noise == LabelNoise(1.0, "any class")
    assert not noisy.data.shuffle_pixels
    shuffled = gamba_shuffled_pixels(NETWORK, CIFAR)
    assert shuffled.data.shuffle_pixels
    assert shuffled.data.label_noise is None
    assert gamba_shuffled_pixels(NETWORK, CIFAR, augmented=False).augmentation == Augmentation()


@pytest.mark.parametrize("recipe", [gamba, gamba_smooth, gamba_noisy_labels, gamba_shuffled_pixels])
def test_it_trains(recipe):
    short = recipe(NETWORK, Data("made-up", 30, 10)).with_(epochs=1, keep=Keep(("*",), (1,)))
    assert math.isfinite(short.compute(0, MadeUpBench()).metrics["train_loss"][0])
