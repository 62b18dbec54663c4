"""From a detector's predictions to boxes: decoded, and those suppressed that show the same object again."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from claims.fan2019.methods.detection_loss import overlap
from harness.system.lazy import torch

if TYPE_CHECKING:
    from torch import Tensor

LEAST = 0.001
"""Least score of a detection, as for evaluation in YOLO's own code."""

OVERLAP = 0.5
"""Detections of a class that overlap a better one by more go, as in YOLO's own code."""

CANDIDATES, MOST = 400, 100
"""How many of an image's boxes enter suppression, and how many of them are kept, the best ones first."""


class Candidates(NamedTuple):
    """Detections in some images, with as many places for each image, the best first.

    Attributes:
        boxes: left, top, right, bottom as shares of the image, `(n, places, 4)`.
        scores: the probability of the class times the box's confidence, `(n, places)`; 0 where there is none.
        labels: classes, `(n, places)`.
    """

    boxes: Tensor
    scores: Tensor
    labels: Tensor


def decode(predictions: Tensor, classes: int) -> Candidates:
    """Every box as a detection of every class, and of those the best (Redmon et al. 2016, equation 1).

    Args:
        predictions: `(n, rows, columns, 5 * boxes + classes)`, in the order of `methods.detector`.
        classes: how many there are.
    """
    rows, columns, outputs = predictions.shape[1:]
    boxes = predictions[..., : outputs - classes].unflatten(-1, (-1, 5))
    column = torch.arange(columns, device=predictions.device)[:, None]
    row = torch.arange(rows, device=predictions.device)[:, None, None]
    centres = torch.stack([(boxes[..., 0] + column) / columns, (boxes[..., 1] + row) / rows], -1)
    halves = boxes[..., 2:4].square() / 2
    edges = torch.cat([centres - halves, centres + halves], -1).clamp(0, 1).flatten(1, 3)
    chances = predictions[..., None, outputs - classes :].clamp_min(0)
    scores = (boxes[..., 4:].clamp_min(0) * chances).flatten(1)
    best, index = scores.sort(descending=True, stable=True)
    best, index = best[:, :CANDIDATES], index[:, :CANDIDATES]
    chosen = edges.gather(1, (index // classes)[..., None].expand(-1, -1, 4))
    return Candidates(chosen, best.where(best >= LEAST, 0.0), index % classes)


def suppress(found: Candidates) -> Candidates:
    """Non-maximum suppression, class by class: zero the score of each box that a better one, itself kept, covers."""
    covers = overlap(found.boxes[:, :, None], found.boxes[:, None, :]) > OVERLAP
    covers &= (found.labels[:, :, None] == found.labels[:, None, :]).triu(1)
    kept = found.scores > 0
    for place in range(found.scores.shape[1]):
        kept = kept & ~(covers[:, place] & kept[:, place, None])
    return found._replace(scores=found.scores.where(kept, 0.0))


def best(found: Candidates) -> Candidates:
    """The `MOST` best of each image."""
    scores, index = found.scores.sort(descending=True, stable=True)
    scores, index = scores[:, :MOST], index[:, :MOST]
    boxes = found.boxes.gather(1, index[..., None].expand(-1, -1, 4))
    return Candidates(boxes, scores, found.labels.gather(1, index))
