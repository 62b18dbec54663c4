"""ImageNet (Deng et al. 2009; the thousand classes of ILSVRC 2012), and Small-ImageNet-32x32, which is made from it.

The images lie under DIR/imagenet/train and DIR/imagenet/val, a folder a class, as torchvision's `ImageNet` unpacks
them.  Small-ImageNet (Chrabaszcz et al. 2017) is made from them, whole images averaged down to 32 x 32 pixels, and held
in memory: 3.9 GB, for which each process that needs it decodes all of ImageNet once.  Its authors' own files, whose
sums are not known here, are not read.
"""

from __future__ import annotations

import functools
import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

from harness.data.folders import Folders, ImageFiles, Part, decoded
from harness.data.image_set import ImageSet, Provenance
from harness.system.lazy import torch

if TYPE_CHECKING:
    from PIL.Image import Image
    from torch import Tensor

IMAGENET = Folders(
    "imagenet", "imagenet", (Part("train", "train", 1_281_167), Part("test", "val", 50_000)), 1000,
    mean=(0.485, 0.456, 0.406), spread=(0.229, 0.224, 0.225),
)  # fmt: skip
"""The images that validate, whose labels are published, are the split "test"."""

SMALL = "small-imagenet"
SIDE = 32
DECODED_AT_ONCE = 500


@functools.lru_cache(maxsize=4)
def load_files(name: str, split: str, root: Path | None) -> ImageFiles:
    """A set of images in files by its name, listed once a process.

    Raises:
        DatasetMissing: it is not under `root`.
        DatasetCorrupt: it does not hold as many images as it should.
        ValueError: there is no such set or split.
    """
    if name != IMAGENET.name:
        raise ValueError(f"there is no set of images in files {name!r}; there is {IMAGENET.name}")
    return IMAGENET.load(split, root)


def small_imagenet(split: str, root: Path | None) -> ImageSet:
    """Small-ImageNet-32x32; errors as in `load_files`."""
    files = load_files(IMAGENET.name, split, root)
    numbers = torch.arange(len(files)).split(DECODED_AT_ONCE)
    batches = ([(number, 0) for number in some.tolist()] for some in numbers)
    images = torch.empty(len(files), 3, SIDE, SIDE, dtype=torch.uint8)
    for some, pixels in zip(numbers, decoded(files, batches, shrunk), strict=True):
        images[some] = pixels
    known = small_provenance(split, root)
    return ImageSet(SMALL, split, images, files.labels, known.digest, known.reach, files.classes, known.notes)


def small_provenance(split: str, root: Path | None) -> Provenance:
    """Where the images of `small_imagenet` come from; nothing is decoded."""
    files = load_files(IMAGENET.name, split, root)
    digest = hashlib.sha256(f"{files.digest} averaged down to {SIDE} x {SIDE}".encode()).hexdigest()
    notes = (*files.notes, f"made here from {files.name}: whole images averaged down to {SIDE} x {SIDE} pixels")
    return Provenance(SMALL, split, digest, files.reach, notes)


def shrunk(image: Image, _: int) -> Tensor:
    """A whole image averaged down to a square of `SIDE`, uint8 `(3, SIDE, SIDE)`."""
    from PIL.Image import Resampling

    from harness.system.torchvision_compat import torchvision

    pixels: Tensor = torchvision.transforms.functional.pil_to_tensor(image.resize((SIDE, SIDE), Resampling.BOX))
    return pixels
