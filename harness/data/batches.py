"""The CIFAR data sets as published: pickled batches, unpacked or in their tar archive."""

from __future__ import annotations

import io
import math
import tarfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from harness.data.files import DataFile, Stored
from harness.data.pickles import plain_pickle
from harness.data.spec import Content
from harness.system.lazy import np


@dataclass(frozen=True)
class Batches:
    """Pickled dictionaries: `data` uint8 `(n, channels * height * width)`, and a list of labels."""

    files: tuple[DataFile, ...]
    label_key: str
    name: str = "batches"

    def notes(self, root: Path, count: int) -> tuple[str, ...]:
        """There is nothing to say."""
        return ()

    def read(self, root: Path, count: int, shape: tuple[int, int, int]) -> Content:
        """See `Layout.read`."""
        files = [Stored(root, file) for file in self.files]
        return self.joined([self.batch(file.read(), file, shape) for file in files], files[0], count)

    def batch(self, content: bytes, file: Stored, shape: tuple[int, int, int]) -> Content:
        """The images and labels of one pickle."""
        held = plain_pickle(content, file)
        data, labels = _rows(held, math.prod(shape)), _integers(held, self.label_key)
        if data is None or labels is None or len(data) != len(labels):
            raise file.corrupt(f"expected rows of {math.prod(shape)} bytes in 'data', integers in {self.label_key!r}")
        return Content(data.reshape(-1, *shape), np.array(labels, dtype=np.int64))

    def joined(self, batches: list[Content], file: Stored, count: int) -> Content:
        """All batches as one."""
        images = np.concatenate([batch.images for batch in batches])
        if len(images) != count:
            raise file.corrupt(f"found {len(images)} images in it and the other batches, expected {count}")
        return Content(images, np.concatenate([batch.labels for batch in batches]))


@dataclass(frozen=True)
class BatchArchive:
    """The same in a gzipped tar archive, which is read in place: nothing is unpacked to disk."""

    archive: DataFile
    batches: Batches
    name: str = "archive"

    @property
    def files(self) -> tuple[DataFile, ...]:
        """The archive."""
        return (self.archive,)

    def notes(self, root: Path, count: int) -> tuple[str, ...]:
        """There is nothing to say."""
        return ()

    def read(self, root: Path, count: int, shape: tuple[int, int, int]) -> Content:
        """See `Layout.read`."""
        file = Stored(root, self.archive)
        wanted = {batch.path: batch for batch in self.batches.files}
        found = dict(_members(file, wanted))
        if absent := sorted(wanted.keys() - found.keys()):
            raise file.corrupt(f"has no member {absent[0]!r}")
        return self.batches.joined([self.batches.batch(found[path], file, shape) for path in wanted], file, count)


def _members(file: Stored, wanted: dict[str, DataFile]) -> Iterator[tuple[str, bytes]]:
    try:
        with tarfile.open(fileobj=io.BytesIO(file.read()), mode="r:gz") as archive:
            for member in archive:
                _refuse_unsafe(member, file, max(batch.size for batch in wanted.values()))
                if member.isreg() and member.name in wanted:
                    yield member.name, _verified(archive, member, file, wanted[member.name])
    except (tarfile.TarError, OSError, EOFError, zlib.error) as error:
        raise file.corrupt(f"does not unpack as a gzipped tar archive: {error}") from error


def _refuse_unsafe(member: tarfile.TarInfo, file: Stored, limit: int) -> None:
    path = PurePosixPath(member.name)
    if path.is_absolute() or ".." in path.parts or not (member.isreg() or member.isdir()):
        raise file.corrupt(f"has the unsafe member {member.name!r}, expected plain files below its top folder")
    if member.size > limit:
        raise file.corrupt(f"member {member.name!r} has {member.size:,} bytes, expected {limit:,} at most")


def _verified(archive: tarfile.TarFile, member: tarfile.TarInfo, file: Stored, listed: DataFile) -> bytes:
    stream = archive.extractfile(member)
    content = stream.read() if stream else b""
    if flaw := listed.flaw(content):
        raise file.corrupt(f"member {member.name!r}: {flaw}")
    return content


def _rows(held: Any, length: int) -> np.ndarray | None:
    data = held.get("data") if isinstance(held, dict) else None
    fits = isinstance(data, np.ndarray) and data.dtype == np.uint8 and data.ndim == 2 and data.shape[1] == length
    return data if fits else None


def _integers(held: Any, key: str) -> list[int] | None:
    labels = held.get(key) if isinstance(held, dict) else None
    return labels if isinstance(labels, list) and all(isinstance(label, int) for label in labels) else None
