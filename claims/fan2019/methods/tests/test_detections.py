import numpy as np
import pytest
from hypothesis import given, settings

from claims.fan2019.methods.detections import NONE, areas, by_score, match, overlaps
from claims.fan2019.methods.tests.detection_cases import detections, objects, overlap, plain_matches, random_case, seeds


@settings(deadline=None, max_examples=40)
@given(seeds)
def test_matching_agrees_with_the_plain_way(seed):
    found, there = random_case(seed)
    matches = match(found, there)
    for number, (own, most, other, first) in enumerate(plain_matches(found, there)):
        assert matches.own[number] == own
        assert matches.own_overlap[number] == pytest.approx(most, abs=1e-12)
        assert matches.other_overlap[number] == pytest.approx(other, abs=1e-12)
        assert matches.first[number] == first


@settings(deadline=None, max_examples=20)
@given(seeds)
def test_the_order_of_the_objects_images_does_not_matter(seed):
    found, there = random_case(seed)
    order = np.random.default_rng(seed).permutation(len(there.labels))
    moved = match(found, there.at(order))
    straight = match(found, there)
    assert np.array_equal(moved.own_overlap, straight.own_overlap)
    assert np.array_equal(moved.other_overlap, straight.other_overlap)


def test_overlaps_are_areas_in_common_over_areas_of_both():
    first, second = np.array([[0.0, 0, 4, 4]]), np.array([[2.0, 2, 6, 6], [0, 0, 4, 4], [4, 0, 8, 4], [9, 9, 9, 9]])
    assert overlaps(first, second).tolist() == [4 / 28, 1, 0, 0]
    assert overlaps(second[3], second[3]) == 0
    assert all(overlaps(first[0], box) == pytest.approx(overlap(first[0], box)) for box in second)


def test_a_box_the_wrong_way_round_has_no_area():
    assert areas(np.array([[4.0, 0, 0, 4], [0, 4, 4, 0], [4, 4, 0, 0], [1, 2, 3, 5]])).tolist() == [0, 0, 0, 6]


def test_only_the_most_confident_detection_of_an_object_is_the_first():
    found = detections((0, 1, 0.2, (0, 0, 4, 4)), (0, 1, 0.9, (0, 0, 4, 3)), (1, 1, 0.1, (0, 0, 4, 4)))
    matches = match(found, objects((0, 1, (0, 0, 4, 4)), (1, 1, (0, 0, 4, 4))))
    assert matches.first.tolist() == [False, True, True]
    assert matches.own.tolist() == [0, 0, 1]
    assert matches.other.tolist() == [NONE] * 3


def test_of_equal_scores_the_earlier_goes_first():
    assert by_score(detections(*((0, 0, score, (0, 0, 1, 1)) for score in (0.5, 0.7, 0.5)))).tolist() == [1, 0, 2]


def test_nothing_matches_where_nothing_is():
    found, there = random_case(0)
    assert match(found, objects()).own.tolist() == [NONE] * 40
    assert len(match(detections(), there).own) == 0
