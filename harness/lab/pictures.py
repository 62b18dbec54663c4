"""Pictures that a claim puts into the report: an image, and boxes around what is in it."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, NamedTuple

from harness.system.lazy import torch

if TYPE_CHECKING:
    from torch import Tensor

OBJECT, CORRECT, MISPLACED, WRONG = KINDS = ("object", "correct", "misplaced", "wrong")
"""What a box is: annotated; or found, and right, or of the right class in the wrong place, or wrong."""


class Box(NamedTuple):
    """A box in pixels, one of `KINDS`, and words that are shown when one points at it."""

    left: float
    top: float
    right: float
    bottom: float
    kind: str
    words: str


def stacked_bar(parts: Iterable[tuple[float, tuple[int, int, int]]], width: int = 120, height: int = 12) -> Tensor:
    """Parts of a whole side by side: uint8 `(3, height, width)`, black where they do not add up to it.

    Args:
        parts: for each its length, a share of the whole from 0 to 1, and its colour: red, green, blue from 0 to 255.
        width: of the bar in pixels.
        height: of the bar in pixels.
    """
    bar, begin = torch.zeros(3, height, width, dtype=torch.uint8), 0.0
    for share, colour in parts:
        end = begin + share
        bar[:, :, round(begin * width) : round(end * width)] = torch.tensor(colour, dtype=torch.uint8)[:, None, None]
        begin = end
    return bar


def picture(caption: str, image: Tensor, boxes: Iterable[Box]) -> dict[str, Any]:
    """A picture as JSON values.

    Args:
        caption: what is to be seen.
        image: uint8, shape `(3, height, width)`.
        boxes: drawn in this order.

    Raises:
        ValueError: a box is of no known kind.
    """
    from PIL import Image

    drawn = list(boxes)
    if unknown := {box.kind for box in drawn} - set(KINDS):
        raise ValueError(f"boxes are of the kinds {', '.join(KINDS)}, not {', '.join(sorted(unknown))}")
    stream = io.BytesIO()
    Image.fromarray(image.permute(1, 2, 0).cpu().numpy()).save(stream, "PNG")
    _, height, width = image.shape
    return {
        "caption": caption,
        "png": base64.b64encode(stream.getvalue()).decode(),
        "width": width,
        "height": height,
        "boxes": [box._asdict() for box in drawn],
    }
