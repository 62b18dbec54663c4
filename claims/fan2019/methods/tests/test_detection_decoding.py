"""From predictions to detections: scores, order, suppression against brute force."""

from __future__ import annotations

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from claims.fan2019.methods.detection_decoding import LEAST, MOST, OVERLAP, Candidates, best, decode, suppress


def random_candidates(seed, places=30, classes=3):
    generator = torch.Generator().manual_seed(seed)
    corners = torch.rand(2, places, 2, generator=generator, dtype=torch.float64) * 0.5
    sides = 0.2 + 0.3 * torch.rand(2, places, 2, generator=generator, dtype=torch.float64)
    scores = torch.rand(2, places, generator=generator, dtype=torch.float64).sort(descending=True).values
    scores[:, places // 2 :] *= (
        torch.rand(2, places - places // 2, generator=generator).sort(descending=True).values > 0.4
    )
    labels = torch.randint(classes, (2, places), generator=generator)
    return Candidates(torch.cat([corners, corners + sides], -1), scores, labels)


def iou(one, other):
    wide, high = (min(one[k + 2], other[k + 2]) - max(one[k], other[k]) for k in (0, 1))
    shared = max(wide, 0) * max(high, 0)
    return shared / (sum((b[2] - b[0]) * (b[3] - b[1]) for b in (one, other)) - shared)


def greedy(boxes, scores, labels):
    """Numbers of the boxes that stay: the best one, then the best that none before it covers, and so on."""
    kept: list[int] = []
    for number in sorted(range(len(scores)), key=lambda number: -scores[number]):
        rivals = [other for other in kept if labels[other] == labels[number]]
        if scores[number] > 0 and all(iou(boxes[number], boxes[other]) <= OVERLAP for other in rivals):
            kept.append(number)
    return kept


@settings(deadline=None, max_examples=30)
@given(seed=st.integers(0, 2**31))
def test_suppression_is_greedy_class_by_class(seed):
    found = random_candidates(seed)
    kept = suppress(found)
    for image in range(2):
        parts = [part[image].tolist() for part in found]
        assert (kept.scores[image] > 0).nonzero().flatten().tolist() == greedy(*parts)
        stays = kept.scores[image] > 0
        assert torch.equal(kept.scores[image][stays], found.scores[image][stays])


def test_a_suppressed_box_suppresses_none():
    boxes = torch.tensor([[[0.0, 0, 1, 1], [0.3, 0, 1.3, 1], [0.6, 0, 1.6, 1]]])
    scores, labels = torch.tensor([[0.9, 0.8, 0.7]]), torch.zeros(1, 3, dtype=torch.int64)
    assert suppress(Candidates(boxes, scores, labels)).scores.tolist() == torch.tensor([[0.9, 0, 0.7]]).tolist()
    others = torch.tensor([[0, 1, 0]])
    assert (suppress(Candidates(boxes, scores, others)).scores > 0).all()


def test_every_box_is_scored_for_every_class_and_small_scores_go():
    predictions = torch.zeros(1, 2, 3, 2 * 5 + 2)
    predictions[0, 1, 2] = torch.tensor([0.5, 0.5, 0.5, 0.5, 0.8, 0.5, 0.5, 0.25, 0.5, 0.1, 0.9, 0.05])
    predictions[0, 0, 0] = torch.tensor([0.5, 0.5, 0.5, 0.5, -0.8, 0.5, 0.5, 0.25, 0.5, 0.1, -0.9, LEAST])
    found = decode(predictions, 2)
    count = int((found.scores > 0).sum())
    torch.testing.assert_close(found.scores[0, :count], torch.tensor([0.72, 0.09, 0.04, 0.005]))
    assert found.labels[0, :count].tolist() == [0, 0, 1, 1]
    wide, narrow = [5 / 6 - 1 / 8, 5 / 8, 5 / 6 + 1 / 8, 7 / 8], [5 / 6 - 1 / 32, 5 / 8, 5 / 6 + 1 / 32, 7 / 8]
    torch.testing.assert_close(found.boxes[0, :count], torch.tensor([wide, narrow, wide, narrow]))


def test_boxes_end_with_the_image():
    predictions = torch.tensor([0.5, 0.5, 2.0, 1.5, 1.0, 1.0]).reshape(1, 1, 1, 6)
    assert decode(predictions, 1).boxes.tolist() == [[[0, 0, 1, 1]]]


def test_the_best_of_each_image_stay_in_order():
    found = random_candidates(5, places=3 * MOST)
    kept = best(found)
    assert kept.scores.shape == (2, MOST)
    assert (kept.scores.diff(dim=1) <= 0).all()
    torch.testing.assert_close(kept.scores, found.scores.sort(descending=True).values[:, :MOST])
    first = int(found.scores[1].argmax())
    assert torch.equal(kept.boxes[1, 0], found.boxes[1, first])
    assert kept.labels[1, 0] == found.labels[1, first]
