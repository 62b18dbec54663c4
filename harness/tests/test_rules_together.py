"""Several judgements of one claim: error rates of the conjunction, of 'all' and of 'some', and of values at a bound."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from harness.rules import (
    ALPHA,
    Count,
    Estimate,
    Exact,
    Several,
    all_runs,
    equals,
    equivalent_to,
    greater_than,
    holm,
    in_all,
    in_some,
    intersection_union,
    less_than,
)
from harness.tests.rules_simulation import REPETITIONS, is_at_most
from harness.verdicts import Verdict, conjunction

PARTS, SEEDS = 8, 4
FAR = 10.0


def conjunctions(correct, means, seed, shared=0.0, spread=1.0, seeds=SEEDS, repetitions=REPETITIONS):
    """Verdicts on 'every part is above 0', each part with its true mean; `shared` is what the parts have in common."""
    random = np.random.default_rng(seed)
    common = shared**0.5 * random.normal(size=(repetitions, 1, seeds))
    own = (1 - shared) ** 0.5 * random.normal(size=(repetitions, len(means), seeds))
    rows = np.asarray(means, dtype=float)[:, None] + spread * (common + own)
    rule = greater_than(0.0)
    judged = [[rule.judge(Estimate.from_replicates(part)) for part in parts] for parts in rows]
    return [conjunction(part.verdict for part in correct(parts)) for parts in judged]


@pytest.mark.parametrize("shared", [0.0, 0.9])
def test_one_false_part_among_true_ones_is_supported_with_chance_alpha_at_most(shared):
    found = conjunctions(intersection_union, [0.0] + [FAR] * (PARTS - 1), seed=1, shared=shared)
    assert is_at_most(found.count(Verdict.SUPPORTED))
    assert found.count(Verdict.SUPPORTED) > 0.03 * REPETITIONS  # alpha is used up: nothing is given away


@pytest.mark.parametrize("shared", [0.0, 0.9])
def test_true_parts_on_their_thresholds_are_refuted_with_chance_alpha_at_most(shared):
    found = conjunctions(intersection_union, [0.0] * PARTS, seed=2, shared=shared)
    assert is_at_most(found.count(Verdict.REFUTED))
    assert shared or not is_at_most(conjunctions(list, [0.0] * PARTS, seed=2).count(Verdict.REFUTED))


def test_a_true_conjunction_is_supported_more_often_than_after_a_correction():
    """Three seeds, as where a part has nothing but them: Holm's procedure asks the surest of eight for t = 8.9."""
    means = [2.0] * PARTS
    now, before = (
        conjunctions(correct, means, seed=3, spread=0.5, seeds=3, repetitions=500).count(Verdict.SUPPORTED)
        for correct in (intersection_union, holm)
    )
    assert (now > 300, before < 0.75 * now) == (True, True)


def test_exact_parts_are_no_tests_and_refute_as_they_are():
    parts = [equals(0.0).judge(Exact(value)) for value in (0.0, 1.0)]
    assert intersection_union([*parts, greater_than(0.0).judge(Estimate(1.0, 0.1, 5, 4))])[:2] == parts
    assert intersection_union([]) == []


def layers(means, seed, of_run=0.7, repetitions=1000, runs=6):
    """Runs by layers, the layers of a run alike."""
    random = np.random.default_rng(seed)
    common = of_run * random.normal(size=(repetitions, runs, 1))
    rows = np.asarray(means) + common + 0.7 * random.normal(size=(repetitions, runs, len(means)))
    return [Several.of(one, "layer") for one in rows]


def share(rule, samples, verdict):
    return sum(rule.judge(sample).verdict is verdict for sample in samples)


def test_all_layers_errs_with_chance_alpha_at_most():
    rule = in_all(equivalent_to(0.0, within=1.0))
    assert is_at_most(share(rule, layers([0.0, 0.0, 0.0, 1.0], seed=4), Verdict.SUPPORTED), ALPHA, 1000)
    assert is_at_most(share(rule, layers([1.0] * 4, seed=5), Verdict.REFUTED), ALPHA, 1000)
    assert share(in_all(equivalent_to(0.0, within=3.0)), layers([0.0] * 4, seed=6), Verdict.SUPPORTED) > 800
    assert share(rule, layers([0.0, 0.0, 0.0, 4.0], seed=7), Verdict.REFUTED) > 800


def test_the_worst_layer_selected_and_then_tested_alone_is_refuted_too_often():
    """What `in_all` replaces: the layer that reaches furthest from 0, tested as if it had been the only one."""
    rule, samples = equivalent_to(0.0, within=1.0), layers([1.0] * 8, seed=8, of_run=0.0, runs=10)
    furthest = [max(one.samples, key=lambda of: abs(of.value) + 2 * of.standard_error) for one in samples]
    assert not is_at_most(share(rule, furthest, Verdict.REFUTED), 2 * ALPHA, 1000)
    assert is_at_most(share(in_all(rule), samples, Verdict.REFUTED), ALPHA, 1000)


def test_some_layer_errs_with_chance_alpha_at_most():
    rule = in_some(greater_than(0.0))
    assert is_at_most(share(rule, layers([0.0] * 8, seed=9), Verdict.SUPPORTED), ALPHA, 1000)
    assert is_at_most(share(rule, layers([0.0] + [-FAR] * 7, seed=10), Verdict.REFUTED), ALPHA, 1000)
    assert share(rule, layers([0.0] * 7 + [3.0], seed=11), Verdict.SUPPORTED) > 800
    assert share(rule, layers([-3.0] * 8, seed=12), Verdict.REFUTED) > 600


def test_of_several_the_reason_names_the_one_that_decides():
    several = Several.of([[5.0, 1.0], [5.1, -1.0], [4.9, 0.2]], "layer", first=2)
    judged = in_all(greater_than(0.0)).judge(several)
    assert judged.verdict is Verdict.INCONCLUSIVE
    assert judged.reason.startswith("layer 3 (one of 2): the 90% interval [")
    assert judged.p == pytest.approx(stats.ttest_1samp([1.0, -1.0, 0.2], 0.0, alternative="greater").pvalue)
    some = in_some(greater_than(0.0)).judge(several)
    assert (some.verdict, some.reason[:7]) == (Verdict.SUPPORTED, "layer 2")
    assert in_all(equals(0.0)).judge(Several((Exact(0.0), Exact(1.0)), ("a", "b"))).verdict is Verdict.REFUTED
    assert in_some(equals(0.0)).judge(Several((Exact(0.0), Exact(1.0)), ("a", "b"))).verdict is Verdict.SUPPORTED
    with pytest.raises(TypeError, match=r"InAll.* judges Several samples"):
        in_all(equals(0.0)).judge(Exact(0.0))
    with pytest.raises(ValueError, match="one name a sample"):
        Several((Exact(0.0),), ())
    with pytest.raises(ValueError, match=r"runs by places; got shape \(2,\)"):
        Several.of([1.0, 2.0], "layer")


@pytest.mark.parametrize(("runs", "share"), [(5, 0.5), (9, 0.7), (14, 0.8), (29, 0.9)])
def test_so_many_runs_that_all_do_it_are_needed(runs, share):
    assert all_runs(share).judge(Count(runs, runs)).verdict is Verdict.SUPPORTED
    assert all_runs(share).judge(Count(runs - 1, runs - 1)).verdict is Verdict.INCONCLUSIVE
    assert all_runs(share).judge(Count(0, runs)).verdict is Verdict.REFUTED


@pytest.mark.parametrize("runs", range(2, 12))
@pytest.mark.parametrize("truth", [0.5, 0.8])
def test_runs_of_which_no_more_do_it_are_supported_with_chance_alpha_at_most(runs, truth):
    chance = stats.binom.pmf(np.arange(runs + 1), runs, truth)
    verdicts = [all_runs(truth).judge(Count(k, runs)).verdict for k in range(runs + 1)]
    for verdict in (Verdict.SUPPORTED, Verdict.REFUTED):
        assert sum(p for p, one in zip(chance, verdicts, strict=True) if one is verdict) <= ALPHA


def test_what_every_run_reaches_is_counted_with_its_number():
    fitted = np.array([1.0, 1.0, 1.0, 0.998, 1.0])
    judged = all_runs().judge(Count.of(fitted > 0.99))
    assert judged.reason == "5 of 5: the 90% interval [0.5493, 1] lies above 0.5"
    assert all_runs().sentence == "happens in more than 50% of runs (exact one-sided binomial test over runs, 5%)"
    with pytest.raises(ValueError, match="one truth value a run"):
        Count.of(fitted)


SHARES = (0.0, 1.0)


@pytest.mark.parametrize("n", [2, 4, 5, 20])
@pytest.mark.parametrize("threshold", [0.1, 0.5, 0.9])
def test_values_at_a_bound_support_with_chance_alpha_at_most_whatever_their_distribution(n, threshold):
    """The worst distribution with a mean on the threshold has the values 0 and 1 alone: all n are 1 with its power."""
    sample = Estimate.from_replicates([1.0] * n, bounds=SHARES)
    above, below = greater_than(threshold).judge(sample), less_than(threshold).judge(sample)
    assert above.p == below.p_refute == pytest.approx(threshold**n)
    assert (above.verdict is Verdict.SUPPORTED) == (threshold**n < ALPHA) == (below.verdict is Verdict.REFUTED)
    assert (above.low, above.high) == (pytest.approx(ALPHA ** (1 / n)), 1.0)
    assert above.detectable is None
    lowest = less_than(1 - threshold).judge(Estimate.from_replicates([0.0] * n, bounds=SHARES))
    assert (lowest.verdict, lowest.p) == (above.verdict, pytest.approx(above.p))


def test_the_same_values_without_a_bound_or_away_from_it_decide_nothing():
    for sample in (
        Estimate.from_replicates([1.0] * 50),
        Estimate.from_replicates([0.9] * 50, bounds=SHARES),
        Estimate.from_replicates([1.0], bounds=SHARES),
    ):
        assert greater_than(0.5).judge(sample).verdict is Verdict.INCONCLUSIVE
        assert equivalent_to(sample.value, within=0.1).judge(sample).verdict is Verdict.INCONCLUSIVE
    with pytest.raises(ValueError, match=r"leave their bounds \(0.0, 1.0\)"):
        Estimate.from_replicates([1.1, 0.9], bounds=SHARES)


def test_an_equivalence_counts_values_at_a_bound_too():
    sample = Estimate.from_replicates([1.0] * 20, bounds=SHARES)
    assert equivalent_to(1.0, within=0.2).judge(sample).verdict is Verdict.SUPPORTED
    assert equivalent_to(1.0, within=0.1).judge(sample).verdict is Verdict.INCONCLUSIVE
    assert equivalent_to(0.5, within=0.2).judge(sample).verdict is Verdict.REFUTED
    assert "all 20 replicates are 1: the 90% interval [0.8609, 1] lies" in equivalent_to(1.0, 0.2).judge(sample).reason
