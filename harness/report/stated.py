"""A rule as fields, so that others can draw its margin and decide again: its kind, and where a value must lie."""

from __future__ import annotations

from typing import Any

from harness.rules.band import Band
from harness.rules.difference import Difference
from harness.rules.equivalence import Equivalence
from harness.rules.identity import Identity
from harness.rules.judgement import ALPHA, Rule
from harness.rules.match import Match
from harness.rules.order import Monotone
from harness.rules.proportion import InRuns, ProportionBeyond, ProportionNear
from harness.rules.several import InAll, InSome

KINDS: dict[type, str] = {
    Difference: "difference",
    Equivalence: "equivalence",
    Match: "match",
    Identity: "identity",
    Monotone: "monotone",
    ProportionBeyond: "proportion",
    InRuns: "runs",
    ProportionNear: "proportion near",
}


def stated(rule: Rule) -> dict[str, Any]:
    """A rule as JSON values.

    Returns:
        `kind`: the kind of rule ("other" where it is none of this package); `over`: "all" or "some" of several samples,
        else None; `target`: the value or threshold that it names; `margin`: how far from the target is still the same;
        `side`: "above", "below", "increasing" or "decreasing"; `low`, `high`: the ends of where a supported value lies;
        `refuted_beyond`: how many margins from the target refute; `alpha`: the chance of error of each test, None where
        values are compared.  What a rule has not is None.
    """
    if isinstance(rule, InAll | InSome):
        return {**stated(rule.rule), "over": "all" if isinstance(rule, InAll) else "some"}
    fields: dict[str, Any] = dict.fromkeys(("over", "target", "margin", "side", "low", "high", "refuted_beyond"))
    fields |= {"kind": KINDS.get(type(rule), "other"), "alpha": None if isinstance(rule, Identity) else ALPHA}
    if isinstance(rule, Difference | ProportionBeyond):
        threshold = rule.threshold if isinstance(rule, Difference) else rule.p0
        side, end = ("above", "low") if rule.above else ("below", "high")
        fields |= {"target": threshold, "side": side, end: threshold}
    elif isinstance(rule, Band):
        fields |= {"target": rule.target, "margin": rule.within, "low": rule.lower, "high": rule.upper}
        fields["refuted_beyond"] = rule.refuted_beyond if isinstance(rule, Equivalence) else 1.0
    elif isinstance(rule, Monotone):
        fields |= {"target": 0.0, "side": rule.direction}
    return fields
