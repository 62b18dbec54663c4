"""What is kept of a detector's detections, and what claims read off it."""

import json
from types import SimpleNamespace

import numpy as np
import pytest

from claims.fan2019.methods.average_precision import ALL_POINTS, ELEVEN_POINTS, mean_average_precision
from claims.fan2019.methods.detection_errors import CONVENTIONS, HOIEM, TIDE, Kind, detection_errors
from claims.fan2019.methods.detection_readings import Detectors, crossed
from claims.fan2019.methods.detection_statistics import (
    COCO,
    ELSEWHERE,
    EVEN,
    ODD,
    PICTURED,
    QUANTILES,
    RENAMED,
    REPLICATES,
    SIZES,
    WHOLE,
    Findings,
    pictured,
    statistics,
)
from claims.fan2019.methods.detections import Detections
from claims.fan2019.methods.tests.detection_cases import detections, objects
from claims.fan2019.methods.tests.test_position_blind import scenes
from harness.evidence.entry import rounded
from harness.lab.pictures import KINDS, OBJECT
from harness.statistics.resampling import weights

IMAGES = 40


def findings(seed, spread):
    """A detector that finds every object twice, each side off by some pixels, at random."""
    there, source = scenes(5, images=IMAGES), np.random.default_rng(seed)
    n = 2 * len(there.labels)
    boxes = np.concatenate([there.boxes] * 2) + spread * source.normal(size=(n, 4))
    labels = np.where(source.random(n) < 0.1, 1 - np.tile(there.labels, 2), np.tile(there.labels, 2))
    found = Detections(boxes, source.random(n), labels, np.tile(there.images, 2))
    return Findings(found, there, IMAGES, 64, ["disc", "box"], [["disc", "box"]])


def record(one):
    metrics = {"test_images": one.images, "grid": 4, "statistics": statistics(one), "pictured": pictured(one)}
    return SimpleNamespace(metrics=json.loads(json.dumps(metrics, allow_nan=False)))


@pytest.fixture(scope="module")
def detectors():
    spreads = {"sharp": 1.0, "blurred": 6.0}
    return Detectors({arm: [record(findings(seed, spread)) for seed in range(3)] for arm, spread in spreads.items()})


SHAPE = (3, 1 + REPLICATES)


def test_every_statistic_has_a_row_a_seed_and_a_column_a_resample(detectors):
    assert detectors.mean_ap("sharp").shape == SHAPE
    assert detectors.shares("sharp", HOIEM)[Kind.CORRECT].shape == SHAPE
    assert detectors.mean_ap_of_large("sharp", by=COCO).shape == SHAPE
    assert [part.shape for part in detectors.mislocalised("sharp", by=QUANTILES)] == [SHAPE, SHAPE]


def test_the_rows_are_those_of_the_detections_themselves(detectors):
    one, drawn = findings(1, 6.0), weights(IMAGES, REPLICATES)
    for rule in (ALL_POINTS, ELEVEN_POINTS):
        whole = 100 * mean_average_precision(one.found, one.there, 2, weights=drawn, rule=rule)
        read = detectors.mean_ap("blurred", rule=rule)[1]
        assert read[0] == whole[0]
        assert read == pytest.approx(whole, rel=1e-3)
    odd = 100 * mean_average_precision(one.found, one.there, 2, weights=drawn * (np.arange(IMAGES) % 2))
    assert detectors.mean_ap("blurred", ODD)[1] == pytest.approx(odd, rel=1e-3)


def test_the_same_images_are_drawn_for_all_detectors():
    one, again = statistics(findings(0, 1.0)), statistics(findings(0, 1.0))
    assert one == again


def test_a_record_stays_below_30_kilobytes(detectors):
    metrics = detectors.records["blurred"][0].metrics
    assert len(json.dumps(rounded(metrics), separators=(",", ":"))) < 30_000


def test_the_blurred_detector_is_worse_in_places_alone(detectors):
    assert (detectors.mean_ap("blurred")[:, 0] < detectors.mean_ap("sharp")[:, 0] - 10).all()
    sharp, blurred = (detectors.shares(arm, HOIEM) for arm in ("sharp", "blurred"))
    assert (blurred[Kind.LOCALISATION][:, 0] > sharp[Kind.LOCALISATION][:, 0]).all()
    before, after = (detectors.mislocalised(arm, by=QUANTILES) for arm in ("sharp", "blurred"))
    small, large = (late - early for early, late in zip(before, after, strict=True))
    assert small[:, 0].mean() > large[:, 0].mean()
    assert (detectors.mean_ap_of_large("blurred", by=QUANTILES)[:, 0] > detectors.mean_ap("blurred")[:, 0]).all()


@pytest.mark.parametrize("convention", CONVENTIONS)
@pytest.mark.parametrize("on", [WHOLE, ELSEWHERE, RENAMED])
def test_shares_add_up_to_all(detectors, convention, on):
    shares = detectors.shares("blurred", convention, on)
    assert len(shares) == 7
    assert sum(shares.values()) == pytest.approx(np.full(SHAPE, 100.0), abs=0.05)


@pytest.mark.parametrize("convention", CONVENTIONS)
def test_no_convention_finds_kinds_that_are_not_its_own(convention):
    kinds = detection_errors(*findings(0, 6.0)[:2], convention, similar=[[0, 1]])
    found = statistics(findings(0, 6.0))[WHOLE][convention]
    assert {kind.name.lower() for kind in map(Kind, kinds)} <= set(found)


def test_halves_are_of_other_images(detectors):
    whole, odd, even = (detectors.shares("sharp", TIDE, on)[Kind.CORRECT] for on in (WHOLE, ODD, EVEN))
    assert not np.array_equal(odd, even)
    assert (np.minimum(odd, even)[:, 0] <= whole[:, 0]).all()
    assert (whole[:, 0] <= np.maximum(odd, even)[:, 0]).all()


def test_a_control_takes_the_halves_from_different_seeds(detectors):
    even, odd = crossed(lambda on: detectors.mean_ap("sharp", on))
    assert np.array_equal(even, detectors.mean_ap("sharp", EVEN))
    assert np.array_equal(odd[0], detectors.mean_ap("sharp", ODD)[-1])


def test_on_the_annotations_of_other_images_hardly_anything_is_right(detectors):
    elsewhere, whole = (detectors.shares("sharp", HOIEM, on)[Kind.CORRECT][:, 0] for on in (ELSEWHERE, WHOLE))
    assert (elsewhere < 0.5 * whole).all()
    on_large = [detectors.mean_ap_of_large("sharp", on, by=SIZES[0])[:, 0] for on in (ELSEWHERE, WHOLE)]
    assert (on_large[0] < 0.5 * on_large[1]).all()


def test_under_other_names_hardly_anything_is_right_and_nothing_has_moved(detectors):
    renamed, whole = (detectors.shares("sharp", HOIEM, on) for on in (RENAMED, WHOLE))
    assert (renamed[Kind.CORRECT][:, 0] < 0.3 * whole[Kind.CORRECT][:, 0]).all()
    assert (renamed[Kind.SIMILAR][:, 0] > whole[Kind.CORRECT][:, 0] / 2).all()


def test_a_detector_that_finds_nothing_has_no_shares_and_is_no_error():
    nothing = Findings(detections(), objects((0, 0, (0, 0, 9, 9)), (1, 1, (0, 0, 9, 9))), 2, 64, ["disc", "box"], [])
    read = Detectors({"none": [record(nothing)]})
    assert np.isnan(read.shares("none", HOIEM)[Kind.CORRECT]).all()
    assert read.mean_ap("none")[0, 0] == 0.0


def test_the_first_images_are_pictured_with_their_objects(detectors):
    one = findings(0, 1.0)
    for image in range(PICTURED):
        boxes = detectors.boxes("sharp", image)
        objects_there = [box for box in boxes if box.kind == OBJECT]
        mine = one.there.images == image
        assert np.array([box[:4] for box in objects_there]) == pytest.approx(one.there.boxes[mine], abs=0.051)
        assert [box.words for box in objects_there] == [one.classes[label] for label in one.there.labels[mine]]
        assert all(box.kind in KINDS for box in boxes)
        assert len(boxes) > len(objects_there)
    assert len(pictured(one)) == PICTURED


def test_the_notes_say_the_grid_and_every_seed(detectors):
    grid, sharp, blurred = detectors.notes()
    assert grid == "4 x 4 cells; 40 test images"
    assert sharp.startswith("mAP sharp: ")
    assert sharp.count(",") == 2
    assert blurred.startswith("mAP blurred: ")
