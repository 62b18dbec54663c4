"""The loss of YOLO (Redmon et al. 2016, section 2.2), and which cell and which box answer for an object."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from harness.system.lazy import torch

if TYPE_CHECKING:
    from torch import Tensor

COORDINATES, NO_OBJECT = 5.0, 0.5
"""Weights of boxes, and of the confidence where there is no object (lambda_coord and lambda_noobj)."""


class Objects(NamedTuple):
    """The objects in some images, with as many places for each image.

    Attributes:
        boxes: left, top, right, bottom as shares of the image, `(n, places, 4)`.
        labels: their classes, -1 where a place is empty, `(n, places)`.
    """

    boxes: Tensor
    labels: Tensor

    def of(self, images: Tensor) -> Objects:
        """Those of some images, by their numbers."""
        return Objects(self.boxes[images], self.labels[images])


class Assigned(NamedTuple):
    """Where objects are to be predicted, and what; all of shape `(n, places)`.

    Attributes:
        kept: whether there is an object, the first of those with their centre in its cell.
        rows, columns: its cell.
        targets: the centre's place in the cell, and the roots of width and height, `(n, places, 4)`.
    """

    kept: Tensor
    rows: Tensor
    columns: Tensor
    targets: Tensor


def assign(objects: Objects, rows: int, columns: int) -> Assigned:
    """Give each object the cell of a grid that its centre is in; a cell answers for one object."""
    boxes, there = objects.boxes, objects.labels >= 0
    grid = boxes.new_tensor([columns, rows])
    centres = (boxes[..., :2] + boxes[..., 2:]) / 2 * grid
    cells = torch.minimum(centres.floor().clamp_min(0), grid - 1)
    column, row = cells.long().unbind(-1)
    number = row * columns + column
    earlier = torch.ones(there.shape[1], there.shape[1], dtype=torch.bool, device=boxes.device).tril(-1)
    taken = (number[:, :, None] == number[:, None, :]) & there[:, None, :] & earlier
    roots = (boxes[..., 2:] - boxes[..., :2]).clamp_min(0).sqrt()
    return Assigned(there & ~taken.any(-1), row, column, torch.cat([centres - cells, roots], -1))


def yolo_loss(predictions: Tensor, objects: Objects, classes: int) -> tuple[Tensor, Tensor]:
    """The sum of squared errors, averaged over images, and the mean overlap of the boxes that answer for objects.

    Of a cell's boxes the one that overlaps the object most answers for it (where none does, the one that differs least
    from it).  Its confidence is to be that overlap, through which no gradient flows; all other confidences are to be 0.

    Args:
        predictions: `(n, rows, columns, 5 * boxes + classes)`, in the order of `methods.detector`.
        objects: of the same images.
        classes: how many there are.
    """
    n, rows, columns, outputs = predictions.shape
    found = assign(objects, rows, columns)
    images = torch.arange(n, device=predictions.device)[:, None]
    here = predictions[images, found.rows, found.columns]
    boxes, scores = here[..., : outputs - classes].unflatten(-1, (-1, 5)), here[..., outputs - classes :]
    overlaps, chosen = _responsible(boxes.detach(), found, boxes.new_tensor([columns, rows]))
    answers = boxes.gather(2, chosen[..., None, None].expand(-1, -1, 1, 5))[:, :, 0]
    everywhere = predictions[..., : outputs - classes].unflatten(-1, (-1, 5))[..., 4].square().sum()
    truth = torch.nn.functional.one_hot(objects.labels.clamp_min(0), classes)
    errors = (
        COORDINATES * (answers[..., :4] - found.targets).square().sum(-1)
        + (answers[..., 4] - overlaps).square()
        - NO_OBJECT * answers[..., 4].square()
        + (scores - truth).square().sum(-1)
    )
    total = NO_OBJECT * everywhere + errors.masked_fill(~found.kept, 0).sum()
    return total / n, overlaps.masked_fill(~found.kept, 0).sum() / found.kept.sum().clamp_min(1)


def _responsible(boxes: Tensor, found: Assigned, grid: Tensor) -> tuple[Tensor, Tensor]:
    """The overlap of the boxes that answer for objects, and which of their cell's they are; both `(n, places)`."""
    truth = found.targets[:, :, None]
    overlaps = overlap(_edges(boxes, grid), _edges(truth, grid))
    apart = -(_shares(boxes, grid) - _shares(truth, grid)).square().sum(-1)
    chosen = torch.where((overlaps > 0).any(-1, keepdim=True), overlaps, apart).argmax(-1)
    return overlaps.gather(-1, chosen[..., None])[..., 0], chosen


def overlap(boxes: Tensor, others: Tensor) -> Tensor:
    """Intersection over union of boxes `(..., 4)`, pair by pair; 0 where both are empty."""
    low, high = torch.maximum(boxes[..., :2], others[..., :2]), torch.minimum(boxes[..., 2:], others[..., 2:])
    shared = (high - low).clamp_min(0).prod(-1)
    areas = [(one[..., 2:] - one[..., :2]).prod(-1) for one in (boxes, others)]
    return shared / (areas[0] + areas[1] - shared).clamp_min(torch.finfo(boxes.dtype).tiny)


def _shares(boxes: Tensor, grid: Tensor) -> Tensor:
    """Place in the cell, width and height, all as shares of the image."""
    return torch.cat([boxes[..., :2] / grid, boxes[..., 2:4].square()], -1)


def _edges(boxes: Tensor, grid: Tensor) -> Tensor:
    """Left, top, right, bottom from the cell's corner, as shares of the image."""
    centres, sides = _shares(boxes, grid).split(2, -1)
    return torch.cat([centres - sides / 2, centres + sides / 2], -1)
