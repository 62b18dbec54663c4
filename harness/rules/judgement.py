"""What a rule answers, and the shape that every rule has."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Protocol

from harness.rules.sample import Sample
from harness.verdicts import Verdict

ALPHA = 0.05
"""Chance of supporting (or of refuting) a claim that does not deserve it, each on its own side."""

POWER = 0.8
"""Chance of finding an effect as large as the detectable one that a judgement states."""


@dataclass(frozen=True)
class Judgement:
    """A rule's answer on one measurement.

    Attributes:
        verdict: supported, refuted or inconclusive.
        effect: the measured quantity that was compared, in `unit`.
        low, high: its interval; one-sided `ALPHA` on each side, so that it decides as the rule does (before `holm`).
            It excludes nothing where the sample could not be judged.
        n: independent replicates behind it; None where the value was computed, not sampled.
        p: p-value of the test that supports; None where nothing was sampled, 1 where the sample could not be judged.
        p_refute: p-value of the test that refutes; the same.
        detectable: the smallest effect that this sample would have shown with probability `POWER`; each rule says of
            what.  None where nothing was sampled, and where no effect is large enough.
        unit: unit of effect, low, high and detectable.
        reason: one sentence for the report: why this verdict.
    """

    verdict: Verdict
    effect: float
    low: float
    high: float
    n: int | None
    p: float | None = None
    p_refute: float | None = None
    detectable: float | None = None
    unit: str = ""
    reason: str = ""


class Rule(Protocol):
    """A decision procedure that is fixed before the data are seen.

    Implementations are frozen dataclasses.  They import scipy inside `judge`, so that stating a rule
    costs nothing at collection.
    """

    @property
    def sentence(self) -> str:
        """The rule in words, for the report: 'is below 0.1 (one-sided, 5 %)'."""

    def problems(self) -> list[str]:
        """What is wrong with the rule as stated (a threshold that is NaN, a negative margin); empty when sound."""

    def judge(self, sample: Sample) -> Judgement:
        """Decide.

        Raises:
            TypeError: when the rule cannot judge this kind of sample; the message says which it takes.
        """


def wrong_sample(rule: object, sample: Sample, takes: str) -> TypeError:
    """The error for a sample that a rule cannot judge."""
    return TypeError(f"{rule} judges {takes}; got {sample!r}")


def undecided(
    reason: str, effect: float, n: int | None, unit: str = "", low: float = -math.inf, high: float = math.inf
) -> Judgement:
    """The judgement on a sample that cannot be judged: it excludes nothing, and counts as a test that found nothing."""
    p = None if n is None else 1.0
    return Judgement(Verdict.INCONCLUSIVE, effect, low, high, n, p, p, unit=unit, reason=reason)


def verdict_of(supported: bool, refuted: bool) -> Verdict:
    """The verdict, given which of the two an interval shows."""
    if supported:
        return Verdict.SUPPORTED
    return Verdict.REFUTED if refuted else Verdict.INCONCLUSIVE


def not_finite(rule: object) -> Iterator[str]:
    """A problem for each float field of a rule (a dataclass) that is NaN or infinite."""
    for field in fields(rule):  # type: ignore[arg-type]
        value = getattr(rule, field.name)
        if isinstance(value, float) and not math.isfinite(value):
            yield f"{type(rule).__name__}: {field.name} is {value}"
