"""What is trained on ImageNet: every recipe runs on a tiny one, and its images may stay in their files."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from claims.fan2019.methods.arms import arm, imagenet, small_imagenet
from claims.fan2019.methods.shuffle_test import AS_TRAINED, Condition, ShuffleTest
from harness.runs import Bench
from harness.tests.fake_imagenet import tiny_imagenet
from harness.tests.made_up_records import trained_claims_of
from harness.training import Data, Network, Sgd, Steps
from harness.training.training import Training

__all__ = ["tiny_imagenet"]

ON_IMAGENET = {id: one for id, one in trained_claims_of("fan2019").items() if one.file.name == "test_imagenet.py"}
RECIPES = {recipe: id for id, claim in ON_IMAGENET.items() for recipe in claim.runs_within("paper", {}).values()}


def thin(network: Network) -> Network:
    """The same of width 4 for three classes."""
    return Network.of(network.name, **{**dict(network.parameters), "width": 4, "classes": 3})


def shortened(recipe: ShuffleTest) -> ShuffleTest:
    """Two epochs of ten images for a thin network."""
    training = recipe.training
    data = replace(training.data, count=10, side=training.data.side and 32)
    schedule = Steps((1,))
    short = training.with_(network=thin(training.network), data=data, epochs=2, batch_size=4, schedule=schedule)
    conditions = tuple(replace(condition, network=thin(condition.network)) for condition in recipe.conditions)
    return recipe.with_(training=short, conditions=conditions, passes=2)


@pytest.mark.parametrize("number", range(len(RECIPES)))
def test_every_recipe_runs_for_two_epochs(number, tiny_imagenet):
    recipe = list(RECIPES)[number]
    assert isinstance(recipe, ShuffleTest)
    metrics = shortened(recipe).compute(0, Bench(data=tiny_imagenet)).metrics
    assert len(metrics["train_loss"]) == 2
    assert np.isfinite(metrics["train_loss"]).all()
    assert list(metrics["test_accuracy"]) == [AS_TRAINED, *(condition.name for condition in recipe.conditions)]


def test_what_is_trained_is_what_the_paper_has():
    recipes = [recipe for recipe in RECIPES if isinstance(recipe, ShuffleTest)]
    assert {recipe.training.data.name for recipe in recipes} == {"imagenet", "small-imagenet"}
    training = next(recipe for recipe in recipes if RECIPES[recipe] == "SH-79").training
    assert (training.epochs, training.batch_size, training.optimiser.rate) == (100, 256, 0.1)
    assert training.schedule == Steps((30, 60))
    assert training.data == Data("imagenet", side=224)


@pytest.mark.parametrize("id", ["SH-79", "SH-80", "SH-81", "SH-35", "SH-37", "SH-88"])
def test_baselines_are_tested_with_the_shuffle_that_the_controls_read(id):
    runs = ON_IMAGENET[id].runs_within("paper", {})
    baseline, shuffled, *_ = runs
    tested, other = runs[baseline], runs[shuffled]
    assert isinstance(tested, ShuffleTest)
    assert isinstance(other, ShuffleTest)
    conditions = [(condition.name, condition.network) for condition in tested.conditions]
    assert conditions == [(shuffled, other.training.network)]


def test_all_of_them_are_of_tier_paper():
    assert {claim.tier for claim in ON_IMAGENET.values()} == {"paper"}


def test_what_there_is_to_compute_is_known_without_the_images():
    """A plan decodes nothing, not all of ImageNet for its small images."""
    effort = arm("plain", small_imagenet("paper")).effort(Bench())
    assert effort.steps == 100 * -(-1_281_167 // 128)
    assert effort.operations == pytest.approx(100 * 1_281_167 * 2 * 3 * 0.336e9, rel=0.05)


@pytest.mark.parametrize("scale", [imagenet, small_imagenet])
@pytest.mark.parametrize("tier", ["laptop", "nightly"])
def test_no_other_tier_trains_on_imagenet(scale, tier):
    with pytest.raises(ValueError, match="takes days"):
        scale(tier)


def streamed(network: Network) -> Training:
    """A training on images that stay in their files."""
    data = Data("imagenet", side=64)
    return Training(network=network, data=data, optimiser=Sgd(0.01, 0.9), epochs=1, batch_size=10)


def test_the_test_split_may_be_files_too(tiny_imagenet):
    network = partial(Network.of, "fan-modified", architecture="resnet50", width=4, classes=3, small_images=False)
    shuffled = Condition("shuffled", network(method="spatial", last=16))
    recipe = ShuffleTest(streamed(network()), (shuffled,), passes=2, images=7)
    tested = recipe.compute(0, Bench(data=tiny_imagenet)).metrics
    assert tested["test_images"] == 7
    assert {name: len(passes) for name, passes in tested["test_accuracy"].items()} == {AS_TRAINED: 1, "shuffled": 2}


def test_streamed_runs_want_a_gpu_for_themselves():
    training = streamed(Network.of("fan-modified", width=4, classes=3))
    assert ShuffleTest(training).alone()
    assert not ShuffleTest(training.with_(data=Data("cifar10"))).alone()
