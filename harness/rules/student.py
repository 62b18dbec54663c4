"""What the rules on a value share: its interval and the tails of its t test.

The tests assume that (value - truth) / standard error follows a t distribution.  Two replicates are allowed but rarely
decide: their interval is 6.3 standard errors to each side, against 2.4 for four and 1.8 for ten.

Replicates that all share a bound of theirs have no spread, and are counted instead: were the mean of a number between
0 and 1 no more than m, n of them would all be 1 with a chance of at most m^n, whatever their distribution.
"""

from __future__ import annotations

import functools
import math
from typing import cast

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
    if sample.at_bound:
        return ""
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
        counted = f"all {sample.n} replicates are {sample.value:g}: " if sample.at_bound else ""
        reason = f"{counted}the {1 - 2 * ALPHA:.0%} interval [{low:.4g}, {high:.4g}] {finding}"
    return Judgement(verdict, sample.value, low, high, replicates(sample), p, p_refute, detectable, sample.unit, reason)


def replicates(sample: Estimate | Exact) -> int | None:
    """The number of replicates; None if the value is exact."""
    return None if isinstance(sample, Exact) else sample.n


def _at(sample: Estimate | Exact) -> str:
    return f" (at {sample.where})" if isinstance(sample, Exact) and sample.where else ""


def interval(sample: Estimate | Exact) -> tuple[float, float]:
    """The interval of a value, which leaves out `ALPHA` at each end; the value itself if exact."""
    from scipy import special

    if isinstance(sample, Exact):
        return sample.value, sample.value
    if sample.at_bound:
        return _interval_at_bound(sample)
    half = float(special.stdtrit(sample.df, 1 - ALPHA)) * sample.standard_error
    return sample.value - half, sample.value + half


def _interval_at_bound(sample: Estimate) -> tuple[float, float]:
    least, largest = cast("tuple[float, float]", sample.bounds)
    reach = (largest - least) * (1 - ALPHA ** (1 / sample.n))
    return (largest - reach, largest) if sample.value == largest else (least, least + reach)


def p_above(sample: Estimate | Exact, threshold: float) -> float | None:
    """The p-value of the one-sided test that the truth is above `threshold`; None if the value is exact."""
    return None if isinstance(sample, Exact) else _p_above(sample, threshold)


def p_below(sample: Estimate | Exact, threshold: float) -> float | None:
    """The p-value of the one-sided test that the truth is below `threshold`; None if the value is exact."""
    return None if isinstance(sample, Exact) else _p_below(sample, threshold)


def p_inside(sample: Estimate | Exact, lower: float, upper: float) -> float | None:
    """The larger p-value of the two tests that together show that the truth is between; None if the value is exact."""
    return None if isinstance(sample, Exact) else max(_p_above(sample, lower), _p_below(sample, upper))


def p_outside(sample: Estimate | Exact, lower: float, upper: float) -> float | None:
    """The p-value of the test that the truth is below `lower` or above `upper`; None if the value is exact.

    The tail beyond the nearer end, and that beyond the farther one: a truth on an end may be missed to either side,
    which counts where the standard error is wide beside the margin.  For one that is not, it is the one-sided test; for
    a margin of nothing the two-sided one.  A truth inside is refuted with a chance of `ALPHA` at most.
    """
    if isinstance(sample, Exact):
        return None
    above = _p_above(sample, upper) + _p_above(sample, lower)
    return min(above, _p_below(sample, lower) + _p_below(sample, upper), 1.0)


def _p_above(sample: Estimate, threshold: float) -> float:
    if sample.at_bound:
        least, largest = cast("tuple[float, float]", sample.bounds)
        return _p_at_bound(sample, (threshold - least) / (largest - least), sample.value == largest)
    return _tail(sample, threshold - sample.value)


def _p_below(sample: Estimate, threshold: float) -> float:
    if sample.at_bound:
        least, largest = cast("tuple[float, float]", sample.bounds)
        return _p_at_bound(sample, (largest - threshold) / (largest - least), sample.value == least)
    return _tail(sample, sample.value - threshold)


def _p_at_bound(sample: Estimate, share: float, towards: bool) -> float:
    """The p-value that the truth is beyond a threshold, `share` of the way from the one bound towards the other."""
    if share < 0:
        return 0.0
    return min(1.0, share) ** sample.n if towards else 1.0


def _tail(sample: Estimate, distance: float) -> float:
    from scipy import special

    return float(special.stdtr(sample.df, distance / sample.standard_error))


def distance_found(sample: Estimate | Exact) -> float | None:
    """The distance from a threshold at which the one-sided t test finds it with probability `POWER`.

    From the noncentral t distribution, with the sample's standard error taken for the true one.  None at a bound.
    """
    return None if isinstance(sample, Exact) or sample.at_bound else _distance_found(sample.df) * sample.standard_error


@functools.lru_cache
def _distance_found(df: float) -> float:
    from scipy import special

    return float(special.nctdtrinc(df, 1 - POWER, special.stdtrit(df, 1 - ALPHA)))


def margin_shown(sample: Estimate | Exact) -> float | None:
    """The margin that two one-sided t tests show with probability `POWER` when the true difference is 0.

    With the sample's standard error taken for the true one.  None at a bound.
    """
    return None if isinstance(sample, Exact) or sample.at_bound else _margin_shown(sample.df) * sample.standard_error


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
