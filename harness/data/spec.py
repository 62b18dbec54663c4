"""What the catalogue says of a published data set: its splits, and the layouts in which each may lie on disk."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol

from harness.data.dataset_errors import DatasetMissing
from harness.data.files import DataFile, Stored

if TYPE_CHECKING:
    import numpy as np


class Content(NamedTuple):
    """What a layout's files hold: `images` uint8 `(n, channels, height, width)`, `labels` int64 `(n,)`."""

    images: np.ndarray
    labels: np.ndarray
    notes: tuple[str, ...] = ()


class Layout(Protocol):
    """One way in which a split lies under a data folder; a value, so that what was read from it can be cached."""

    def __hash__(self) -> int: ...

    @property
    def name(self) -> str:
        """As shown to people, e.g. "idx.gz"."""

    @property
    def files(self) -> tuple[DataFile, ...]:
        """All that the split needs."""

    def notes(self, root: Path, count: int) -> tuple[str, ...]:
        """What a reader must know of the images, as `read` says it."""

    def read(self, root: Path, count: int, shape: tuple[int, int, int]) -> Content:
        """Verify the files and decode `count` images of `shape` (channels, height, width).

        Raises:
            DatasetCorrupt: a file is not the listed one, or does not hold what it should.
        """


@dataclass(frozen=True)
class Split:
    """One split: how many images, and its layouts in the order in which they are preferred."""

    name: str
    count: int
    layouts: tuple[Layout, ...]

    def layout_under(self, root: Path | None) -> Layout | None:
        """The first layout of which every file is there; only names are looked at."""
        if root is None:
            return None
        return next((layout for layout in self.layouts if not _absent(layout, root)), None)

    def lacking(self, root: Path) -> str:
        """Which file each layout lacks first."""
        return "; ".join(f"as {layout.name}: no {_absent(layout, root)[0].path}" for layout in self.layouts)


@dataclass(frozen=True)
class DataSpec:
    """A published data set.

    Attributes:
        shape: of one image: channels, height, width.
        classes: names in the order of the labels.
    """

    name: str
    shape: tuple[int, int, int]
    classes: tuple[str, ...]
    splits: tuple[Split, ...]

    def split(self, name: str) -> Split:
        """A split by its name; ValueError for one that there is not."""
        for split in self.splits:
            if split.name == name:
                return split
        raise ValueError(f"{self.name} has no split {name!r}; it has {', '.join(split.name for split in self.splits)}")

    def present(self, root: Path | None) -> bool:
        """Whether every split is there in some layout; only names are looked at."""
        return all(split.layout_under(root) for split in self.splits)

    def missing(self, split: Split, root: Path | None) -> DatasetMissing:
        """The error that says what was looked for and which command would help."""
        if root is None:
            return DatasetMissing(
                f"{self.name} ({split.name}) needs a data folder.  Name one that has it with `pytest claims --data "
                "DIR` or the environment variable CLAIMS_DATA, or fetch it with `pytest claims --data DIR --download`."
            )
        return DatasetMissing(
            f"{self.name} ({split.name}) is not under {root} ({split.lacking(root)}).  Name a folder that has it with "
            f"`pytest claims --data DIR` or the environment variable CLAIMS_DATA, or fetch it with "
            f"`pytest claims --data {root} --download`."
        )


def stored(layout: Layout, root: Path) -> Iterator[Stored]:
    """A layout's files under a folder."""
    return (Stored(root, file) for file in layout.files)


def _absent(layout: Layout, root: Path) -> list[DataFile]:
    return [one.file for one in stored(layout, root) if not one.there]
