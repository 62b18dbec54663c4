"""Several judgements of one claim: the more of them, the likelier that chance decides one."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Literal

from harness.rules.judgement import ALPHA, Judgement
from harness.verdicts import Verdict

SUPPORTS: tuple[Verdict, Literal["p"]] = (Verdict.SUPPORTED, "p")
REFUTES: tuple[Verdict, Literal["p_refute"]] = (Verdict.REFUTED, "p_refute")
"""The two verdicts that a test decides, with the field of a judgement that has its p-value."""


def intersection_union(judgements: Sequence[Judgement]) -> list[Judgement]:
    """The judgements of parts that a claim says all at once, so that it holds only where every part does.

    Support needs no correction: the claim is supported only when every part is, and where any is false that one's test
    alone lets it pass with chance `ALPHA` at most (the intersection-union test, Berger 1982).  A refutation by any part
    has as many chances to be wrong as there are parts, and is corrected by Holm's procedure: where all parts hold, the
    chance that any is refuted is `ALPHA` at most.  The same for a sentence under every reading, or in every case.
    """
    return _corrected(judgements, *REFUTES)


def union_intersection(judgements: Sequence[Judgement]) -> list[Judgement]:
    """The judgements of parts of which a claim says that at least one holds: the other way round.

    Support by any part is corrected by Holm's procedure; the claim is refuted only when every part is, which needs no
    correction.
    """
    return _corrected(judgements, *SUPPORTS)


def holm(judgements: Sequence[Judgement]) -> list[Judgement]:
    """Judgements of which each is read for itself, after Holm's correction for their number.

    The chance that any of them is wrongly supported is `ALPHA` at most, and so is the chance that any is wrongly
    refuted; the two are corrected separately.  A verdict whose adjusted p-value is above `ALPHA` becomes inconclusive
    and says so; p, p_refute and the interval stay those of the single test.  Judgements of exact values have no
    p-value, are no tests and stay as they are; samples that could not be judged count as tests that found nothing.
    """
    return _corrected(_corrected(judgements, *SUPPORTS), *REFUTES)


def _corrected(judgements: Sequence[Judgement], verdict: Verdict, field: Literal["p", "p_refute"]) -> list[Judgement]:
    """The judgements without those verdicts of one kind that do not outlast Holm's correction."""
    judgements = list(judgements)
    tests = [i for i, judgement in enumerate(judgements) if getattr(judgement, field) is not None]
    adjusted = holm_adjusted([getattr(judgements[i], field) for i in tests])
    for i, p in zip(tests, adjusted, strict=True):
        if len(tests) > 1 and judgements[i].verdict is verdict and p > ALPHA:
            judgements[i] = _withdrawn(judgements[i], p, len(tests))
    return judgements


def holm_adjusted(p_values: Sequence[float]) -> list[float]:
    """Holm's adjusted p-values (Holm 1979).

    Those of statsmodels' `multipletests`, which collects garbage at every call: 0.1 s for each claim.
    """
    adjusted = [0.0] * len(p_values)
    largest = 0.0
    for rank, i in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        largest = max(largest, min(1.0, p_values[i] * (len(p_values) - rank)))
        adjusted[i] = largest
    return adjusted


def _withdrawn(judgement: Judgement, p: float, tests: int) -> Judgement:
    reason = f"{judgement.reason}; not {judgement.verdict}, as p = {p:.2g} after Holm's correction over {tests} tests"
    return dataclasses.replace(judgement, verdict=Verdict.INCONCLUSIVE, reason=reason)
