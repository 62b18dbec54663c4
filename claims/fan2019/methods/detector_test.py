"""Training a detector, then letting it find the objects in test images."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from claims.fan2019.methods.detection_augmentation import DetectionAugmentation
from harness.data.detection_catalogue import training_images
from harness.runs.recipe import Effort, Recipe, Result
from harness.system.lazy import np, torch
from harness.system.stable_names import stable_name
from harness.training import Constant, Network
from harness.training.optimisation import Optimiser, Schedule
from harness.training.randomness import stream

if TYPE_CHECKING:
    from claims.fan2019.methods.detection_decoding import Candidates
    from harness.data.detection_set import DetectionSet
    from harness.runs.bench import Bench

PRECISIONS = ("float32", "bf16")
BATCH = 64


@stable_name("detector-test")
@dataclass(frozen=True)
class DetectorTest(Recipe):
    """Train a detector from scratch, then test it (Fan et al., section 4.5).

    The seed decides the training images, the initial weights, the order of images, their augmentation and the shuffles.
    Those of the test come from a stream of their own, so that none that was met in training is met again, and each test
    image has its own: images are independent replicates.  In training a batch shares one, as in the paper.  A fixed
    permutation is part of the trained network and stays.

    Attributes:
        network: of `methods.detector`.
        data: name in the catalogue.
        size: side of the images in pixels, to which they are squeezed.
        optimiser, schedule: how the weights are changed; schedules count epochs.
        epochs: how often each training image is seen; 0 leaves the network untrained.
        batch_size: images a step; the last batch of an epoch takes what is left.
        precision: "float32", or "bf16" (autocast; weights and loss stay float32).
        augmentation: of the training images.
        count: training images, drawn at random by the seed; None takes all.
        tested: the first so many of the test split; None takes all.
    """

    network: Network
    data: str
    size: int
    optimiser: Optimiser
    epochs: int
    batch_size: int
    schedule: Schedule = field(default_factory=Constant)
    precision: str = "float32"
    augmentation: DetectionAugmentation = field(default_factory=DetectionAugmentation)
    count: int | None = None
    tested: int | None = None

    def __post_init__(self) -> None:
        if self.precision not in PRECISIONS:
            raise ValueError(f"precision is {self.precision!r}; it is one of {', '.join(PRECISIONS)}")
        if self.epochs < 0 or self.batch_size < 1 or self.size < 1:
            raise ValueError(f"{self.epochs} epochs of batches of {self.batch_size} at size {self.size}: nothing to do")

    def compute(self, seed: int, bench: Bench) -> Result:
        """Train and test.

        Metrics: `train_loss` and `train_overlap` (entries: epochs), `test_images`, `image_size`, `grid` (cells along a
        side), `class_names`, and `similar`, groups of class names.

        Tensors of the detections, ordered by image, then from the highest score down, at most 100 an image: `boxes`
        `(n, 4)` float32 (left, top, right, bottom in pixels), `scores` `(n,)` float32, `labels` and `images` `(n,)`
        int64; those that a better one of their class overlaps by more than half are suppressed.  Of the objects:
        `object_boxes`, `object_labels`, `object_images`, `object_difficult` (bool).
        """
        from claims.fan2019.methods.detection_training import train

        chosen = self._training_set(seed, bench)
        network, curves = train(self, chosen, seed, bench)
        test = bench.detection(self.data, "test")
        test = test.chosen(torch.arange(min(len(test), self.tested or len(test))))
        found, grid = self._detections(network, test, seed, bench.device)
        metrics = {
            **curves, "test_images": len(test), "image_size": self.size, "grid": grid,
            "class_names": list(test.classes), "similar": [list(group) for group in test.similar],
        }  # fmt: skip
        return Result(metrics, {**_flat(found, self.size), **_objects(test, self.size)})

    def modules(self) -> tuple[str, ...]:
        """The network's."""
        return (self.network.module,)

    def work(self) -> float:
        """Images that are seen in training."""
        return float(self.epochs * (self.count or training_images(self.data)))

    def effort(self, bench: Bench) -> Effort:
        """Operations of all steps."""
        from harness.training.network import operations

        count = self.count or training_images(self.data)
        each = operations(self.network, (3, self.size, self.size))
        return Effort(self.epochs * count * each, self.epochs * -(-count // self.batch_size))

    def data_sets(self) -> tuple[tuple[str, str], ...]:
        """Both splits."""
        return ((self.data, "train"), (self.data, "test"))

    def _training_set(self, seed: int, bench: Bench) -> DetectionSet:
        whole = bench.detection(self.data, "train")
        if self.count is None:
            return whole
        if self.count > len(whole):
            raise ValueError(f"{self.count} training images are wanted and {self.data} has {len(whole)}")
        order = torch.randperm(len(whole), generator=stream(seed, "training images"))
        return whole.chosen(order[: self.count].sort().values)

    def _detections(
        self, network: torch.nn.Module, test: DetectionSet, seed: int, device: torch.device
    ) -> tuple[Candidates, int]:
        """What the network finds in the test images, on the CPU, and the cells along a side of its grid."""
        from claims.fan2019.methods.detection_decoding import Candidates, best, decode, suppress
        from claims.fan2019.methods.detection_training import as_input
        from claims.fan2019.methods.shuffle_layers import seed_shuffles, shuffles
        from harness.training.trainer import deterministic_convolutions

        seed_shuffles(network, stream(seed, "test"))
        for layer in shuffles(network):
            layer.per_image = not layer.fixed
        autocast = torch.autocast(device.type, torch.bfloat16, enabled=self.precision == "bf16")
        batches, side = [], 0
        with torch.inference_mode(), deterministic_convolutions():
            for images in test.pixels(self.size, device).split(BATCH):
                with autocast:
                    predictions = network(as_input(images.float() / 255)).float()
                side = predictions.shape[1]
                batches.append(best(suppress(decode(predictions, len(test.classes)))))
        return Candidates(*(torch.cat(parts).cpu() for parts in zip(*batches, strict=True))), side


def _flat(found: Candidates, size: int) -> dict[str, np.ndarray]:
    images, places = (found.scores > 0).nonzero(as_tuple=True)
    boxes, scores, labels = (part[images, places].numpy() for part in found)
    return {"boxes": boxes * np.float32(size), "scores": scores, "labels": labels, "images": images.numpy()}


def _objects(test: DetectionSet, size: int) -> dict[str, np.ndarray]:
    return {
        "object_boxes": test.boxes.numpy() * np.float32(size), "object_labels": test.labels.numpy(),
        "object_images": test.owners.numpy(), "object_difficult": test.difficult.numpy(),
    }  # fmt: skip
