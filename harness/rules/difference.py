"""Which side of a threshold a value lies on."""

from __future__ import annotations

from dataclasses import dataclass

from harness.rules.judgement import ALPHA, Judgement, not_finite, undecided, verdict_of, wrong_sample
from harness.rules.sample import Estimate, Exact, Sample
from harness.rules.student import distance_found, flaw, interval, judged, p_above, p_below, replicates
from harness.verdicts import Verdict


@dataclass(frozen=True)
class Difference:
    """The value lies above (or below) a threshold.

    An `Estimate` is supported when its interval lies wholly on the claimed side (a one-sided t test at `ALPHA`) and
    refuted when it lies wholly on the other; an `Exact` value is compared, and one on the threshold is refuted.
    `detectable` is the smallest distance from the threshold that would be found with probability `POWER`.
    """

    threshold: float
    above: bool

    @property
    def sentence(self) -> str:
        """The rule in words."""
        return f"is {'above' if self.above else 'below'} {self.threshold:g} (one-sided t test, {ALPHA:.0%})"

    def problems(self) -> list[str]:
        """A threshold that is not a number."""
        return list(not_finite(self))

    def judge(self, sample: Sample) -> Judgement:
        """Decide on an `Estimate` or an `Exact`."""
        if not isinstance(sample, Estimate | Exact):
            raise wrong_sample(self, sample, "an Estimate or an Exact")
        if reason := flaw(sample, self.threshold):
            return undecided(reason, sample.value, replicates(sample), sample.unit)
        over, under = p_above(sample, self.threshold), p_below(sample, self.threshold)
        p, p_refute = (over, under) if self.above else (under, over)
        return judged(sample, *self._decide(*interval(sample)), p, p_refute, distance_found(sample))

    def _decide(self, low: float, high: float) -> tuple[Verdict, str]:
        # an exact value (low == high) on the threshold is refuted
        if self.above:
            verdict = verdict_of(supported=low > self.threshold, refuted=high < self.threshold or low == high)
        else:
            verdict = verdict_of(supported=high < self.threshold, refuted=low > self.threshold or low == high)
        if verdict is Verdict.INCONCLUSIVE:
            return verdict, f"reaches across {self.threshold:g}"
        side = "above" if low > self.threshold else "below" if high < self.threshold else "on"
        return verdict, f"lies {side} {self.threshold:g}"


def greater_than(threshold: float) -> Difference:
    """The value is greater than `threshold`: seeds or images (one-sided t test), or exact."""
    return Difference(threshold, above=True)


def less_than(threshold: float) -> Difference:
    """The value is less than `threshold`: seeds or images (one-sided t test), or exact."""
    return Difference(threshold, above=False)
