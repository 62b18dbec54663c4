"""A verdict that turned has changed only where fresh seeds and its numbers say so: false alarms of a night are rare."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pytest

from harness.judging.steady import Number, has_moved
from harness.rules import ALPHA, Estimate, equivalent_to, greater_than
from harness.tests.rules_simulation import is_at_most

SEEDS, CLAIMS, NIGHTS = 5, 40, 400
RULES = (greater_than(0.0), equivalent_to(0.0, within=1.0))


class Found(NamedTuple):
    """What a claim comes to with some seeds."""

    verdict: str
    number: Number


def judged(rule, truth, random) -> Found:
    one = rule.judge(Estimate.from_replicates(random.normal(truth, 1.0, SEEDS)))
    return Found(str(one.verdict), Number(one.effect, one.low, one.high, one.n))


def night(random, truths, later) -> tuple[int, int, int]:
    """How many verdicts turned, how many of them fresh seeds turn too, and how many count as changed."""
    turned = again = changed = 0
    for number, (before, now) in enumerate(zip(truths, later, strict=True)):
        rule = RULES[number % len(RULES)]
        recorded, tonight, fresh = (judged(rule, truth, random) for truth in (before, now, now))
        if tonight.verdict == recorded.verdict:
            continue
        turned += 1
        if fresh.verdict != recorded.verdict:
            again += 1
            before_it, beside_it = ({"case": {"measured": one.number}} for one in (recorded, fresh))
            changed += has_moved(before_it, beside_it, claims=len(truths))
    return turned, again, changed


def test_a_night_in_which_nothing_moved_gives_a_false_alarm_as_rarely_as_one_test_errs():
    """All claims lie where a verdict turns most easily; that fresh seeds turn it, too, would not be enough."""
    random = np.random.default_rng(5)
    nights = [night(random, truths, truths) for truths in random.uniform(0.4, 1.4, (NIGHTS, CLAIMS))]
    turned, again, changed = np.array(nights).T
    assert turned.mean() > 3
    assert not is_at_most(int((again > 0).sum()), ALPHA, NIGHTS), "the simulation can tell"
    assert is_at_most(int((changed > 0).sum()), ALPHA, NIGHTS)


def test_what_moved_far_is_told():
    random = np.random.default_rng(6)
    truths, later = np.full(CLAIMS, 8.0), np.full(CLAIMS, -8.0)
    turned, _, changed = night(random, truths[::2], later[::2])
    assert changed >= 0.9 * turned > 0


@pytest.mark.parametrize(
    ("now", "moved"),
    [
        (Number(1.0, 0.9, 1.1, 5), False),
        (Number(9.0, 8.9, 9.1, 5), True),
        (Number(9.0, 0.0, 18.0, 5), False),
        (Number(9.0, 9.0, 9.0, None), True),
        (Number(float("nan"), 0.0, 0.0, 5), True),
    ],
)
def test_a_number_has_moved_where_its_interval_tells(now, moved):
    recorded = {"a": {"one": Number(1.0, 0.9, 1.1, 5), "gone": Number(1.0, 0.9, 1.1, 5)}, "b": {}}
    assert has_moved(recorded, {"a": {"one": now}}, claims=10) is moved


def test_computed_numbers_have_moved_where_they_differ_by_more_than_rounding():
    one = {"": {"measured": Number(1.0, 1.0, 1.0, None)}}
    assert not has_moved(one, {"": {"measured": Number(1.0 + 1e-9, 1.0, 1.0, None)}}, claims=3)
    assert has_moved(one, {"": {"measured": Number(1.01, 1.01, 1.01, None)}}, claims=3)
    assert not has_moved(one, {}, claims=3), "nothing is in both"
