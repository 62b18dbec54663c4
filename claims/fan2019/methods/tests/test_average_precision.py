import numpy as np
import pytest
from hypothesis import given, settings

from claims.fan2019.methods.average_precision import (
    ALL_POINTS,
    ELEVEN_POINTS,
    average_precision,
    average_precisions,
    mean_average_precision,
)
from claims.fan2019.methods.tests.detection_cases import (
    CLASSES,
    IMAGES,
    detections,
    objects,
    plain_matches,
    random_case,
    repeated,
    seeds,
)

ONCE = np.ones((1, IMAGES))
RULES = pytest.mark.parametrize("rule", [ALL_POINTS, ELEVEN_POINTS])


def plain(found, there, label, rule):
    """Average precision of a class, point by point from its definition."""
    positives = sum(1 for one, hard in zip(there.labels, there.difficult, strict=True) if one == label and not hard)
    if not positives:
        return np.nan
    points, true, shown = [], 0, 0
    matches = plain_matches(found, there)
    for number in sorted(range(len(found.scores)), key=lambda i: -found.scores[i]):
        own, most, _, first = matches[number]
        if found.labels[number] != label or (most >= 0.5 and there.difficult[own]):
            continue
        true, shown = true + first, shown + 1
        points.append((true, true / shown))

    def best(recalled):
        return max((precision for reached, precision in points if reached >= recalled), default=0.0)

    if rule == ALL_POINTS:
        return sum(best(count) for count in range(1, positives + 1)) / positives
    return sum(max((p for reached, p in points if 10 * reached >= tenths * positives), default=0.0)
               for tenths in range(11)) / 11  # fmt: skip


@RULES
@settings(deadline=None, max_examples=30)
@given(seeds)
def test_it_agrees_with_the_definition(rule, seed):
    found, there = random_case(seed)
    fast = average_precisions(found, there, CLASSES, weights=ONCE, rule=rule)
    slow = [plain(found, there, label, rule) for label in range(CLASSES)]
    np.testing.assert_allclose(fast[0], slow, atol=1e-12)


@RULES
@settings(deadline=None, max_examples=30)
@given(seeds)
def test_weights_stand_for_images_that_are_there_several_times(rule, seed):
    found, there = random_case(seed)
    weights = np.random.default_rng(seed).integers(0, 4, (3, IMAGES)).astype(float)
    fast = average_precisions(found, there, CLASSES, weights=weights, rule=rule)
    for row, counts in zip(fast, weights, strict=True):
        again, also = repeated(found, there, counts)
        slow = [plain(again, also, label, rule) for label in range(CLASSES)]
        np.testing.assert_allclose(row, slow, atol=1e-12)


def test_a_curve_by_hand():
    # True, false, true, false of four objects: precisions 1, 1/2, 2/3, 1/2 at recalls 1/4, 1/4, 1/2, 1/2.
    hits = np.array([1.0, 0, 1, 0])
    assert average_precision(hits, 1 - hits, np.array(4.0)) == pytest.approx((1 + 2 / 3) / 4)
    # At recalls 0, .1 and .2 precision 1, at .3, .4 and .5 two thirds, beyond 0.
    assert average_precision(hits, 1 - hits, np.array(4.0), ELEVEN_POINTS) == pytest.approx((3 + 3 * 2 / 3) / 11)


def test_precision_is_the_largest_at_any_larger_recall():
    hits = np.array([0.0, 1, 1, 1])
    assert average_precision(hits, 1 - hits, np.array(3.0)) == pytest.approx(3 / 4)


@RULES
def test_perfect_detections_reach_one_and_none_reach_zero(rule):
    _, there = random_case(5)
    there = there._replace(difficult=np.zeros(12, bool))
    found = detections(*zip(there.images, there.labels, np.ones(12), there.boxes, strict=True))
    assert mean_average_precision(found, there, CLASSES, weights=ONCE, rule=rule) == pytest.approx(1.0)
    assert mean_average_precision(detections(), there, CLASSES, weights=ONCE, rule=rule) == 0.0


def test_duplicates_are_false_and_difficult_objects_are_left_out():
    there = objects((0, 0, (0, 0, 4, 4)), (1, 0, (0, 0, 4, 4)), difficult=[0])
    spared = detections((0, 0, 0.9, (0, 0, 4, 4)), (0, 0, 0.8, (0, 0, 4, 4)), (1, 0, 0.7, (0, 0, 4, 4)))
    assert average_precisions(spared, there, 1, weights=ONCE) == 1.0
    doubled = detections((1, 0, 0.9, (0, 0, 4, 4)), (1, 0, 0.8, (0, 0, 4, 4)))
    both = there._replace(difficult=np.array([False, False]))
    assert average_precisions(doubled, both, 1, weights=ONCE) == 0.5
    late = detections((0, 0, 0.9, (9, 9, 10, 10)), (1, 0, 0.8, (0, 0, 4, 4)))
    assert average_precisions(late, there, 1, weights=ONCE) == 0.5


def test_ignored_detections_do_not_count_as_false_but_do_count_as_true():
    there = objects((0, 0, (0, 0, 4, 4)))
    found = detections((0, 0, 0.9, (9, 9, 10, 10)), (0, 0, 0.8, (0, 0, 4, 4)))
    assert average_precisions(found, there, 1, weights=ONCE, ignored=np.array([True, False])) == 1.0
    assert average_precisions(found, there, 1, weights=ONCE, ignored=np.array([False, True])) == 0.5


def test_a_threshold_is_reached_by_an_overlap_as_large():
    there = objects((0, 0, (0, 0, 4, 4)))
    half = detections((0, 0, 0.9, (0, 0, 4, 2)))
    assert average_precisions(half, there, 1, weights=ONCE) == 1.0
    assert average_precisions(half, there, 1, weights=ONCE, threshold=0.51) == 0.0


def test_classes_without_objects_are_left_out_of_the_mean():
    there = objects((0, 2, (0, 0, 4, 4)))
    found = detections((0, 2, 0.9, (0, 0, 4, 4)), (0, 1, 0.9, (0, 0, 4, 4)))
    assert np.isnan(average_precisions(found, there, 3, weights=ONCE)).tolist() == [[True, True, False]]
    assert mean_average_precision(found, there, 3, weights=ONCE) == 1.0


def test_an_unknown_rule_is_refused():
    with pytest.raises(ValueError, match="there are 'all points' and 'eleven points'"):
        average_precision(np.ones(2), np.zeros(2), np.array(2.0), "101 points")
