import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.rules import ALPHA, Estimate, greater_than
from harness.statistics.exchange import every_other_exchanged, signs_at_random
from harness.statistics.least_sure import least_sure
from harness.tests.rules_simulation import is_at_most
from harness.verdicts import Verdict


def judged(replicates):
    return greater_than(0.0).judge(Estimate.from_replicates(replicates)).verdict


def test_what_is_in_all_pairs_is_gone():
    effect = np.array([1.0, 1.1, 0.9, 1.05])
    assert judged(effect) is Verdict.SUPPORTED
    assert judged(every_other_exchanged(effect)) is Verdict.INCONCLUSIVE
    assert every_other_exchanged(effect).tolist() == [1.0, -1.1, 0.9, -1.05]


def test_it_can_be_supported():
    assert judged(every_other_exchanged([1.0, -1.1, 0.9, -1.05])) is Verdict.SUPPORTED


@settings(deadline=None, max_examples=30)
@given(st.lists(st.integers(-9, 9), min_size=2, max_size=8))
def test_twice_is_as_it_was_and_the_ring_cannot_be_supported(values):
    assert every_other_exchanged(every_other_exchanged(values)).tolist() == values
    assert judged(np.roll(values, 1) - np.array(values, dtype=float)) is not Verdict.SUPPORTED


def test_signs_at_random_are_a_coin_for_each_pair():
    effect = np.array([3.0, 3.1, 2.9])
    drawn = np.array([signs_at_random(effect, seed) for seed in range(400)])
    assert (np.abs(drawn) == effect).all()
    assert {tuple(np.sign(row)) for row in drawn} == set(itertools.product((-1.0, 1.0), repeat=3))
    assert signs_at_random(effect, 5).tolist() == signs_at_random(effect, 5).tolist()


@pytest.mark.parametrize("effect", [0.0, 1.0, 3.0, 30.0])
@pytest.mark.parametrize("pairs", [5, 8])
def test_signs_at_random_are_supported_and_refuted_with_chance_alpha_at_most(effect, pairs):
    rows = np.random.default_rng(pairs).normal(effect, 1.0, (2000, pairs))
    found = [judged(signs_at_random(row, seed)) for seed, row in enumerate(rows)]
    for verdict in (Verdict.SUPPORTED, Verdict.REFUTED):
        assert is_at_most(found.count(verdict), ALPHA)
        assert found.count(verdict) > 0  # such a control can fail; with every other pair exchanged it never does
    exchanged = [judged(every_other_exchanged(row)) for row in rows]
    assert pairs % 2 or effect < 3 or exchanged.count(Verdict.SUPPORTED) == 0


def test_the_least_sure_row_is_the_one_that_reaches_furthest():
    near, wide, far = np.array([0.0, 0.01, -0.01]), np.array([-3.0, 3.0, 0.1]), np.array([1.0, 1.01, 0.99])
    assert least_sure([near, wide, far]) is wide
    assert least_sure([near, far]) is far
    assert least_sure([near, -far]) == pytest.approx(-far)
