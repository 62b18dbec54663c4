"""Shares within networks: error rates with the network as the trial, and with its filters as if they were trials."""

from __future__ import annotations

import numpy as np
import pytest

from harness.rules import ALPHA, Count, greater_than, proportion_above
from harness.statistics.by_run import runs_above, share_by_run
from harness.tests.rules_simulation import is_at_most
from harness.verdicts import Verdict

REPETITIONS, FILTERS = 1500, 64


def networks(runs, seed, alike, share=0.5):
    """Truth values of filters by run; those of a run share its own probability, beta distributed about `share`."""
    random = np.random.default_rng(seed)
    of_run = random.beta(alike * share, alike * (1 - share), size=(REPETITIONS, runs, 1))
    return random.random((REPETITIONS, runs, FILTERS)) < of_run


def decided(judge, truths):
    found = [judge(one) for one in truths]
    return found.count(Verdict.SUPPORTED), found.count(Verdict.REFUTED)


def by_t(truths):
    return greater_than(0.5).judge(share_by_run(truths)).verdict


def by_sign(truths):
    return proportion_above(0.5).judge(runs_above(truths.mean(1), 0.5)).verdict


def pooled(truths):
    return proportion_above(0.5).judge(Count(int(truths.sum()), truths.size)).verdict


@pytest.mark.parametrize("runs", [4, 10])
@pytest.mark.parametrize("alike", [5.0, 50.0])
def test_shares_of_one_half_are_decided_with_chance_alpha_at_most(runs, alike):
    truths = networks(runs, seed=runs, alike=alike)
    for hits in decided(by_t, truths):
        assert is_at_most(hits, ALPHA, REPETITIONS)
    assert is_at_most(decided(by_sign, truths)[0], ALPHA, REPETITIONS)
    assert not is_at_most(decided(pooled, truths)[0], ALPHA, REPETITIONS)


def test_a_share_that_is_there_in_every_network_is_found():
    truths = networks(5, seed=1, alike=50.0, share=0.7)
    assert decided(by_t, truths)[0] > 0.95 * REPETITIONS
    assert decided(by_sign, truths)[0] > 0.9 * REPETITIONS


def test_a_run_without_any_of_the_things_is_left_out():
    holds = np.array([[True, False, True], [True, True, False], [False, False, False]])
    among = np.array([[True, True, False], [True, True, True], [False, False, False]])
    found = share_by_run(holds, among)
    assert (found.n, found.value) == (2, pytest.approx((1 / 2 + 2 / 3) / 2))
    assert share_by_run(holds).value == pytest.approx((2 / 3 + 2 / 3 + 0) / 3)
    with pytest.raises(ValueError, match="runs by things"):
        share_by_run(holds, among[:2])
    with pytest.raises(ValueError, match="runs by things"):
        share_by_run(holds[0])


def test_all_filters_of_all_networks_are_counted_by_network():
    assert greater_than(0.5).judge(share_by_run(np.ones((5, 6), dtype=bool))).verdict is Verdict.SUPPORTED
    assert greater_than(0.5).judge(share_by_run(np.ones((4, 600), dtype=bool))).verdict is Verdict.INCONCLUSIVE


def test_a_value_on_the_threshold_is_not_above():
    assert runs_above([0.5, 0.6, 0.4, 0.5], 0.5) == Count(1, 4)
