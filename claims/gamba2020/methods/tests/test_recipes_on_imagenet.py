"""What is trained on ImageNet: every recipe runs on a tiny one, with the paper's settings."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from claims.gamba2020.methods.criticality import Criticality
from claims.gamba2020.methods.vgg_recipes import IMAGENET_NETWORKS, failing, on_imagenet
from harness.runs import Bench
from harness.tests.fake_imagenet import tiny_imagenet
from harness.tests.made_up_records import trained_claims_of
from harness.training import Augmentation, Data, Network, Steps
from harness.training.training import Training

__all__ = ["tiny_imagenet"]

AT_PAPER = {id: claim for id, claim in trained_claims_of("gamba2020").items() if claim.tier == "paper"}
RECIPES = {
    **{name: on_imagenet(name) for name in IMAGENET_NETWORKS},
    **{f"failing from {deviation}": failing("paper", "imagenet", deviation) for deviation in (0.01, 0.1)},
}
SMALL_VGG = Training(
    network=Network.of("plain-vgg", depth=11, width=4, classes=3),
    data=Data("imagenet", side=32),
    optimiser=on_imagenet("VGG19").training.optimiser,
    epochs=2,
    batch_size=10,
    augmentation=Augmentation(flip=True),
)


def shortened(recipe: Criticality) -> Criticality:
    """Two epochs of ten images for a thin network."""
    training = recipe.training
    alexnet = training.network.name == "alexnet"
    shape = {**dict(training.network.parameters), "classes": 3, **({} if alexnet else {"width": 4})}
    data = replace(training.data, count=10, held_out=4, side=64 if alexnet else 32)
    network = Network.of(training.network.name, **shape)
    short = training.with_(network=network, data=data, epochs=2, batch_size=4, schedule=Steps((1,)))
    return recipe.with_(training=short, resets=(0, 1, 2) if recipe.resets else ())


def test_these_are_the_recipes_of_all_claims_on_imagenet():
    runs = [claim.runs_within("paper", {}) for claim in AT_PAPER.values()]
    needed = {recipe for named in runs for recipe in named.values() if isinstance(recipe, Criticality)}
    assert len(needed) == 3
    assert {recipe for recipe in needed if recipe.training.data.name == "imagenet"} <= set(RECIPES.values())
    assert {recipe.training.data.name for recipe in needed} == {"imagenet", "cifar10"}


@pytest.mark.parametrize("name", RECIPES)
def test_every_recipe_runs_for_two_epochs(name, tiny_imagenet):
    recipe = RECIPES[name]
    metrics = shortened(recipe).compute(0, Bench(data=tiny_imagenet)).metrics
    if "broke_at_step" in metrics:
        assert recipe.breakdown
        return
    assert len(metrics["train_loss"]) == 2
    assert np.isfinite(metrics["train_loss"]).all()
    layers = 5 if name == "AlexNet" else 16
    assert np.shape(metrics["negative"]) == (3, layers)
    if recipe.resets:
        assert {len(accuracies) for accuracies in metrics["reset"]["test"].values()} == {layers}
        assert metrics["reset"]["test"]["2"] == layers * [metrics["accuracy"]["test"]]


@pytest.mark.parametrize("name", IMAGENET_NETWORKS)
def test_what_is_trained_is_what_the_paper_has(name):
    training = on_imagenet(name).training
    assert (training.epochs, training.batch_size, training.optimiser.rate) == (75, 128, 0.01)
    assert training.schedule == Steps((25, 50))
    assert training.data == Data("imagenet", held_out=128_117, side=224)


def test_layers_are_reset_on_images_in_files(tiny_imagenet):
    metrics = Criticality(SMALL_VGG, resets=(0, 2), test_images=9).compute(0, Bench(data=tiny_imagenet)).metrics
    by_source = metrics["reset"]["test"]
    assert {source: len(accuracies) for source, accuracies in by_source.items()} == {"0": 8, "2": 8, "fresh": 8}
    assert by_source["2"] == 8 * [metrics["accuracy"]["test"]]


def test_runs_on_images_in_files_want_a_gpu_for_themselves():
    held = SMALL_VGG.with_(data=Data("cifar10"))
    assert (Criticality(SMALL_VGG).alone(), Criticality(held).alone()) == (True, False)
