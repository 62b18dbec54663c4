import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from claims.fan2019.methods.average_precision import ALL_POINTS, mean_average_precision
from claims.fan2019.methods.detections import Detections, Objects, overlaps
from claims.fan2019.methods.position_blind import bounds, expected_hits, fixed_boxes, groups, with_chance
from claims.fan2019.methods.tests.detection_cases import objects, seeds

SIDE = 64.0


def scenes(seed, images=60, classes=2, most=3, difficult=0.0):
    """Objects of all sizes, placed at random."""
    source = np.random.default_rng(seed)
    where = np.repeat(np.arange(images), source.integers(1, most + 1, images))
    width, height = np.exp(source.uniform(np.log(8), np.log(60), (2, len(where))))
    left, top = source.uniform(0, SIDE - width), source.uniform(0, SIDE - height)
    boxes = np.stack([left, top, left + width, top + height], 1)
    return Objects(boxes, source.integers(0, classes, len(where)), where, source.random(len(where)) < difficult)


def nothing(there):
    return np.zeros(len(there.labels), int)


def grouped(there, numbers=1):
    return groups(there, nothing(there), numbers=numbers)


def hits_of_a_blind_detector(there, found, source):
    """Expected true detections among the first T of a detector with random boxes and scores for each group.

    Averaged over all ways to exchange places between the images of a group, each of the images is as likely to hold
    each of the places.
    """
    blocks = []
    for number, group in enumerate(found):
        mine = np.isin(there.images, group.images) & (there.labels == group.label)
        left = mine.copy()
        boxes = there.boxes[source.choice(np.flatnonzero(mine), 3)] + source.normal(0, 3, (3, 4))
        scores = source.random(3)
        for rank in np.argsort(-scores):
            hit = left & (overlaps(there.boxes, boxes[rank]) >= 0.5)
            left &= ~hit
            # An image's own objects are one box's only once.
            blocks.append((scores[rank], len(np.unique(there.images[hit])), len(group.images), number))
    blocks.sort(reverse=True)
    hits = np.concatenate([[0.0], np.cumsum([hit for _, hit, _, _ in blocks])])
    shown = np.concatenate([[0.0], np.cumsum([images for _, _, images, _ in blocks])])
    return np.interp(np.arange(1, shown[-1] + 1), shown, hits)


@settings(deadline=None, max_examples=10)
@given(seeds, st.integers(1, 3))
def test_no_blind_detector_has_more_hits_than_the_bound(seed, numbers):
    there, source = scenes(seed, images=25, classes=1), np.random.default_rng(seed)
    found = grouped(there, numbers)
    limit = expected_hits(found, len(there.labels))
    for _ in range(20):
        hits = hits_of_a_blind_detector(there, found, source)
        shared = min(len(hits), len(limit))
        assert (hits[:shared] <= limit[:shared] + 1e-9).all()


def test_the_constructed_detector_stays_below_the_bound_with_chance_and_comes_near_it():
    there = scenes(0, images=120)
    found = grouped(there)
    once = np.ones((1, 120))
    reached = np.mean([mean_average_precision(fixed_boxes(found, seed), there, 2, weights=once) for seed in range(20)])
    limit = with_chance(found, there, 2, seed=0, rule=ALL_POINTS).mean()
    assert limit / 3 < reached < limit


def test_chance_adds_little_to_the_bound_on_many_images():
    there = scenes(1, images=150)
    found = grouped(there)
    limit, drawn = bounds(found, there, 2).mean(), with_chance(found, there, 2, seed=1, rule=ALL_POINTS).mean()
    assert limit < drawn < limit + 0.05


def test_a_detector_that_sees_where_things_are_exceeds_the_bound():
    there = scenes(2)
    seeing = Detections(there.boxes, np.ones(len(there.labels)), there.labels, there.images)
    reached = mean_average_precision(seeing, there, 2, weights=np.ones((1, 60)))
    assert reached == 1.0 > with_chance(grouped(there), there, 2, seed=0, rule=ALL_POINTS).max()


def test_objects_that_are_always_in_the_same_place_need_no_sight():
    there = objects(*((image, 0, (10, 10, 20, 20)) for image in range(9)))
    assert bounds(grouped(there), there, 1) == 1.0
    found = fixed_boxes(grouped(there), 0)
    assert mean_average_precision(found, there, 1, weights=np.ones((1, 9))) == 1.0


def test_objects_that_are_nowhere_twice():
    """Four images, four places: every box is true in one of four, so that precision is a quarter throughout."""
    there = objects(*((image, 0, (30 * image, 0, 30 * image + 10, 10)) for image in range(4)))
    hits = expected_hits(grouped(there), 4)
    assert hits[:15] == pytest.approx([rank / 4 for rank in range(1, 16)], rel=0.03)
    assert bounds(grouped(there), there, 1) == pytest.approx(0.25, rel=0.03)


def test_who_knows_numbers_or_sizes_can_reach_more():
    there = objects(
        *((image, 0, (0, 0, 10, 10)) for image in range(4)),
        *((image, 0, place) for image in (2, 3) for place in ((40, 0, 50, 10), (80, 0, 90, 10))),
    )
    # One box is true in all four images, the other two in two of them; who counts puts them there alone.
    assert bounds(grouped(there), there, 1) < 1.0
    assert bounds(grouped(there, 3), there, 1) == pytest.approx(1.0)
    placed = (there.boxes[:, 0] / 20).astype(int)
    assert bounds(groups(there, placed), there, 1) == pytest.approx(1.0)


def test_a_box_is_true_once_an_image_at_most():
    crowd = objects(*((0, 0, (0, 0, 10, 10)) for _ in range(5)))
    assert expected_hits(grouped(crowd), 5)[0] == 1.0


def test_difficult_objects_only_raise_the_bound():
    there = scenes(3, classes=1)
    eased = there._replace(difficult=np.arange(len(there.labels)) % 3 == 0)
    kept = eased.at(~eased.difficult)
    assert bounds(grouped(eased), eased, 1) >= bounds(grouped(kept), kept, 1) - 0.02
    assert bounds(grouped(eased), eased, 1) <= 1.0


def test_classes_without_objects_have_no_bound():
    there = objects((0, 1, (0, 0, 10, 10)))
    assert np.isnan(bounds(grouped(there), there, 3)).tolist() == [True, False, True]
