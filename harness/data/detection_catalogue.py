"""The sets of images with annotated objects, by name; nothing in this module loads torch."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from harness.data import scenes

if TYPE_CHECKING:
    from harness.data.detection_set import DetectionSet

GENERATED: dict[str, Callable[[str], DetectionSet]] = {"scenes": scenes.scenes}


def load_detection(name: str, split: str, root: Path | None) -> DetectionSet:
    """A set by its name."""
    return GENERATED[name](split)
