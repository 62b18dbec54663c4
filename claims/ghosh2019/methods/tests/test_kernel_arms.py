"""Trainings whose kernels are tried on other images: new heads, masks, and the recipes that ask for them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch

from claims.ghosh2019.methods.dense_recipes import DENSE, dense_and_convolutional
from claims.ghosh2019.methods.distortions import HighPass, LowPass
from claims.ghosh2019.methods.kernel_orderness import KernelOrderness
from claims.ghosh2019.methods.kernel_recipes import in_one_order, masked, size_and_order, transferred
from claims.ghosh2019.methods.kernel_transfer import PENALTY, KernelTransfer, accuracy_of_head, features_of
from claims.ghosh2019.methods.masked_kernels import MaskedKernels
from harness.tests.training_bench import MadeUpBench
from harness.training import Adam, Data, Network
from harness.training.data import prepare
from harness.training.training import Training

TRAINING = Training(
    network=Network.of("ghosh-cnn", depth=2, width=4, classes=3, size=12),
    data=Data("made-up", count=30, held_out=20),
    optimiser=Adam(1e-2),
    epochs=2,
    batch_size=8,
)


def bench() -> MadeUpBench:
    return MadeUpBench(size=12)


def test_masks_leave_the_training_as_it_is_and_see_the_validation_images():
    masks = (LowPass(0.5), HighPass(0.5))
    plain = KernelOrderness(TRAINING).compute(1, bench()).metrics
    found = MaskedKernels(TRAINING, masks=masks).compute(1, bench()).metrics
    assert {name: found[name] for name in plain} == plain
    assert found["accuracies"][0] == pytest.approx(plain["final_validation_accuracy"])
    assert len(found["accuracies"]) == 3
    under = TRAINING.with_(data=replace(TRAINING.data, interventions=(LowPass(0.5),)))
    found = MaskedKernels(under, masks=masks).compute(1, bench()).metrics
    assert found["accuracies"][1] == pytest.approx(found["final_validation_accuracy"])


def test_new_heads_leave_the_training_as_it_is():
    plain = KernelOrderness(TRAINING).compute(1, bench()).metrics
    found = KernelTransfer(TRAINING, onto=(("own", TRAINING.data),)).compute(1, bench()).metrics
    assert {name: found[name] for name in plain} == plain
    assert set(found["heads"]["own"]) == {"trained", "untrained"}


def test_a_head_takes_the_images_of_the_training():
    with pytest.raises(ValueError, match="the head 'more' takes other images"):
        KernelTransfer(TRAINING, onto=(("more", Data("made-up", count=40, held_out=20)),))


def test_a_head_is_the_least_of_its_loss():
    """The gradient of the mean squared error with the penalty is zero, by autograd, at the weights that count."""
    data = prepare(TRAINING.data, 0, bench(), torch.float32)
    layers = torch.nn.Flatten()
    features, labels = features_of(layers, data, data.training)
    inputs = (features - features.mean(0)) / features.std(0, correction=0).clamp_min(1e-6)
    targets = torch.nn.functional.one_hot(labels).double()
    weights = torch.zeros(inputs.shape[1], 3, dtype=torch.float64, requires_grad=True)
    optimiser = torch.optim.LBFGS([weights], max_iter=200, line_search_fn="strong_wolfe", tolerance_change=1e-14)

    def loss() -> Any:
        optimiser.zero_grad()
        error = (inputs @ weights + targets.mean(0) - targets).square().sum() / len(inputs)
        (total := error + PENALTY * weights.square().sum()).backward()
        return total

    optimiser.step(loss)
    seen, truth = features_of(layers, data, data.validation)
    scores = (seen - features.mean(0)) / features.std(0, correction=0).clamp_min(1e-6) @ weights + targets.mean(0)
    assert accuracy_of_head(layers, data) == (scores.argmax(1) == truth).double().mean().item()


def test_a_head_on_features_that_tell_the_classes_is_always_right():
    data = prepare(TRAINING.data, 0, bench(), torch.float32)

    class Rows(torch.nn.Module):
        def forward(self, images: torch.Tensor) -> torch.Tensor:
            return images.mean((1, 3))

    assert accuracy_of_head(Rows(), data) == 1


@pytest.mark.parametrize("runs", [in_one_order, size_and_order, transferred, masked], ids=lambda runs: runs.__name__)
def test_every_network_fits_its_images(runs):
    for recipe in runs("laptop").values():
        data = Data("made-up", 24, 8, interventions=recipe.training.data.interventions)
        changes: dict[str, Any] = {"training": recipe.training.with_(data=data, epochs=1)}
        if isinstance(recipe, KernelTransfer):
            changes["onto"] = tuple((name, replace(data, interventions=one.interventions)) for name, one in recipe.onto)
        assert recipe.with_(**changes).compute(0, MadeUpBench(size=28)).metrics["orderness"]


def test_fully_connected_networks_see_the_pixels_that_convolutions_see():
    runs = dense_and_convolutional("laptop")
    for (kind, depth), recipe in runs.items():
        training: Any = recipe if kind == DENSE else recipe.training  # type: ignore[attr-defined]
        data = Data("made-up", 24, 8, interventions=training.data.interventions)
        short = training.with_(data=data, epochs=1)
        assert short.compute(0, MadeUpBench(size=28)).metrics["validation_accuracy"]
        assert training.data == runs["dense", 0].data, (kind, depth)  # type: ignore[attr-defined]
