from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import nn

from harness.runs.errors import RunDiverged
from harness.tests.fake_networks import small_cnn
from harness.tests.training_bench import MadeUpBench
from harness.training import Adam, Augmentation, Cosine, Data, Keep, Network, Sgd, Steps
from harness.training.augmentation import SHIFT_AND_FLIP
from harness.training.data import prepare
from harness.training.loop import ImageTrainer, initial_network
from harness.training.randomness import stream
from harness.training.trainer import deterministic_convolutions
from harness.training.training import Training

SMALL = Training(
    network=small_cnn(),
    data=Data("made-up", count=50, held_out=10),
    optimiser=Sgd(0.05, momentum=0.9, weight_decay=1e-3),
    epochs=3,
    batch_size=16,
    precision="float64",
)
DROPPING = SMALL.with_(
    network=Network.of("test-dropout"), data=Data("made-up", count=10, held_out=5), precision="float32"
)


class Recording(ImageTrainer):
    """A trainer that writes down the loss and the learning rate of each step."""

    losses: list[float]
    rates: list[float]

    def step(self, index):
        loss, hits = super().step(index)
        self.losses.append(loss.item())
        self.rates.append(self.optimiser.param_groups[0]["lr"])
        return loss, hits


def recorded(recipe: Training, seed: int) -> Recording:
    prepared = prepare(recipe.data, seed, MadeUpBench(), torch.float64)
    trainer = Recording(recipe, seed, prepared, initial_network(recipe, seed))
    trainer.losses, trainer.rates = [], []
    for _ in range(recipe.epochs):
        trainer.epoch()
    return trainer


def textbook_losses(recipe: Training, seed: int, optimiser_of, rate_at) -> list[float]:
    """The same training as anyone would write it, from the same weights in the same order."""
    train = MadeUpBench().images("made-up", "train")
    chosen = torch.randperm(60, generator=stream(seed, "split"))[: recipe.data.count]
    pixels, labels = train.images[chosen].double(), train.labels[chosen]
    inputs = (pixels - pixels.mean()) / pixels.std(correction=0)
    network = recipe.network.build().double()
    network.load_state_dict(initial_network(recipe, seed).state_dict())
    optimiser = optimiser_of(network.parameters())
    order, losses = stream(seed, "order"), []
    for epoch in range(recipe.epochs):
        for group in optimiser.param_groups:
            group["lr"] = rate_at(epoch)
        shuffled = torch.randperm(len(inputs), generator=order)
        for start in range(0, len(inputs), recipe.batch_size):
            batch = shuffled[start : start + recipe.batch_size]
            loss = nn.functional.cross_entropy(network(inputs[batch]), labels[batch])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            losses.append(loss.item())
    return losses


@pytest.mark.parametrize(
    ("recipe", "optimiser_of", "rate_at"),
    [
        (SMALL, lambda p: torch.optim.SGD(p, 0.05, momentum=0.9, weight_decay=1e-3), lambda epoch: 0.05),
        (
            SMALL.with_(optimiser=Adam(1e-3, 0.1)),
            lambda p: torch.optim.Adam(p, 1e-3, weight_decay=0.1),
            lambda epoch: 1e-3,
        ),
        (
            SMALL.with_(schedule=Steps((1, 2), 0.5)),
            lambda p: torch.optim.SGD(p, 0.05, momentum=0.9, weight_decay=1e-3),
            lambda epoch: 0.05 * 0.5**epoch,
        ),
        (
            SMALL.with_(schedule=Cosine(4)),
            lambda p: torch.optim.SGD(p, 0.05, momentum=0.9, weight_decay=1e-3),
            lambda epoch: 0.05 * (1 + math.cos(math.pi * epoch / 4)) / 2,
        ),
    ],
    ids=["sgd", "adam", "steps", "cosine"],
)
def test_every_step_has_the_loss_of_a_textbook_loop(recipe, optimiser_of, rate_at):
    ours, theirs = recorded(recipe, seed=7), textbook_losses(recipe, 7, optimiser_of, rate_at)
    assert len(ours.losses) == 3 * 4
    np.testing.assert_allclose(ours.losses, theirs, rtol=0, atol=1e-10)


def test_the_curves_are_those_of_the_steps():
    trainer, bench = recorded(SMALL, seed=1), MadeUpBench()
    metrics = SMALL.compute(1, bench).metrics
    sizes = [16, 16, 16, 2]
    means = [np.average(trainer.losses[4 * epoch : 4 * epoch + 4], weights=sizes) for epoch in range(3)]
    np.testing.assert_allclose(metrics["train_loss"], means, rtol=1e-12)
    assert all(round(50 * share, 9).is_integer() for share in metrics["train_accuracy"])
    validation = metrics["validation_accuracy"]
    assert len(metrics["train_accuracy"]) == 3
    assert len(validation) == 4
    assert metrics["final_validation_accuracy"] == validation[-1] == trainer.look()[0].item()
    assert metrics["best_validation_accuracy"] == max(validation)
    assert bench.reports == [(1, 3, "epochs"), (2, 3, "epochs"), (3, 3, "epochs")]


def test_validation_counts_what_the_network_gets_right(monkeypatch):
    monkeypatch.setattr("harness.training.loop.EVALUATION_BATCH", 3)
    trainer = recorded(SMALL.with_(epochs=1), seed=2)
    ((images, labels),) = trainer.data.validation.batches(100)
    right = trainer.network(trainer.data.as_input(images)).argmax(1) == labels
    assert trainer.look()[0].item() == right.double().mean().item()


def test_layers_know_whether_they_train_or_are_validated():
    trainer, modes = recorded(SMALL.with_(epochs=0, batch_size=25), seed=0), []
    trainer.network.register_forward_pre_hook(lambda network, inputs: modes.append(network.training))
    trainer.epoch()
    trainer.epoch()
    assert modes == [True, True, False] * 2


def test_it_learns_what_can_be_learnt():
    recipe = SMALL.with_(epochs=12, precision="float32", augmentation=Augmentation(flip=True))
    metrics = recipe.compute(0, MadeUpBench()).metrics
    assert metrics["train_loss"][-1] < metrics["train_loss"][0] / 2
    assert metrics["final_validation_accuracy"] >= 0.9


@pytest.mark.parametrize(
    "recipe", [SMALL, SMALL.with_(augmentation=Augmentation(1, True)), DROPPING], ids=["plain", "augmented", "dropout"]
)
def test_a_seed_gives_the_same_result_bit_by_bit_whatever_the_global_generator(recipe):
    recipe = recipe.with_(epochs=2, keep=Keep(("*",), (2,)))
    torch.manual_seed(1)
    first = recipe.compute(3, MadeUpBench())
    torch.manual_seed(2)
    before = torch.get_rng_state()
    again, other = recipe.compute(3, MadeUpBench()), recipe.compute(4, MadeUpBench())
    assert torch.equal(torch.get_rng_state(), before)
    assert first.metrics == again.metrics != other.metrics
    assert first.tensors.keys() == again.tensors.keys()
    assert all(np.array_equal(first.tensors[name], again.tensors[name]) for name in first.tensors)


def test_runs_of_one_seed_share_their_initial_weights():
    augmented = SMALL.with_(augmentation=Augmentation(1, True), data=Data("made-up", count=30, held_out=5))
    ours, theirs = initial_network(SMALL, 5).state_dict(), initial_network(augmented, 5).state_dict()
    other = initial_network(SMALL, 6).state_dict()
    for name in ours:
        assert torch.equal(ours[name], theirs[name])
        assert not torch.equal(ours[name], other[name])


def test_a_named_scheme_draws_the_initial_weights():
    network = initial_network(SMALL.with_(initialisation="normal-variance-0.01"), 0)
    drawn = torch.cat(
        [layer.weight.flatten() for layer in network.modules() if isinstance(layer, nn.Conv2d | nn.Linear)]
    )
    assert drawn.std().item() == pytest.approx(0.1, rel=0.15)
    assert all((layer.bias == 0).all() for layer in network.modules() if isinstance(layer, nn.Conv2d | nn.Linear))


def test_divergence_names_the_first_step_whose_loss_is_not_finite():
    recipe = SMALL.with_(optimiser=Sgd(1e200), precision="float64")
    losses = textbook_losses(recipe, 0, lambda p: torch.optim.SGD(p, 1e200), lambda epoch: 1e200)
    step = [math.isfinite(loss) for loss in losses].index(False)
    with pytest.raises(RunDiverged) as caught:
        recipe.compute(0, MadeUpBench())
    assert caught.value.step == step > 0
    assert not math.isfinite(caught.value.loss)
    assert caught.value.detail == f"learning rate 1e+200, last finite loss {losses[step - 1]:g}"


def test_bf16_computes_roughly_and_keeps_weights_in_float32():
    keep = Keep(("*",), (3,))
    exact = SMALL.with_(precision="float32", keep=keep).compute(0, MadeUpBench())
    rough = SMALL.with_(precision="bf16", keep=keep).compute(0, MadeUpBench())
    assert {weights.dtype for weights in rough.tensors.values()} == {np.dtype("float32")}
    assert rough.metrics["train_loss"] != exact.metrics["train_loss"]
    np.testing.assert_allclose(rough.metrics["train_loss"], exact.metrics["train_loss"], rtol=0.05)


def test_precisions_agree():
    single, double = (SMALL.with_(precision=name).compute(0, MadeUpBench()).metrics for name in ("float32", "float64"))
    np.testing.assert_allclose(single["train_loss"], double["train_loss"], rtol=1e-4)
    assert single["train_loss"] != double["train_loss"]


def test_no_epochs_leave_the_network_untrained():
    result = SMALL.with_(epochs=0, keep=Keep(("*",), (0,))).compute(0, MadeUpBench())
    untrained = initial_network(SMALL, 0).state_dict()
    assert {name.removesuffix("@0") for name in result.tensors} == set(untrained)
    assert all(np.array_equal(result.tensors[f"{name}@0"], untrained[name]) for name in untrained)
    assert result.metrics["train_loss"] == []
    assert len(result.metrics["validation_accuracy"]) == 1


def test_kept_weights_are_those_after_the_epoch():
    keep = Keep(("layers.0.*", "*.bias"), (0, 2))
    result = SMALL.with_(keep=keep).compute(0, MadeUpBench())
    stopped = SMALL.with_(epochs=2, keep=Keep(("*",), (2,))).compute(0, MadeUpBench())
    names = {"layers.0.conv.weight", "layers.0.conv.bias", "layers.1.conv.bias", "head.1.bias"}
    assert set(result.tensors) == {f"{name}@{epoch}" for name in names for epoch in (0, 2)}
    for name in names:
        assert np.array_equal(result.tensors[f"{name}@2"], stopped.tensors[f"{name}@2"])
        assert not np.array_equal(result.tensors[f"{name}@0"], result.tensors[f"{name}@2"])


def test_a_pattern_that_fits_nothing_is_refused():
    with pytest.raises(ValueError, match=r"no weights are named 'conv1\*'; the network has layers.0.conv.weight"):
        SMALL.with_(keep=Keep(("conv1*",), (0,))).compute(0, MadeUpBench())


def test_convolutions_are_chosen_by_rule_while_a_network_trains():
    cudnn = torch.backends.cudnn
    before = cudnn.deterministic, cudnn.benchmark
    with deterministic_convolutions():
        assert (cudnn.deterministic, cudnn.benchmark) == (True, False)
    assert (cudnn.deterministic, cudnn.benchmark) == before


def test_weight_decay_may_spare_biases():
    layer = nn.Linear(2, 3)
    decayed, free = Sgd(0.1, 0.9, 0.5, decay_vectors=False).over(layer.parameters()).param_groups
    assert (decayed["params"], decayed["weight_decay"]) == ([layer.weight], 0.5)
    assert (free["params"], free["weight_decay"]) == ([layer.bias], 0.0)
    assert decayed["momentum"] == free["momentum"] == 0.9
    (all_of_them,) = Sgd(0.1, 0.9, 0.5).over(layer.parameters()).param_groups
    assert (len(all_of_them["params"]), all_of_them["weight_decay"]) == (2, 0.5)


def test_the_usual_augmentation_is_four_pixels_and_a_mirror():
    assert Augmentation(shift=4, flip=True) == SHIFT_AND_FLIP
