import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from claims.fan2019.methods.detection_errors import (
    CONVENTIONS,
    FAN,
    HOIEM,
    TIDE,
    Kind,
    detection_errors,
    missed,
    similar_labels,
    top,
    top_counts,
    top_shares,
)
from claims.fan2019.methods.tests.detection_cases import (
    IMAGES,
    detections,
    objects,
    overlap,
    plain_matches,
    random_case,
    repeated,
    seeds,
)

ONCE = np.ones((1, IMAGES))
THERE = objects((0, 1, (0, 0, 10, 10)), (0, 2, (20, 0, 30, 10)))
EACH_CONVENTION = pytest.mark.parametrize("convention", CONVENTIONS)


def shifted(by, start=0.0):
    """A box of 10 x 10 shifted by s: overlap (10 - s) / (10 + s)."""
    return (start + by, 0.0, start + by + 10.0, 10.0)


def sort(*found, convention=HOIEM, there=THERE, **limits):
    """The kinds of detections of image 0, given as (box, label), most confident first."""
    made = detections(*((0, label, -float(rank), box) for rank, (box, label) in enumerate(found)))
    return [Kind(kind) for kind in detection_errors(made, there, convention, **limits)]


ALONE = {  # shift: under the three conventions, for the right class
    0: (Kind.CORRECT, Kind.CORRECT, Kind.CORRECT),
    3: (Kind.CORRECT, Kind.CORRECT, Kind.CORRECT),
    4: (Kind.LOCALISATION, Kind.LOCALISATION, Kind.LOCALISATION),
    8: (Kind.LOCALISATION, Kind.LOCALISATION, Kind.LOCALISATION),
    9: (Kind.LOCALISATION, Kind.BACKGROUND, Kind.BACKGROUND),
    50: (Kind.LOCALISATION, Kind.BACKGROUND, Kind.BACKGROUND),
}
WRONG = {  # for a class that is not in the image
    0: (Kind.OTHER, Kind.OTHER, Kind.OTHER),
    3: (Kind.OTHER, Kind.OTHER, Kind.OTHER),
    4: (Kind.OTHER, Kind.OTHER, Kind.BOTH),
    8: (Kind.OTHER, Kind.OTHER, Kind.BOTH),
    9: (Kind.BACKGROUND, Kind.BACKGROUND, Kind.BACKGROUND),
}


@pytest.mark.parametrize("shift", ALONE)
def test_a_single_detection_of_the_right_class(shift):
    assert tuple(sort((shifted(shift), 1), convention=one)[0] for one in CONVENTIONS) == ALONE[shift]


@pytest.mark.parametrize("shift", WRONG)
def test_a_single_detection_of_a_class_that_is_not_there(shift):
    assert tuple(sort((shifted(shift), 3), convention=one)[0] for one in CONVENTIONS) == WRONG[shift]


def test_the_second_detection_of_an_object():
    twice = (shifted(1), 1), (shifted(0), 1)
    assert sort(*twice, convention=FAN) == [Kind.CORRECT, Kind.CORRECT]
    assert sort(*twice, convention=HOIEM) == [Kind.CORRECT, Kind.LOCALISATION]
    assert sort(*twice, convention=TIDE) == [Kind.CORRECT, Kind.DUPLICATE]


def test_a_detection_on_an_object_of_another_class_that_is_elsewhere_in_the_image():
    assert sort((shifted(0, 20), 1), convention=FAN) == [Kind.LOCALISATION]
    assert sort((shifted(0, 20), 1), convention=HOIEM) == [Kind.OTHER]
    assert sort((shifted(0, 20), 1), convention=TIDE) == [Kind.OTHER]


def test_tide_asks_in_its_order():
    crowd = objects((0, 1, (0, 0, 10, 10)), (0, 2, (5, 0, 15, 10)))
    found = (shifted(5), 1), (shifted(0), 1), (shifted(3), 1), (shifted(2.5), 1)
    # A third of its own object and all of the other: its box is wrong.  2.5 pixels from both: of the other class.
    assert sort(*found, convention=TIDE, there=crowd) == [
        Kind.LOCALISATION, Kind.CORRECT, Kind.OTHER, Kind.OTHER,
    ]  # fmt: skip


def test_similar_classes_come_before_others_and_behind_the_own_one():
    there = objects((0, 1, (0, 0, 10, 10)), (0, 2, (0, 0, 10, 9)))
    alike = [{1, 3}, {4, 5}]
    assert sort((shifted(0), 3), there=there, similar=alike) == [Kind.SIMILAR]
    assert sort((shifted(0), 4), there=there, similar=alike) == [Kind.OTHER]
    assert sort((shifted(5), 1), there=there, similar=[{1, 2}]) == [Kind.LOCALISATION]
    assert sort((shifted(9), 3), there=there, similar=alike) == [Kind.BACKGROUND]


@EACH_CONVENTION
def test_detections_of_difficult_objects_are_ignored(convention):
    hard = THERE._replace(difficult=np.array([True, False]))
    assert sort((shifted(0), 1), (shifted(1), 1), convention=convention, there=hard) == [Kind.IGNORED, Kind.IGNORED]


@EACH_CONVENTION
def test_without_objects_everything_is_background(convention):
    assert sort((shifted(0), 1), convention=convention, there=objects()) == [Kind.BACKGROUND]


def test_limits_can_be_moved():
    assert sort((shifted(9), 1), floor=0.05) == [Kind.LOCALISATION]
    assert sort((shifted(4), 1), threshold=0.4) == [Kind.CORRECT]


def test_an_unknown_convention_is_refused():
    with pytest.raises(ValueError, match="no convention 'COCO'"):
        sort((shifted(0), 1), convention="COCO")


@settings(deadline=None, max_examples=50)
@given(st.integers(0, 64), st.sampled_from(CONVENTIONS))
def test_a_sliding_box_changes_its_kind_exactly_at_the_thresholds(sixteenths, convention):
    """The detection is a strip of the object, so that their overlap is its share, exactly."""
    share = sixteenths / 64
    limits = {"floor": 0.125, "threshold": 0.5}
    kind = sort(((0, 0, 10, 10 * share), 1), convention=convention, **limits)[0]
    if share >= 0.5:
        assert kind == Kind.CORRECT
    elif convention == FAN:
        assert kind == Kind.LOCALISATION
    else:
        assert kind == (Kind.LOCALISATION if share >= 0.125 else Kind.BACKGROUND)


def plain_kind(found, there, number, matched, convention, similar):
    own, most, other, first = matched
    here = [target for target in range(len(there.labels)) if there.images[target] == found.images[number]]
    label = found.labels[number]
    alike = {one for group in similar if label in group for one in group} - {label}
    meets = {there.labels[target] for target in here if overlap(found.boxes[number], there.boxes[target]) >= 0.1}
    if most >= 0.5 and there.difficult[own]:
        return Kind.IGNORED
    if convention == FAN:
        if most >= 0.5:
            return Kind.CORRECT
        if any(there.labels[target] == label for target in here):
            return Kind.LOCALISATION
        return Kind.OTHER if other >= 0.1 else Kind.BACKGROUND
    if first:
        return Kind.CORRECT
    if convention == HOIEM:
        if most >= 0.1:
            return Kind.LOCALISATION
        return Kind.SIMILAR if meets & alike else Kind.OTHER if meets else Kind.BACKGROUND
    if 0.1 <= most < 0.5:
        return Kind.LOCALISATION
    if other >= 0.5:
        return Kind.OTHER
    if most >= 0.5:
        return Kind.DUPLICATE
    return Kind.BOTH if max(most, other) > 0.1 else Kind.BACKGROUND


@EACH_CONVENTION
@settings(deadline=None, max_examples=25)
@given(seeds)
def test_a_whole_test_set_is_sorted_as_one_detection_after_the_other(convention, seed):
    found, there = random_case(seed)
    similar = [{0, 1}]
    kinds = detection_errors(found, there, convention, similar=similar)
    matched = plain_matches(found, there)
    expected = [plain_kind(found, there, i, matched[i], convention, similar) for i in range(len(kinds))]
    assert kinds.tolist() == expected


@EACH_CONVENTION
@settings(deadline=None, max_examples=25)
@given(seeds)
def test_the_kinds_of_the_top_predictions_add_up(convention, seed):
    found, there = random_case(seed, found=200)
    kinds = detection_errors(found, there, convention)
    counts = top_counts(found, there, kinds, 7, weights=ONCE)[0]
    for label, row in zip(np.unique(there.labels[~there.difficult]), counts, strict=True):
        counted = int(((found.labels == label) & (kinds != Kind.IGNORED)).sum())
        assert row.sum() == min(counted, ((there.labels == label) & ~there.difficult).sum())
    if counts.sum():
        chosen = top(found, there, kinds)
        assert np.bincount(kinds[chosen], minlength=7).tolist() == counts.sum(0).tolist()
        assert top_shares(found, there, kinds, weights=ONCE).sum() == pytest.approx(1.0)


@settings(deadline=None, max_examples=25)
@given(seeds)
def test_under_weights_the_top_is_chosen_anew(seed):
    found, there = random_case(seed)
    there = there._replace(difficult=np.zeros(12, bool))
    weights = np.random.default_rng(seed).integers(0, 3, (4, IMAGES)).astype(float)
    kinds = detection_errors(found, there, TIDE)
    fast = top_counts(found, there, kinds, 7, weights=weights)
    for counts, row in zip(weights, fast, strict=True):
        again, still = repeated(found, there, counts)
        if not len(still.labels):
            continue
        of_label = dict(zip(np.unique(there.labels), row, strict=True))
        slow = top_counts(again, still, detection_errors(again, still, TIDE), 7, weights=np.ones((1, 99)))[0]
        for label, expected in zip(np.unique(still.labels), slow, strict=True):
            assert of_label[label].tolist() == expected.tolist()


def test_as_many_predictions_of_a_class_count_as_it_has_objects():
    there = objects((0, 1, (0, 0, 10, 10)), (1, 1, (0, 0, 10, 10)), (1, 2, (0, 0, 10, 10)))
    found = detections(
        (0, 1, 0.9, (0, 0, 10, 10)), (0, 1, 0.8, (0, 0, 10, 10)), (1, 1, 0.7, (0, 0, 10, 10)),
        (1, 2, 0.1, (0, 0, 10, 4)), (0, 3, 0.95, (0, 0, 10, 10)),
    )  # fmt: skip
    kinds = detection_errors(found, there, TIDE)
    shares = top_shares(found, there, kinds, weights=np.ones((1, 2)))[0]
    expected = {Kind.CORRECT: 1 / 3, Kind.DUPLICATE: 1 / 3, Kind.LOCALISATION: 1 / 3}
    assert {Kind(kind): share for kind, share in enumerate(shares) if share} == expected


def test_missed_objects_are_those_that_no_detection_is_about():
    there = objects(
        (0, 0, (0, 0, 10, 10)), (0, 0, (20, 0, 30, 10)), (0, 1, (40, 0, 50, 10)), (0, 0, (60, 0, 70, 10)),
        (0, 2, (80, 0, 90, 10)), difficult=[4],
    )  # fmt: skip
    found = detections(
        (0, 0, 0.9, (0, 0, 10, 10)), (0, 0, 0.8, (20, 0, 30, 4)), (0, 0, 0.7, (40, 0, 50, 10)),
        (0, 1, 0.6, (60, 0, 70, 4)),
    )  # fmt: skip
    # Found; mislocalised; misclassified; only both; difficult.
    assert missed(found, there).tolist() == [False, False, False, True, False]


@settings(deadline=None, max_examples=25)
@given(seeds)
def test_without_detections_all_objects_are_missed(seed):
    found, there = random_case(seed)
    assert missed(detections(), there).tolist() == (~there.difficult).tolist()
    kinds = detection_errors(found, there, TIDE)
    assert missed(found, there).sum() + (kinds == Kind.CORRECT).sum() <= (~there.difficult).sum()


def test_similar_classes_by_name():
    names = ("bird", "aeroplane", "sofa", "chair")
    assert similar_labels(names, [["chair", "sofa"], ["aeroplane", "bird"]]) == [{2, 3}, {0, 1}]


def test_a_random_case_has_every_kind():
    seen: dict[str, set[int]] = {one: set() for one in CONVENTIONS}
    for seed in range(20):
        found, there = random_case(seed)
        for one in CONVENTIONS:
            seen[one] |= set(detection_errors(found, there, one, similar=[{0, 1}]).tolist())
    assert seen[FAN] == {-1, 0, 1, 4, 6}
    assert seen[HOIEM] == {-1, 0, 1, 3, 4, 6}
    assert seen[TIDE] == {-1, 0, 1, 2, 4, 5, 6}
