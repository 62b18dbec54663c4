"""Claims on ImageNet: every recipe runs on a tiny one, and every rule can go either way."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from claims.gamba2020.methods.vgg_recipes import failing, on_imagenet
from harness.lab.lab import Lab
from harness.runs import Bench
from harness.tests.fake_imagenet import tiny_imagenet
from harness.tests.planting import CLAIMS, declared, declared_in
from harness.tests.test_controls_of_trained_claims import judged
from harness.training import Data, Network, Steps
from harness.verdicts import Verdict

__all__ = ["tiny_imagenet"]

ON_IMAGENET = [claim for file in sorted(CLAIMS.glob("gamba2020/test_imagenet.py")) for claim in declared_in(file)]
RECIPES = {recipe: claim.id for claim in ON_IMAGENET for recipe in claim.runs_within("paper", {}).values()}
RECIPES |= {failing("paper", "imagenet", deviation): "HP-26" for deviation in (0.01, 0.1)}
SUPPORTED, REFUTED = Verdict.SUPPORTED, Verdict.REFUTED
DATA = {"data": "imagenet"}


def shortened(recipe):
    """Two epochs of ten images for a thin network."""
    training = recipe.training
    shape = {**dict(training.network.parameters), "classes": 3}
    if "alexnet" not in training.network.name:
        shape["width"] = 4
    side = training.data.side and (64 if "alexnet" in training.network.name else 32)
    data = replace(training.data, count=10, held_out=training.data.held_out and 4, side=side)
    network = Network.of(training.network.name, **shape)
    short = training.with_(network=network, data=data, epochs=2, batch_size=4, schedule=Steps((1,)))
    return recipe.with_(training=short, resets=(0, 1, 2) if recipe.resets else ())


@pytest.mark.parametrize("number", range(len(RECIPES)))
def test_every_recipe_runs_for_two_epochs(number, tiny_imagenet):
    recipe = list(RECIPES)[number]
    if recipe.training.data.name == "cifar10":
        pytest.skip("the recipe of claims on CIFAR-10, tested with them")
    metrics = shortened(recipe).compute(0, Bench(data=tiny_imagenet)).metrics
    if "broke_at_step" in metrics:
        assert recipe.breakdown
        return
    assert len(metrics["train_loss"]) == 2
    assert np.isfinite(metrics["train_loss"]).all()
    layers = 5 if "alexnet" in recipe.training.network.name else 16
    assert np.shape(metrics["shares"]) == (3, layers)
    if recipe.resets:
        assert {len(drops) for drops in metrics["reset"]["test"].values()} == {layers}
        assert metrics["reset"]["test"]["2"] == layers * [metrics["accuracy"]["test"]]


def test_what_is_trained_is_what_the_papers_have():
    assert {recipe.training.data.name for recipe in RECIPES} == {"imagenet", "cifar10"}
    for name in ("AlexNet", "VGG19"):
        gamba = on_imagenet(name).training
        assert (gamba.epochs, gamba.batch_size, gamba.optimiser.rate, gamba.schedule.milestones) == (
            75, 128, 0.01, (25, 50),
        )  # fmt: skip
        assert gamba.data == Data("imagenet", held_out=128_117, side=224)


def test_validation_images_may_be_got_right_as_often_as_training_images():
    def made(name, seed):
        accuracy = {"AlexNet": 0.57, "VGG19": 0.82}[name]
        metrics = history(0.6, accuracy={name: accuracy})(name, seed)
        return metrics | {"validation_accuracy": [accuracy + 0.002 * seed] * 76}

    found = judged("HP-49", made, tier="paper", **DATA)
    assert (found.verdict, found.control, found.control_holds) == (SUPPORTED, SUPPORTED, False)


LAYERS = {"AlexNet": 5, "VGG19": 16, "imagenet": 16, "cifar10": 16}
FILTERS = {"AlexNet": [64, 192, 384, 256, 256]}


def history(final, early=None, loss=None, accuracy=None, left=0.5):
    """Records of networks whose shares are `early` from epoch 1 to 30, then move to `final` until epoch 50.

    Each may be a function of the seed; `left` is what is left of the accuracy of 0.7 when a layer is reset.
    """

    def made(name, seed):
        layers = LAYERS[name]
        noise, more = 0.005 * np.random.default_rng(seed).normal(size=(2, layers))
        end = np.broadcast_to(final(name, seed) if callable(final) else final, layers) + noise
        begin = end if early is None else np.broadcast_to(early, layers) + more
        turn = np.clip((np.arange(76) - 30) / 20, 0, 1)[:, None]
        shares = (1 - turn) * begin + turn * end
        shares[0] = 0.5 + noise
        reset = {epoch: [0.7 * left + 0.001 * seed] * layers for epoch in ("0", "1", "5", "25", "50", "fresh")}
        reset |= {"75": [0.7] * layers}
        falling = np.asarray(np.linspace(6, 1, 75) if loss is None else loss)
        return {
            "shares": shares.tolist(),
            "filters": FILTERS.get(name, [64] * 2 + [128] * 2 + [256] * 4 + [512] * 8),
            "train_loss": list(falling + 0.001 * seed * turn[1:, 0]),
            "train_accuracy": [((accuracy or {}).get(name, 0.6)) + 0.001 * seed] * 75,
            "validation_accuracy": [0.55 + 0.002 * seed] * 76,
            "accuracy": {"test": 0.7, "validation": 0.7},
            "reset": {"test": reset, "validation": reset},
        }

    return made


PLATEAU = np.concatenate([np.linspace(6, 3, 25), np.linspace(2.5, 2.2, 25), np.linspace(1.5, 1, 25)])
EARLY_NEGATIVE = [0.5, *[0.9] * 15]
TURNED = [0.5, 0.1, 0.6, 0.6, 0.6, 0.1, 0.1, *[0.9] * 9]
SHIFTED = [0.5, *[0.9] * 4]
FIRST_TOO = [0.9] * 5
HISTORIES = {
    "HP-21": (history(SHIFTED), history([0.5, 0.9, 0.9, 0.2, 0.9]), {}),
    "HP-79": (history(SHIFTED, SHIFTED), history(FIRST_TOO, FIRST_TOO), {}),
    "HP-80": (history(0.9, SHIFTED), history(0.9, [0.5, 0.9, 0.9, 0.6, 0.9]), {}),
    "HP-45": (history(0.6, left=0.5), history(0.6, left=0.99), {"images": "test"}),
    "HP-46": (history(0.5, EARLY_NEGATIVE), history(0.9, [*[0.55] * 8, *[0.9] * 8]), {}),
    "HP-47": (history(TURNED, EARLY_NEGATIVE), history(EARLY_NEGATIVE), {}),
    "HP-48": (history(TURNED, EARLY_NEGATIVE, PLATEAU), history(TURNED, EARLY_NEGATIVE), {}),
    "HP-49": (
        history(0.6, accuracy={"AlexNet": 0.57, "VGG19": 0.82}),
        history(0.6, accuracy={"AlexNet": 0.57, "VGG19": 0.70}),
        {},
    ),
}  # fmt: skip


@pytest.mark.parametrize("id", HISTORIES)
def test_histories_are_judged_either_way(id):
    paper, others, parameters = HISTORIES[id]
    found = judged(id, paper, tier="paper", **DATA, **parameters)
    assert found.verdict is SUPPORTED
    assert found.control is not SUPPORTED
    assert judged(id, others, tier="paper", **DATA, **parameters).verdict is REFUTED


def test_a_biased_first_layer_refutes_that_it_is_the_exception():
    assert judged("HP-21", history(FIRST_TOO), tier="paper", **DATA).verdict is REFUTED


def test_runs_vary_more_where_their_shares_do():
    def spread(wide):
        def final(name, seed):
            by = wide if name == "imagenet" else 0.02
            return 0.6 + by * np.random.default_rng([seed, 1]).normal(size=16)

        return history(final)

    found = judged("HP-51", spread(0.2), tier="paper")
    assert found.verdict is SUPPORTED
    assert found.control is not SUPPORTED
    assert judged("HP-51", spread(0.001), tier="paper").verdict is REFUTED


def test_runs_that_vary_by_chance_alone_are_told():
    """Where runs on CIFAR-10 hardly vary, untrained networks vary much more: then the control says so."""

    def made(name, seed):
        metrics = history(0.6)(name, seed)
        closer = 0.6 + 0.01 * (np.array(metrics["shares"]) - 0.6)
        return metrics | ({"shares": closer.tolist()} if name == "cifar10" else {})

    found = judged("HP-51", made, tier="paper")
    assert (found.control, found.control_holds) == (SUPPORTED, False)


@pytest.mark.parametrize(("sign", "verdict"), [(1, SUPPORTED), (-1, REFUTED)])
def test_own_trainings_are_compared_with_released_weights(sign, verdict, monkeypatch):
    """Released kernels are negative in every filter past the first layer."""

    def weights(lab, name):
        layers, filters = (5, FILTERS["AlexNet"]) if "AlexNet" in name else (16, [8] * 16)
        kernels = {f"layer {n}": -np.ones((filters[n], 2, 3, 3), np.float32) for n in range(layers)}
        return SimpleNamespace(kernels=kernels)

    monkeypatch.setattr(Lab, "weights", weights)
    found = judged("HP-34", history(0.5 + sign * 0.3), tier="paper", **DATA)
    assert found.verdict is verdict
    assert found.control is not SUPPORTED


def test_all_of_them_are_judged_here():
    here = {*HISTORIES, "HP-51", "HP-34"}
    assert {claim.id for claim in ON_IMAGENET} == here
    assert all(declared(id).tier == "paper" for id in here)
