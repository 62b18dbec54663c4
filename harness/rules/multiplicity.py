"""Several judgements of one claim: the more of them, the likelier that chance decides one."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from harness.rules.judgement import ALPHA, Judgement
from harness.verdicts import Verdict


def holm(judgements: Sequence[Judgement]) -> list[Judgement]:
    """The judgements of one claim after Holm's correction for their number.

    The chance that any of them is wrongly supported is `ALPHA` at most, and so is the chance that any is wrongly
    refuted; the two are corrected separately.  A verdict whose adjusted p-value is above `ALPHA` becomes inconclusive
    and says so; p, p_refute and the interval stay those of the single test.  Judgements of exact values have no
    p-value, are no tests and stay as they are; samples that could not be judged count as tests that found nothing.
    """
    judgements = list(judgements)
    for verdict, field in ((Verdict.SUPPORTED, "p"), (Verdict.REFUTED, "p_refute")):
        tests = [i for i, judgement in enumerate(judgements) if getattr(judgement, field) is not None]
        if len(tests) < 2:
            continue
        adjusted = holm_adjusted([getattr(judgements[i], field) for i in tests])
        for i, p in zip(tests, adjusted, strict=True):
            if judgements[i].verdict is verdict and p > ALPHA:
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
