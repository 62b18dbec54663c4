"""Image sets that need no data folder: small stand-ins for the papers' data, evidence of the reach `proxy`."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import TYPE_CHECKING

from harness.data import generated
from harness.data.digest import content_digest
from harness.data.image_set import ImageSet
from harness.system.lazy import np, torch
from harness.verdicts import Evidence

if TYPE_CHECKING:
    from torch import Tensor

SPLITS = ("train", "test")
DIGITS = Path(__file__).with_name("digits.csv.gz")
"""Whose they are, and under which licence, says `digits.txt` beside it."""
TEXTURE_SIDE = 32
TEXTURE_SLOPES = (0.5, 1.0, 1.5, 2.0)
TEXTURES_PER_CLASS = {"train": 500, "test": 125}


def digits(split: str) -> ImageSet:
    """UCI's 1,797 handwritten digits of 8x8 pixels, as scikit-learn has them, values 0 to 16 spread over 0 to 255.

    The test set is every fifth image of each class, in the order of the source.
    """
    with gzip.open(DIGITS, "rt", encoding="ascii") as lines:
        source = np.loadtxt(lines, delimiter=",", dtype=np.int64)
    source = source[_every_fifth(source[:, -1]) == (_check(split) == "test")]
    images = (source[:, :-1].reshape(-1, 8, 8) * 255 + 8) // 16
    labels = torch.from_numpy(source[:, -1].copy())
    return _proxy("digits", split, torch.from_numpy(images)[:, None], labels, tuple("0123456789"))


def two_digits(split: str) -> ImageSet:
    """The zeros and ones among `digits`: a task that is easier than that of all ten."""
    whole = digits(split)
    chosen = whole.labels < 2
    return _proxy("two-digits", split, whole.images[chosen], whole.labels[chosen], ("0", "1"))


def textures(split: str) -> ImageSet:
    """Colourless Gaussian textures of 32x32 pixels; the class is the slope with which amplitudes fall over frequency.

    Natural scenes have slopes near 1 (Field 1987).  Grey levels have mean 127.5 and a standard deviation of 40 before
    they are rounded and clipped to 0..255.
    """
    count = TEXTURES_PER_CLASS[_check(split)]
    generator = torch.Generator().manual_seed(SPLITS.index(split))
    made = [generated.textures(count, TEXTURE_SIDE, TEXTURE_SIDE, generator, slope) for slope in TEXTURE_SLOPES]
    images = (127.5 + 40 * torch.stack(made, dim=1).flatten(0, 1)).round().clamp(0, 255)
    labels = torch.arange(len(TEXTURE_SLOPES)).repeat(count)
    return _proxy("textures", split, images, labels, tuple(f"slope {slope}" for slope in TEXTURE_SLOPES))


def _every_fifth(labels: np.ndarray) -> np.ndarray:
    chosen = np.zeros(len(labels), dtype=bool)
    for label in np.unique(labels):
        chosen[np.flatnonzero(labels == label)[4::5]] = True
    return chosen


def _check(split: str) -> str:
    if split not in SPLITS:
        raise ValueError(f"there is no split {split!r}; embedded sets have {' and '.join(SPLITS)}")
    return split


def _proxy(name: str, split: str, images: Tensor, labels: Tensor, classes: tuple[str, ...]) -> ImageSet:
    pixels = images.to(torch.uint8)
    return ImageSet(name, split, pixels, labels, content_digest(pixels, labels), Evidence.PROXY, classes)
