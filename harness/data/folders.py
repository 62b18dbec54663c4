"""Images in files of their own, a folder a class: too many to hold decoded, they are opened when they are wanted.

torchvision's `ImageFolder` lists them and its `DataLoader`, in processes beside this one, decodes them.
"""

from __future__ import annotations

import hashlib
import os
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from harness.data.dataset_errors import DatasetCorrupt, DatasetMissing
from harness.data.image_set import Provenance
from harness.system.lazy import torch
from harness.system.processors import processors
from harness.verdicts import Evidence

if TYPE_CHECKING:
    from PIL.Image import Image
    from torch import Tensor
    from torch.utils.data import DataLoader

    Shape = Callable[[Image, int], Tensor]

DECODERS = 16
"""Processes that decode, at most; one processor is left to what waits for them."""


class Part(NamedTuple):
    """A split: the name of its folder, and how many images are in it."""

    split: str
    folder: str
    images: int


@dataclass(frozen=True)
class ImageFiles:
    """Images that lie in files, with their labels and where they come from.

    Attributes:
        name: name in the catalogue.
        split: "train" or "test".
        files: paths, in the order of the labels.
        labels: shape `(n,)`, int64.
        mean, spread: of the three channels, as shares of the brightest value; what networks' inputs are normalised by.
        classes: names of the classes' folders in the order of the labels.
        digest: SHA-256 (hex) over the files' names and sizes, not over what is in them.
        reach: `paper` for the data sets that the papers name.
        notes: what a reader must know of them.
    """

    name: str
    split: str
    files: tuple[str, ...]
    labels: Tensor
    mean: tuple[float, float, float]
    spread: tuple[float, float, float]
    classes: tuple[str, ...]
    digest: str
    reach: Evidence
    notes: tuple[str, ...] = field(default=())

    @property
    def provenance(self) -> Provenance:
        """Where they come from."""
        return Provenance(self.name, self.split, self.digest, self.reach, self.notes)

    def __len__(self) -> int:
        return len(self.files)

    def open(self, number: int) -> Image:
        """One of the images, in RGB.

        Raises:
            DatasetCorrupt: its file cannot be read as an image.
        """
        from PIL.Image import DecompressionBombError

        from harness.system.torchvision_compat import torchvision

        try:
            with warnings.catch_warnings():
                warnings.filterwarnings("ignore", module="PIL")  # of damaged notes in a file whose pixels are sound
                image: Image = torchvision.datasets.folder.pil_loader(self.files[number])
        except (OSError, SyntaxError, ValueError, DecompressionBombError) as error:
            raise DatasetCorrupt(f"{self.files[number]}: cannot be read as an image ({error})") from error
        return image


@dataclass(frozen=True)
class Folders:
    """A data set whose images lie in a folder a class, below a folder a split.

    Attributes:
        name: in the catalogue.
        folder: of the data set, below the data folder.
        parts: its splits.
        classes: how many there are; both splits have the same.
        mean, spread: see `ImageFiles`.
    """

    name: str
    folder: str
    parts: tuple[Part, ...]
    classes: int
    mean: tuple[float, float, float]
    spread: tuple[float, float, float]

    def part(self, split: str) -> Part:
        """A split by its name; ValueError for one that there is not."""
        for part in self.parts:
            if part.split == split:
                return part
        raise ValueError(f"{self.name} has no split {split!r}; it has {', '.join(part.split for part in self.parts)}")

    def present(self, root: Path | None) -> bool:
        """Whether the folders of all splits are there; nothing in them is looked at."""
        return root is not None and all((root / self.folder / part.folder).is_dir() for part in self.parts)

    def load(self, split: str, root: Path | None) -> ImageFiles:
        """List a split's files.

        Raises:
            DatasetMissing: a split's folder is not under `root`.
            DatasetCorrupt: there are not as many classes or images as there should be.
        """
        part = self.part(split)
        if root is None or not self.present(root):
            where = f"not under {root}" if root else "not here: no data folder is named"
            raise DatasetMissing(
                f"{self.name} is {where}.  Put {' and '.join(f'{self.folder}/{one.folder}' for one in self.parts)}, "
                "each with a folder of images for each class, into a folder, and name that with `pytest claims --data "
                "DIR` or CLAIMS_DATA."
            )
        folder = root.resolve() / self.folder / part.folder
        samples, classes = self._listed(folder, part)
        other = next(root / self.folder / one.folder for one in self.parts if one != part)
        if lacking := [name for name in classes if not (other / name).is_dir()]:
            raise DatasetCorrupt(f"{folder}: has the class {lacking[0]}, for which there is no {other / lacking[0]}")
        digest, start = hashlib.sha256(), len(str(folder)) + 1
        for path, _ in samples:
            digest.update(f"{path[start:]} {os.path.getsize(path)}\n".encode("utf-8", "surrogateescape"))
        return ImageFiles(
            self.name, split, tuple(path for path, _ in samples), torch.tensor([label for _, label in samples]),
            self.mean, self.spread, classes, digest.hexdigest(), Evidence.PAPER,
            ("its files are known by their names and sizes; what is in them has no published sum",),
        )  # fmt: skip

    def _listed(self, folder: Path, part: Part) -> tuple[list[tuple[str, int]], tuple[str, ...]]:
        from harness.system.torchvision_compat import torchvision

        try:
            found = torchvision.datasets.ImageFolder(folder)
        except FileNotFoundError as error:
            raise DatasetCorrupt(f"{folder}: {error}") from error
        if (len(found.samples), len(found.classes)) != (part.images, self.classes):
            raise DatasetCorrupt(
                f"{folder}: has {len(found.samples):,} images in {len(found.classes)} folders, expected "
                f"{part.images:,} in {self.classes}{_hint(folder, [Path(path) for path, _ in found.samples])}"
            )
        return found.samples, tuple(found.classes)


def _hint(folder: Path, files: Sequence[Path]) -> str:
    """What to look at first where the images are not as many as they should be."""
    hidden = [file for file in files if file.name.startswith(".")]
    deeper = [file for file in files if file.parent.parent != folder]
    if hidden:
        return f"; {hidden[0]} and {len(hidden) - 1:,} more are hidden files that another system left: remove them"
    if deeper:
        return f"; {deeper[0]} and {len(deeper) - 1:,} more lie in folders within a class's: remove them"
    counts = Counter(file.parent.name for file in files)
    fewest, most = (
        min(counts, key=lambda name: (counts[name], name)),
        max(counts, key=lambda name: (counts[name], name)),
    )
    return f"; the fewest, {counts[fewest]:,}, in {fewest}, the most, {counts[most]:,}, in {most}"


def decoded(files: ImageFiles, batches: Iterable[list[tuple[int, int]]], shape: Shape) -> Iterator[Tensor]:
    """Batches of images, decoded a few batches ahead by other processes.

    Args:
        files: where they are.
        batches: in each, the images' numbers, each with a number for `shape`.
        shape: gives the pixels, uint8 `(3, height, width)`, from an image and its second number; all of one size within
            a batch.  It is called in other processes, and must not draw from a generator that it has not seeded.

    Yields:
        uint8 `(k, 3, height, width)` on the CPU; in pinned memory where there is a GPU.
    """
    processes = min(DECODERS, processors() - 1)
    loader: DataLoader[Tensor] = torch.utils.data.DataLoader(
        _Pictures(files, shape),  # type: ignore[arg-type]
        batch_sampler=batches, num_workers=processes, pin_memory=torch.cuda.is_available(),
        generator=torch.Generator(),  # else the global one would be drawn from, each time that decoding begins
    )  # fmt: skip
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".*multi-threaded.*fork", DeprecationWarning)  # no thread is needed there
        pictures = iter(loader)
    yield from pictures


@dataclass(frozen=True)
class _Pictures:
    """What a `DataLoader` takes: pixels by number."""

    files: ImageFiles
    shape: Shape

    def __getitem__(self, item: tuple[int, int]) -> Tensor:
        number, seed = item
        return self.shape(self.files.open(number), seed)
