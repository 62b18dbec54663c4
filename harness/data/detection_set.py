"""A set of images with annotated objects, as the suite hands it around."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from harness.data.image_set import Provenance
from harness.system.lazy import torch
from harness.verdicts import Evidence

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class DetectionSet:
    """Images and the objects in them; pixels are made or decoded when a size is asked for.

    Attributes:
        name: name in the catalogue, e.g. "voc2007".
        split: "train" or "test".
        count: number of images.
        draw: gives the pixels of some images, by their numbers `(k,)`, at a size, on a device: uint8
            `(k, 3, size, size)`.
        boxes: of all objects, `(m, 4)` float32: left, top, right, bottom as shares of the image's width and height.
        labels: of the objects, `(m,)` int64.
        owners: the image's number of each object, `(m,)` int64, ascending.
        difficult: objects that the annotators found hard to tell, `(m,)` bool; neither trained on nor evaluated.
        classes: names in the order of the labels.
        similar: groups of classes that are taken for one another easily; a class may be in several or in none.
        digest: SHA-256 (hex) over all that the content is made from.
        reach: `paper` for the data sets that the papers name, `proxy` for generated images.
        notes: what a reader must know of them.
    """

    name: str
    split: str
    count: int
    draw: Callable[[Tensor, int, torch.device], Tensor]
    boxes: Tensor
    labels: Tensor
    owners: Tensor
    difficult: Tensor
    classes: tuple[str, ...]
    similar: tuple[tuple[str, ...], ...]
    digest: str
    reach: Evidence
    notes: tuple[str, ...] = field(default=())

    def __len__(self) -> int:
        return self.count

    @property
    def provenance(self) -> Provenance:
        """Where they come from."""
        return Provenance(self.name, self.split, self.digest, self.reach, self.notes)

    def pixels(self, size: int, device: torch.device) -> Tensor:
        """All images squeezed into squares, on a device: uint8 `(n, 3, size, size)`."""
        return self.draw(torch.arange(self.count), size, device)

    def chosen(self, images: Tensor) -> DetectionSet:
        """Those images, `(k,)` int64 without repetition, in that order, with their objects."""
        place = torch.full((self.count,), -1)
        place[images] = torch.arange(len(images))
        owners = place[self.owners]
        kept = torch.arange(len(owners))[owners >= 0]
        kept = kept[owners[kept].argsort(stable=True)]
        objects = {name: getattr(self, name)[kept] for name in ("boxes", "labels", "difficult")}
        draw = self.draw
        return replace(
            self, count=len(images), draw=lambda some, size, device: draw(images[some], size, device),
            owners=owners[kept], **objects,
        )  # fmt: skip


def digest_of(*parts: Tensor | bytes) -> str:
    """SHA-256 (hex) over the bytes of tensors and strings, each with its shape or length."""
    digest = hashlib.sha256()
    for part in parts:
        if isinstance(part, bytes):
            digest.update(f"bytes {len(part)} ".encode() + part)
        else:
            digest.update(f"{part.dtype} {list(part.shape)} ".encode() + part.contiguous().cpu().numpy().tobytes())
    return digest.hexdigest()
