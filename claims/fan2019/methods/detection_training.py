"""Training a detector, start to end: one readable path from a recipe and a seed to a network."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any, NamedTuple

from claims.fan2019.methods.detection_loss import Objects, yolo_loss
from harness.system.lazy import torch
from harness.training.fingerprints import fingerprints
from harness.training.opening import opening_losses
from harness.training.randomness import global_stream, stream
from harness.training.trainer import Trainer, deterministic_convolutions

if TYPE_CHECKING:
    from claims.fan2019.methods.detector_test import DetectorTest
    from harness.data.detection_set import DetectionSet
    from harness.runs.bench import Bench


class Pictures(NamedTuple):
    """Images on the device, uint8 `(n, 3, size, size)`, and the objects in them that count."""

    images: torch.Tensor
    objects: Objects


class Trained(NamedTuple):
    """A trained detector (in evaluation mode), the images that it was trained on, and how it went."""

    network: torch.nn.Module
    images: torch.Tensor
    metrics: dict[str, Any]


def train(recipe: DetectorTest, data: DetectionSet, seed: int, bench: Bench) -> Trained:
    """Train one detector and write down how it went.

    Metrics: `train_loss` and `train_overlap`, of the boxes that answer for objects (running means over each epoch, one
    entry an epoch), `rate` (of each epoch); `opening_losses` (of the first steps, in float32: see
    `harness.training.opening`); `optimiser` (what it does besides its rate); `fingerprints` (of the module
    `harness.training.fingerprints`).

    Raises:
        RunDiverged: when a loss is not finite; names the first step (from 0) where it was not.
    """
    pictures = on_device(data, recipe.size, bench.device)
    network = initial(recipe, seed)
    told: dict[str, Any] = {"fingerprints": fingerprints(seed, network, data)}
    with deterministic_convolutions(), global_stream(seed, "training", bench.device):
        exact = recipe.with_(precision="float32")
        beginner = DetectorTrainer(exact, seed, pictures, len(data.classes), copy.deepcopy(network).to(bench.device))
        told["opening_losses"] = opening_losses(beginner)
    with deterministic_convolutions(), global_stream(seed, "training", bench.device):
        trainer = DetectorTrainer(recipe, seed, pictures, len(data.classes), network.to(bench.device))
        told["optimiser"] = trainer.manner()
        trainer.run(bench, seed)
    return Trained(trainer.network.eval(), pictures.images, {**trainer.done.curves, **told})


def initial(recipe: DetectorTest, seed: int) -> torch.nn.Module:
    """The network of this seed before its first step, on the CPU."""
    network = recipe.network.started(seed)
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


class DetectorTrainer(Trainer["DetectorTest"]):
    """A detector on its way.  Its steps score by how much the boxes that answer for objects overlap them."""

    CURVES = ("train_loss", "train_overlap")

    def __init__(
        self, recipe: DetectorTest, seed: int, pictures: Pictures, classes: int, network: torch.nn.Module
    ) -> None:
        super().__init__(recipe, network, {purpose: stream(seed, purpose) for purpose in ("order", "augmentation")})
        self.pictures = pictures
        self.classes = classes

    def draw(self) -> torch.Tensor:
        """The numbers of the images in the order in which the next epoch sees them, `(1, n)` on the CPU."""
        return torch.randperm(len(self.pictures.images), generator=self.generators["order"])[None]

    def passes(self, batch: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Forwards and backwards: the mean loss and the sum of the images' mean overlaps, float64."""
        (index,) = batch
        images, objects = self.recipe.augmentation.apply(
            self.pictures.images[index].float() / 255, self.pictures.objects.of(index), self.generators["augmentation"]
        )
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.recipe.precision == "bf16"):
            predictions = self.network(as_input(images))
        loss, overlap = yolo_loss(predictions.float(), objects, self.classes)
        self.optimiser.zero_grad()
        loss.backward()
        return loss.detach().double(), overlap.double() * len(index)
