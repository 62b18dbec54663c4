"""Replayed passes against plain ones: the same losses, gradients and weights.

Where there is no GPU, a capture is played by a function that computes nothing when it is captured and does the passes
again, into the same tensors, at each replay, as a CUDA graph does.
"""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch

from harness.runs.errors import RunDiverged
from harness.tests.test_training_checkpoint import RGB, SMALL
from harness.tests.training_bench import MadeUpBench
from harness.training import Adam, Augmentation, Data, Keep, Network, Sgd, graphs
from harness.training.graphs import WARM_UP
from harness.training.loop import ImageTrainer
from harness.training.training import Training

RECIPES: dict[str, Any] = {
    "momentum, last batch smaller": (SMALL.with_(precision="float64"), {}),
    "adam, noise": (
        SMALL.with_(optimiser=Adam(1e-3), augmentation=Augmentation(1, True, 0.2), precision="float64"), {}),
    "bf16": (SMALL.with_(precision="bf16"), {}),
    "dropout": (SMALL.with_(network=Network.of("test-dropout")), {}),
    "random shuffles and batch norm": (
        SMALL.with_(network=Network.of("test-shuffles", **RGB), data=Data("made-up", 50, 5),
                    keep=Keep(("*",), (3,))), RGB),
    "one batch an epoch": (SMALL.with_(batch_size=50, epochs=6, keep=Keep(("*",), (6,))), {}),
    "fewer steps than warm the libraries up": (SMALL.with_(epochs=1, batch_size=25, keep=Keep(("*",), (1,))), {}),
}  # fmt: skip


class PlayedGraph:
    """What `captured` gives, without a GPU."""

    def __init__(self, passes, trainer: ImageTrainer) -> None:
        self.passes, self.trainer, self.replays = passes, trainer, 0
        state = {name: value.clone() for name, value in trainer.network.state_dict().items()}
        random, noise = torch.get_rng_state(), trainer.generators["noise"].get_state()
        self.outcome = passes()
        trainer.network.load_state_dict(state)
        torch.set_rng_state(random)
        trainer.generators["noise"].set_state(noise)
        self.gradients = [parameter.grad for parameter in trainer.network.parameters()]
        for value in (*self.outcome, *self.gradients):
            value.fill_(math.nan)

    def replay(self) -> None:
        self.replays += 1
        parameters = list(self.trainer.network.parameters())
        fresh = (*self.passes(), *(parameter.grad for parameter in parameters))
        for static, value in zip((*self.outcome, *self.gradients), fresh, strict=True):
            static.copy_(value)
        for parameter in parameters:
            parameter.grad = None


@pytest.fixture
def played(monkeypatch):
    """Let every trainer replay; the graphs that were captured."""
    captures: list[PlayedGraph] = []
    trainers: list[ImageTrainer] = []
    plain = ImageTrainer.__init__

    def init(trainer: ImageTrainer, *arguments):
        plain(trainer, *arguments)
        trainer.graphed = trainer.graph()
        trainers.append(trainer)

    def captured(passes, generators):
        (trainer,) = (one for one in trainers if [one.generators["noise"]] == generators)
        captures.append(PlayedGraph(passes, trainer))
        return captures[-1].outcome, captures[-1].replay

    monkeypatch.setattr(graphs, "captured", captured)
    monkeypatch.setattr(ImageTrainer, "__init__", init)
    return captures


def results(recipe: Training, shape) -> tuple[dict, dict]:
    result = recipe.compute(3, MadeUpBench(**shape))
    return dict(result.metrics), {name: value.tobytes() for name, value in result.tensors.items()}


@pytest.mark.parametrize("name", RECIPES)
def test_replays_give_what_plain_steps_give(name, request):
    recipe, shape = RECIPES[name]
    expected = results(recipe, shape)
    captures = request.getfixturevalue("played")
    assert results(recipe, shape) == expected
    full = recipe.epochs * (50 // recipe.batch_size)
    assert [graph.replays for graph in captures] == [full - WARM_UP] * (full > WARM_UP)


def test_a_loss_that_is_not_finite_in_a_replay_is_a_divergence(played):
    recipe = SMALL.with_(optimiser=Sgd(1e30), batch_size=10, epochs=1, keep=Keep())
    with pytest.raises(RunDiverged):
        recipe.compute(0, MadeUpBench())
    assert played[-1].replays == 5 - WARM_UP


def test_losses_that_are_given_are_not_overwritten_by_the_next_replay(played):
    recipe = SMALL.with_(batch_size=10, epochs=1, keep=Keep())
    steps, plain = [], ImageTrainer.step

    class Watching(ImageTrainer):
        def step(self, batch):
            outcome = plain(self, batch)
            steps.append((outcome, tuple(value.item() for value in outcome)))
            return outcome

    from harness.training.data import prepare
    from harness.training.loop import initial_network

    Watching(recipe, 0, prepare(recipe.data, 0, MadeUpBench(), torch.float32), initial_network(recipe, 0)).epoch()
    assert played[0].replays == 5 - WARM_UP
    assert [tuple(value.item() for value in outcome) for outcome, _ in steps] == [said for _, said in steps]


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU")
@pytest.mark.parametrize("name", RECIPES)
def test_on_a_gpu_replays_give_what_plain_steps_give(name, monkeypatch):
    recipe, shape = RECIPES[name]

    def losses() -> list[float]:
        bench = MadeUpBench(device_name="cuda", **shape)
        with torch.cuda.stream(torch.cuda.Stream()):
            return list(recipe.compute(3, bench).metrics["train_loss"])

    replayed = losses()
    monkeypatch.setattr(graphs, "WARM_UP", 10**9)
    tolerance = 1e-10 if recipe.precision == "float64" else 1e-5
    assert replayed == pytest.approx(losses(), rel=tolerance, abs=tolerance)
