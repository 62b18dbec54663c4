from __future__ import annotations

import numpy as np
import pytest

from harness.statistics.rounding import Range, before_rounding, correlation_range


def test_before_rounding():
    assert before_rounding(0.99, 2) == pytest.approx((0.985, 0.995))


@pytest.mark.parametrize(("other", "distance"), [((2, 3), 1), ((-1, -0.5), 0.5), ((1, 2), 0), ((0.2, 0.3), 0)])
def test_distance_of_ranges(other, distance):
    assert Range(0, 1).distance(Range(*other)) == distance
    assert Range(*other).distance(Range(0, 1)) == distance


def test_correlation_range_holds_every_table_that_rounds_to_the_printed_one():
    x, y = [0.15, 0.14, 0.06, -0.09], [0.08, 0.09, 0.07, 0.04]
    found = correlation_range(x, y, 2)
    generator = np.random.default_rng(0)
    errors = generator.uniform(-1, 1, (4000, 2, 4))
    errors[2000:] = np.sign(errors[2000:])  # half of them in the corners
    drawn = [np.corrcoef(x + 0.005 * one, y + 0.005 * other)[0, 1] for one, other in errors]
    assert found.low <= min(drawn) < found.low + 0.005
    assert found.high - 0.002 < max(drawn) <= found.high <= 1


def test_largest_correlation_may_lie_inside_the_box():
    assert correlation_range([0.0, 1.0, 2.0], [0.0, 1.0, 2.0], 1).high == pytest.approx(1.0)
