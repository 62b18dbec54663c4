from functools import partial
from types import SimpleNamespace

import numpy as np
import pytest

from claims.fan2019.methods import detection_readings
from claims.fan2019.methods.detection_errors import CONVENTIONS, HOIEM, TIDE, Kind
from claims.fan2019.methods.detection_readings import (
    COCO,
    ELSEWHERE,
    EVEN,
    ODD,
    QUANTILES,
    RENAMED,
    WHOLE,
    Detectors,
    crossed,
)
from claims.fan2019.methods.object_sizes import LARGE, SMALL
from claims.fan2019.methods.tests.test_position_blind import scenes

IMAGES = 40


def record(seed, spread):
    """The record of a detector that finds every object twice, each side off by some pixels, at random."""
    there, source = scenes(5, images=IMAGES), np.random.default_rng(seed)
    n = 2 * len(there.labels)
    boxes = np.concatenate([there.boxes] * 2) + spread * source.normal(size=(n, 4))
    labels = np.where(source.random(n) < 0.1, 1 - np.tile(there.labels, 2), np.tile(there.labels, 2))
    found = {"boxes": boxes, "scores": source.random(n), "labels": labels, "images": np.tile(there.images, 2)}
    metrics = {
        "test_images": IMAGES, "image_size": 64, "grid": 4, "class_names": ["disc", "box"], "similar": [["disc", "box"]]
    }  # fmt: skip
    tensors = {**found, **{f"object_{name}": column for name, column in there._asdict().items()}}
    return SimpleNamespace(key=f"{seed} {spread}", metrics=metrics, tensors=tensors)


@pytest.fixture
def detectors():
    for remembered in (detection_readings._statistics, detection_readings._matches):
        remembered._values.clear()
    return Detectors({"sharp": [record(s, 1.0) for s in range(3)], "blurred": [record(s, 6.0) for s in range(3)]})


def test_every_statistic_has_a_row_a_seed_and_a_column_a_resample(detectors):
    shape = (3, 1001)
    assert detectors.mean_ap("sharp").shape == shape
    assert detectors.shares("sharp", HOIEM)[Kind.CORRECT].shape == shape
    assert detectors.mean_ap_of_size("sharp", size=SMALL, by=COCO).shape == shape
    assert [part.shape for part in detectors.mislocalised("sharp", by=QUANTILES)] == [shape, shape]


def test_the_blurred_detector_is_worse_in_places_alone(detectors):
    assert (detectors.mean_ap("blurred")[:, 0] < detectors.mean_ap("sharp")[:, 0] - 10).all()
    sharp, blurred = (detectors.shares(arm, HOIEM) for arm in ("sharp", "blurred"))
    assert (blurred[Kind.LOCALISATION][:, 0] > sharp[Kind.LOCALISATION][:, 0]).all()
    before, after = (detectors.mislocalised(arm, by=QUANTILES) for arm in ("sharp", "blurred"))
    small, large = (late - early for early, late in zip(before, after, strict=True))
    assert small[:, 0].mean() > large[:, 0].mean()
    assert (detectors.mean_ap_of_size("blurred", size=LARGE, by=QUANTILES)[:, 0]
            > detectors.mean_ap_of_size("blurred", size=SMALL, by=QUANTILES)[:, 0]).all()  # fmt: skip


@pytest.mark.parametrize("convention", CONVENTIONS)
def test_shares_add_up_to_all(detectors, convention):
    assert sum(detectors.shares("blurred", convention).values()) == pytest.approx(np.full((3, 1001), 100.0))


def test_halves_are_of_other_images(detectors):
    whole, odd, even = (detectors.shares("sharp", TIDE, on)[Kind.CORRECT] for on in (WHOLE, ODD, EVEN))
    assert not np.array_equal(odd, even)
    assert (np.minimum(odd, even)[:, 0] <= whole[:, 0]).all()
    assert (whole[:, 0] <= np.maximum(odd, even)[:, 0]).all()


def test_crossed_pairs_each_seed_with_another_ones_other_images(detectors):
    first, second = crossed(lambda on: detectors.mean_ap("sharp", on))
    assert np.array_equal(second[1], detectors.mean_ap("sharp", ODD)[0])
    assert np.array_equal(first[1], detectors.mean_ap("sharp", EVEN)[1])


def test_on_the_annotations_of_other_images_hardly_anything_is_right(detectors):
    assert (detectors.mean_ap("sharp", ELSEWHERE)[:, 0] < 0.5 * detectors.mean_ap("sharp")[:, 0]).all()


def test_what_was_read_before_is_not_computed_again(detectors, monkeypatch):
    before = detectors.mean_ap("sharp")
    monkeypatch.setattr(detection_readings, "mean_average_precision", None)
    assert np.array_equal(detectors.mean_ap("sharp"), before)


def test_no_more_is_remembered_than_the_limit_and_what_was_asked_for_last_stays():
    remembered: detection_readings._Remembered[str, str] = detection_readings._Remembered(limit=2)
    found = []

    def find(value):
        found.append(value)
        return value

    for key in "abacab":
        assert remembered.get(key, partial(find, key)) == key
    assert found == ["a", "b", "c", "b"]


def test_under_other_names_hardly_anything_is_right_and_nothing_has_moved(detectors):
    renamed, whole = (detectors.shares("sharp", HOIEM, on) for on in (RENAMED, WHOLE))
    assert (renamed[Kind.CORRECT][:, 0] < 0.3 * whole[Kind.CORRECT][:, 0]).all()
    assert (renamed[Kind.SIMILAR][:, 0] > whole[Kind.CORRECT][:, 0] / 2).all()


def test_the_notes_say_the_grid_and_every_seed(detectors):
    grid, sharp, blurred = detectors.notes()
    assert grid == "4 x 4 cells; 40 test images"
    assert sharp.startswith("mAP sharp: ")
    assert sharp.count(",") == 2
    assert blurred.startswith("mAP blurred: ")
