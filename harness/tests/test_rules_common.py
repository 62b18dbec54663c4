"""What holds of every rule."""

from __future__ import annotations

import dataclasses
import math
import subprocess
import sys
from typing import Any

import numpy as np
import pytest

from harness.rules import (
    Count,
    Curve,
    Difference,
    Equivalence,
    Estimate,
    Exact,
    Identity,
    InAll,
    InRuns,
    InSome,
    Match,
    Monotone,
    ProportionBeyond,
    ProportionNear,
    all_runs,
    equals,
    equivalent_to,
    greater_than,
    in_all,
    in_some,
    less_than,
    matches,
    monotone,
    proportion_above,
    proportion_below,
    proportion_is,
)
from harness.verdicts import Verdict

ON_VALUES: dict[str, Any] = {
    "greater_than": greater_than(-1e9),
    "less_than": less_than(1e9),
    "equivalent_to": equivalent_to(0.0, within=1e9),
    "matches": matches(0.0, within=1e9),
}
ON_COUNTS: dict[str, Any] = {
    "above": proportion_above(0.0),
    "below": proportion_below(1.0),
    "is": proportion_is(0.5, within=0.5),
}
ON_CURVES: dict[str, Any] = {"increasing": monotone("increasing"), "decreasing": monotone("decreasing")}
EVERY_RULE: dict[str, Any] = {**ON_VALUES, **ON_COUNTS, **ON_CURVES, "equals": equals(0.0, within=1e9)}

NO_EVIDENCE = {
    "no replicates": Estimate.from_replicates([]),
    "one replicate": Estimate.from_replicates([1.0]),
    "one replicate of known error": Estimate(1.0, 0.1, n=1, df=9),
    "no variance": Estimate.from_replicates([1.0] * 5),
    "no variance but for rounding": Estimate.from_replicates([0.1] * 3),
    "variance of rounding": Estimate.from_replicates([0.3, 0.1 + 0.2, 0.3]),
    "standard error 0": Estimate(1.0, 0.0, n=100, df=99),
    "negative standard error": Estimate(1.0, -0.1, n=100, df=99),
    "standard error NaN": Estimate(1.0, math.nan, n=100, df=99),
    "standard error infinite": Estimate(1.0, math.inf, n=100, df=99),
    "value NaN": Estimate(math.nan, 0.1, n=100, df=99),
    "value infinite": Estimate(math.inf, 0.1, n=100, df=99),
    "no degrees of freedom": Estimate(1.0, 0.1, n=3, df=0),
    "NaN degrees of freedom": Estimate(1.0, 0.1, n=3, df=math.nan),
    "replicates NaN": Estimate.from_replicates([1.0, math.nan, 2.0]),
    "replicates infinite": Estimate.from_replicates([1.0, math.inf, 2.0]),
    "exact NaN": Exact(math.nan),
    "exact infinite": Exact(math.inf),
    "exact minus infinite": Exact(-math.inf),
}


@pytest.mark.parametrize("sample", NO_EVIDENCE.values(), ids=NO_EVIDENCE)
@pytest.mark.parametrize("rule", ON_VALUES.values(), ids=ON_VALUES)
def test_a_value_that_says_nothing_is_inconclusive(rule, sample):
    judged = rule.judge(sample)
    assert judged.verdict is Verdict.INCONCLUSIVE
    assert judged.reason
    assert (judged.low, judged.high) == (-math.inf, math.inf)
    assert judged.p == judged.p_refute == (None if isinstance(sample, Exact) else 1.0)


def test_the_same_rules_are_satisfied_by_a_value_that_says_something():
    for rule in ON_VALUES.values():
        assert rule.judge(Estimate.from_replicates([1.0, 1.1])).verdict is Verdict.SUPPORTED
        assert rule.judge(Exact(1.0)).verdict is Verdict.SUPPORTED


@pytest.mark.parametrize("sample", [sample for sample in NO_EVIDENCE.values() if isinstance(sample, Exact)])
def test_an_identity_of_no_number_is_inconclusive(sample):
    assert EVERY_RULE["equals"].judge(sample).verdict is Verdict.INCONCLUSIVE


def test_replicates_that_are_a_millionth_apart_do_vary():
    assert greater_than(0.0).judge(Estimate.from_replicates([1.0, 1.000001])).verdict is Verdict.SUPPORTED


@pytest.mark.parametrize("sample", [Count(0, 0), Count(1, 1), Count(0, 1)])
@pytest.mark.parametrize("rule", ON_COUNTS.values(), ids=ON_COUNTS)
def test_fewer_than_two_trials_are_inconclusive(rule, sample):
    judged = rule.judge(sample)
    assert judged.verdict is Verdict.INCONCLUSIVE
    assert "cannot show a share" in judged.reason
    assert (judged.p, judged.p_refute) == (1.0, 1.0)


@pytest.mark.parametrize(
    "sample",
    [
        Curve((), ()),
        Curve((1.0,), (1.0,)),
        Curve((1.0, 2.0), (1.0, 2.0)),
        Curve.of(range(9), [1.0] * 9),
        Curve.of([1.0] * 9, range(9)),
        Curve.of(range(9), [*range(8), math.nan]),
        Curve.of(range(9), [*range(8), math.inf]),
        Curve.of([*range(8), math.nan], range(9)),
    ],
)
@pytest.mark.parametrize("rule", ON_CURVES.values(), ids=ON_CURVES)
def test_a_curve_that_says_nothing_is_inconclusive(rule, sample):
    judged = rule.judge(sample)
    assert judged.verdict is Verdict.INCONCLUSIVE
    assert judged.reason
    assert (judged.p, judged.p_refute, judged.low, judged.high) == (1.0, 1.0, -1.0, 1.0)


@pytest.mark.parametrize("rule", EVERY_RULE.values(), ids=EVERY_RULE)
def test_a_sample_of_another_kind_is_a_type_error(rule):
    samples = (Estimate(1.0, 0.1, n=5, df=4), Exact(1.0), Curve.of(range(5), range(5)), Count(3, 5))
    refused = []
    for sample in samples:
        try:
            rule.judge(sample)
        except TypeError as error:
            refused.append(str(error))
    assert len(refused) == (2 if rule in ON_VALUES.values() else 3)
    assert all(message.startswith(type(rule).__name__) and "judges" in message for message in refused)


UPWARDS: Any = "upwards"
UNSOUND: list[Any] = [
    greater_than(math.nan),
    greater_than(math.inf),
    less_than(-math.inf),
    equivalent_to(math.nan, within=1.0),
    equivalent_to(0.0, within=math.nan),
    equivalent_to(0.0, within=math.inf),
    equivalent_to(0.0, within=0.0),
    equivalent_to(0.0, within=-1.0),
    matches(math.inf, within=1.0),
    matches(0.0, within=0.0),
    matches(0.0, within=-0.1),
    equals(math.nan, within=0.0),
    equals(0.0, within=-1e-9),
    equals(0.0, within=math.inf),
    proportion_above(1.1),
    proportion_above(-0.1),
    proportion_above(math.nan),
    proportion_above(1.0),
    proportion_below(0.0),
    proportion_below(2.0),
    proportion_is(1.5, within=0.1),
    proportion_is(0.5, within=0.0),
    proportion_is(0.5, within=0.5),
    proportion_is(0.5, within=math.nan),
    monotone(UPWARDS),
    equivalent_to(0.0, within=1.0, refuted_beyond=0.5),
    all_runs(1.0),
    in_all(greater_than(math.nan)),
    in_some(equivalent_to(0.0, within=-1.0)),
]


@pytest.mark.parametrize("rule", UNSOUND, ids=str)
def test_a_rule_that_makes_no_sense_says_so(rule):
    problems = rule.problems()
    assert problems
    assert all(problem.startswith(type(rule).__name__) for problem in problems)


def test_sound_rules_have_no_problems():
    sound = [rule for name, rule in EVERY_RULE.items() if name != "is"]
    sound += [proportion_is(0.5, 0.1), proportion_is(0.0, 0.1), equals(0.0), greater_than(0), less_than(-3)]
    assert [problem for rule in sound for problem in rule.problems()] == []


@pytest.mark.parametrize(
    ("rule", "sentence"),
    [
        (greater_than(0.1), "is above 0.1 (one-sided t test, 5%)"),
        (less_than(-2), "is below -2 (one-sided t test, 5%)"),
        (equivalent_to(0.0, within=0.02), "is 0 within 0.02 (two one-sided t tests, 5% each)"),
        (equals(1.0, within=1e-9), "equals 1 within 1e-09 (identity)"),
        (matches(0.42, within=0.05), "matches 0.42 within 0.05 (two one-sided t tests, 5% each)"),
        (monotone("decreasing"), "is decreasing (Spearman's rank correlation, one-sided permutation test, 5%)"),
        (proportion_above(0.5), "has a share above 0.5 (exact one-sided binomial test, 5%)"),
        (proportion_below(0.5), "has a share below 0.5 (exact one-sided binomial test, 5%)"),
        (proportion_is(0.5, 0.1), "has a share of 0.5 within 0.1 (two exact binomial tests, 5% each)"),
        (all_runs(0.8), "happens in more than 80% of runs (exact one-sided binomial test over runs, 5%)"),
        (
            equivalent_to(0.0, within=1, refuted_beyond=2),
            "is 0 within 1 (two one-sided t tests, 5% each; refuted beyond 2 margins)",
        ),
        (
            in_all(greater_than(0)),
            "each is above 0 (one-sided t test, 5%); Holm's correction for refuting by any",
        ),
        (
            in_some(greater_than(0)),
            "one at least is above 0 (one-sided t test, 5%); Holm's correction for supporting by any",
        ),
    ],
)
def test_a_rule_says_itself_in_words(rule, sentence):
    assert rule.sentence == sentence


def test_rules_cannot_be_changed_once_stated():
    for rule in EVERY_RULE.values():
        field = dataclasses.fields(rule)[0].name
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(rule, field, 0.0)


def test_constructors_name_their_rules():
    assert greater_than(1.0) == Difference(1.0, above=True)
    assert less_than(1.0) == Difference(1.0, above=False)
    assert equivalent_to(1.0, 0.1) == Equivalence(1.0, 0.1)
    assert equals(1.0, 0.1) == Identity(1.0, 0.1)
    assert matches(1.0, 0.1) == Match(1.0, 0.1)
    assert monotone("increasing") == Monotone("increasing")
    assert proportion_above(0.1) == ProportionBeyond(0.1, above=True)
    assert proportion_below(0.1) == ProportionBeyond(0.1, above=False)
    assert proportion_is(0.1, 0.2) == ProportionNear(0.1, 0.2)
    assert all_runs(0.1) == InRuns(0.1, above=True)
    assert in_all(equals(0.0)) == InAll(equals(0.0))
    assert in_some(equals(0.0)) == InSome(equals(0.0))


def test_replicates_become_an_estimate():
    values = np.array([1.0, 2.0, 4.0])
    sample = Estimate.from_replicates(values, unit="points")
    assert sample.value == pytest.approx(7 / 3)
    assert sample.standard_error == pytest.approx(values.std(ddof=1) / 3**0.5)
    assert (sample.n, sample.df, sample.unit) == (3, 2, "points")
    assert Estimate.from_replicates([0.1] * 3).standard_error == 0.0
    with pytest.raises(ValueError, match=r"shape \(1, 2\)"):
        Estimate.from_replicates([[1.0, 2.0]])


def test_a_curve_repeats_its_x_for_replicates():
    assert Curve.of([1, 2], [[3, 4], [5, 6]]) == Curve((1.0, 1.0, 2.0, 2.0), (3.0, 4.0, 5.0, 6.0))
    assert Curve.of([1, 2], [3, 4]) == Curve((1.0, 2.0), (3.0, 4.0))
    with pytest.raises(ValueError, match="as many x as y; got 2 and 3"):
        Curve.of([1, 2], [3, 4, 5])


@pytest.mark.parametrize("counts", [(3, 2), (-1, 2), (0, -1)])
def test_a_count_has_no_more_successes_than_trials(counts):
    with pytest.raises(ValueError, match="successes among"):
        Count(*counts)


def test_stating_rules_loads_no_library():
    program = """
import sys
from harness.rules import *
values = [greater_than(0.1), less_than(0.1), equivalent_to(0, 1), equals(0, 1), matches(0, 1)]
rules = [*values, monotone("increasing"), proportion_above(0.5), proportion_is(0.5, 0.1)]
[(rule.sentence, rule.problems()) for rule in rules]
heavy = ("numpy._core", "scipy", "statsmodels", "hypothesis", "torch._C")
print([name for name in heavy if name in sys.modules])
"""
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
