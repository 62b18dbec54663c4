from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.power import TTestPower

from harness.rules import ALPHA, POWER, Estimate, Exact, greater_than, less_than
from harness.tests.rules_simulation import (
    count,
    estimates,
    experiments,
    finite,
    is_about,
    judge_all,
    known_spread,
)
from harness.verdicts import Verdict


@settings(deadline=None, max_examples=200)
@given(sample=estimates, threshold=finite)
def test_the_verdict_is_what_the_interval_and_the_p_values_show(sample, threshold):
    judged = greater_than(threshold).judge(sample)
    assert judged.low < judged.effect < judged.high
    assert (judged.verdict is Verdict.SUPPORTED) == (judged.low > threshold)
    assert (judged.verdict is Verdict.REFUTED) == (judged.high <= threshold)
    if abs(judged.p - ALPHA) > 1e-9:
        assert (judged.verdict is Verdict.SUPPORTED) == (judged.p < ALPHA)
    if abs(judged.p_refute - ALPHA) > 1e-9:
        assert (judged.verdict is Verdict.REFUTED) == (judged.p_refute < ALPHA)


@settings(deadline=None, max_examples=100)
@given(sample=estimates, threshold=finite)
def test_less_than_is_greater_than_seen_in_a_mirror(sample, threshold):
    mirrored = Estimate(-sample.value, sample.standard_error, sample.n, sample.df)
    less, greater = less_than(threshold).judge(sample), greater_than(-threshold).judge(mirrored)
    assert less.verdict is greater.verdict
    assert (less.p, less.p_refute) == (greater.p, greater.p_refute)
    assert (less.low, less.high) == (-greater.high, -greater.low)
    assert less.detectable == greater.detectable


@pytest.mark.parametrize("n", [2, 4, 11])
def test_it_is_the_t_test_of_scipy(n):
    replicates = np.random.default_rng(n).normal(0.4, 1, n)
    judged = greater_than(0.1).judge(Estimate.from_replicates(replicates))
    test = stats.ttest_1samp(replicates, 0.1, alternative="greater")
    interval = stats.ttest_1samp(replicates, 0.1).confidence_interval(1 - 2 * ALPHA)
    assert judged.p == pytest.approx(test.pvalue)
    assert judged.p_refute == pytest.approx(1 - test.pvalue)
    assert (judged.low, judged.high) == pytest.approx((interval.low, interval.high))
    assert (judged.n, judged.effect) == (n, pytest.approx(replicates.mean()))


@pytest.mark.parametrize("n", [2, 4, 20])
def test_a_value_on_the_threshold_is_decided_with_chance_alpha_on_each_side(n):
    for rule in (greater_than(3.0), less_than(3.0)):
        judged = judge_all(rule, experiments(3.0, n, seed=n))
        for verdict in (Verdict.SUPPORTED, Verdict.REFUTED):
            assert is_about(count(judged, verdict), ALPHA)


@pytest.mark.parametrize("n", [3, 8])
def test_the_detectable_distance_is_found_with_the_stated_power(n):
    distance = greater_than(0.0).judge(known_spread(5.0, n)).detectable
    assert is_about(count(judge_all(greater_than(0.0), experiments(distance, n, seed=1)), Verdict.SUPPORTED))
    assert is_about(count(judge_all(less_than(0.0), experiments(-distance, n, seed=2)), Verdict.SUPPORTED))
    assert is_about(count(judge_all(less_than(0.0), experiments(distance, n, seed=3)), Verdict.REFUTED))


@pytest.mark.parametrize("n", [2, 5, 40])
def test_the_detectable_distance_is_that_of_statsmodels(n):
    effect = TTestPower().solve_power(nobs=n, alpha=ALPHA, power=POWER, alternative="larger")
    assert greater_than(0.0).judge(known_spread(0.0, n)).detectable == pytest.approx(effect, rel=1e-4)


def test_a_standard_error_without_limit_on_its_degrees_of_freedom_is_normal():
    judged = greater_than(0.0).judge(Estimate(2.0, 1.0, n=1000, df=float("inf")))
    assert judged.p == pytest.approx(stats.norm.sf(2.0))
    assert judged.detectable == pytest.approx(stats.norm.isf(ALPHA) + stats.norm.ppf(POWER), rel=1e-4)


@given(value=finite, threshold=st.floats(-5, 5))
def test_an_exact_value_is_compared(value, threshold):
    judged = greater_than(threshold).judge(Exact(value))
    assert judged.verdict is (Verdict.SUPPORTED if value > threshold else Verdict.REFUTED)
    assert less_than(threshold).judge(Exact(value)).verdict is (
        Verdict.SUPPORTED if value < threshold else Verdict.REFUTED
    )
    assert (judged.low, judged.high) == (value, value)
    assert (judged.n, judged.p, judged.p_refute, judged.detectable) == (None, None, None, None)


def test_the_reason_says_what_was_compared():
    sample = Estimate(2.0, 0.1, n=6, df=5, unit="points")
    judged = greater_than(1.5).judge(sample)
    assert judged.reason == "the 90% interval [1.798, 2.202] lies above 1.5"
    assert judged.unit == "points"
    assert less_than(1.5).judge(sample).reason.endswith("lies above 1.5")
    assert greater_than(2.1).judge(sample).reason.endswith("reaches across 2.1")
    assert less_than(0.5).judge(Exact(0.5, where="kernel=3")).reason == "0.5 (at kernel=3) lies on 0.5"
