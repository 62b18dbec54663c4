import itertools

import numpy as np
import pytest
from hypothesis import given, settings

from claims.fan2019.methods.box_cover import cover, heaviest
from claims.fan2019.methods.detections import overlaps
from claims.fan2019.methods.tests.detection_cases import seeds


def boxes(seed, count=12, side=6):
    corners = np.random.default_rng(seed).integers(0, side, (count, 2, 2))
    return np.concatenate([corners.min(1), corners.max(1) + 1], 1).astype(float)


def grid(side=6, step=0.5):
    """All boxes with corners at multiples of `step`."""
    ends = list(itertools.combinations(np.arange(0, side + step, step), 2))
    return np.array([(left, top, right, bottom) for left, right in ends for top, bottom in ends])


EVERYWHERE = grid()


def covered_by(candidates, given_boxes):
    return overlaps(candidates[:, None], given_boxes) >= 0.5


@settings(deadline=None, max_examples=15)
@given(seeds)
def test_no_box_of_a_fine_grid_covers_more_weight(seed):
    given_boxes, weights = boxes(seed), np.random.default_rng(seed).random(12)
    limit = heaviest(given_boxes, weights)[1]
    assert (covered_by(EVERYWHERE, given_boxes) @ weights).max() <= limit


@pytest.mark.parametrize("seed", range(12))
def test_the_bound_is_reached_where_the_search_ends(seed):
    given_boxes = boxes(seed, count=5) + np.random.default_rng(seed).normal(0, 0.1, (5, 4))
    box, limit = heaviest(given_boxes, np.ones(5), slack=0.0)
    assert (overlaps(given_boxes, box) >= 0.5 - 1e-4).sum() == int(limit)


@settings(deadline=None, max_examples=15)
@given(seeds)
def test_no_few_boxes_cover_more_than_the_ceilings(seed):
    given_boxes = boxes(seed)
    chosen = cover(given_boxes, 4)
    reach = np.unique(covered_by(EVERYWHERE, given_boxes), axis=0)
    assert reach.sum(1).max() <= chosen.most(1.0)
    assert (reach[:, None] | reach).sum(-1).max() <= chosen.most(2.0)
    assert (chosen.covered <= chosen.most(np.arange(float(len(chosen.covered))))).all()
    assert chosen.most(0.0) == 0.0
    assert chosen.most(99.0) == 12.0


def test_the_bound_holds_where_the_search_stops_early():
    given_boxes = boxes(1, count=40)
    stopped, finished = (heaviest(given_boxes, np.ones(40), regions=regions)[1] for regions in (16, 10**6))
    assert stopped > finished


def test_boxes_without_weight_are_left_out():
    apart = np.array([[0.0, 0, 1, 1], [5, 0, 6, 1]])
    assert heaviest(apart, np.array([0.0, 0.5]), slack=0.0)[1] == pytest.approx(0.5)
    assert heaviest(apart, np.zeros(2))[1] == 0.0


def test_boxes_that_lie_apart_are_covered_one_by_one():
    apart = np.array([[0.0, 0, 1, 1], [5, 0, 6, 1], [5, 0, 6, 1.2]])
    chosen = cover(apart)
    assert chosen.covered.tolist() == [0, 2, 3]
    assert chosen.most(np.array([0, 1, 2, 9])) == pytest.approx([0, 2, 3, 3], rel=0.03)


def test_ceilings_count_what_two_boxes_would_cover_twice_once():
    given_boxes = np.array([[0.0, 0, 1, 1]] * 4 + [[5, 0, 6, 1]] * 2 + [[9, 0, 10, 1]] * 2)
    assert cover(given_boxes).most(np.array([1, 2, 3])) == pytest.approx([4, 6, 8], rel=0.03)


def test_a_box_between_two_can_cover_both_where_neither_covers_the_other():
    # Overlap 1/3 with each other, 2/3 with the union of theirs.
    both = np.array([[0.0, 0, 2, 1], [1, 0, 3, 1]])
    assert covered_by(both, both).sum(1).max() == 1
    assert heaviest(both, np.ones(2), slack=0.0)[1] == pytest.approx(2)


@pytest.mark.parametrize("count", [1, 2])
def test_no_more_boxes_than_asked_for(count):
    assert len(cover(boxes(0), count).boxes) == count
