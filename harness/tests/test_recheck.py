"""A recheck tells mistakes in the training code from the rounding of another processor."""

from __future__ import annotations

import contextlib

import pytest
import torch

from harness.benchmarks.rounding import MISTAKES
from harness.evidence.recheck import Comparison, compare, precision_of, same_machine
from harness.runs import Bench
from harness.training import SHIFT_AND_FLIP, Cosine, Data, Network, Sgd, Steps
from harness.training.training import Training

NETWORKS = {
    "batch norm": Network.of("vgg16", classes=4, width=4, channels=1),
    "plain": Network.of("mlp", inputs=32 * 32, width=16, depth=2, classes=4),
}
IMAGES = Data("textures", count=120, held_out=60)


def training(kind: str = "plain", precision: str = "float32") -> Training:
    return Training(
        network=NETWORKS[kind],
        data=IMAGES,
        optimiser=Sgd(0.05, 0.9, 5e-3),
        schedule=Cosine(4),
        epochs=2,
        batch_size=20,
        augmentation=SHIFT_AND_FLIP,
        precision=precision,
    )


def metrics(recipe: Training, seed: int = 3) -> dict:
    return dict(recipe.compute(seed, Bench()).metrics)


def made_of(recipe: Training) -> dict:
    return {"recipe": {"name": "training", "fields": {"precision": recipe.precision}}}


def rechecked(recipe: Training, now: dict, **how: bool) -> Comparison:
    return compare(metrics(recipe), now, made_of(recipe), **how)


@pytest.mark.parametrize("precision", ["float32", "bf16"])
@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_in_the_training_code_is_caught(mistake, precision):
    recipe = training(precision=precision)
    with MISTAKES[mistake](recipe.with_(epochs=1)) as mistaken:
        now = metrics(mistaken)
    differences = rechecked(recipe, now).differences
    assert differences
    assert all(difference.metric in str(difference) for difference in differences)


def test_a_schedule_whose_steps_come_an_epoch_late_is_caught_by_a_whole_run():
    recipe = training().with_(schedule=Steps((1,)))
    (difference,) = [
        one
        for one in rechecked(recipe, metrics(recipe.with_(schedule=Steps((2,))))).differences
        if one.metric == "rate"
    ]
    assert (difference.epoch, str(difference)) == (1, "rate [epoch 1]: recorded 0.005, now 0.05")


@contextlib.contextmanager
def two_threads():
    threads = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


@contextlib.contextmanager
def channels_first():
    plain = torch.channels_last
    torch.channels_last = torch.contiguous_format
    try:
        yield
    finally:
        torch.channels_last = plain


@pytest.mark.parametrize("elsewhere", [two_threads, channels_first])
@pytest.mark.parametrize("kind", NETWORKS)
def test_rounding_as_on_another_machine_is_none(kind, elsewhere):
    recipe = training(kind)
    with elsewhere():
        now = metrics(recipe.with_(epochs=1))
    comparison = rechecked(recipe, now)
    assert not comparison.differences
    assert comparison.compared >= 8


def test_the_first_epoch_begins_as_the_whole_run_to_the_bit():
    recipe = training("batch norm")
    opening = recipe.opening()
    assert opening is not None
    comparison = rechecked(recipe, metrics(opening), to_the_bit=True)
    assert comparison.exact
    assert not comparison.differences
    assert recipe.with_(epochs=1).opening() is None


def test_on_the_same_machine_nothing_may_differ():
    recipe = training()
    now = metrics(recipe)
    now["train_loss"] = [loss * (1 + 1e-7) for loss in now["train_loss"]]
    assert not rechecked(recipe, now).differences
    assert {one.metric for one in rechecked(recipe, now, to_the_bit=True).differences} == {"train_loss"}


def test_what_is_missing_differs():
    recipe = training()
    now = {name: value for name, value in metrics(recipe).items() if name != "fingerprints"}
    assert [one.metric for one in rechecked(recipe, now).differences] == ["fingerprints"]


def test_machines_are_the_same_that_round_alike():
    here = {"torch": "2.13.0", "cuda": None, "device": "cpu (AVX512)", "processor": "X", "threads": 1, "python": "3.11"}
    assert same_machine(here, {**here, "python": "3.12"})
    for name in ("torch", "device", "processor", "threads"):
        assert not same_machine(here, {**here, name: "other"})


def test_the_precision_is_found_wherever_a_recipe_says_it():
    inner = {"recipe": {"name": "criticality", "fields": {"training": {"name": "t", "fields": {"precision": "bf16"}}}}}
    assert precision_of(inner) == "bf16"
    assert precision_of({"recipe": {"name": "x", "fields": {}}}) == "float32"
