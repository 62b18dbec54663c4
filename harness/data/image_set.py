"""A set of images as the suite hands it around."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from harness.verdicts import Evidence

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class Provenance:
    """Where the images of a set come from; see `ImageSet` for the fields."""

    name: str
    split: str
    digest: str
    reach: Evidence
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class ImageSet:
    """Images with their labels and where they come from.

    Attributes:
        name: name in the catalogue, e.g. "mnist".
        split: "train" or "test".
        images: shape `(n, channels, height, width)`; uint8 (0 to 255) as stored, or floating point where generated.
        labels: shape `(n,)`, int64; zeros where the images have no classes.
        digest: SHA-256 (hex) over shapes, pixels and labels, so that two layouts of the same data agree.
        reach: `paper` for the data sets that the papers name, `proxy` for embedded and generated images.
        notes: what a reader must know of them, e.g. inexact images; shown in the report.
    """

    name: str
    split: str
    images: torch.Tensor
    labels: torch.Tensor
    digest: str
    reach: Evidence
    classes: tuple[str, ...] = ()
    notes: tuple[str, ...] = field(default=())

    @property
    def provenance(self) -> Provenance:
        """Where they come from."""
        return Provenance(self.name, self.split, self.digest, self.reach, self.notes)

    def __len__(self) -> int:
        return len(self.images)
