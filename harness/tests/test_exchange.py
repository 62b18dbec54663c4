import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.rules import Estimate, greater_than
from harness.statistics.exchange import every_other_exchanged
from harness.statistics.least_sure import least_sure
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


def test_the_least_sure_row_is_the_one_that_reaches_furthest():
    near, wide, far = np.array([0.0, 0.01, -0.01]), np.array([-3.0, 3.0, 0.1]), np.array([1.0, 1.01, 0.99])
    assert least_sure([near, wide, far]) is wide
    assert least_sure([near, far]) is far
    assert least_sure([near, -far]) == pytest.approx(-far)
