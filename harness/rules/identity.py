"""An identity: a computed value that is equal to another up to rounding."""

from __future__ import annotations

from dataclasses import dataclass

from harness.rules.band import Band
from harness.rules.judgement import Judgement, not_finite, undecided, verdict_of, wrong_sample
from harness.rules.sample import Estimate, Exact, Sample
from harness.rules.student import flaw, judged


@dataclass(frozen=True)
class Identity(Band):
    """The computed value is `target` up to `within`, a tolerance for rounding; 0 demands equality.

    Supported or refuted by comparison; inconclusive only when the value is not a number.  Nothing is sampled, so
    there is no p-value and no `detectable`.
    """

    @property
    def sentence(self) -> str:
        """The rule in words."""
        return f"equals {self.target:g} within {self.within:g} (identity)"

    def problems(self) -> list[str]:
        """Numbers that are not, and a negative tolerance."""
        problems = list(not_finite(self))
        if self.within < 0:
            problems.append(f"Identity: the tolerance must not be negative; within is {self.within}")
        return problems

    def judge(self, sample: Sample) -> Judgement:
        """Decide on an `Exact`."""
        if isinstance(sample, Estimate):
            raise wrong_sample(self, sample, "an Exact; for what was sampled, state equivalent_to(target, within)")
        if not isinstance(sample, Exact):
            raise wrong_sample(self, sample, "an Exact")
        if reason := flaw(sample):
            return undecided(reason, sample.value, None, sample.unit)
        holds = self.covers(sample.value, sample.value)
        finding = f"{'equals' if holds else 'differs from'} {self.target:g} within {self.within:g}"
        return judged(sample, verdict_of(supported=holds, refuted=not holds), finding, None, None)


def equals(target: float = 0.0, within: float = 0.0) -> Identity:
    """The computed value is `target` up to a tolerance for rounding."""
    return Identity(target, within)
