"""A share of independent trials."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from harness.rules.band import Band
from harness.rules.judgement import ALPHA, POWER, Judgement, not_finite, undecided, verdict_of, wrong_sample
from harness.rules.sample import Count, Sample
from harness.system.lazy import np
from harness.verdicts import Verdict

if TYPE_CHECKING:
    from numpy.typing import ArrayLike


@dataclass(frozen=True)
class ProportionBeyond:
    """The probability of success lies above (or below) `p0`: an exact one-sided binomial test at `ALPHA`.

    Supported when the Clopper-Pearson interval lies wholly on the claimed side of `p0`, refuted when it lies wholly on
    the other.  A count without variance (all successes, or none) is a sound one: its interval says how sure it is.
    `detectable` is the probability of success, nearest to `p0` on the claimed side, that would be found with
    probability `POWER`; None where even unanimous trials would not support.
    """

    p0: float
    above: bool

    @property
    def sentence(self) -> str:
        """The rule in words."""
        return f"has a share {self._side} {self.p0:g} (exact one-sided binomial test, {ALPHA:.0%})"

    @property
    def _side(self) -> str:
        return "above" if self.above else "below"

    def problems(self) -> list[str]:
        """A `p0` that is no probability, or beyond which there is none."""
        problems = [*not_finite(self), *_no_probability(self, self.p0)]
        if self.p0 == (1 if self.above else 0):
            problems.append(f"{type(self).__name__}: no share lies {self._side} {self.p0:g}")
        return problems

    def judge(self, sample: Sample) -> Judgement:
        """Decide on a `Count`."""
        if not isinstance(sample, Count):
            raise wrong_sample(self, sample, "a Count")
        if sample.trials < 2:
            return _too_few(sample)
        low, high = _interval(sample)
        over, under = low > self.p0, high < self.p0
        p_over, p_under = _p_value(sample, self.p0, "greater"), _p_value(sample, self.p0, "less")
        if self.above:
            verdict, p, p_refute = verdict_of(supported=over, refuted=under), p_over, p_under
        else:
            verdict, p, p_refute = verdict_of(supported=under, refuted=over), p_under, p_over
        detectable = self._detectable(sample.trials)
        finding = f"{'lies above' if over else 'lies below' if under else 'reaches across'} {self.p0:g}"
        if detectable is None:
            finding += f"; {sample.trials} trials are too few: even unanimous ones would not support"
        return _judgement(sample, verdict, p, p_refute, detectable, finding)

    def _detectable(self, trials: int) -> float | None:
        from scipy import stats

        least = int(stats.binom.isf(ALPHA, trials, self.p0 if self.above else 1 - self.p0)) + 1
        if least > trials:
            return None
        found = float(stats.beta.ppf(POWER, least, trials - least + 1))
        return found if self.above else 1 - found


@dataclass(frozen=True)
class InRuns(ProportionBeyond):
    """What is said of a run happens in more than a share `p0` of all runs, those not made included: exact binomial.

    For what every run reaches (100 % fitted): a mean of values without spread says nothing, but n runs of n do.
    Supported when the lower confidence bound of the probability that a run does it is above `p0`, refuted when the
    upper one is below.  Few runs that fail among many leave it supported: the sentence says 'in more than', not 'all'.
    """

    @property
    def sentence(self) -> str:
        """The rule in words."""
        return f"happens in more than {self.p0:.0%} of runs (exact one-sided binomial test over runs, {ALPHA:.0%})"


@dataclass(frozen=True)
class ProportionNear(Band):
    """The probability of success is `target` up to `within`: two exact one-sided binomial tests at `ALPHA`.

    Supported when the Clopper-Pearson interval lies wholly inside the margins, refuted when it lies wholly outside.
    `detectable` is the smallest margin that would be shown with probability `POWER`, were `target` the truth.
    """

    @property
    def sentence(self) -> str:
        """The rule in words."""
        return f"has a share of {self.target:g} within {self.within:g} (two exact binomial tests, {ALPHA:.0%} each)"

    def problems(self) -> list[str]:
        """A target that is no probability, a margin that is not positive or that nothing could miss."""
        problems = [*super().problems(), *_no_probability(self, self.target)]
        if self.covers(0.0, 1.0):
            problems.append(f"ProportionNear: every share lies within {self.within:g} of {self.target:g}")
        return problems

    def judge(self, sample: Sample) -> Judgement:
        """Decide on a `Count`."""
        if not isinstance(sample, Count):
            raise wrong_sample(self, sample, "a Count")
        if sample.trials < 2:
            return _too_few(sample)
        inside, outside = self.covers(*_interval(sample)), self.misses(*_interval(sample))
        finding = "lies within" if inside else "lies outside" if outside else "lies neither within nor outside"
        return _judgement(
            sample,
            verdict_of(supported=inside, refuted=outside),
            self._p_inside(sample),
            self._p_outside(sample),
            self._detectable(sample.trials),
            f"{finding} {self.target:g} ± {self.within:g}",
        )

    def _p_inside(self, sample: Count) -> float:
        """The larger p-value of the tests against both ends of the margin; an end at or beyond 0 or 1 needs none."""
        over = _p_value(sample, self.lower, "greater") if self.lower > 0 else 0.0
        under = _p_value(sample, self.upper, "less") if self.upper < 1 else 0.0
        return max(over, under)

    def _p_outside(self, sample: Count) -> float:
        """The smaller p-value of the tests that the share is below or above the margin."""
        below = _p_value(sample, self.lower, "less") if self.lower > 0 else 1.0
        above = _p_value(sample, self.upper, "greater") if self.upper < 1 else 1.0
        return min(below, above)

    def _detectable(self, trials: int) -> float:
        """The `POWER` quantile of the margin that an interval needs, over the counts that `target` makes likely."""
        from scipy import stats

        ends = stats.binom.ppf([1e-12, 1 - 1e-12], trials, self.target).clip(0, trials)
        successes = np.arange(ends[0], ends[1] + 1)
        low, high = clopper_pearson(successes, trials)
        margins = np.maximum(self.target - low, high - self.target)
        order = np.argsort(margins)
        chance = np.cumsum(stats.binom.pmf(successes[order], trials, self.target))
        return float(margins[order][np.searchsorted(chance, POWER)])


def proportion_above(p0: float) -> ProportionBeyond:
    """Successes are more frequent than `p0` (exact binomial test)."""
    return ProportionBeyond(p0, above=True)


def all_runs(share: float = 0.5) -> InRuns:
    """Every run does it: with a probability above `share` (exact binomial over runs).

    As many runs as it takes, when all of them do: 5 for a share above 0.5, 9 for 0.7, 14 for 0.8, 29 for 0.9.
    """
    return InRuns(share, above=True)


def proportion_below(p0: float) -> ProportionBeyond:
    """Successes are less frequent than `p0` (exact binomial test)."""
    return ProportionBeyond(p0, above=False)


def proportion_is(p0: float, within: float) -> ProportionNear:
    """Successes are as frequent as `p0`, up to `within` (two exact binomial tests)."""
    return ProportionNear(p0, within)


def clopper_pearson(successes: ArrayLike, trials: int) -> tuple[np.ndarray, np.ndarray]:
    """Exact intervals of a probability, `ALPHA` left out at each end; ends of the shape of `successes`."""
    from scipy import special

    k = np.asarray(successes, dtype=float)
    low = np.where(k > 0, special.betaincinv(np.maximum(k, 1), trials - k + 1, ALPHA), 0.0)
    high = np.where(k < trials, special.betaincinv(k + 1, np.maximum(trials - k, 1), 1 - ALPHA), 1.0)
    return low, high


def _interval(sample: Count) -> tuple[float, float]:
    low, high = clopper_pearson(sample.successes, sample.trials)
    return float(low), float(high)


def _p_value(sample: Count, p0: float, alternative: Literal["greater", "less"]) -> float:
    from scipy import stats

    return float(stats.binomtest(sample.successes, sample.trials, p0, alternative=alternative).pvalue)


def _judgement(
    sample: Count, verdict: Verdict, p: float, p_refute: float, detectable: float | None, finding: str
) -> Judgement:
    low, high = _interval(sample)
    share = sample.successes / sample.trials
    reason = (
        f"{sample.successes} of {sample.trials}: the {1 - 2 * ALPHA:.0%} interval [{low:.4g}, {high:.4g}] {finding}"
    )
    return Judgement(verdict, share, low, high, sample.trials, p, p_refute, detectable, reason=reason)


def _too_few(sample: Count) -> Judgement:
    share = sample.successes / sample.trials if sample.trials else math.nan
    reason = f"{sample.trials} trial{'s' * (sample.trials != 1)} cannot show a share"
    return undecided(reason, share, sample.trials, low=0.0, high=1.0)


def _no_probability(rule: object, p0: float) -> Iterator[str]:
    if not 0 <= p0 <= 1:
        yield f"{type(rule).__name__}: a share lies between 0 and 1; got {p0}"
