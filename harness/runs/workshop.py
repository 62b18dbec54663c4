"""The bench that runs work at: a device, verified data, and where progress goes."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from harness.data.detection_catalogue import load_detection
from harness.data.detection_catalogue import names as detection_names
from harness.lazy import torch
from harness.runs.devices import own_device

if TYPE_CHECKING:
    from harness.data.detection_set import DetectionSet
    from harness.data.image_set import ImageSet
    from harness.runs.checkpoint import Checkpoints


def ignore(done: int, total: int, what: str) -> None:
    """Progress that nobody watches."""


@dataclass(frozen=True)
class Workshop:
    """A `Workbench` that can be sent to another process.

    Attributes:
        device_name: as torch spells it: "cpu", "cuda", "cuda:1".
        data: folder of the real data sets; None where there is none.
        download: whether missing data sets may be fetched.
        progress: called as `progress(done, total, what)`.
        checkpoints: of the run that is being done.
    """

    device_name: str = "cpu"
    data: Path | None = None
    download: bool = False
    progress: Callable[[int, int, str], None] = ignore
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

    def detection(self, name: str, split: str = "train") -> DetectionSet:
        """A set of images with annotated objects by its name, verified; read once a process."""
        return load_detection(name, split, self.data)

    def data_set(self, name: str, split: str) -> ImageSet | DetectionSet:
        """A data set of either kind."""
        return self.detection(name, split) if name in detection_names() else self.images(name, split)


@functools.cache
def _load(name: str, split: str, root: Path | None, download: bool) -> tuple[ImageSet, int]:
    from harness.data import load

    found = load(name, split, root, download=download)
    return found, found.images._version
