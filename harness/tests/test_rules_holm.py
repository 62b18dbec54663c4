from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.multitest import multipletests

from harness.rules import ALPHA, Estimate, Exact, Judgement, equals, greater_than, holm
from harness.rules.multiplicity import holm_adjusted
from harness.tests.rules_simulation import REPETITIONS, is_at_most
from harness.verdicts import Verdict

PARTS = 4
p_values = st.lists(st.floats(0, 1), min_size=2, max_size=8)


def judgement(p: float) -> Judgement:
    """A judgement of a one-sided test with p-value `p`, whose other side has 1 - p."""
    verdict = Verdict.SUPPORTED if p <= ALPHA else Verdict.REFUTED if 1 - p <= ALPHA else Verdict.INCONCLUSIVE
    return Judgement(verdict, 0.0, 0.0, 0.0, 5, p, 1 - p, reason="as measured")


def step_down(p_values: list[float]) -> list[bool]:
    """Holm's procedure as it is told: from the smallest p on, against alpha / (number left), until one fails."""
    rejected = [False] * len(p_values)
    order = sorted(range(len(p_values)), key=p_values.__getitem__)
    for left, index in zip(range(len(p_values), 0, -1), order, strict=True):
        if p_values[index] * left > ALPHA:
            break
        rejected[index] = True
    return rejected


@settings(deadline=None, max_examples=60)
@given(p_values)
def test_support_and_refutation_are_stepped_down_separately(p_values):
    judged = [judgement(p) for p in p_values]
    corrected = holm(judged)
    kept = step_down(p_values), step_down([1 - p for p in p_values])
    for before, after, supported, refuted in zip(judged, corrected, *kept, strict=True):
        assert (after.verdict is Verdict.SUPPORTED) == supported
        assert (after.verdict is Verdict.REFUTED) == refuted
        assert dataclasses.replace(after, verdict=before.verdict, reason=before.reason) == before


@pytest.mark.parametrize("seed", range(5))
def test_the_adjusted_p_values_are_those_of_statsmodels(seed):
    p_values = np.random.default_rng(seed).choice([0.001, 0.01, 0.01, 0.03, 0.2, 0.9], size=seed + 2).tolist()
    assert holm_adjusted(p_values) == pytest.approx(multipletests(p_values, ALPHA, method="holm")[1])


@given(st.floats(0, 1))
def test_a_single_judgement_is_unchanged(p):
    assert holm([judgement(p)]) == [judgement(p)]
    assert holm([]) == []


def test_a_verdict_withdrawn_says_so():
    first, second = holm([judgement(0.04), judgement(0.03)])
    assert (first.verdict, second.verdict) == (Verdict.INCONCLUSIVE, Verdict.INCONCLUSIVE)
    assert first.reason == "as measured; not supported, as p = 0.06 after Holm's correction over 2 tests"
    refuted, other = holm([judgement(1 - 0.04), judgement(0.5)])
    assert refuted.reason == "as measured; not refuted, as p = 0.08 after Holm's correction over 2 tests"
    assert other == judgement(0.5)


def test_exact_judgements_are_no_tests_and_stay():
    exact = [equals(0.0, 1e-9).judge(Exact(value)) for value in (0.0, 1.0, math.nan)]
    assert holm([judgement(0.04), *exact]) == [judgement(0.04), *exact]


def test_a_sample_that_cannot_be_judged_counts_as_a_test_that_found_nothing():
    missing = greater_than(0.0).judge(Estimate.from_replicates([1.0]))
    assert [one.verdict for one in holm([judgement(0.04), missing])] == [Verdict.INCONCLUSIVE] * 2
    assert [one.verdict for one in holm([judgement(0.02), missing])] == [Verdict.SUPPORTED, Verdict.INCONCLUSIVE]


def test_correcting_twice_is_correcting_once():
    judged = [judgement(p) for p in (0.001, 0.04, 0.02, 0.99)]
    assert holm(holm(judged)) == holm(judged)


def test_the_chance_of_any_wrong_verdict_is_alpha_at_most():
    """Each claim has `PARTS` parts on their thresholds; uncorrected, one in six of them would find something."""
    rows = np.random.default_rng(10).normal(0, 1, (REPETITIONS, PARTS, 6))
    claims = [[greater_than(0.0).judge(Estimate.from_replicates(row)) for row in rows_of_one] for rows_of_one in rows]
    corrected = [holm(parts) for parts in claims]
    for verdict in (Verdict.SUPPORTED, Verdict.REFUTED):
        assert not is_at_most(sum(any(part.verdict is verdict for part in parts) for parts in claims))
        assert is_at_most(sum(any(part.verdict is verdict for part in parts) for parts in corrected))
