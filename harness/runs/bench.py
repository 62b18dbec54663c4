"""The bench that runs work at: a device, verified data, and where progress goes; all that is not in a recipe."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from harness.data.catalogue import extent
from harness.data.detection_catalogue import load_detection
from harness.data.detection_catalogue import names as detection_names
from harness.data.imagenet import load_files
from harness.runs.devices import own_device
from harness.system.lazy import torch

if TYPE_CHECKING:
    from harness.data.detection_set import DetectionSet
    from harness.data.folders import ImageFiles
    from harness.data.image_set import ImageSet, Provenance
    from harness.runs.checkpoint import Checkpoints


def ignore(done: int, total: int, what: str) -> None:
    """Progress that nobody watches."""


def stay() -> None:
    """Nobody waits."""


@dataclass(frozen=True)
class Bench:
    """What a recipe is given to work with; it can be sent to another process.

    Attributes:
        device_name: as torch spells it: "cpu", "cuda", "cuda:1".
        data: folder of the real data sets; None where there is none.
        download: whether missing data sets may be fetched.
        progress: called as `progress(done, total, what)`.
        give_way: called between two steps; lets other runs of this process have their turn.
        clock: seconds that count for the run that is being done.
        checkpoints: of that run.
    """

    device_name: str = "cpu"
    data: Path | None = None
    download: bool = False
    progress: Callable[[int, int, str], None] = ignore
    give_way: Callable[[], None] = stay
    clock: Callable[[], float] = time.monotonic
    checkpoints: Checkpoints | None = None

    @property
    def device(self) -> torch.device:
        """Where to compute; of several GPUs the one of this process (see `harness.runs.devices`)."""
        return torch.device(own_device(self.device_name))

    def images(self, name: str, split: str = "train") -> ImageSet:
        """A data set by its name in the catalogue, verified, on the CPU; read once a process.

        Raises:
            RuntimeError: someone has written into it since.
        """
        found, version = _load(name, split, self.data, self.download)
        if found.images._version != version:
            raise RuntimeError(f"{name}/{split} was changed in place by an earlier run: copy before altering")
        return found

    def extent(self, name: str) -> tuple[int, tuple[int, int, int]]:
        """How many training images a set of `images` has, and their shape; nothing is decoded."""
        return extent(name)

    def image_files(self, name: str, split: str = "train") -> ImageFiles:
        """A set of images in files by its name, listed once a process."""
        return load_files(name, split, self.data)

    def detection(self, name: str, split: str = "train") -> DetectionSet:
        """A set of images with annotated objects by its name, verified; read once a process."""
        return load_detection(name, split, self.data)

    def provenance(self, name: str, split: str = "train") -> Provenance:
        """Where the images of a set come from; verified, and decoded only where there is no other way to know."""
        from harness.data import provenance

        if name in detection_names():
            return self.detection(name, split).provenance
        return provenance(name, split, self.data, download=self.download)


@functools.cache
def _load(name: str, split: str, root: Path | None, download: bool) -> tuple[ImageSet, int]:
    from harness.data import load

    found = load(name, split, root, download=download)
    return found, found.images._version
