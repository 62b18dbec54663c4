"""A rule as fields says what its sentence says."""

from __future__ import annotations

import json
from dataclasses import dataclass

import pytest

from harness import rules
from harness.report.stated import stated

SAYS = [
    (rules.greater_than(0.1), {"kind": "difference", "target": 0.1, "side": "above", "low": 0.1, "high": None}),
    (rules.less_than(2), {"kind": "difference", "target": 2, "side": "below", "low": None, "high": 2}),
    (rules.equivalent_to(1.0, 0.5, 2), {"kind": "equivalence", "low": 0.5, "high": 1.5, "refuted_beyond": 2}),
    (rules.matches(4.0, within=2.0), {"kind": "match", "target": 4.0, "margin": 2.0, "refuted_beyond": 1.0}),
    (rules.equals(3.0), {"kind": "identity", "margin": 0.0, "low": 3.0, "high": 3.0, "alpha": None}),
    (rules.monotone("decreasing"), {"kind": "monotone", "side": "decreasing", "low": None, "alpha": rules.ALPHA}),
    (rules.proportion_below(0.5), {"kind": "proportion", "side": "below", "high": 0.5}),
    (rules.proportion_is(0.5, 0.25), {"kind": "proportion near", "low": 0.25, "high": 0.75}),
    (rules.all_runs(0.7), {"kind": "runs", "side": "above", "low": 0.7}),
    (rules.in_all(rules.greater_than(0.1)), {"kind": "difference", "over": "all", "low": 0.1}),
    (rules.in_some(rules.less_than(0.1)), {"kind": "difference", "over": "some", "high": 0.1}),
]


@pytest.mark.parametrize(("rule", "says"), SAYS, ids=lambda value: getattr(value, "sentence", ""))
def test_every_rule_is_told_by_its_fields(rule, says):
    fields = stated(rule)
    assert {name: fields[name] for name in says} == says
    assert set(fields) == {"kind", "over", "target", "margin", "side", "low", "high", "refuted_beyond", "alpha"}
    assert json.loads(json.dumps(fields)) == fields


def test_a_rule_from_elsewhere_is_told_to_be_another():
    @dataclass(frozen=True)
    class Odd:
        sentence: str = "is odd"

        def problems(self):
            return []

        def judge(self, sample):
            raise TypeError(sample)

    assert stated(Odd())["kind"] == "other"
    assert stated(Odd())["low"] is None


@pytest.mark.parametrize("value", [-1.0, 0.04, 0.099, 0.101, 1.2, 1.7, 7.0])
@pytest.mark.parametrize("rule", [rule for rule, _ in SAYS[:5]], ids=lambda rule: rule.sentence)
def test_an_exact_value_between_the_ends_is_supported_and_no_other(rule, value):
    fields = stated(rule)
    low, high = fields["low"], fields["high"]
    inside = (low is None or low <= value) and (high is None or value <= high)
    assert (rule.judge(rules.Exact(value)).verdict == "supported") == inside
