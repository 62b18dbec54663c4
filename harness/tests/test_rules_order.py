from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from harness.rules import ALPHA, Curve, monotone
from harness.rules.order import RESAMPLES, best_p
from harness.tests.rules_simulation import count, is_about
from harness.verdicts import Verdict

RISES, FALLS = monotone("increasing"), monotone("decreasing")


def every_order(x, y):
    return [Curve.of(x, order) for order in itertools.permutations(y)]


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=4, max_size=12))
def test_the_verdict_is_what_the_interval_and_the_p_values_show(points):
    x, y = zip(*points, strict=True)
    judged = RISES.judge(Curve(x, y))
    assert (judged.verdict is Verdict.SUPPORTED) == (judged.low > 0) == (judged.p <= ALPHA)
    assert (judged.verdict is Verdict.REFUTED) == (judged.high < 0) == (judged.p_refute <= ALPHA)
    assert -1 <= judged.low <= judged.high <= 1


@settings(deadline=None, max_examples=30)
@given(st.lists(st.tuples(st.integers(0, 5), st.floats(-3, 3, width=16)), min_size=4, max_size=7))
def test_both_directions_see_each_other_in_a_mirror(points):
    x, y = zip(*points, strict=True)
    up, down = RISES.judge(Curve(x, y)), FALLS.judge(Curve(x, tuple(-v for v in y)))
    assert up.verdict is down.verdict
    assert (up.p, up.p_refute, up.detectable) == pytest.approx((down.p, down.p_refute, down.detectable))
    assert (up.low, up.high) == pytest.approx((-down.high, -down.low))
    assert up.effect == pytest.approx(-down.effect, nan_ok=True)


@pytest.mark.parametrize("y", [(1.0, 5.0, 2.0, 3.0, 9.0, 4.0), (1.0, 1.0, 2.0, 3.0, 3.0, 9.0)])
def test_p_counts_the_orders_that_are_as_good(y):
    x = range(6)
    judged = RISES.judge(Curve.of(x, y))
    rhos = np.array([stats.spearmanr(x, order).statistic for order in itertools.permutations(y)])
    rho = stats.spearmanr(x, y).statistic
    assert judged.effect == pytest.approx(rho)
    assert judged.p == pytest.approx(np.mean(rhos >= rho - 1e-9))
    assert judged.p_refute == pytest.approx(np.mean(rhos <= rho + 1e-9))


@pytest.mark.parametrize(
    ("x", "y"),
    [
        ((0, 1, 2, 3), (1, 1, 2, 3)),
        ((0, 1, 2, 3, 4), (1, 1, 2, 3, 3)),
        ((0, 0, 1, 1, 2), (1, 2, 3, 4, 5)),
        ((0, 0, 1, 1, 1), (1, 2, 3, 3, 3)),
    ],
)
def test_a_curve_without_order_is_decided_with_chance_alpha_at_most(x, y):
    judged = [RISES.judge(curve) for curve in every_order(x, y)]
    assert count(judged, Verdict.SUPPORTED) <= ALPHA * len(judged)
    assert count(judged, Verdict.REFUTED) <= ALPHA * len(judged)


def test_chance_alpha_is_used_up_where_the_orders_allow():
    judged = [RISES.judge(curve) for curve in every_order(range(5), range(5))]
    assert count(judged, Verdict.SUPPORTED) == 5  # of 120: the next rho is shared by 3 orders, which would make 8
    assert count(judged, Verdict.REFUTED) == 5


def test_many_points_without_order_are_decided_with_chance_alpha():
    generator = np.random.default_rng(0)
    judged = [RISES.judge(Curve.of(range(9), generator.normal(size=9))) for _ in range(200)]
    assert is_about(count(judged, Verdict.SUPPORTED), ALPHA, 200)
    assert is_about(count(judged, Verdict.REFUTED), ALPHA, 200)


def test_the_detectable_rho_is_the_smallest_that_is_supported():
    for rule in (RISES, FALLS):
        judged = [rule.judge(curve) for curve in every_order(range(5), range(5))]
        supported = [abs(one.effect) for one in judged if one.verdict is Verdict.SUPPORTED]
        assert judged[0].detectable == pytest.approx(min(supported))
        assert min(supported) > max(abs(one.effect) for one in judged if one.verdict is Verdict.INCONCLUSIVE)


def test_a_perfect_order_of_four_points_supports_and_of_three_cannot():
    four = RISES.judge(Curve.of([0, 10, 20, 30], [1, 2, 3, 4]))
    assert (four.verdict, four.p, four.n) == (Verdict.SUPPORTED, pytest.approx(1 / 24), 4)
    three = RISES.judge(Curve.of([0, 10, 20], [1, 2, 3]))
    assert (three.verdict, three.effect) == (Verdict.INCONCLUSIVE, pytest.approx(1))
    assert three.reason == (
        "3 points at 3 x: even in perfect order p would be 0.17; 4 points, each at an x of its own, can decide"
    )


def test_replicates_at_two_x_can_decide():
    judged = RISES.judge(Curve.of([0, 1], [[1, 2, 3, 4], [5, 6, 7, 8]]))
    assert (judged.verdict, judged.n) == (Verdict.SUPPORTED, 8)
    assert judged.p == pytest.approx(1 / math.comb(8, 4)) == best_p((0, 0, 0, 0, 1, 1, 1, 1))
    too_few = RISES.judge(Curve.of([0, 1], [[1, 2], [5, 6]]))
    assert "4 points at 2 x: even in perfect order p would be 0.17" in too_few.reason


@pytest.mark.parametrize("points", [4, 8, 9, 40])
def test_the_opposite_order_refutes(points):
    judged = FALLS.judge(Curve.of(range(points), range(points)))
    assert judged.verdict is Verdict.REFUTED
    assert judged.p == pytest.approx(1)
    assert judged.reason.startswith(f"the curve rises: rho = 1 over {points} points")


def test_random_orders_come_near_the_known_p_value_and_are_always_the_same():
    y = np.random.default_rng(5).normal(size=30) + 0.05 * np.arange(30)
    judged = RISES.judge(Curve.of(range(30), y))
    assert judged.p == pytest.approx(stats.spearmanr(range(30), y, alternative="greater").pvalue, abs=0.004)
    assert judged == RISES.judge(Curve.of(range(30), y))


def test_random_orders_include_the_observed_one():
    assert RISES.judge(Curve.of(range(40), range(40))).p == pytest.approx(1 / (RESAMPLES + 1))


def test_a_curve_of_ties_is_no_order():
    assert RISES.judge(Curve.of(range(6), [2.0] * 6)).reason == "the y do not vary"
    rounding = [0.3, 0.1 + 0.2, 0.3, 0.1 + 0.2, 0.1 + 0.2, 0.1 + 0.2]
    assert RISES.judge(Curve.of(range(6), rounding)).reason == "the y do not vary"
    assert RISES.judge(Curve.of([1.0] * 6, range(6))).verdict is Verdict.INCONCLUSIVE
