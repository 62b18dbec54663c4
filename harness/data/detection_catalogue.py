"""The sets of images with annotated objects, by name; nothing in this module loads torch or numpy."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from harness.data.scenes import COUNTS, scenes
from harness.data.voc import VOC2007, VOC2007_2012, Voc

if TYPE_CHECKING:
    from harness.data.detection_set import DetectionSet

PUBLISHED: dict[str, Voc] = {one.name: one for one in (VOC2007, VOC2007_2012)}
GENERATED: dict[str, Callable[[str], DetectionSet]] = {"scenes": scenes}


def names() -> tuple[str, ...]:
    """All names that `load_detection` knows."""
    return (*PUBLISHED, *GENERATED)


def present(name: str, root: Path | None) -> bool:
    """Whether `load_detection` would find a set; cheap enough for the collection of tests."""
    return name in GENERATED or (name in PUBLISHED and PUBLISHED[name].present(root))


def training_images(name: str) -> int:
    """How many images the training split of a set has; the set itself is not looked at."""
    return sum(part.length for part in PUBLISHED[name].train) if name in PUBLISHED else COUNTS["train"]


@functools.lru_cache(maxsize=4)
def load_detection(name: str, split: str, root: Path | None) -> DetectionSet:
    """A set of annotated images by its name, read once a process.

    Args:
        name: one of `names()`.
        split: "train" or "test".
        root: the data folder; generated sets need none.

    Raises:
        DatasetMissing: it is not under `root`.
        DatasetCorrupt: it does not hold what it should.
        ValueError: there is no such set or split.
    """
    if name in GENERATED:
        return GENERATED[name](split)
    if name not in PUBLISHED:
        raise ValueError(f"there is no set of annotated images {name!r}; there are {', '.join(names())}")
    return PUBLISHED[name].load(split, root)
