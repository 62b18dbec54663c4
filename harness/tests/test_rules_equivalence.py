from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.weightstats import DescrStatsW

from harness.rules import ALPHA, Count, Estimate, Exact, equals, equivalent_to
from harness.tests.rules_simulation import (
    REPETITIONS,
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

margins = st.floats(1e-3, 50)


@settings(deadline=None, max_examples=200)
@given(sample=estimates, target=finite, within=margins)
def test_the_verdict_is_what_the_interval_and_the_p_values_show(sample, target, within):
    judged = equivalent_to(target, within).judge(sample)
    inside = target - within <= judged.low and judged.high <= target + within
    outside = judged.high < target - within or judged.low > target + within
    assert judged.low < judged.effect < judged.high
    assert (judged.verdict is Verdict.SUPPORTED) == inside
    assert (judged.verdict is Verdict.REFUTED) == (judged.p_refute <= ALPHA)
    assert outside or judged.verdict is not Verdict.REFUTED
    if abs(judged.p - ALPHA) > 1e-9:
        assert inside == (judged.p < ALPHA)


@given(sample=estimates)
def test_a_margin_of_nothing_is_refuted_by_the_two_sided_test_and_a_wide_one_by_the_one_sided(sample):
    narrow = equivalent_to(0.0, within=1e-9).judge(sample)
    assert narrow.p_refute == pytest.approx(2 * stats.t.sf(abs(sample.value) / sample.standard_error, sample.df))
    wide = equivalent_to(-1e6, within=1e6).judge(sample)
    assert wide.p_refute == pytest.approx(stats.t.sf(sample.value / sample.standard_error, sample.df), abs=1e-3)


@pytest.mark.parametrize("n", [2, 6])
@pytest.mark.parametrize("standard_errors", [0.05, 0.5, 3.0])
def test_a_value_within_any_margin_is_refuted_with_chance_alpha_at_most(n, standard_errors):
    """By the interval alone it would be up to twice alpha where the margin is narrow beside the standard error."""
    rule = equivalent_to(0.0, within=standard_errors / n**0.5)
    for truth in (0.0, rule.within):
        assert is_at_most(count(judge_all(rule, experiments(truth, n, seed=n)), Verdict.REFUTED))


def test_a_refutation_can_be_asked_to_lie_beyond_several_margins():
    rule = equivalent_to(0.0, within=1.0, refuted_beyond=2.0)
    between, beyond = (rule.judge(Estimate(value, 0.1, n=5, df=4)) for value in (1.6, 2.6))
    assert between.verdict is Verdict.INCONCLUSIVE
    assert between.reason.endswith("lies outside 0 ± 1, and not beyond 2 margins, which would refute")
    assert beyond.verdict is Verdict.REFUTED
    assert beyond.reason.endswith("lies outside 0 ± 1, beyond 2 margins")
    assert [rule.judge(Exact(value)).verdict for value in (1.0, 1.5, 2.5)] == [
        Verdict.SUPPORTED,
        Verdict.INCONCLUSIVE,
        Verdict.REFUTED,
    ]
    assert is_about(count(judge_all(rule, experiments(2.0, n=4, seed=8, spread=0.5)), Verdict.REFUTED), ALPHA)
    assert is_about(count(judge_all(rule, experiments(1.0, n=4, seed=9, spread=0.5)), Verdict.SUPPORTED), ALPHA)
    assert equivalent_to(0.0, 1.0, refuted_beyond=0.5).problems() == [
        "Equivalence: refuted_beyond is 0.5, inside the margin"
    ]


@pytest.mark.parametrize("n", [3, 12])
def test_it_is_the_tost_of_statsmodels(n):
    replicates = np.random.default_rng(n).normal(1.1, 0.3, n)
    judged = equivalent_to(1.0, within=0.4).judge(Estimate.from_replicates(replicates))
    assert judged.p == pytest.approx(DescrStatsW(replicates).ttost_mean(0.6, 1.4)[0])


@pytest.mark.parametrize("true_value", [0.0, 4.0])
def test_a_value_on_the_margin_is_decided_with_chance_alpha_at_most(true_value):
    judged = judge_all(equivalent_to(2.0, within=2.0), experiments(true_value, n=6, seed=4))
    assert is_about(count(judged, Verdict.SUPPORTED), ALPHA)  # the other margin is far: alpha is used up
    assert is_about(count(judged, Verdict.REFUTED), ALPHA)


def test_a_margin_too_narrow_for_the_sample_is_hardly_ever_shown():
    judged = judge_all(equivalent_to(0.0, within=0.3), experiments(0.0, n=4, seed=5))
    assert is_at_most(count(judged, Verdict.SUPPORTED))
    assert count(judged, Verdict.INCONCLUSIVE) > 0.8 * REPETITIONS


@pytest.mark.parametrize("n", [2, 4, 15])
def test_the_detectable_margin_is_shown_with_the_stated_power(n):
    margin = equivalent_to(0.0, within=1.0).judge(known_spread(0.7, n)).detectable
    judged = judge_all(equivalent_to(7.0, within=margin), experiments(7.0, n, seed=n))
    assert is_about(count(judged, Verdict.SUPPORTED))


@given(value=finite, target=st.floats(-5, 5), within=margins)
def test_an_exact_value_is_compared(value, target, within):
    judged = equivalent_to(target, within).judge(Exact(value))
    inside = target - within <= value <= target + within
    assert judged.verdict is (Verdict.SUPPORTED if inside else Verdict.REFUTED)
    assert (judged.n, judged.p, judged.p_refute, judged.detectable) == (None, None, None, None)


def test_the_reason_says_where_the_interval_lies():
    sample = Estimate(1.0, 0.01, n=5, df=4)
    assert equivalent_to(1.0, 0.1).judge(sample).reason.endswith("lies within 1 ± 0.1")
    assert equivalent_to(2.0, 0.1).judge(sample).reason.endswith("lies outside 2 ± 0.1")
    assert equivalent_to(1.1, 0.1).judge(sample).reason.endswith("lies neither within nor outside 1.1 ± 0.1")


@given(value=finite, target=st.floats(-5, 5), within=st.one_of(st.just(0.0), margins))
def test_an_identity_holds_up_to_its_tolerance(value, target, within):
    holds = target - within <= value <= target + within
    assert equals(target, within).judge(Exact(value)).verdict is (Verdict.SUPPORTED if holds else Verdict.REFUTED)
    assert equals(value, within).judge(Exact(value)).verdict is Verdict.SUPPORTED


def test_an_identity_judges_nothing_that_was_sampled():
    with pytest.raises(TypeError, match="equivalent_to"):
        equals(0.0, within=0.1).judge(Estimate(0.0, 0.01, n=5, df=4))
    with pytest.raises(TypeError, match="judges an Exact; got Count"):
        equals(0.0, within=0.1).judge(Count(1, 2))


def test_equality_without_tolerance_is_for_whole_numbers():
    assert equals(676).judge(Exact(676)).verdict is Verdict.SUPPORTED
    assert equals(676).judge(Exact(675)).verdict is Verdict.REFUTED
    assert equals(676).problems() == []
