from __future__ import annotations

import functools

import numpy as np
import pytest
from scipy import stats

from harness.rules import ALPHA, POWER, Count, proportion_above, proportion_below, proportion_is
from harness.rules.proportion import clopper_pearson
from harness.verdicts import Verdict

TRIALS = (2, 7, 30)
SHARES = (0.05, 0.5, 0.8)


@functools.cache
def judge_every_count(rule, trials):
    return [rule.judge(Count(successes, trials)) for successes in range(trials + 1)]


def chance(rule, trials, verdict, truth):
    """The exact probability of a verdict when the probability of success is `truth`."""
    decided = [judged.verdict is verdict for judged in judge_every_count(rule, trials)]
    return float(stats.binom.pmf(np.arange(trials + 1), trials, truth) @ np.array(decided))


@pytest.mark.parametrize("trials", TRIALS)
def test_the_interval_is_that_of_scipy(trials):
    low, high = clopper_pearson(np.arange(trials + 1), trials)
    for successes in range(trials + 1):
        interval = stats.binomtest(successes, trials).proportion_ci(1 - 2 * ALPHA, method="exact")
        assert (low[successes], high[successes]) == pytest.approx((interval.low, interval.high))


@pytest.mark.parametrize("p0", SHARES)
@pytest.mark.parametrize("trials", TRIALS)
def test_the_verdict_is_what_the_interval_and_the_p_values_show(trials, p0):
    for successes, judged in enumerate(judge_every_count(proportion_above(p0), trials)):
        assert judged.low <= judged.effect == successes / trials <= judged.high
        assert (judged.verdict is Verdict.SUPPORTED) == (judged.low > p0) == (judged.p <= ALPHA)
        assert (judged.verdict is Verdict.REFUTED) == (judged.high < p0) == (judged.p_refute <= ALPHA)
        assert judged.p == pytest.approx(stats.binom.sf(successes - 1, trials, p0))
        assert judged.p_refute == pytest.approx(stats.binom.cdf(successes, trials, p0))


@pytest.mark.parametrize("p0", SHARES)
@pytest.mark.parametrize("trials", TRIALS)
def test_below_is_above_for_the_failures(trials, p0):
    below = judge_every_count(proportion_below(p0), trials)
    above = judge_every_count(proportion_above(1 - p0), trials)[::-1]
    for fewer, more in zip(below, above, strict=True):
        assert fewer.verdict is more.verdict
        assert (fewer.p, fewer.p_refute) == pytest.approx((more.p, more.p_refute))
        assert (fewer.low, fewer.high) == pytest.approx((1 - more.high, 1 - more.low))
        assert fewer.detectable is more.detectable is None or fewer.detectable == pytest.approx(1 - more.detectable)


@pytest.mark.parametrize("p0", SHARES)
@pytest.mark.parametrize("trials", TRIALS)
def test_a_share_on_the_threshold_is_decided_with_chance_alpha_at_most(trials, p0):
    for rule in (proportion_above(p0), proportion_below(p0)):
        assert chance(rule, trials, Verdict.SUPPORTED, p0) <= ALPHA
        assert chance(rule, trials, Verdict.REFUTED, p0) <= ALPHA


@pytest.mark.parametrize("p0", SHARES)
@pytest.mark.parametrize("trials", TRIALS)
def test_the_detectable_share_is_found_with_exactly_the_stated_power(trials, p0):
    for rule in (proportion_above(p0), proportion_below(p0)):
        detectable = judge_every_count(rule, trials)[0].detectable
        if detectable is None:
            assert all(judged.verdict is not Verdict.SUPPORTED for judged in judge_every_count(rule, trials))
        else:
            assert chance(rule, trials, Verdict.SUPPORTED, detectable) == pytest.approx(POWER)


def test_four_of_four_cannot_beat_a_coin_and_five_of_five_can():
    judged = proportion_above(0.5).judge(Count(4, 4))
    assert judged.verdict is Verdict.INCONCLUSIVE
    assert judged.detectable is None
    assert judged.reason.endswith("4 trials are too few: even unanimous ones would not support")
    assert proportion_above(0.5).judge(Count(5, 5)).verdict is Verdict.SUPPORTED


def test_one_success_shows_that_a_share_is_not_zero():
    assert proportion_above(0.0).judge(Count(1, 9)).verdict is Verdict.SUPPORTED
    assert proportion_above(0.0).judge(Count(0, 9)).verdict is Verdict.INCONCLUSIVE
    assert proportion_below(1.0).judge(Count(8, 9)).verdict is Verdict.SUPPORTED
    assert proportion_below(1.0).judge(Count(9, 9)).verdict is Verdict.INCONCLUSIVE


@pytest.mark.parametrize(("p0", "within"), [(0.5, 0.2), (0.1, 0.1), (0.1, 0.2), (0.0, 0.3), (1.0, 0.3), (0.85, 0.25)])
@pytest.mark.parametrize("trials", [10, 60])
def test_a_share_near_another_agrees_with_interval_and_p_values(trials, p0, within):
    rule = proportion_is(p0, within)
    for judged in judge_every_count(rule, trials):
        inside = p0 - within <= judged.low and judged.high <= p0 + within
        outside = judged.high < p0 - within or judged.low > p0 + within
        assert (judged.verdict is Verdict.SUPPORTED) == inside == (judged.p <= ALPHA)
        assert (judged.verdict is Verdict.REFUTED) == outside == (judged.p_refute <= ALPHA)
    for margin in (p0 - within, p0 + within):
        if 0 < margin < 1:
            assert chance(rule, trials, Verdict.SUPPORTED, margin) <= ALPHA
            assert chance(rule, trials, Verdict.REFUTED, margin) <= 2 * ALPHA


@pytest.mark.parametrize("p0", [0.0, 0.1, 0.5, 1.0])
@pytest.mark.parametrize("trials", [10, 60])
def test_the_detectable_margin_is_the_smallest_with_the_stated_power(trials, p0):
    margin = proportion_is(p0, within=0.2).judge(Count(trials // 2, trials)).detectable
    assert chance(proportion_is(p0, margin + 1e-9), trials, Verdict.SUPPORTED, p0) >= POWER
    assert chance(proportion_is(p0, margin - 1e-6), trials, Verdict.SUPPORTED, p0) < POWER


def test_the_reason_names_the_count():
    judged = proportion_is(0.5, within=0.1).judge(Count(500, 1000))
    assert judged.reason == "500 of 1000: the 90% interval [0.4735, 0.5265] lies within 0.5 ± 0.1"
    assert judged.n == 1000
