"""Training a classifier, start to end: one readable path from a recipe and a seed to a result."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from harness.runs.recipe import Result
from harness.system.lazy import torch
from harness.training.data import Prepared, prepare
from harness.training.graphs import Graphed
from harness.training.labelled import Resident
from harness.training.loss import LOSSES, hits
from harness.training.randomness import global_stream, stream
from harness.training.trainer import Trainer, deterministic_convolutions

if TYPE_CHECKING:
    from harness.runs.bench import Bench
    from harness.training.training import Training

EVALUATION_BATCH = 500


class Fitted(NamedTuple):
    """A trained network (in evaluation mode), the images it was trained and validated on, and how it went."""

    network: torch.nn.Module
    data: Prepared
    result: Result


def train(recipe: Training, seed: int, bench: Bench) -> Fitted:
    """Train one network and write down how it went.

    Metrics: `train_loss` and `train_accuracy` (running means over each epoch, one entry an epoch),
    `validation_accuracy` (entry i after i epochs, so that the first is the untrained network's), and its last and best
    value as `final_validation_accuracy` and `best_validation_accuracy`.  Tensors: the weights that the recipe keeps.

    Raises:
        RunDiverged: when a loss is not finite; names the first step (from 0) where it was not.
    """
    data = prepare(recipe.data, seed, bench, parameter_type(recipe))
    with deterministic_convolutions(), global_stream(seed, "training", bench.device):
        trainer = ImageTrainer(recipe, seed, data, initial_network(recipe, seed).to(bench.device))
        trainer.run(bench, seed)
    curves = trainer.done.curves
    validation = curves["validation_accuracy"]
    last = {"final_validation_accuracy": validation[-1], "best_validation_accuracy": max(validation)}
    return Fitted(trainer.network, data, Result({**curves, **last}, trainer.done.kept))


def initial_network(recipe: Training, seed: int) -> torch.nn.Module:
    """The network of this seed before its first step, on the CPU."""
    from harness.networks.initialise import initialise

    network = recipe.network.started(seed)
    if recipe.initialisation is not None:
        initialise(network, recipe.initialisation, stream(seed, "initialisation"))
    return network.to(parameter_type(recipe)).to(memory_format=torch.channels_last)  # type: ignore[call-overload]


def parameter_type(recipe: Training) -> torch.dtype:
    """The dtype of weights and inputs; `bf16` computes in bfloat16 by autocast, from weights in float32."""
    return torch.float64 if recipe.precision == "float64" else torch.float32


class ImageTrainer(Trainer["Training"]):
    """A network on its way that tells classes of images apart."""

    CURVES = ("train_loss", "train_accuracy", "validation_accuracy")

    def __init__(self, recipe: Training, seed: int, data: Prepared, network: torch.nn.Module) -> None:
        generators = {purpose: stream(seed, purpose) for purpose in ("order", "augmentation")}
        device = data.training.device
        super().__init__(recipe, network, {**generators, "noise": stream(seed, "noise", device)})
        self.data = data
        self.loss = LOSSES.load(recipe.loss)
        if device.type == "cuda" and isinstance(data.training, Resident):
            self.graphed = self.graph()

    def graph(self) -> Graphed:
        """The passes over full batches, as a GPU replays them."""
        size = min(self.recipe.batch_size, len(self.data.training))
        return Graphed(size, list(self.network.parameters()), [self.generators["noise"]])

    def draw(self) -> torch.Tensor:
        """What the next epoch draws: each image's place in the set, how it is moved, and what the set itself draws."""
        training, how = self.data.training, self.generators["augmentation"]
        order = torch.randperm(len(training), generator=self.generators["order"])
        return torch.cat([order[None], self.recipe.augmentation.draw(len(training), how), training.draw(how)])

    def ahead(self, batches: Sequence[torch.Tensor]) -> None:
        """Images in files are decoded ahead."""
        self.data.training.ahead(batches)

    def passes(self, batch: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Forwards and backwards: the loss and the number right, and the gradients in the network."""
        data, augmentation, index, moves = self.data, self.recipe.augmentation, batch[0], batch[1:]
        images, labels = data.training.taken(batch)
        images = data.reordered(augmentation.apply(images, moves), index)
        scores = self._scores(augmentation.disturb(data.as_input(images), self.generators["noise"]))
        loss = self.loss(scores, labels)
        self.optimiser.zero_grad()
        loss.backward()
        return loss.detach().double(), hits(scores, labels)

    def look(self) -> list[torch.Tensor]:
        """The share of validation images that the network gets right, float64."""
        self.network.eval()
        validation = self.data.validation
        with torch.inference_mode():
            right = [
                hits(self._scores(self.data.as_input(images)), labels)
                for images, labels in validation.batches(EVALUATION_BATCH)
            ]
        return [torch.stack(right).sum() / len(validation)]

    def keep(self) -> None:
        """The weights that the recipe names, after the epochs that it names."""
        self.done.kept |= self.recipe.keep.at(self.done.epochs, self.network)

    def _scores(self, inputs: torch.Tensor) -> torch.Tensor:
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.recipe.precision == "bf16"):
            scores: torch.Tensor = self.network(inputs)
        return scores.to(inputs.dtype)
