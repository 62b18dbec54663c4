"""The idx format of MNIST: a big-endian header with the sizes, then one byte a value."""

from __future__ import annotations

import gzip
import io
import math
import struct
import zlib
from dataclasses import dataclass
from pathlib import Path

from harness.data.files import DataFile, Stored
from harness.data.spec import Content
from harness.system.lazy import np

UNSIGNED_BYTE = 0x08


@dataclass(frozen=True)
class Idx:
    """A file of images and a file of labels; each gzipped if its name ends in `.gz`."""

    images: DataFile
    labels: DataFile
    name: str = "idx"

    @property
    def files(self) -> tuple[DataFile, ...]:
        """Both files."""
        return self.images, self.labels

    def notes(self, root: Path, count: int) -> tuple[str, ...]:
        """There is nothing to say."""
        return ()

    def read(self, root: Path, count: int, shape: tuple[int, int, int]) -> Content:
        """See `Layout.read`; images have one channel."""
        _, height, width = shape
        images = _values(Stored(root, self.images), (count, height, width)).reshape(count, *shape)
        labels = _values(Stored(root, self.labels), (count,))
        return Content(images, labels.astype(np.int64))


def _values(file: Stored, shape: tuple[int, ...]) -> np.ndarray:
    header = struct.pack(f">HBB{len(shape)}I", 0, UNSIGNED_BYTE, len(shape), *shape)
    length = len(header) + math.prod(shape)
    content = file.read()
    if file.path.suffix == ".gz":
        content = _unzipped(file, content, length)
    if len(content) != length or not content.startswith(header):
        raise file.corrupt(f"not an idx file of unsigned bytes of shape {shape}")
    return np.frombuffer(content, np.uint8, offset=len(header)).reshape(shape).copy()


def _unzipped(file: Stored, content: bytes, limit: int) -> bytes:
    """No more than one byte beyond the limit is unpacked, which is enough to tell that there is too much."""
    try:
        return gzip.GzipFile(fileobj=io.BytesIO(content)).read(limit + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise file.corrupt(f"does not unpack as gzip: {error}") from error
