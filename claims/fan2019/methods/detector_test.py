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
    from claims.fan2019.methods.detections import Detections, Objects
    from harness.data.detection_set import DetectionSet
    from harness.runs.bench import Bench
    from harness.training.labelled import Resident

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

        Metrics: those of the training (`methods.detection_training`), `test_images`, `grid` (cells along a side of the
        map), `statistics` and `pictured` (`methods.detection_statistics`); and `shared_images`, which counts test
        images that are training images too, squeezed as the network sees them.  No detections are kept.
        """
        from claims.fan2019.methods.detection_statistics import Findings, pictured, statistics
        from claims.fan2019.methods.detection_training import train
        from harness.training.fingerprints import shared_images

        trained = train(self, self._training_set(seed, bench), seed, bench)
        test = bench.detection(self.data, "test")
        test = test.chosen(torch.arange(min(len(test), self.tested or len(test))))
        images = test.pixels(self.size, bench.device)
        found, grid = self._detections(trained.network, images, len(test.classes), seed)
        tested = Findings(
            _flat(found, self.size), _objects(test, self.size), len(test), self.size, test.classes, test.similar
        )
        metrics = {
            **trained.metrics, "shared_images": {"test": shared_images(_plain(trained.images), _plain(images))},
            "test_images": len(test), "grid": grid, "statistics": statistics(tested), "pictured": pictured(tested),
        }  # fmt: skip
        return Result(metrics)

    def opening(self) -> DetectorTest | None:
        """Its first epoch; schedules count epochs and have lengths of their own, so that it begins as the whole."""
        return self.with_(epochs=1) if self.epochs > 1 else None

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
        self, network: torch.nn.Module, images: torch.Tensor, classes: int, seed: int
    ) -> tuple[Candidates, int]:
        """What the network finds in the test images, on the CPU, and the cells along a side of its grid."""
        from claims.fan2019.methods.detection_decoding import Candidates, best, decode, suppress
        from claims.fan2019.methods.detection_training import as_input
        from claims.fan2019.methods.shuffle_layers import seed_shuffles, shuffles
        from harness.training.trainer import deterministic_convolutions

        seed_shuffles(network, stream(seed, "test"))
        for layer in shuffles(network):
            layer.per_image = not layer.fixed
        autocast = torch.autocast(images.device.type, torch.bfloat16, enabled=self.precision == "bf16")
        batches, side = [], 0
        with torch.inference_mode(), deterministic_convolutions():
            for some in images.split(BATCH):
                with autocast:
                    predictions = network(as_input(some.float() / 255)).float()
                side = predictions.shape[1]
                batches.append(best(suppress(decode(predictions, classes))))
        return Candidates(*(torch.cat(parts).cpu() for parts in zip(*batches, strict=True))), side


def _flat(found: Candidates, size: int) -> Detections:
    """Detections in pixels, ordered by image, then from the highest score down, at most 100 an image."""
    from claims.fan2019.methods.detections import Detections

    images, places = (found.scores > 0).nonzero(as_tuple=True)
    boxes, scores, labels = (part[images, places].numpy() for part in found)
    return Detections(boxes * np.float32(size), scores, labels, images.numpy())


def _objects(test: DetectionSet, size: int) -> Objects:
    from claims.fan2019.methods.detections import Objects

    boxes = test.boxes.numpy() * np.float32(size)
    return Objects(boxes, test.labels.numpy(), test.owners.numpy(), test.difficult.numpy())


def _plain(images: torch.Tensor) -> Resident:
    from harness.training.labelled import Resident

    return Resident(images, torch.zeros(len(images), dtype=torch.int64))
