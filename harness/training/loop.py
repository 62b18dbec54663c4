"""Training, start to end: one readable path from a recipe and a seed to a result."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

from harness.lazy import torch
from harness.runs.errors import RunDiverged
from harness.runs.recipe import Result, Workbench
from harness.training.data import Prepared, prepare
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
        kept = recipe.keep.at(0, trainer.network)
        curves: dict[str, list[float]] = {
            "train_loss": [], "train_accuracy": [], "validation_accuracy": [trainer.validate().item()],
        }  # fmt: skip
        for epoch in range(1, recipe.epochs + 1):
            entries = trainer.epoch()
            for name, value in zip(curves, entries, strict=True):
                curves[name].append(value)
            kept |= recipe.keep.at(epoch, trainer.network)
            bench.progress(epoch, recipe.epochs, "epochs")
    validation = curves["validation_accuracy"]
    last = {"final_validation_accuracy": validation[-1], "best_validation_accuracy": max(validation)}
    return Fitted(trainer.network, data, Result({**curves, **last}, kept))


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
    """A network on its way, one epoch at a time."""

    def __init__(self, recipe: Training, seed: int, data: Prepared, network: torch.nn.Module) -> None:
        self.recipe = recipe
        self.data = data
        self.network = network
        self.optimiser = recipe.optimiser.over(network.parameters())
        self.schedule = recipe.schedule.over(self.optimiser)
        self.steps, self.last_loss = 0, math.nan
        self._order = stream(seed, "order")
        self._augmentation = stream(seed, "augmentation")
        self._device = data.training.images.device

    def epoch(self) -> tuple[float, float, float]:
        """See every training image once: mean loss and accuracy on the way, validation accuracy at the end."""
        self.network.train()
        rate = float(self.schedule.get_last_lr()[0])
        n = len(self.data.training)
        batches = torch.randperm(n, generator=self._order).to(self._device).split(self.recipe.batch_size)
        losses, hits = zip(*map(self.step, batches), strict=True)
        self.schedule.step()
        # The only synchronisation with the device in an epoch.
        *values, right, validation = torch.stack([*losses, torch.stack(hits).sum(), self.validate()]).tolist()
        self._refuse_divergence(values, rate)
        loss = sum(value * len(batch) for value, batch in zip(values, batches, strict=True)) / n
        return loss, right / n, validation

    def step(self, index: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """One step on the training images `index`: mean loss and number right, before the step, float64."""
        images, labels = self.data.training.images[index], self.data.training.labels[index]
        logits = self._logits(self.recipe.augmentation.apply(images, self._augmentation))
        loss = torch.nn.functional.cross_entropy(logits, labels)
        self.optimiser.zero_grad()
        loss.backward()
        self.optimiser.step()
        return loss.detach().double(), _hits(logits, labels)

    def validate(self) -> torch.Tensor:
        """The share of validation images that the network gets right, a float64 scalar on the device."""
        self.network.eval()
        validation = self.data.validation
        batches = zip(validation.images.split(EVALUATION_BATCH), validation.labels.split(EVALUATION_BATCH), strict=True)
        with torch.inference_mode():
            hits = [_hits(self._logits(images), labels) for images, labels in batches]
        return torch.stack(hits).sum() / len(validation)

    def _logits(self, images: torch.Tensor) -> torch.Tensor:
        with torch.autocast(self._device.type, torch.bfloat16, enabled=self.recipe.precision == "bf16"):
            logits: torch.Tensor = self.network(self.data.as_input(images))
        return logits.to(self.data.mean.dtype)

    def _refuse_divergence(self, losses: list[float], rate: float) -> None:
        for loss in losses:
            if not math.isfinite(loss):
                raise RunDiverged(self.steps, loss, f"learning rate {rate:g}, last finite loss {self.last_loss:g}")
            self.steps, self.last_loss = self.steps + 1, loss


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


def _hits(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    return (logits.argmax(1) == labels).sum().double()
