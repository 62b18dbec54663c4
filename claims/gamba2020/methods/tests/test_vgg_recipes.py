import pytest

from claims.gamba2020.methods.recipes import gamba
from claims.gamba2020.methods.vgg_recipes import (
    IMAGES,
    LENGTHS,
    failing,
    noisy_labels,
    shuffled_pixels,
    smooth,
    steps,
    watched,
)
from harness.networks import SCHEMES
from harness.training import Augmentation, Data, Exponential, LabelNoise, Sgd, Steps


def test_the_paper_tier_is_the_papers_recipe():
    training = watched("paper", "cifar10").training
    plain = gamba(training.network, Data("cifar10", held_out=5000))
    assert training == plain.with_(precision="bf16", initialisation="vgg")
    assert (training.epochs, training.schedule) == (75, Steps((25, 50)))


@pytest.mark.parametrize("tier", LENGTHS)
def test_only_the_narrow_network_has_another_rate_than_the_paper_and_no_augmentation(tier):
    training = watched(tier, "cifar100").training
    narrow = tier == "laptop"
    assert training.optimiser == Sgd(0.02 if narrow else 0.01, momentum=0.9, weight_decay=5e-4)
    assert training.augmentation == (Augmentation() if narrow else Augmentation(shift=4, flip=True))
    assert training.initialisation in (None, *SCHEMES)
    network = training.network.build() if tier == "laptop" else None
    assert network is None or not [layer for layer in network.modules() if "Norm" in type(layer).__name__]


@pytest.mark.parametrize("tier", LENGTHS)
def test_resets_go_from_the_first_epoch_to_the_last(tier):
    length = LENGTHS[tier]
    assert (length.resets[0], length.resets[-1]) == (0, length.epochs)
    assert list(length.resets) == sorted(length.resets)


@pytest.mark.parametrize("tier", LENGTHS)
def test_the_smooth_schedule_meets_the_steps_where_they_drop(tier):
    drops, exponential = steps(tier), smooth(tier)
    assert isinstance(drops, Steps)
    assert isinstance(exponential, Exponential)
    assert exponential.factor ** drops.milestones[-1] == pytest.approx(0.1 ** len(drops.milestones))
    if tier != "laptop":
        assert [exponential.factor**epoch for epoch in drops.milestones] == pytest.approx([0.1, 0.01])


@pytest.mark.parametrize("tier", ["laptop", "nightly"])
def test_failing_networks_start_from_one_deviation(tier):
    recipe = failing(tier, "cifar10", 0.1)
    assert dict(recipe.training.network.parameters)["deviation"] == 0.1
    assert recipe.training.initialisation is None
    assert recipe.breakdown
    assert recipe.training.epochs == 10


def test_noise_is_in_the_data_alone():
    noisy, shuffled = noisy_labels("nightly", "any class"), shuffled_pixels("nightly")
    whole = shuffled_pixels("nightly", shuffled=False)
    assert noisy.training.data.label_noise == LabelNoise(1.0, "any class")
    assert noisy.training.optimiser.weight_decay == 0
    assert shuffled.training.data.shuffle_pixels
    assert shuffled.training.with_(data=whole.training.data) == whole.training


def test_small_sets_are_never_asked_for_more_images_than_they_have():
    from harness.data import load

    for tier in LENGTHS:
        data = watched(tier, "textures").training.data
        assert (data.count or 0) + (data.held_out or 0) <= len(load("textures", "train", None))
        assert IMAGES["textures"].channels == load("textures", "train", None).images.shape[1]
