"""A tiny ImageNet: a folder a class, JPEGs of several sizes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from harness.data.folders import Part
from harness.data.imagenet import IMAGENET

CLASSES = ("n01", "n02", "n03")
EACH = {"train": 8, "val": 4}
TINY = replace(
    IMAGENET, classes=len(CLASSES),
    parts=(Part("train", "train", 3 * EACH["train"]), Part("test", "val", 3 * EACH["val"])),
)  # fmt: skip


def picture(number: int, height: int = 24, width: int = 30) -> Image.Image:
    """Smooth random colours, so that JPEG changes them little."""
    values = np.random.default_rng(number).integers(0, 256, (3, 4, 3), dtype=np.uint8)
    return Image.fromarray(values).resize((width, height), Image.Resampling.BILINEAR)


def write(root: Path, each: dict[str, int] = EACH) -> Path:
    """Both splits below a data folder; returns that."""
    number = 0
    for part, count in each.items():
        for name in CLASSES:
            folder = root / "imagenet" / part / name
            folder.mkdir(parents=True)
            for place in range(count):
                number += 1
                picture(number, 20 + number % 7, 20 + number % 11).save(folder / f"{name}_{place}.JPEG", quality=95)
    return root


@pytest.fixture
def tiny_imagenet(tmp_path, monkeypatch):
    """A data folder with it; for the test ImageNet has no more images and classes."""
    monkeypatch.setattr("harness.data.imagenet.IMAGENET", TINY)
    return write(tmp_path / "data")
