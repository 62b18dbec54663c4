"""What the rules on a value share: its interval and the tails of its t test.

The tests assume that (value - truth) / standard error follows a t distribution.  Two replicates are allowed but rarely
decide: their interval is 6.3 standard errors to each side, against 2.4 for four and 1.8 for ten.
"""

from __future__ import annotations

import functools
import math

from harness.rules.judgement import ALPHA, POWER, Judgement
from harness.rules.sample import Estimate, Exact
from harness.verdicts import Verdict

ROUNDING = 1e-12
"""Replicates that differ by less, relative to what they are compared with, differ by rounding only."""


def flaw(sample: Estimate | Exact, *compared_with: float) -> str:
    """Why a sample cannot be judged; empty when it can.  `compared_with` are the rule's own numbers, for the scale."""
    if not math.isfinite(sample.value):
        return f"the value is {sample.value}{_at(sample)}, no finite number"
    if isinstance(sample, Exact):
        return ""
    if sample.n < 2:
        return f"{sample.n} replicate{'s' * (sample.n != 1)} cannot show how far chance moves the value; give 4 or more"
    if not (math.isfinite(sample.standard_error) and sample.df > 0):
        return f"a standard error of {sample.standard_error} with {sample.df:g} degrees of freedom says nothing"
    scale = max(map(abs, (sample.value, *compared_with)))
    if sample.standard_error <= ROUNDING * scale:
        return "the replicates do not vary: repeats of one run, or a value that was computed (then say Exact)"
    return ""


def judged(
    sample: Estimate | Exact,
    verdict: Verdict,
    finding: str,
    p: float | None,
    p_refute: float | None,
    detectable: float | None = None,
) -> Judgement:
    """The judgement on a sound sample; `finding` goes on from its interval: 'lies above 0.1'."""
    low, high = interval(sample)
    if isinstance(sample, Exact):
        reason = f"{sample.value:.6g}{_at(sample)} {finding}"
    else:
        reason = f"the {1 - 2 * ALPHA:.0%} interval [{low:.4g}, {high:.4g}] {finding}"
    return Judgement(verdict, sample.value, low, high, replicates(sample), p, p_refute, detectable, sample.unit, reason)


def replicates(sample: Estimate | Exact) -> int | None:
    """The number of replicates; None if the value is exact."""
    return None if isinstance(sample, Exact) else sample.n


def _at(sample: Estimate | Exact) -> str:
    return f" (at {sample.where})" if isinstance(sample, Exact) and sample.where else ""


def half_width(sample: Estimate | Exact) -> float:
    """Distance from the value to each end of its interval, which leaves out `ALPHA` at each end; 0 if exact."""
    from scipy import special

    if isinstance(sample, Exact):
        return 0.0
    return float(special.stdtrit(sample.df, 1 - ALPHA)) * sample.standard_error


def interval(sample: Estimate | Exact) -> tuple[float, float]:
    """The interval of a value."""
    half = half_width(sample)
    return sample.value - half, sample.value + half


def p_above(sample: Estimate | Exact, threshold: float) -> float | None:
    """The p-value of the one-sided t test that the truth is above `threshold`; None if the value is exact."""
    return None if isinstance(sample, Exact) else _tail(sample, threshold - sample.value)


def p_below(sample: Estimate | Exact, threshold: float) -> float | None:
    """The p-value of the one-sided t test that the truth is below `threshold`; None if the value is exact."""
    return None if isinstance(sample, Exact) else _tail(sample, sample.value - threshold)


def p_inside(sample: Estimate | Exact, lower: float, upper: float) -> float | None:
    """The larger p-value of the two tests that together show that the truth is between; None if the value is exact."""
    if isinstance(sample, Exact):
        return None
    return max(_tail(sample, lower - sample.value), _tail(sample, sample.value - upper))


def p_outside(sample: Estimate | Exact, lower: float, upper: float) -> float | None:
    """The smaller p-value of the two tests that show that the truth is below or above; None if the value is exact."""
    if isinstance(sample, Exact):
        return None
    return min(_tail(sample, sample.value - lower), _tail(sample, upper - sample.value))


def _tail(sample: Estimate, distance: float) -> float:
    from scipy import special

    return float(special.stdtr(sample.df, distance / sample.standard_error))


def distance_found(sample: Estimate | Exact) -> float | None:
    """The distance from a threshold at which the one-sided t test finds it with probability `POWER`.

    From the noncentral t distribution, with the sample's standard error taken for the true one.
    """
    return None if isinstance(sample, Exact) else _distance_found(sample.df) * sample.standard_error


@functools.lru_cache
def _distance_found(df: float) -> float:
    from scipy import special

    return float(special.nctdtrinc(df, 1 - POWER, special.stdtrit(df, 1 - ALPHA)))


def margin_shown(sample: Estimate | Exact) -> float | None:
    """The margin that two one-sided t tests show with probability `POWER` when the true difference is 0.

    With the sample's standard error taken for the true one.
    """
    return None if isinstance(sample, Exact) else _margin_shown(sample.df) * sample.standard_error


@functools.lru_cache
def _margin_shown(df: float) -> float:
    """The margin in true standard errors.

    The interval lies within the margin m when |z| < m - t s, for a standard normal z and an independent s, the ratio of
    the estimated to the true standard error (chi distributed); the mean over s is taken over its quantiles.
    """
    import numpy as np
    from scipy import optimize, special

    quantiles = (np.arange(2000) + 0.5) / 2000
    ratio = np.sqrt(special.chdtri(min(df, 1e6), 1 - quantiles) / min(df, 1e6))
    t = special.stdtrit(df, 1 - ALPHA)

    def excess(margin: float) -> float:
        shown = np.clip(2 * special.ndtr(margin - t * ratio) - 1, 0, None)
        return float(shown.mean()) - POWER

    at_most = float(special.nctdtrinc(df, (1 - POWER) / 2, t))  # power >= 1 - 2 (1 - power of one test)
    return float(optimize.brentq(excess, 0.0, at_most + 1.0))
