import numpy as np
import pytest

from claims.fan2019.methods.average_precision import average_precisions
from claims.fan2019.methods.object_sizes import LARGE, MEDIUM, SMALL, coco_edges, only, quantile_edges, sizes
from claims.fan2019.methods.tests.detection_cases import detections, objects, random_case


def squares(*sides, label=0):
    return objects(*((0, label, (0, 0, side, side)) for side in sides))


def test_cocos_sizes_on_cocos_images():
    there = squares(31.9, 32, 95.9, 96)
    edges = coco_edges(640 * 480, 1)
    assert sizes(there.boxes, there.labels, edges).tolist() == [SMALL, MEDIUM, MEDIUM, LARGE]


def test_cocos_sizes_are_shares_of_the_image():
    assert coco_edges(320 * 240, 2) == pytest.approx(np.array([[16**2, 48**2]] * 2))


def test_quantiles_are_of_each_class():
    one, two = np.arange(1, 11), np.arange(101, 111)
    there = objects(*((0, 0, (0, 0, n, 1)) for n in one), *((0, 2, (0, 0, n, 1)) for n in two))
    edges = quantile_edges(there, 3)
    assert edges[1].tolist() == [0.0, 0.0]
    kinds = sizes(there.boxes, there.labels, edges).reshape(2, 10)
    assert kinds.tolist() == [[SMALL] * 3 + [MEDIUM] * 4 + [LARGE] * 3] * 2


def test_other_sizes_count_neither_as_objects_nor_as_false():
    there = objects((0, 0, (0, 0, 2, 2)), (0, 0, (10, 0, 20, 10)))
    found = detections(
        (0, 0, 0.9, (10, 0, 20, 10)), (0, 0, 0.8, (30, 0, 40, 10)), (0, 0, 0.7, (5, 5, 6, 6)), (0, 0, 0.6, (0, 0, 2, 2))
    )
    once, edges = np.ones((1, 1)), np.array([[25.0, 50.0]])
    for size, expected in {SMALL: 1 / 2, LARGE: 1.0}.items():
        counted, ignored = only(size, found, there, edges)
        assert average_precisions(found, counted, 1, weights=once, ignored=ignored) == expected


def test_sizes_share_the_objects_out():
    found, there = random_case(0)
    edges = quantile_edges(there, 3)
    kept = [(~only(size, found, there, edges)[0].difficult).sum() for size in (SMALL, MEDIUM, LARGE)]
    assert sum(kept) == (~there.difficult).sum()
