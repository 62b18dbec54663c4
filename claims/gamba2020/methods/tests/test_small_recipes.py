import pytest
import torch

from claims.gamba2020.methods.projections import convolutional_layers
from claims.gamba2020.methods.small_recipes import (
    TASKS,
    digits,
    lenet,
    noisy_digits,
    shuffled_digits,
    smooth_digits,
    task,
)
from harness.data import load
from harness.training import Augmentation, Data, Exponential, LabelNoise, Sgd
from harness.training.label_noise import READINGS

ALL = {
    "digits": digits(),
    "smooth": smooth_digits(),
    "from 0 to 1": digits(standardise=False),
    "LeNet": lenet("laptop"),
    **{name: task(name) for name in TASKS},
    **{f"noisy, {reading}": noisy_digits(reading) for reading in READINGS},
    **{f"shuffled: {is_so}": shuffled_digits(shuffled=is_so) for is_so in (True, False)},
}


@pytest.mark.parametrize("name", ALL)
def test_networks_take_their_images(name):
    training = ALL[name].training
    images = load(training.data.name, "train", None)
    network = training.network.build().eval()
    assert (training.data.count or 0) + (training.data.held_out or 0) <= len(images)
    assert network(images.images[:2].float()).shape == (2, int(images.labels.max()) + 1)
    assert len(convolutional_layers(network)) == 6
    assert training.optimiser.rate == 0.01
    assert training.augmentation == Augmentation()


def test_pairs_differ_in_what_they_compare_alone():
    step, smooth = digits().training, smooth_digits().training
    assert smooth.with_(schedule=step.schedule) == step
    assert digits(standardise=False).training.with_(data=step.data) == step
    shuffled, whole = (shuffled_digits(shuffled=is_so).training for is_so in (True, False))
    assert shuffled.data.shuffle_pixels
    assert shuffled.with_(data=whole.data) == whole
    easy, hard = (task(name).training for name in TASKS)
    assert (easy.data.count, easy.epochs, easy.batch_size) == (hard.data.count, hard.epochs, hard.batch_size)


def test_noise_has_no_regularisation():
    training = noisy_digits("any class").training
    assert training.optimiser == Sgd(0.01, momentum=0.9)
    assert training.schedule == Exponential(0.95)
    assert training.data.label_noise == LabelNoise(1.0, "any class")


@pytest.mark.parametrize("tier", ["nightly", "paper"])
def test_the_papers_lenet_sees_mnist(tier):
    training = lenet(tier).training
    assert training.data == Data("mnist", held_out=6000)
    assert training.augmentation == Augmentation(shift=4, flip=True)


def test_two_digits_are_the_zeros_and_ones():
    whole, two = (load(name, "test", None) for name in ("digits", "two-digits"))
    assert set(two.labels.tolist()) == {0, 1}
    assert len(two) == int((whole.labels < 2).sum())
    assert torch.equal(two.images[0], whole.images[whole.labels < 2][0])
