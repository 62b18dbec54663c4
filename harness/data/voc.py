"""PASCAL VOC (Everingham et al. 2010) as torchvision lays it out: `VOCdevkit/VOC<year>/` below the data folder.

An annotation that does not hold what it should is an error that names the file and the object; none is left out or
repaired.  Coordinates in the files count pixels from 1 and include both ends.
"""

from __future__ import annotations

import hashlib
import io
import math
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from xml.etree import ElementTree

from harness.data.dataset_errors import DatasetCorrupt, DatasetMissing
from harness.data.detection_set import DetectionSet
from harness.system.lazy import np, torch
from harness.verdicts import Evidence

if TYPE_CHECKING:
    from torch import Tensor

ANIMALS = ("bird", "cat", "cow", "dog", "horse", "sheep", "person")
VEHICLES = ("aeroplane", "bicycle", "boat", "bus", "car", "motorbike", "train")
FURNITURE = ("chair", "diningtable", "sofa")
CLASSES = tuple(sorted((*ANIMALS, *VEHICLES, *FURNITURE, "bottle", "pottedplant", "tvmonitor")))
SIMILAR = (ANIMALS, VEHICLES, FURNITURE, ("aeroplane", "bird"))
"""Classes that are taken for one another easily, as in the diagnosis of Hoiem et al. 2012."""

LARGEST = 2**20
"""Bytes of an annotation, at most: those of VOC have a few thousand."""

THREADS = 8


class Part(NamedTuple):
    """A list of images: the year's folder, the list's name, and how many images it has."""

    year: int
    images: str
    length: int


@dataclass(frozen=True)
class Voc:
    """A data set of one or more years.

    Attributes:
        name: in the catalogue.
        train, test: the lists that each split is made of, in this order.
    """

    name: str
    train: tuple[Part, ...]
    test: tuple[Part, ...]

    def parts(self, split: str) -> tuple[Part, ...]:
        """The lists of a split; ValueError for one that there is not."""
        if split not in ("train", "test"):
            raise ValueError(f"{self.name} has no split {split!r}; it has train, test")
        return self.train if split == "train" else self.test

    def present(self, root: Path | None) -> bool:
        """Whether the lists of both splits are under a data folder; only their names are looked at."""
        return root is not None and all(_list(root, part).is_file() for part in (*self.train, *self.test))

    def load(self, split: str, root: Path | None) -> DetectionSet:
        """Read and check all annotations of a split, and take the sums of its images.

        Raises:
            DatasetMissing: a list is not under `root`.
            DatasetCorrupt: a list, an annotation or an image is missing or is not what it should be.
        """
        pictures = [one for part in self.parts(split) for one in self._listed(part, root)]
        with ThreadPoolExecutor(THREADS) as pool:
            sums = list(pool.map(_sum, pictures))
        found = [picture.objects for picture in pictures]
        objects = [one for each in found for one in each]
        owners = torch.repeat_interleave(torch.arange(len(found)), torch.tensor([len(each) for each in found]))

        def draw(images: Tensor, size: int, device: torch.device) -> Tensor:
            squares = np.empty((len(images), size, size, 3), dtype=np.uint8)

            def fill(place: int, number: int) -> None:
                squares[place] = _square(pictures[number], sums[number], size)

            with ThreadPoolExecutor(THREADS) as pool:
                list(pool.map(fill, range(len(images)), images.tolist()))
            return torch.from_numpy(squares).to(device).permute(0, 3, 1, 2).contiguous()

        digest = hashlib.sha256("\n".join([*sums, repr(objects), repr(owners.tolist())]).encode()).hexdigest()
        return DetectionSet(
            self.name, split, len(pictures), draw, torch.tensor([one.box for one in objects]).reshape(-1, 4),
            torch.tensor([one.label for one in objects], dtype=torch.int64), owners,
            torch.tensor([one.difficult for one in objects], dtype=torch.bool), CLASSES, SIMILAR, digest,
            Evidence.PAPER,
        )  # fmt: skip

    def _listed(self, part: Part, root: Path | None) -> Iterator[Picture]:
        if root is None or not _list(root, part).is_file():
            where = f"no {_list(root, part)}" if root else "no data folder is named"
            raise DatasetMissing(
                f"{self.name} is not here: {where}.  Put VOCdevkit/VOC{part.year} with Annotations, ImageSets/Main and "
                "JPEGImages into a folder, and name that with `pytest claims --data DIR` or CLAIMS_DATA."
            )
        names = _list(root, part).read_text("utf-8", errors="replace").split()
        if len(names) != part.length:
            raise DatasetCorrupt(f"{_list(root, part)}: lists {len(names)} images, expected {part.length}")
        if odd := [name for name in names if not re.fullmatch(r"\w+", name, re.ASCII)]:
            raise DatasetCorrupt(f"{_list(root, part)}: {odd[0]!r} is no image's name")
        folder = root / "VOCdevkit" / f"VOC{part.year}"
        return (read_annotation(folder / "Annotations" / f"{n}.xml", folder / "JPEGImages" / f"{n}.jpg") for n in names)


class Annotated(NamedTuple):
    """One object: left, top, right, bottom as shares of the image's width and height, its class, how hard it is."""

    box: tuple[float, float, float, float]
    label: int
    difficult: bool


class Picture(NamedTuple):
    """An image's file, its width and height, and the objects in it."""

    file: Path
    size: tuple[int, int]
    objects: tuple[Annotated, ...]


def read_annotation(file: Path, image: Path) -> Picture:
    """The objects of one image.

    Raises:
        DatasetCorrupt: names the file and, where it has one that is wrong, the object, counted from 1.
    """
    root = _parsed(file)
    width, height = (_number(root.find("size"), side, f"{file}: its size") for side in ("width", "height"))
    if not (width >= 1 and height >= 1 and width.is_integer() and height.is_integer()):
        raise DatasetCorrupt(f"{file}: its size is {width:g} x {height:g}, expected whole pixels")
    if not image.is_file():
        raise DatasetCorrupt(f"{file}: its image {image} is missing")
    found = (_object(one, f"{file}: object {n}", width, height) for n, one in enumerate(root.iter("object"), 1))
    return Picture(image, (int(width), int(height)), tuple(found))


def _object(element: ElementTree.Element, where: str, width: float, height: float) -> Annotated:
    name = (element.findtext("name") or "").strip()
    where = f"{where} ({name!r})"
    if name not in CLASSES:
        raise DatasetCorrupt(f"{where} has an unknown class; there are {', '.join(CLASSES)}")
    edges = ("xmin", "ymin", "xmax", "ymax")
    left, top, right, bottom = (_number(element.find("bndbox"), edge, f"{where}: its box") for edge in edges)
    box = f"its box from ({left:g}, {top:g}) to ({right:g}, {bottom:g})"
    if left > right or top > bottom:
        raise DatasetCorrupt(f"{where}: {box} ends before it begins")
    if left < 1 or top < 1 or right > width or bottom > height:
        raise DatasetCorrupt(f"{where}: {box} leaves the image of {width:g} x {height:g} pixels")
    difficult = (element.findtext("difficult") or "0").strip()
    if difficult not in ("0", "1"):
        raise DatasetCorrupt(f"{where}: 'difficult' is {difficult!r}, expected 0 or 1")
    return Annotated(
        ((left - 1) / width, (top - 1) / height, right / width, bottom / height), CLASSES.index(name), difficult == "1"
    )


class _NoDoctype(ElementTree.TreeBuilder):
    """Refuses documents that declare a type, and with it entities, which could grow without bounds."""

    def doctype(self, name: str, public: str | None, system: str | None) -> None:
        raise ElementTree.ParseError("it declares a document type, which annotations do not")


def _parsed(file: Path) -> ElementTree.Element:
    if not file.is_file():
        raise DatasetCorrupt(f"{file}: is missing, though its image is listed")
    if file.stat().st_size > LARGEST:
        raise DatasetCorrupt(f"{file}: has {file.stat().st_size:,} bytes, expected {LARGEST:,} at most")
    try:
        root = ElementTree.fromstring(file.read_bytes(), ElementTree.XMLParser(target=_NoDoctype()))
    except (ElementTree.ParseError, ValueError, LookupError) as error:
        raise DatasetCorrupt(f"{file}: is no annotation in XML ({error})") from error
    if root.tag != "annotation":
        raise DatasetCorrupt(f"{file}: begins with {root.tag!r}, expected 'annotation'")
    return root


def _number(parent: ElementTree.Element | None, name: str, where: str) -> float:
    text = parent.findtext(name) if parent is not None else None
    try:
        value = float(text or "")
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise DatasetCorrupt(f"{where} has {text!r} for {name!r}, expected a number")
    return value


def _list(root: Path, part: Part) -> Path:
    return root / "VOCdevkit" / f"VOC{part.year}" / "ImageSets" / "Main" / f"{part.images}.txt"


def _sum(picture: Picture) -> str:
    return hashlib.sha256(picture.file.read_bytes()).hexdigest()


def _square(picture: Picture, expected: str, size: int) -> np.ndarray:
    """An image squeezed into a square: uint8 `(size, size, 3)`."""
    from PIL import Image

    content = picture.file.read_bytes()
    if hashlib.sha256(content).hexdigest() != expected:
        raise DatasetCorrupt(f"{picture.file}: has changed since its data set was opened")
    try:
        with Image.open(io.BytesIO(content), formats=("JPEG",)) as image:
            if image.size != picture.size:
                raise DatasetCorrupt(f"{picture.file}: has {image.size} pixels, its annotation says {picture.size}")
            return np.asarray(image.convert("RGB").resize((size, size), Image.Resampling.BILINEAR, reducing_gap=2.0))
    except OSError as error:
        raise DatasetCorrupt(f"{picture.file}: is no image in JPEG ({error})") from error


VOC2007 = Voc("voc2007", (Part(2007, "trainval", 5011),), (Part(2007, "test", 4952),))
VOC2007_2012 = Voc("voc2007+2012", (*VOC2007.train, Part(2012, "trainval", 11540)), VOC2007.test)
