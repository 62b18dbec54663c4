from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.rules import ALPHA, Estimate, Exact, matches
from harness.tests.rules_simulation import (
    count,
    estimates,
    experiments,
    finite,
    is_about,
    is_at_most,
    judge_all,
    known_spread,
)
from harness.verdicts import Verdict


@settings(deadline=None, max_examples=300)
@given(sample=estimates, value=finite, within=st.floats(1e-3, 50))
def test_the_verdict_is_what_the_interval_and_the_p_values_show(sample, value, within):
    judged = matches(value, within).judge(sample)
    disjoint = judged.high < value - within or judged.low > value + within
    half = judged.high - judged.effect
    assert (judged.verdict is Verdict.REFUTED) == disjoint
    if abs(half - within) > 1e-9:
        assert (judged.verdict is Verdict.SUPPORTED) == (not disjoint and half < within)
    if abs(judged.p_refute - ALPHA) > 1e-9:
        assert disjoint == (judged.p_refute < ALPHA)
    if abs(judged.p - ALPHA) > 1e-9:
        assert (judged.p < ALPHA) == (not disjoint)
    assert judged.detectable == pytest.approx(within + 2 * half)


@pytest.mark.parametrize("true_value", [0.7, 1.3])
def test_a_true_match_on_the_margin_is_refuted_with_chance_alpha(true_value):
    judged = judge_all(matches(1.0, within=0.3), experiments(true_value, n=8, seed=6, spread=0.4))
    assert is_about(count(judged, Verdict.REFUTED), ALPHA)


@pytest.mark.parametrize("true_value", [0.8, 1.0, 1.25])
def test_a_true_match_inside_is_refuted_with_chance_alpha_at_most(true_value):
    judged = judge_all(matches(1.0, within=0.3), experiments(true_value, n=4, seed=7, spread=2.0))
    assert is_at_most(count(judged, Verdict.REFUTED), 2 * ALPHA)  # alpha on each side


@pytest.mark.parametrize("n", [3, 6, 20])
@pytest.mark.parametrize("side", [-1, 1])
def test_a_value_farther_than_three_margins_is_supported_with_chance_alpha_at_most(n, side):
    judged = judge_all(matches(0.0, within=1.0), experiments(side * 3.0, n, seed=n, spread=0.5 * n**0.5))
    assert is_at_most(count(judged, Verdict.SUPPORTED))


@pytest.mark.parametrize("distance", [1.2, 1.6, 2.0, 2.5])
def test_support_reaches_a_true_value_beyond_the_detectable_distance_with_chance_alpha_at_most(distance):
    judged = judge_all(matches(0.0, within=1.0), experiments(distance, n=5, seed=8, spread=0.7))
    wrong = [one for one in judged if one.verdict is Verdict.SUPPORTED and distance > one.detectable]
    assert is_at_most(len(wrong))


def test_that_guarantee_is_tight():
    """With a spread that is nearly known, a value just beyond within + 2 half-widths is supported with chance alpha."""
    n, spread = 400, 4.0
    distance = matches(0.0, within=1.0).judge(known_spread(0.0, n, spread)).detectable
    judged = judge_all(matches(0.0, within=1.0), experiments(distance, n, seed=9, spread=spread))
    assert is_about(count(judged, Verdict.SUPPORTED), ALPHA)


def test_an_interval_wider_than_the_margin_never_supports():
    wide = Estimate(1.0, 0.5, n=4, df=3)
    judged = matches(1.0, within=1.0).judge(wide)
    assert judged.verdict is Verdict.INCONCLUSIVE
    assert judged.reason.endswith("is wider than 1 ± 1, so that it cannot tell")
    assert matches(9.0, within=1.0).judge(wide).verdict is Verdict.REFUTED
    assert matches(1.0, within=1.2).judge(wide).verdict is Verdict.SUPPORTED


def test_an_interval_that_only_meets_the_margin_supports():
    judged = matches(1.0, within=0.1).judge(Estimate(1.15, 0.03, n=10, df=9))
    assert judged.verdict is Verdict.SUPPORTED
    assert judged.reason.endswith("meets 1 ± 0.1")


@given(value=finite, target=st.floats(-5, 5), within=st.floats(1e-3, 50))
def test_an_exact_value_is_compared(value, target, within):
    judged = matches(target, within).judge(Exact(value))
    inside = target - within <= value <= target + within
    assert judged.verdict is (Verdict.SUPPORTED if inside else Verdict.REFUTED)
    assert (judged.n, judged.p, judged.p_refute, judged.detectable) == (None, None, None, None)
