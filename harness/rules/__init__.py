"""Decision rules: fixed before the data are seen, they turn a sample into a verdict.

| rule | decides | takes |
| --- | --- | --- |
| `greater_than`, `less_than` | which side of a threshold | `Estimate`, `Exact` |
| `equivalent_to` | the same, within a margin (two one-sided tests) | `Estimate`, `Exact` |
| `equals` | an identity, within a tolerance | `Exact` |
| `matches` | a published number reproduced, within a margin | `Estimate`, `Exact` |
| `monotone` | a trend over points (Spearman, permutations) | `Curve` |
| `proportion_above`, `proportion_below`, `proportion_is` | a share of independent trials (exact binomial) | `Count` |
| `all_runs` | what every run reaches, counted over runs (exact binomial) | `Count` |
| `in_all`, `in_some` | another rule, of each sample or of one at least | `Several` |

`worst_case` searches the largest residual of a statement 'for all'.  Of several judgements, `intersection_union` is for
a claim that says all of them at once, `holm` for ones that are read each for itself.  Importing this package loads
neither numpy nor scipy.
"""

from __future__ import annotations

from harness.rules.difference import Difference, greater_than, less_than
from harness.rules.equivalence import Equivalence, equivalent_to
from harness.rules.for_all import worst_case
from harness.rules.identity import Identity, equals
from harness.rules.judgement import ALPHA, POWER, Judgement, Rule
from harness.rules.match import Match, matches
from harness.rules.multiplicity import holm, intersection_union
from harness.rules.order import Monotone, monotone
from harness.rules.proportion import (
    InRuns,
    ProportionBeyond,
    ProportionNear,
    all_runs,
    proportion_above,
    proportion_below,
    proportion_is,
)
from harness.rules.sample import Count, Curve, Estimate, Exact, Sample, Several
from harness.rules.several import InAll, InSome, in_all, in_some

__all__ = [
    "ALPHA",
    "POWER",
    "Count",
    "Curve",
    "Difference",
    "Equivalence",
    "Estimate",
    "Exact",
    "Identity",
    "InAll",
    "InRuns",
    "InSome",
    "Judgement",
    "Match",
    "Monotone",
    "ProportionBeyond",
    "ProportionNear",
    "Rule",
    "Sample",
    "Several",
    "all_runs",
    "equals",
    "equivalent_to",
    "greater_than",
    "holm",
    "in_all",
    "in_some",
    "intersection_union",
    "less_than",
    "matches",
    "monotone",
    "proportion_above",
    "proportion_below",
    "proportion_is",
    "worst_case",
]
