"""YOLO's loss against a plain loop over cells; what is assigned is what is decoded."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from claims.fan2019.methods.detection_decoding import decode
from claims.fan2019.methods.detection_loss import Objects, assign, overlap, yolo_loss


def random_objects(seed, n=3, places=5, classes=4):
    generator = torch.Generator().manual_seed(seed)
    corners = torch.rand(n, places, 2, 2, generator=generator, dtype=torch.float64).sort(2).values
    labels = torch.randint(-1, classes, (n, places), generator=generator)
    return Objects(corners.flatten(2), labels)


def iou(box, other):
    """Intersection over union of two boxes, in plain numbers."""
    wide = min(box[2], other[2]) - max(box[0], other[0])
    high = min(box[3], other[3]) - max(box[1], other[1])
    shared = max(wide, 0) * max(high, 0)
    return shared / (sum((b[2] - b[0]) * (b[3] - b[1]) for b in (box, other)) - shared)


def plain_loss(predictions, objects, classes):
    """The sum of equation 3 of Redmon et al. 2016, cell by cell, box by box."""
    n, rows, columns, outputs = predictions.shape
    boxes = (outputs - classes) // 5
    total, overlaps = 0.0, []
    for image in range(n):
        taken: dict[tuple[int, int], tuple[float, ...]] = {}
        for (left, top, right, bottom), label in zip(
            objects.boxes[image].tolist(), objects.labels[image].tolist(), strict=True
        ):
            if label >= 0:
                x, y = (left + right) / 2 * columns, (top + bottom) / 2 * rows
                cell = min(int(y), rows - 1), min(int(x), columns - 1)
                taken.setdefault(cell, (x, y, left, top, right, bottom, label))
        for row in range(rows):
            for column in range(columns):
                cell = predictions[image, row, column].tolist()
                found = [cell[5 * number : 5 * number + 5] for number in range(boxes)]
                answering = None
                if (row, column) in taken:
                    x, y, left, top, right, bottom, label = taken[row, column]
                    ious, distances = [], []
                    for bx, by, bw, bh, _ in found:
                        cx, cy, w, h = (column + bx) / columns, (row + by) / rows, bw**2, bh**2
                        ious.append(iou((cx - w / 2, cy - h / 2, cx + w / 2, cy + h / 2), (left, top, right, bottom)))
                        wanted = (x / columns, y / rows, right - left, bottom - top)
                        distances.append(sum((a - b) ** 2 for a, b in zip((cx, cy, w, h), wanted, strict=True)))
                    answering = ious.index(max(ious)) if max(ious) > 0 else distances.index(min(distances))
                    bx, by, bw, bh, confidence = found[answering]
                    overlaps.append(ious[answering])
                    total += 5 * ((bx - x + column) ** 2 + (by - y + row) ** 2)
                    total += 5 * ((bw - math.sqrt(right - left)) ** 2 + (bh - math.sqrt(bottom - top)) ** 2)
                    total += (confidence - ious[answering]) ** 2
                    total += sum((score - (c == label)) ** 2 for c, score in enumerate(cell[5 * boxes :]))
                total += 0.5 * sum(box[4] ** 2 for number, box in enumerate(found) if number != answering)
    return total / n, sum(overlaps) / max(1, len(overlaps))


@settings(deadline=None, max_examples=40)
@given(
    seed=st.integers(0, 2**31), rows=st.integers(1, 4), columns=st.integers(1, 4), boxes=st.integers(1, 3),
    places=st.integers(1, 6), scale=st.sampled_from([0.1, 0.5, 2.0]),
)  # fmt: skip
def test_the_loss_is_that_of_a_loop_over_cells(seed, rows, columns, boxes, places, scale):
    generator = torch.Generator().manual_seed(seed)
    predictions = scale * torch.randn(3, rows, columns, 5 * boxes + 4, dtype=torch.float64, generator=generator)
    objects = random_objects(seed, places=places)
    loss, mean = yolo_loss(predictions, objects, 4)
    expected, expected_mean = plain_loss(predictions, objects, 4)
    assert loss.item() == pytest.approx(expected, rel=1e-9)
    assert mean.item() == pytest.approx(expected_mean, abs=1e-9)


def test_gradients_leave_the_overlap_alone():
    """What confidence is to be is a constant; autograd's gradient is that of the loss with the overlap held."""
    predictions = 0.3 * torch.randn(2, 3, 3, 9, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    predictions.requires_grad_()
    objects = random_objects(3, n=2)
    loss, _ = yolo_loss(predictions, objects, 4)
    (gradient,) = torch.autograd.grad(loss, predictions)
    found = assign(objects, 3, 3)
    places = torch.zeros(2, 3, 3, dtype=torch.bool)
    for image in range(2):
        places[image, found.rows[image][found.kept[image]], found.columns[image][found.kept[image]]] = True
    assert (gradient[~places][:, [0, 1, 2, 3, 5, 6, 7, 8]] == 0).all()
    torch.testing.assert_close(gradient[~places][:, 4], predictions.detach()[~places][:, 4] / 2)
    roots = found.targets[0, 0]
    assert found.kept[0, 0], "the first object is there"
    cell = predictions.detach()[0, found.rows[0, 0], found.columns[0, 0]]
    torch.testing.assert_close(gradient[0, found.rows[0, 0], found.columns[0, 0]][:4], 2 * 5 * (cell[:4] - roots) / 2)


def test_a_perfect_prediction_costs_nothing():
    objects, (rows, columns) = random_objects(0), (6, 7)
    loss, mean = yolo_loss(encoded(objects, rows, columns, 4), objects, 4)
    assert loss.item() == pytest.approx(0, abs=1e-12)
    assert mean.item() == pytest.approx(1)


def encoded(objects, rows, columns, classes, boxes=1):
    """The predictions that say exactly what is assigned."""
    found = assign(objects, rows, columns)
    predictions = torch.zeros(len(objects.labels), rows, columns, 5 * boxes + classes, dtype=objects.boxes.dtype)
    for image, place in found.kept.nonzero().tolist():
        cell = predictions[image, found.rows[image, place], found.columns[image, place]]
        cell[:4], cell[4] = found.targets[image, place], 1
        cell[5 * boxes + objects.labels[image, place]] = 1
    return predictions


@settings(deadline=None, max_examples=40)
@given(seed=st.integers(0, 2**31), rows=st.integers(1, 8), columns=st.integers(1, 8), boxes=st.integers(1, 2))
def test_decoding_gives_back_what_was_assigned(seed, rows, columns, boxes):
    objects = random_objects(seed)
    kept = assign(objects, rows, columns).kept
    found = decode(encoded(objects, rows, columns, 4, boxes), 4)
    for image in range(len(kept)):
        there = found.scores[image] > 0
        torch.testing.assert_close(found.scores[image][there], torch.ones(int(kept[image].sum()), dtype=torch.float64))
        mine = torch.cat([found.boxes[image][there], found.labels[image][there, None]], 1)
        theirs = torch.cat([objects.boxes[image][kept[image]], objects.labels[image][kept[image], None]], 1)
        torch.testing.assert_close(mine[mine[:, 0].argsort()], theirs[theirs[:, 0].argsort()])


def test_a_cell_answers_for_the_first_object_whose_centre_it_holds():
    boxes = [[0.1, 0.1, 0.3, 0.3], [0.0, 0.0, 0.4, 0.4], [0.6, 0.6, 1.0, 1.0], [0.9, 0.9, 1.1, 1.1]]
    found = assign(Objects(torch.tensor([boxes]), torch.tensor([[-1, 2, 1, 0]])), 2, 2)
    assert found.kept.tolist() == [[False, True, True, False]]
    assert (found.rows.tolist(), found.columns.tolist()) == ([[0, 0, 1, 1]], [[0, 0, 1, 1]])


def test_overlap_of_boxes_by_hand():
    box = torch.tensor([0.0, 0.0, 2.0, 2.0])
    others = torch.tensor([[0.0, 0, 2, 2], [1, 0, 3, 2], [2, 0, 4, 2], [1, 1, 2, 2], [5, 5, 5, 5]])
    torch.testing.assert_close(overlap(box.expand(5, 4), others), torch.tensor([1, 1 / 3, 0, 1 / 4, 0]))
    assert overlap(torch.zeros(4), torch.zeros(4)) == 0
