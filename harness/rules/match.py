"""A published number, reproduced."""

from __future__ import annotations

from dataclasses import dataclass

from harness.rules.band import Band
from harness.rules.judgement import ALPHA, Judgement, undecided, verdict_of, wrong_sample
from harness.rules.sample import Estimate, Exact, Sample
from harness.rules.student import flaw, half_width, interval, judged, p_inside, p_outside, replicates
from harness.verdicts import Verdict


@dataclass(frozen=True)
class Match(Band):
    """The value agrees with the published `target` up to `within`.

    An `Estimate` is refuted when its interval (half-width h, of `ALPHA` left out at each end) lies wholly outside
    target ± within.  Otherwise, when h is above `within`, it is inconclusive: so wide an interval would meet almost any
    target.  Otherwise it is supported.  An `Exact` value is compared.

    What this guarantees, with T the true value:

    - |T - target| <= within: refuted with chance `ALPHA` at most on each side;
    - |T - target| > within + 2 h: supported with chance `ALPHA` at most.  As h <= within whenever it supports, this
      holds of every T farther than 3 within from the target.

    A T between the two may be supported with a larger chance: for a margin kept strictly, state `equivalent_to`.
    `p` belongs to the two one-sided t tests of margin within + 2 h, and `detectable` is that margin.
    """

    @property
    def sentence(self) -> str:
        """The rule in words."""
        return (
            f"matches {self.target:g} within {self.within:g} "
            f"({1 - 2 * ALPHA:.0%} interval meets the margin and is no wider)"
        )

    def judge(self, sample: Sample) -> Judgement:
        """Decide on an `Estimate` or an `Exact`."""
        if not isinstance(sample, Estimate | Exact):
            raise wrong_sample(self, sample, "an Estimate or an Exact")
        if reason := flaw(sample, self.target, self.within):
            return undecided(reason, sample.value, replicates(sample), sample.unit)
        reach = self.within + 2 * half_width(sample)
        p = p_inside(sample, self.target - reach, self.target + reach)
        p_refute = p_outside(sample, self.lower, self.upper)
        return judged(sample, *self._decide(sample), p, p_refute, None if p is None else reach)

    def _decide(self, sample: Estimate | Exact) -> tuple[Verdict, str]:
        band = f"{self.target:g} ± {self.within:g}"
        disjoint = self.misses(*interval(sample))
        too_wide = not disjoint and half_width(sample) > self.within
        verdict = verdict_of(supported=not disjoint and not too_wide, refuted=disjoint)
        if too_wide:
            return verdict, f"is wider than {band}, so that it cannot tell"
        return verdict, f"{'lies outside' if disjoint else 'meets'} {band}"


def matches(value: float, within: float) -> Match:
    """The value agrees with the published `value` up to `within`: seeds or images (an interval), or exact."""
    return Match(value, within)
