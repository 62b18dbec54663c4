"""What is wrong with each detection, as the diagnosis of Hoiem et al. 2012 (section 3.1) sorts them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.lazy import torch

if TYPE_CHECKING:
    from torch import Tensor

CORRECT, LOCALISATION, CONFUSION, BACKGROUND = "correct", "localisation", "confusion", "background"


def detection_errors(
    boxes: Tensor,
    labels: Tensor,
    objects: Tensor,
    object_labels: Tensor,
    *,
    floor: float = 0.1,
    threshold: float = 0.5,
) -> list[str]:
    """Sort the detections in one image, the most confident first.

    - correct: overlaps an object of its class by `threshold` or more, as the first to do so;
    - localisation: overlaps one by `floor` or more; too little to be correct, or a duplicate of a correct detection;
    - confusion: overlaps an object of another class by `floor` or more (the original tells similar ones from others);
    - background: none of these.

    Args:
        boxes: detections, shape `(n, 4)`: left, top, right, bottom.
        labels: their classes, shape `(n,)`.
        objects: the annotated boxes, shape `(m, 4)`.
        object_labels: their classes, shape `(m,)`.
        floor: least intersection over union with an object for a detection to be about it.
        threshold: least intersection over union of a correct detection.

    Returns:
        One of `CORRECT`, `LOCALISATION`, `CONFUSION`, `BACKGROUND` for each detection.
    """
    from harness.torchvision_compat import torchvision

    overlaps = torchvision.ops.box_iou(boxes, objects)
    found: set[int] = set()
    sorted_out = []
    for overlap, label in zip(overlaps, labels, strict=True):
        own = torch.where(object_labels == label, overlap, 0.0)
        nearest, most = (int(own.argmax()), float(own.max())) if len(own) else (-1, 0.0)
        if most >= threshold and nearest not in found:
            found.add(nearest)
            sorted_out.append(CORRECT)
        elif most >= floor:
            sorted_out.append(LOCALISATION)
        else:
            sorted_out.append(CONFUSION if (overlap >= floor).any() else BACKGROUND)
    return sorted_out
