"""From a name to images: found, verified, decoded."""

from __future__ import annotations

import functools
from pathlib import Path

from harness.data import catalogue
from harness.data.catalogue import DATA_SETS
from harness.data.contents import known_digest
from harness.data.digest import content_digest
from harness.data.files import Stored
from harness.data.image_set import ImageSet, Provenance
from harness.data.imagenet import IMAGENET, SMALL, load_files, small_imagenet, small_provenance
from harness.data.spec import DataSpec, Layout, Split
from harness.system.lazy import torch
from harness.verdicts import Evidence


def load(name: str, split: str, root: Path | None, *, download: bool = False) -> ImageSet:
    """A set of images by its name in the catalogue.

    The same object is handed out again within a process: do not change its tensors in place.

    Args:
        name: one of `catalogue.names()`.
        split: "train" or "test".
        root: the data folder; embedded and generated sets need none.
        download: fetch what is missing into `root`.  Without it nothing is ever written and no network is used.

    Raises:
        DatasetMissing: no layout of it is complete under `root`.
        DatasetCorrupt: a file is not the one that the catalogue lists.
        DownloadFailed: it could not be fetched.
        ValueError: there is no such data set or split, or a registered one is not what it says (`content_digest`).
    """
    if name in DATA_SETS:
        return _built(name, split)
    if name == SMALL:
        return _small_imagenet(split, root)
    return load_spec(catalogue.find(name), split, root, download=download)


def load_spec(spec: DataSpec, split: str, root: Path | None, *, download: bool = False) -> ImageSet:
    """The same for a data set that need not be in the catalogue."""
    return _read(*_placed(spec, split, root, download))


def provenance(name: str, split: str, root: Path | None, *, download: bool = False) -> Provenance:
    """Where the images of `load` with these arguments come from, decoding them only if it must; errors as there.

    Their files are verified all the same.
    """
    if name in DATA_SETS:
        return _built(name, split).provenance
    if name == IMAGENET.name:
        return load_files(name, split, root).provenance
    if name == SMALL:
        return small_provenance(split, root)
    return _provenance(*_placed(catalogue.find(name), split, root, download))


def _placed(spec: DataSpec, split: str, root: Path | None, download: bool) -> tuple[DataSpec, Split, Layout, Path]:
    """The set, its split, and the layout of it that lies under the data folder."""
    chosen = spec.split(split)
    if download and root is not None and chosen.layout_under(root) is None:
        _download(chosen, root)
    layout = chosen.layout_under(root)
    if root is None or layout is None:
        raise spec.missing(chosen, root)
    return spec, chosen, layout, root.resolve()


def _download(split: Split, root: Path) -> None:
    from harness.data.download import fetch

    published = (layout for layout in split.layouts if all(file.url for file in layout.files))
    if (layout := next(published, None)) is not None:
        fetch(layout.files, root)


@functools.lru_cache(maxsize=16)
def _built(name: str, split: str) -> ImageSet:
    made: ImageSet = DATA_SETS.load(name)(split)
    if (made.name, made.split, made.digest) != (name, split, content_digest(made.images, made.labels)):
        raise ValueError(f"{DATA_SETS.target(name)} says of {name}/{split} that it is {made.provenance}")
    return made


@functools.lru_cache(maxsize=2)
def _small_imagenet(split: str, root: Path | None) -> ImageSet:
    return small_imagenet(split, root)


@functools.lru_cache(maxsize=8)
def _read(spec: DataSpec, split: Split, layout: Layout, root: Path) -> ImageSet:
    content = layout.read(root, split.count, spec.shape)
    if content.labels.min() < 0 or content.labels.max() >= len(spec.classes):
        raise Stored(root, layout.files[-1]).corrupt(f"has labels outside 0 to {len(spec.classes) - 1}")
    images, labels = torch.from_numpy(content.images), torch.from_numpy(content.labels)
    digest = content_digest(images, labels)
    if (expected := known_digest(layout.files)) not in (None, digest):
        raise RuntimeError(f"{spec.name}/{split.name} decodes to {digest}, expected {expected}: a decoder has changed")
    return ImageSet(spec.name, split.name, images, labels, digest, Evidence.PAPER, spec.classes, content.notes)


@functools.lru_cache(maxsize=32)
def _provenance(spec: DataSpec, split: Split, layout: Layout, root: Path) -> Provenance:
    digest = known_digest(layout.files)
    if digest is None:
        return _read(spec, split, layout, root).provenance
    for file in layout.files:
        Stored(root, file).read()
    return Provenance(spec.name, split.name, digest, Evidence.PAPER, layout.notes(root, split.count))
