import pytest
import torch

from harness.measures.detection_errors import BACKGROUND, CONFUSION, CORRECT, LOCALISATION, detection_errors

OBJECTS = torch.tensor([[0.0, 0.0, 10.0, 10.0], [20.0, 0.0, 30.0, 10.0]])
CLASSES = torch.tensor([1, 2])


def shifted(by, start=0.0):
    return [start + by, 0.0, start + by + 10.0, 10.0]


def sort(*detections, objects=OBJECTS, classes=CLASSES, **limits):
    boxes = torch.tensor([box for box, _ in detections])
    labels = torch.tensor([label for _, label in detections])
    return detection_errors(boxes, labels, objects, classes, **limits)


@pytest.mark.parametrize(
    ("shift", "expected"),
    # Intersection over union of a 10 x 10 box shifted by s: (10 - s) / (10 + s).
    [(0, CORRECT), (3, CORRECT), (4, LOCALISATION), (8, LOCALISATION), (9, BACKGROUND), (50, BACKGROUND)],
)
def test_a_single_detection_of_the_right_class(shift, expected):
    assert sort((shifted(shift), 1)) == [expected]


@pytest.mark.parametrize(("shift", "expected"), [(0, CONFUSION), (8, CONFUSION), (9, BACKGROUND)])
def test_a_single_detection_of_a_wrong_class(shift, expected):
    assert sort((shifted(shift), 3)) == [expected]


def test_the_second_detection_of_an_object_is_a_localisation_error():
    assert sort((shifted(1), 1), (shifted(0), 1), (shifted(0, 20.0), 2)) == [CORRECT, LOCALISATION, CORRECT]


def test_an_object_of_another_class_does_not_lend_its_overlap():
    assert sort((shifted(0, 20.0), 1)) == [CONFUSION]


def test_limits_can_be_moved():
    assert sort((shifted(9), 1), floor=0.05) == [LOCALISATION]
    assert sort((shifted(4), 1), threshold=0.4) == [CORRECT]


def test_without_objects_everything_is_background():
    assert sort((shifted(0), 1), objects=torch.zeros(0, 4), classes=torch.zeros(0)) == [BACKGROUND]
