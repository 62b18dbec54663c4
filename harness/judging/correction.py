"""Several parts judged together: the one place that says how their number is made up for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from harness.rules import Judgement, intersection_union

Parts = Mapping[str, Judgement]


def corrected(cases: Sequence[Parts]) -> list[dict[str, Judgement]]:
    """The judgements of all parts of these cases, corrected for how many there are.

    A claim says all of them at once, so that its support needs no correction, and its refutation by any part does
    (`harness.rules.multiplicity.intersection_union`).  Of one case alone this gives the case's own verdict, of all
    cases of a claim what the claim's verdict comes from.  Correcting again what was corrected in smaller groups gives
    the same verdicts as correcting once.
    """
    together = iter(intersection_union([judgement for parts in cases for judgement in parts.values()]))
    return [{part: next(together) for part in parts} for parts in cases]
