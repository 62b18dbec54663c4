"""A tiny data set, written in every layout, with a catalogue entry of its own."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import struct
import tarfile
import zipfile
from pathlib import Path

import numpy as np
from PIL import Image

from harness.data.batches import BatchArchive, Batches
from harness.data.files import DataFile
from harness.data.idx import Idx
from harness.data.packed import Packed
from harness.data.spec import DataSpec, Layout, Split

COUNT = 5
CLASSES = ("cat", "dog", "ship")
LABELS = np.array([2, 0, 1, 1, 0])
GREY = np.random.default_rng(1).integers(0, 256, (COUNT, 1, 4, 6), dtype=np.uint8)
COLOUR = np.random.default_rng(2).integers(0, 256, (COUNT, 3, 4, 6), dtype=np.uint8)


def spec(*layouts: Layout, images: np.ndarray = COLOUR) -> DataSpec:
    split = Split("train", COUNT, layouts)
    return DataSpec("fake", images.shape[1:], CLASSES, (split,))


def listed(path: str, content: bytes, url: str = "") -> DataFile:
    return DataFile(path, len(content), hashlib.sha256(content).hexdigest(), url)


def write(root: Path, path: str, content: bytes, url: str = "") -> DataFile:
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_bytes(content)
    return listed(path, content, url)


def idx_bytes(values: np.ndarray) -> bytes:
    return bytes([0, 0, 8, values.ndim]) + struct.pack(f">{values.ndim}I", *values.shape) + values.tobytes()


def idx(root: Path) -> Idx:
    labels = LABELS.astype(np.uint8)
    return Idx(write(root, "raw/images", idx_bytes(GREY[:, 0])), write(root, "raw/labels", idx_bytes(labels)))


def zipped_idx(root: Path) -> Idx:
    images, labels = (gzip.compress(idx_bytes(values)) for values in (GREY[:, 0], LABELS.astype(np.uint8)))
    return Idx(write(root, "raw/images.gz", images), write(root, "raw/labels.gz", labels), "idx.gz")


def python2_batch(images: np.ndarray, labels: list[int], key: str = "labels") -> bytes:
    """As Python 2 and the numpy of 2009 pickled the CIFAR batches."""
    rows = images.reshape(len(images), -1)
    array = (
        b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85U\x01b\x87R(K\x01K%cK%c\x86" % rows.shape
        + b"cnumpy\ndtype\nU\x02u1K\x00K\x01\x87R(K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb\x89T"
        + struct.pack("<I", rows.size)
        + rows.tobytes()
        + b"tb"
    )
    numbers = b"](" + b"".join(b"K%c" % label for label in labels) + b"e"
    return b"\x80\x02}(U\x04data" + array + b"U%c%s" % (len(key), key.encode()) + numbers + b"u."


def batch_contents() -> dict[str, bytes]:
    return {
        "batches/first": python2_batch(COLOUR[:3], LABELS[:3].tolist()),
        "batches/second": python2_batch(COLOUR[3:], LABELS[3:].tolist()),
    }


def batches(root: Path) -> Batches:
    return Batches(tuple(write(root, path, content) for path, content in batch_contents().items()), "labels")


def archive(root: Path, *extra: tarfile.TarInfo) -> BatchArchive:
    """The batches in a tar.gz, after members that it should not have."""
    contents = batch_contents()
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as tar:
        for member in extra:
            tar.addfile(member, io.BytesIO(bytes(member.size)))
        for path, content in contents.items():
            member = tarfile.TarInfo(path)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    inner = Batches(tuple(listed(path, content) for path, content in contents.items()), "labels")
    return BatchArchive(write(root, "batches.tar.gz", stream.getvalue()), inner)


def strips(size: int = 2) -> dict[str, bytes]:
    """Lossless WebP strips by the names that they have in the archive."""
    return {f"train_{start:05d}.webp": webp(COLOUR[start : start + size]) for start in range(0, COUNT, size)}


def webp(images: np.ndarray) -> bytes:
    stream = io.BytesIO()
    pixels = images.transpose(0, 2, 3, 1).reshape(-1, images.shape[3], 3)
    Image.fromarray(np.ascontiguousarray(pixels)).save(stream, "WEBP", lossless=True, exact=True)
    return stream.getvalue()


def zipped(members: dict[str, bytes], compression: int = zipfile.ZIP_STORED) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", compression) as file:
        for name, content in members.items():
            file.writestr(name, content)
    return stream.getvalue()


def packed(root: Path, *, images: bytes | None = None, inexact: list[int] | None = None) -> Packed:
    labels = io.BytesIO()
    np.savez(labels, fine=LABELS.astype(np.uint8))
    notes = None if inexact is None else write(root, "packed/inexact.json", json.dumps({"train": inexact}).encode())
    return Packed(
        write(root, "packed/train_images.zip", images or zipped(strips())),
        write(root, "packed/labels.npz", labels.getvalue()),
        split="train",
        label_key="fine",
        inexact=notes,
        strip=2,
    )
