"""A value that is the same as another, up to a margin that was stated beforehand."""

from __future__ import annotations

from dataclasses import dataclass

from harness.rules.band import Band
from harness.rules.judgement import ALPHA, Judgement, undecided, verdict_of, wrong_sample
from harness.rules.sample import Estimate, Exact, Sample
from harness.rules.student import flaw, interval, judged, margin_shown, p_inside, p_outside, replicates
from harness.verdicts import Verdict


@dataclass(frozen=True)
class Equivalence(Band):
    """The value is `target` up to `within`: two one-sided t tests (TOST).

    An `Estimate` is supported when its interval lies wholly inside the margins and refuted when it lies wholly outside:
    a true value on a margin is supported with chance `ALPHA` at most, and refuted with chance `ALPHA` at most on each
    side.  An `Exact` value is compared.  `detectable` is the smallest margin that would be shown with probability
    `POWER`, were the true value `target`.
    """

    @property
    def sentence(self) -> str:
        """The rule in words."""
        return f"is {self.target:g} within {self.within:g} (two one-sided t tests, {ALPHA:.0%} each)"

    def judge(self, sample: Sample) -> Judgement:
        """Decide on an `Estimate` or an `Exact`."""
        if not isinstance(sample, Estimate | Exact):
            raise wrong_sample(self, sample, "an Estimate or an Exact")
        if reason := flaw(sample, self.target, self.within):
            return undecided(reason, sample.value, replicates(sample), sample.unit)
        inside = p_inside(sample, self.lower, self.upper)
        outside = p_outside(sample, self.lower, self.upper)
        return judged(sample, *self._decide(*interval(sample)), inside, outside, margin_shown(sample))

    def _decide(self, low: float, high: float) -> tuple[Verdict, str]:
        verdict = verdict_of(supported=self.covers(low, high), refuted=self.misses(low, high))
        return verdict, f"{FINDINGS[verdict]} {self.target:g} ± {self.within:g}"


FINDINGS = {
    Verdict.SUPPORTED: "lies within",
    Verdict.REFUTED: "lies outside",
    Verdict.INCONCLUSIVE: "lies neither within nor outside",
}


def equivalent_to(target: float, within: float) -> Equivalence:
    """The value is `target` up to `within`: seeds or images (two one-sided t tests), or exact."""
    return Equivalence(target, within)
