"""Training a detector, start to end: one readable path from a recipe and a seed to a network."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from harness.lazy import torch
from harness.runs.errors import RunDiverged
from harness.training.checkpoint import Saving
from harness.training.detection_loss import Objects, yolo_loss
from harness.training.done import Done
from harness.training.loop import deterministic_convolutions
from harness.training.randomness import global_stream, stream

if TYPE_CHECKING:
    from harness.data.detection_set import DetectionSet
    from harness.experiments.detection import DetectorTest
    from harness.runs.recipe import Workbench

CURVES = ("train_loss", "train_overlap")


class Pictures(NamedTuple):
    """Images on the device, uint8 `(n, 3, size, size)`, and the objects in them that count."""

    images: torch.Tensor
    objects: Objects


def train(
    recipe: DetectorTest, data: DetectionSet, seed: int, bench: Workbench
) -> tuple[torch.nn.Module, dict[str, list[float]]]:
    """Train one detector; the network, in evaluation mode, and its curves.

    Curves, running means over each epoch: `train_loss`, and `train_overlap`, of the boxes that answer for objects.

    Raises:
        RunDiverged: when a loss is not finite; names the first step (from 0) where it was not.
    """
    pictures = on_device(data, recipe.size, bench.device)
    with deterministic_convolutions(), global_stream(seed, "training", bench.device):
        trainer = DetectorTrainer(recipe, seed, pictures, len(data.classes), initial(recipe, seed).to(bench.device))
        saving = Saving(cast(Any, trainer), bench.checkpoints, seed)
        saving.resumed()
        while trainer.done.epochs < recipe.epochs:
            trainer.epoch(saving.after_step)
            bench.progress(trainer.done.epochs, recipe.epochs, "epochs")
    return trainer.network.eval(), trainer.done.curves


def initial(recipe: DetectorTest, seed: int) -> torch.nn.Module:
    """The network of this seed before its first step, on the CPU."""
    with global_stream(seed, "architecture's initialisation", torch.device("cpu")):
        network = recipe.network.build()
    return network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]


def on_device(data: DetectionSet, size: int, device: torch.device) -> Pictures:
    """The images of a set, and its objects but for the difficult ones, each image with as many places for them."""
    owners, boxes, labels = (one[~data.difficult] for one in (data.owners, data.boxes, data.labels))
    counts = torch.bincount(owners, minlength=len(data))
    places = torch.arange(len(owners)) - (counts.cumsum(0) - counts)[owners]
    shape = (len(data), int(counts.max().clamp_min(1)))
    objects = Objects(torch.zeros(*shape, 4), torch.full(shape, -1))
    objects.boxes[owners, places], objects.labels[owners, places] = boxes, labels
    return Pictures(data.pixels(size, device), Objects(*(one.to(device) for one in objects)))


def as_input(images: torch.Tensor) -> torch.Tensor:
    """Images with values from 0 to 1 as a network sees them: from -1 to 1, channels last in memory."""
    return (2 * images - 1).contiguous(memory_format=torch.channels_last)


class DetectorTrainer:
    """A detector on its way, one epoch at a time; what is saved of it is what `harness.training.checkpoint` names.

    Attributes:
        done: how far it has come; its `hits` are mean overlaps.
        generators: where it draws from, by purpose, besides torch's global ones (shuffling layers).
    """

    def __init__(
        self, recipe: DetectorTest, seed: int, pictures: Pictures, classes: int, network: torch.nn.Module
    ) -> None:
        self.recipe = recipe
        self.pictures = pictures
        self.classes = classes
        self.network = network
        self.optimiser = recipe.optimiser.over(network.parameters())
        self.done = Done(curves={name: [] for name in CURVES})
        self.generators = {purpose: stream(seed, purpose) for purpose in ("order", "augmentation")}
        self.device = pictures.images.device

    def epoch(self, after_step: Callable[[], None] = lambda: None) -> None:
        """See every image once, or what is left of them in an epoch under way."""
        self.network.train()
        done, rate = self.done, self.recipe.optimiser.rate * self.recipe.schedule.share(self.done.epochs)
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        if done.order is None:
            order = torch.randperm(len(self.pictures.images), generator=self.generators["order"])
            done.order = order.to(self.device)
        batches = done.order.split(self.recipe.batch_size)
        for batch in batches[len(done.losses) :]:
            loss, overlap = self.step(batch)
            done.losses.append(loss)
            done.hits.append(overlap)
            after_step()
        # The only synchronisation with the device in an epoch.
        losses, overlaps = torch.stack([torch.stack(done.losses), torch.stack(done.hits)]).tolist()
        self._refuse_divergence(losses, rate)
        for name, values in zip(CURVES, (losses, overlaps), strict=True):
            whole = sum(value * len(batch) for value, batch in zip(values, batches, strict=True))
            done.curves[name].append(whole / len(done.order))
        done.epochs, done.order, done.losses, done.hits = done.epochs + 1, None, [], []

    def step(self, index: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """One step on the images `index`: mean loss and mean overlap, before the step, float64."""
        images, objects = self.recipe.augmentation.apply(
            self.pictures.images[index].float() / 255, self.pictures.objects.of(index), self.generators["augmentation"]
        )
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.recipe.precision == "bf16"):
            predictions = self.network(as_input(images))
        loss, overlap = yolo_loss(predictions.float(), objects, self.classes)
        self.optimiser.zero_grad()
        loss.backward()
        self.optimiser.step()
        return loss.detach().double(), overlap.double()

    def _refuse_divergence(self, losses: list[float], rate: float) -> None:
        for loss in losses:
            if not math.isfinite(loss):
                detail = f"learning rate {rate:g}, last finite loss {self.done.last_loss:g}"
                raise RunDiverged(self.done.steps, loss, detail)
            self.done.steps, self.done.last_loss = self.done.steps + 1, loss
