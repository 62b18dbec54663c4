"""A compact layout of colour images: lossless WebP strips in a zip archive, labels beside it.

A strip is one image wide and `strip` images high, in the order of the data set; the number in a member's name is the
index of its first image.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from harness.data.files import DataFile, Stored
from harness.data.spec import Content
from harness.system.lazy import np


@dataclass(frozen=True)
class Packed:
    """An archive of strips and a file of labels.

    Attributes:
        split: prefix of the members' names, and key in `inexact`.
        label_key: the array of `labels` (npz) that belongs to the split.
        inexact: JSON lists, a split each, of the images that are not the published ones pixel for pixel.
        strip: images a member.
    """

    images: DataFile
    labels: DataFile
    split: str
    label_key: str
    inexact: DataFile | None = None
    strip: int = 100
    name: str = "packed"

    @property
    def files(self) -> tuple[DataFile, ...]:
        """All that there are."""
        return self.images, self.labels, *([self.inexact] if self.inexact else [])

    def read(self, root: Path, count: int, shape: tuple[int, int, int]) -> Content:
        """See `Layout.read`; images have three channels."""
        images = np.empty((count, *shape), dtype=np.uint8)
        for start, strip in self._strips(Stored(root, self.images), count, shape):
            images[start : start + len(strip)] = strip
        return Content(images, self._labels(Stored(root, self.labels), count), self.notes(root, count))

    def notes(self, root: Path, count: int) -> tuple[str, ...]:
        """How many of the images are inexact."""
        if self.inexact is None:
            return ()
        affected = len(json.loads(Stored(root, self.inexact).read())[self.split])
        return (
            f"{affected} of {count:,} images are decoded JPEGs of the published ones, not exact ({self.inexact.path})",
        )

    def _strips(self, file: Stored, count: int, shape: tuple[int, int, int]) -> Iterator[tuple[int, np.ndarray]]:
        starts = {f"{self.split}_{start:05d}.webp": start for start in range(0, count, self.strip)}
        limit = 2 * self.strip * int(np.prod(shape)) + 4096
        try:
            with zipfile.ZipFile(io.BytesIO(file.read())) as archive:
                _check_members(archive, file, list(starts), limit)
                for name, start in starts.items():
                    length = min(self.strip, count - start)
                    yield start, _decoded(archive.read(name), name, file, length, shape)
        except zipfile.BadZipFile as error:
            raise file.corrupt(f"does not read as a zip archive: {error}") from error

    def _labels(self, file: Stored, count: int) -> np.ndarray:
        try:
            with np.load(io.BytesIO(file.read()), allow_pickle=False) as arrays:
                labels = arrays[self.label_key]
        except (OSError, KeyError, ValueError, zipfile.BadZipFile) as error:
            raise file.corrupt(f"does not read as an npz file with {self.label_key!r}: {error}") from error
        if labels.shape != (count,) or labels.dtype.kind not in "iu":
            raise file.corrupt(f"expected {count} integers named {self.label_key!r}")
        return labels.astype(np.int64)


def _check_members(archive: zipfile.ZipFile, file: Stored, expected: list[str], limit: int) -> None:
    members = archive.infolist()
    for member in members:
        if member.filename not in expected:
            raise file.corrupt(f"has the member {member.filename!r}, expected {expected[0]} to {expected[-1]} only")
        if member.file_size > limit:
            raise file.corrupt(f"member {member.filename} has {member.file_size:,} bytes, expected {limit:,} at most")
    if len(members) != len(expected):
        raise file.corrupt(f"has {len(members)} members, expected {len(expected)}, {expected[0]} to {expected[-1]}")


def _decoded(content: bytes, name: str, file: Stored, length: int, shape: tuple[int, int, int]) -> np.ndarray:
    """The images of one strip, `(length, channels, height, width)`."""
    from PIL import Image

    channels, height, width = shape
    try:
        image = Image.open(io.BytesIO(content), formats=["WEBP"])
        size = (width, length * height)
        if image.size != size or image.mode != "RGB":
            raise file.corrupt(f"member {name} is {image.mode} of {image.size}, expected RGB of {size}")
        pixels = np.asarray(image)
    except OSError as error:
        raise file.corrupt(f"member {name} does not decode as WebP: {error}") from error
    return pixels.reshape(length, height, width, channels).transpose(0, 3, 1, 2)
