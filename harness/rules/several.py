"""A rule on each of several samples: that it holds of all of them, or of some."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

from harness.rules.judgement import Judgement, Rule, verdict_of, wrong_sample
from harness.rules.multiplicity import holm_adjusted, intersection_union, union_intersection
from harness.rules.sample import Sample, Several
from harness.verdicts import Verdict

HARDEST = (Verdict.REFUTED, Verdict.INCONCLUSIVE, Verdict.SUPPORTED)


@dataclass(frozen=True)
class InAll:
    """`rule` holds of every one of several samples: all layers, every epoch, each network.

    Judged on the least favourable one, by a procedure that knows it was selected: supported when each is (an
    intersection-union test, `ALPHA` each), refuted when any is after Holm's correction over all of them.  Both chances
    of error are `ALPHA` at most, however the samples depend on one another.  `p` is the largest of the samples' own,
    `p_refute` the smallest after the correction; effect and interval are those of the least favourable sample.
    """

    rule: Rule

    @property
    def sentence(self) -> str:
        """The rule in words."""
        return f"each {self.rule.sentence}; Holm's correction for refuting by any"

    def problems(self) -> list[str]:
        """Those of the rule."""
        return [f"{type(self).__name__}: {problem}" for problem in self.rule.problems()]

    def judge(self, sample: Sample) -> Judgement:
        """Decide on `Several` samples that the rule takes."""
        judged = intersection_union(_each(self, self.rule, sample))
        verdicts = {one.verdict for one in judged}
        verdict = verdict_of(supported=verdicts == {Verdict.SUPPORTED}, refuted=Verdict.REFUTED in verdicts)
        p, p_refute = _p_values(judged, "p"), _p_values(judged, "p_refute")
        number = min(range(len(judged)), key=lambda i: (HARDEST.index(judged[i].verdict), -(judged[i].p or 0.0)))
        return _decided_by(
            number, sample, judged, verdict, max(p, default=None), min(holm_adjusted(p_refute), default=None)
        )


@dataclass(frozen=True)
class InSome:
    """`rule` holds of at least one of several samples: some layer, some epoch.

    Judged on the most favourable one, by a procedure that knows it was selected: supported when any is after Holm's
    correction over all of them, refuted when each is.  Both chances of error are `ALPHA` at most, however the samples
    depend on one another.  `p` is the smallest after the correction, `p_refute` the largest of the samples' own; effect
    and interval are those of the most favourable sample.
    """

    rule: Rule

    @property
    def sentence(self) -> str:
        """The rule in words."""
        return f"one at least {self.rule.sentence}; Holm's correction for supporting by any"

    def problems(self) -> list[str]:
        """Those of the rule."""
        return [f"{type(self).__name__}: {problem}" for problem in self.rule.problems()]

    def judge(self, sample: Sample) -> Judgement:
        """Decide on `Several` samples that the rule takes."""
        judged = union_intersection(_each(self, self.rule, sample))
        verdicts = {one.verdict for one in judged}
        verdict = verdict_of(supported=Verdict.SUPPORTED in verdicts, refuted=verdicts == {Verdict.REFUTED})
        p, p_refute = _p_values(judged, "p"), _p_values(judged, "p_refute")
        number = max(range(len(judged)), key=lambda i: (HARDEST.index(judged[i].verdict), -(judged[i].p or 0.0)))
        return _decided_by(
            number, sample, judged, verdict, min(holm_adjusted(p), default=None), max(p_refute, default=None)
        )


def in_all(rule: Rule) -> InAll:
    """The rule holds of every one of several samples."""
    return InAll(rule)


def in_some(rule: Rule) -> InSome:
    """The rule holds of at least one of several samples."""
    return InSome(rule)


def _each(whole: Rule, rule: Rule, sample: Sample) -> list[Judgement]:
    if not isinstance(sample, Several):
        raise wrong_sample(whole, sample, "Several samples")
    return [rule.judge(one) for one in sample.samples]


def _p_values(judged: Sequence[Judgement], field: str) -> list[float]:
    return [p for one in judged if (p := getattr(one, field)) is not None]


def _decided_by(
    number: int, sample: Sample, judged: Sequence[Judgement], verdict: Verdict, p: float | None, p_refute: float | None
) -> Judgement:
    assert isinstance(sample, Several)
    one = judged[number]
    reason = f"{sample.names[number]} (one of {len(judged)}): {one.reason}"
    return dataclasses.replace(one, verdict=verdict, p=p, p_refute=p_refute, reason=reason)
