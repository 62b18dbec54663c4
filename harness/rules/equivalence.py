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

    An `Estimate` is supported when its interval lies wholly inside the margins: a true value on a margin, or beyond it,
    is supported with chance `ALPHA` at most.  It is refuted when it lies beyond `refuted_beyond` margins and chance
    alone would bring it there, from a true value within them, with a probability of `ALPHA` at most (`p_outside`).
    Between one margin and `refuted_beyond` of them nothing is decided.  An `Exact` value is compared.  `detectable` is
    the smallest margin that would be shown with probability `POWER`, were the true value `target`.
    """

    refuted_beyond: float = 1.0

    @property
    def sentence(self) -> str:
        """The rule in words."""
        beyond = "" if self.refuted_beyond == 1 else f"; refuted beyond {self.refuted_beyond:g} margins"
        return f"is {self.target:g} within {self.within:g} ({TESTS}{beyond})"

    def problems(self) -> list[str]:
        """Those of a band, and a refutation inside the margin."""
        inside = f"{type(self).__name__}: refuted_beyond is {self.refuted_beyond}, inside the margin"
        return [*super().problems(), *([inside] if self.refuted_beyond < 1 else [])]

    def judge(self, sample: Sample) -> Judgement:
        """Decide on an `Estimate` or an `Exact`."""
        if not isinstance(sample, Estimate | Exact):
            raise wrong_sample(self, sample, "an Estimate or an Exact")
        if reason := flaw(sample, self.target, self.within):
            return undecided(reason, sample.value, replicates(sample), sample.unit)
        wide = Band(self.target, self.refuted_beyond * self.within)
        inside = p_inside(sample, self.lower, self.upper)
        outside = p_outside(sample, wide.lower, wide.upper)
        refuted = wide.misses(*interval(sample)) and (outside is None or outside <= ALPHA)
        verdict = verdict_of(supported=self.covers(*interval(sample)), refuted=refuted)
        return judged(sample, verdict, self._finding(sample, verdict), inside, outside, margin_shown(sample))

    def _finding(self, sample: Estimate | Exact, verdict: Verdict) -> str:
        band = f"{self.target:g} ± {self.within:g}"
        if verdict is Verdict.SUPPORTED:
            return f"lies within {band}"
        if not self.misses(*interval(sample)):
            return f"lies neither within nor outside {band}"
        if verdict is Verdict.REFUTED:
            return f"lies outside {band}" + (f", beyond {self.refuted_beyond:g} margins" * (self.refuted_beyond > 1))
        if Band(self.target, self.refuted_beyond * self.within).misses(*interval(sample)):
            return f"lies outside {band}, where chance alone, to both sides, might have brought it"
        return f"lies outside {band}, and not beyond {self.refuted_beyond:g} margins, which would refute"


TESTS = f"two one-sided t tests, {ALPHA:.0%} each"


def equivalent_to(target: float, within: float, refuted_beyond: float = 1.0) -> Equivalence:
    """The value is `target` up to `within`: seeds or images (two one-sided t tests), or exact.

    Args:
        target: the value.
        within: the margin.
        refuted_beyond: how many margins from the target a value must be to refute; 2 where two arms of one set-up are
            said to be alike.
    """
    return Equivalence(target, within, refuted_beyond)
