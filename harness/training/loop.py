"""Training, start to end: one readable path from a recipe and a seed to a result."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

from harness.lazy import torch
from harness.runs.errors import RunDiverged
from harness.runs.recipe import Result, Workbench
from harness.training.checkpoint import Saving
from harness.training.data import Prepared, prepare
from harness.training.done import Done
from harness.training.graphs import Graphed
from harness.training.loss import LOSSES, hits
from harness.training.randomness import global_stream, stream

if TYPE_CHECKING:
    from harness.experiments.training import Training

EVALUATION_BATCH = 500


class Fitted(NamedTuple):
    """A trained network (in evaluation mode), the images it was trained and validated on, and how it went."""

    network: torch.nn.Module
    data: Prepared
    result: Result


def train(recipe: Training, seed: int, bench: Workbench) -> Fitted:
    """Train one network and write down how it went.

    Metrics: `train_loss` and `train_accuracy` (running means over each epoch, one entry an epoch),
    `validation_accuracy` (entry i after i epochs, so that the first is the untrained network's), and its last and best
    value as `final_validation_accuracy` and `best_validation_accuracy`.  Tensors: the weights that the recipe keeps.

    Raises:
        RunDiverged: when a loss is not finite; names the first step (from 0) where it was not.
    """
    data = prepare(recipe.data, seed, bench, parameter_type(recipe))
    with deterministic_convolutions(), global_stream(seed, "training", bench.device):
        trainer = Trainer(recipe, seed, data, initial_network(recipe, seed).to(bench.device))
        saving = Saving(trainer, bench.checkpoints, seed)
        if not saving.resumed():
            trainer.begin()

        def after_step() -> None:
            saving.after_step()
            bench.give_way()

        while trainer.done.epochs < recipe.epochs:
            trainer.epoch(after_step)
            bench.progress(trainer.done.epochs, recipe.epochs, "epochs")
    curves = trainer.done.curves
    validation = curves["validation_accuracy"]
    last = {"final_validation_accuracy": validation[-1], "best_validation_accuracy": max(validation)}
    return Fitted(trainer.network, data, Result({**curves, **last}, trainer.done.kept))


def initial_network(recipe: Training, seed: int) -> torch.nn.Module:
    """The network of this seed before its first step, on the CPU."""
    from harness.networks.initialise import initialise

    with global_stream(seed, "architecture's initialisation", torch.device("cpu")):
        network = recipe.network.build()
    if recipe.initialisation is not None:
        initialise(network, recipe.initialisation, stream(seed, "initialisation"))
    return network.to(parameter_type(recipe)).to(memory_format=torch.channels_last)  # type: ignore[call-overload]


def parameter_type(recipe: Training) -> torch.dtype:
    """The dtype of weights and inputs; `bf16` computes in bfloat16 by autocast, from weights in float32."""
    return torch.float64 if recipe.precision == "float64" else torch.float32


class Trainer:
    """A network on its way, one epoch at a time.

    Attributes:
        done: how far it has come.
        generators: where it draws from, by purpose, besides torch's global ones (dropout, shuffling layers).
    """

    def __init__(self, recipe: Training, seed: int, data: Prepared, network: torch.nn.Module) -> None:
        self.recipe = recipe
        self.data = data
        self.network = network
        self.optimiser = recipe.optimiser.over(network.parameters())
        self.done = Done()
        self.device = data.training.images.device
        self.generators = {purpose: stream(seed, purpose) for purpose in ("order", "augmentation")}
        self.generators["noise"] = stream(seed, "noise", self.device)
        self.graphed = self.graph() if self.device.type == "cuda" else None

    def begin(self) -> None:
        """Write down what the untrained network is worth."""
        self.done.kept |= self.recipe.keep.at(0, self.network)
        self.done.curves["validation_accuracy"].append(self.validate().item())

    def epoch(self, after_step: Callable[[], None] = lambda: None) -> None:
        """See every training image once, or what is left of them in an epoch under way; then validate."""
        self.network.train()
        done, rate = self.done, self.recipe.optimiser.rate * self.recipe.schedule.share(self.done.epochs)
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        if done.draws is None:
            done.draws = self.draw().to(self.device)
        batches = done.draws.split(self.recipe.batch_size, dim=1)
        for batch in batches[len(done.losses) :]:
            loss, right = self.step(batch)
            done.losses.append(loss)
            done.hits.append(right)
            after_step()
        # The only synchronisation with the device in an epoch.
        *losses, right, validation = torch.stack([*done.losses, torch.stack(done.hits).sum(), self.validate()]).tolist()
        self._refuse_divergence(losses, rate)
        n = done.draws.shape[1]
        loss = sum(value * batch.shape[1] for value, batch in zip(losses, batches, strict=True)) / n
        done.ended(loss, right / n, validation)
        done.kept |= self.recipe.keep.at(done.epochs, self.network)

    def draw(self) -> torch.Tensor:
        """What the next epoch draws, `(4, n)` on the CPU: each image's number, and how it is moved."""
        n = len(self.data.training)
        order = torch.randperm(n, generator=self.generators["order"])
        return torch.cat([order[None], self.recipe.augmentation.draw(n, self.generators["augmentation"])])

    def step(self, batch: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """One step on some columns of the epoch's draws: mean loss and number right, before the step, float64."""
        outcome = self.graphed(self.passes, batch) if self.graphed else self.passes(batch)
        self.optimiser.step()
        return outcome

    def graph(self) -> Graphed:
        """The passes over full batches, as a GPU replays them."""
        size = min(self.recipe.batch_size, len(self.data.training))
        return Graphed(size, list(self.network.parameters()), [self.generators["noise"]])

    def passes(self, batch: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Forwards and backwards: the loss and the number right, and the gradients in the network."""
        data, augmentation, index, moves = self.data, self.recipe.augmentation, batch[0], batch[1:]
        labels = data.training.labels[index]
        images = data.reordered(augmentation.apply(data.training.images[index], moves), index)
        scores = self._scores(augmentation.disturb(data.as_input(images), self.generators["noise"]))
        loss = LOSSES[self.recipe.loss](scores, labels)
        self.optimiser.zero_grad()
        loss.backward()
        return loss.detach().double(), hits(scores, labels)

    def validate(self) -> torch.Tensor:
        """The share of validation images that the network gets right, a float64 scalar on the device."""
        self.network.eval()
        validation = self.data.validation
        batches = zip(validation.images.split(EVALUATION_BATCH), validation.labels.split(EVALUATION_BATCH), strict=True)
        with torch.inference_mode():
            right = [hits(self._scores(self.data.as_input(images)), labels) for images, labels in batches]
        return torch.stack(right).sum() / len(validation)

    def _scores(self, inputs: torch.Tensor) -> torch.Tensor:
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.recipe.precision == "bf16"):
            scores: torch.Tensor = self.network(inputs)
        return scores.to(inputs.dtype)

    def _refuse_divergence(self, losses: list[float], rate: float) -> None:
        for loss in losses:
            if not math.isfinite(loss):
                detail = f"learning rate {rate:g}, last finite loss {self.done.last_loss:g}"
                raise RunDiverged(self.done.steps, loss, detail)
            self.done.steps, self.done.last_loss = self.done.steps + 1, loss


@contextmanager
def deterministic_convolutions() -> Iterator[None]:
    """Let cuDNN choose its algorithms by rule rather than by a race, so that a run can be repeated bit by bit."""
    cudnn = torch.backends.cudnn
    before = cudnn.deterministic, cudnn.benchmark
    cudnn.deterministic, cudnn.benchmark = True, False
    try:
        yield
    finally:
        cudnn.deterministic, cudnn.benchmark = before
