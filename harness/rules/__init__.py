"""Decision rules: fixed before the data are seen, they turn a sample into a verdict.

| rule | decides | takes |
| --- | --- | --- |
| `greater_than`, `less_than` | which side of a threshold | `Estimate`, `Exact` |
| `equivalent_to` | the same, within a margin (two one-sided tests) | `Estimate`, `Exact` |
| `equals` | an identity, within a tolerance | `Exact` |
| `matches` | a published number reproduced, within a margin | `Estimate`, `Exact` |
| `monotone` | a trend over points (Spearman, permutations) | `Curve` |
| `proportion_above`, `proportion_below`, `proportion_is` | a share of independent trials (exact binomial) | `Count` |

`worst_case` searches the largest residual of a statement 'for all'; `holm` corrects the judgements of one claim for
their number.  Importing this package loads neither numpy nor scipy.
"""

from __future__ import annotations

from harness.rules.difference import Difference, greater_than, less_than
from harness.rules.equivalence import Equivalence, equivalent_to
from harness.rules.for_all import worst_case
from harness.rules.identity import Identity, equals
from harness.rules.judgement import ALPHA, POWER, Judgement, Rule
from harness.rules.match import Match, matches
from harness.rules.multiplicity import holm
from harness.rules.order import Monotone, monotone
from harness.rules.proportion import (
    ProportionBeyond,
    ProportionNear,
    proportion_above,
    proportion_below,
    proportion_is,
)
from harness.rules.sample import Count, Curve, Estimate, Exact, Sample

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
    "Judgement",
    "Match",
    "Monotone",
    "ProportionBeyond",
    "ProportionNear",
    "Rule",
    "Sample",
    "equals",
    "equivalent_to",
    "greater_than",
    "holm",
    "less_than",
    "matches",
    "monotone",
    "proportion_above",
    "proportion_below",
    "proportion_is",
    "worst_case",
]
