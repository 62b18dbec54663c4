"""A bench with made-up images, for tests of the trainer."""

from __future__ import annotations

import torch

from harness.data import DATA_SETS
from harness.data.digest import content_digest
from harness.data.image_set import ImageSet
from harness.runs import Bench
from harness.runs.checkpoint import Checkpoints
from harness.verdicts import Evidence

DATA_SETS.register("made-up", "harness.tests.training_bench:made_up_split")


def made_up(split: str, count: int, classes: int = 3, size: int = 8, channels: int = 1) -> ImageSet:
    """Noisy uint8 images whose class is told by which of their rows is bright."""
    generator = torch.Generator().manual_seed(count)
    labels = torch.randint(classes, (count,), generator=generator)
    images = torch.randint(0, 120, (count, channels, size, size), generator=generator, dtype=torch.uint8)
    images[torch.arange(count), :, 2 * labels] += 130
    return ImageSet("made-up", split, images, labels, content_digest(images, labels), Evidence.PROXY)


def made_up_split(split: str) -> ImageSet:
    """The sets that a bench has unless it is told other numbers."""
    return made_up(split, {"train": 60, "test": 20}[split])


class MadeUpBench(Bench):
    """What a recipe is given to work with."""

    def __init__(
        self,
        train: int = 60,
        test: int = 20,
        checkpoints: Checkpoints | None = None,
        device_name: str = "cpu",
        **shape: int,
    ) -> None:
        super().__init__(device_name, checkpoints=checkpoints, progress=self._report)
        self.sets = {"train": made_up("train", train, **shape), "test": made_up("test", test, **shape)}
        self.reports: list[tuple[int, int, str]] = []

    def images(self, name: str, split: str = "train") -> ImageSet:
        assert name == "made-up"
        return self.sets[split]

    def _report(self, done: int, total: int, what: str) -> None:
        self.reports.append((done, total, what))
