"""Claims on ImageNet: every recipe runs on a tiny one, and every rule can go either way."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from claims.fan2019.methods.arms import arm, imagenet, small_imagenet
from claims.fan2019.methods.shuffle_test import AS_TRAINED
from harness.runs import Bench
from harness.tests.fake_imagenet import tiny_imagenet
from harness.tests.made_up_records import claims_of, judge_by_name
from harness.training import Data, Network, Steps
from harness.verdicts import Verdict

__all__ = ["tiny_imagenet"]

ON_IMAGENET = {id: claim for id, claim in claims_of("fan2019").items() if claim.file.name == "test_imagenet.py"}
RECIPES = {recipe: id for id, claim in ON_IMAGENET.items() for recipe in claim.runs_within("paper", {}).values()}
SUPPORTED, REFUTED = Verdict.SUPPORTED, Verdict.REFUTED
DATA = {"data": "imagenet"}
SMALL = {"data": "small-imagenet"}


def shortened(recipe):
    """Two epochs of ten images for a thin network."""
    training = recipe.training
    shape = {**dict(training.network.parameters), "classes": 3}
    shape["width"] = 4
    side = training.data.side and 32
    data = replace(training.data, count=10, held_out=training.data.held_out and 4, side=side)
    network = Network.of(training.network.name, **shape)
    short = training.with_(network=network, data=data, epochs=2, batch_size=4, schedule=Steps((1,)))
    parts = [dict(condition.network.parameters) | {"width": 4, "classes": 3} for condition in recipe.conditions]
    conditions = tuple(
        replace(condition, network=Network.of(condition.network.name, **part))
        for condition, part in zip(recipe.conditions, parts, strict=True)
    )
    return recipe.with_(training=short, conditions=conditions, passes=2)


@pytest.mark.parametrize("number", range(len(RECIPES)))
def test_every_recipe_runs_for_two_epochs(number, tiny_imagenet):
    recipe = list(RECIPES)[number]
    metrics = shortened(recipe).compute(0, Bench(data=tiny_imagenet)).metrics
    assert len(metrics["train_loss"]) == 2
    assert np.isfinite(metrics["train_loss"]).all()
    assert list(metrics["test_accuracy"]) == [AS_TRAINED, *(one.name for one in recipe.conditions)]


def test_what_is_trained_is_what_the_papers_have():
    assert {recipe.training.data.name for recipe in RECIPES} == {"imagenet", "small-imagenet"}
    fan = next(recipe for recipe, id in RECIPES.items() if id == "SH-79").training
    assert (fan.epochs, fan.batch_size, fan.optimiser.rate, fan.schedule.milestones) == (100, 256, 0.1, (30, 60))
    assert fan.data == Data("imagenet", side=224)


@pytest.mark.parametrize("id", ["SH-79", "SH-80", "SH-81", "SH-35", "SH-37", "SH-88"])
def test_baselines_are_tested_with_the_shuffle_that_the_controls_read(id):
    runs = ON_IMAGENET[id].runs_within("paper", {})
    baseline, shuffled, *_ = runs
    assert [(one.name, one.network) for one in runs[baseline].conditions] == [
        (shuffled, runs[shuffled].training.network)
    ]


def test_what_there_is_to_compute_is_known_without_the_images():
    """A plan decodes nothing, not all of ImageNet for its small images."""
    effort = arm("plain", small_imagenet("paper")).effort(Bench())
    assert effort.steps == 100 * -(-1_281_167 // 128)
    assert effort.operations == pytest.approx(100 * 1_281_167 * 2 * 3 * 0.336e9, rel=0.05)


@pytest.mark.parametrize("scale", [imagenet, small_imagenet])
@pytest.mark.parametrize("tier", ["quick", "nightly"])
def test_no_other_tier_trains_on_imagenet(scale, tier):
    with pytest.raises(ValueError, match="takes days"):
        scale(tier)


def accuracies(shares, tested_with=0.3):
    """Records of networks with these accuracies by arm, and of the baseline with a shuffle in tests alone."""

    def made(name, seed):
        noise, more = 0.0005 * np.random.default_rng([seed, len(name)]).normal(size=2)
        value = shares[name] + noise
        others = {other: [tested_with + more] for other in shares if "spatial" in other and "spatial" not in name}
        return {
            "test_accuracy": {AS_TRAINED: [value], **others},
            "best_validation_accuracy": value + 0.0005,
            "train_accuracy": [0.9],
        }

    return made


TABLE_2 = {
    "SH-79": {"plain": 0.7296, "spatial 1": 0.7351, "gap-fc 1": 0.7255},
    "SH-80": {"resnet50": 0.7547, "resnet50 spatial 1": 0.7468, "resnet50 gap-fc 1": 0.7457},
    "SH-81": {"resnet152": 0.7766, "resnet152 spatial 1": 0.7664, "resnet152 gap-fc 5": 0.7693},
}
EPOCHS = ("last", "best")


@pytest.mark.parametrize("epoch", EPOCHS)
@pytest.mark.parametrize("id", TABLE_2)
def test_table_2_is_supported_by_its_numbers_and_by_no_others(id, epoch):
    found = judge_by_name(ON_IMAGENET[id], accuracies(TABLE_2[id]), tier="paper", epoch=epoch, **DATA)
    assert (found.verdict, found.control) == (SUPPORTED, REFUTED)
    baseline, *_ = TABLE_2[id]
    others = TABLE_2[id] | {baseline: 0.70}
    assert judge_by_name(ON_IMAGENET[id], accuracies(others), tier="paper", epoch=epoch, **DATA).verdict is REFUTED
    unharmed = accuracies(TABLE_2[id], tested_with=[*TABLE_2[id].values()][1])
    assert judge_by_name(ON_IMAGENET[id], unharmed, tier="paper", epoch=epoch, **DATA).control is SUPPORTED


VGG, R50 = TABLE_2["SH-79"], TABLE_2["SH-80"]
SMALL_VGG = {"plain": 0.4659, "spatial 4": 0.4515, "gap-fc 4": 0.4605, "gap-fc 10": 0.2638}
SMALL_R50 = {"resnet50": 0.55, "resnet50 gap-fc 8": 0.4808, "resnet50 gap-fc 13": 0.40}
DIFFERENCES = {
    "SH-35": (R50, R50 | {"resnet50 gap-fc 1": 0.73}, DATA),
    "SH-37": (VGG, VGG | {"spatial 1": 0.72}, DATA),
    "SH-30": (SMALL_VGG, SMALL_VGG | {"gap-fc 4": 0.43}, SMALL),
    "SH-88": (SMALL_VGG, SMALL_VGG | {"spatial 4": 0.42}, SMALL),
    "SH-89": (SMALL_R50, SMALL_R50 | {"resnet50 gap-fc 8": 0.54}, SMALL),
}


@pytest.mark.parametrize("epoch", EPOCHS)
@pytest.mark.parametrize("id", DIFFERENCES)
def test_differences_are_judged_either_way(id, epoch):
    paper, others, data = DIFFERENCES[id]
    found = judge_by_name(ON_IMAGENET[id], accuracies(paper), tier="paper", epoch=epoch, **data)
    assert (found.verdict, found.control) == (SUPPORTED, REFUTED)
    assert judge_by_name(ON_IMAGENET[id], accuracies(others), tier="paper", epoch=epoch, **data).verdict is REFUTED


@pytest.mark.parametrize(("id", "unharmed"), [("SH-35", 0.7547), ("SH-37", 0.7351), ("SH-88", 0.4515)])
def test_baselines_that_no_shuffle_harms_would_be_supported_as_controls(id, unharmed):
    paper, _, data = DIFFERENCES[id]
    found = judge_by_name(ON_IMAGENET[id], accuracies(paper, tested_with=unharmed), tier="paper", epoch="last", **data)
    assert (found.verdict, found.control, found.control_holds) == (SUPPORTED, SUPPORTED, False)


def test_all_of_them_are_judged_here():
    here = {*TABLE_2, *DIFFERENCES}
    assert set(ON_IMAGENET) == here
    assert all(claim.tier == "paper" for claim in ON_IMAGENET.values())
