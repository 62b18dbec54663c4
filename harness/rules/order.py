"""A curve that rises, or falls, over its points."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from itertools import count
from typing import Literal, NamedTuple

from harness.rules.judgement import ALPHA, Judgement, undecided, verdict_of, wrong_sample
from harness.rules.sample import Curve, Sample
from harness.rules.student import ROUNDING
from harness.system.lazy import np

UNIT = "rank correlation"

DIRECTIONS = ("increasing", "decreasing")

RESAMPLES = math.factorial(8)
"""All orders of up to 8 points are counted; of more points, so many random orders are drawn, always the same ones."""


@dataclass(frozen=True)
class Monotone:
    """y rises (or falls) with x: Spearman's rank correlation rho, one-sided permutation test at `ALPHA` on each side.

    Supported when rho is larger, in the claimed direction, than what orders by chance reach; refuted when that holds of
    the other direction.  It speaks of the trend over all points: a single step may go against it.  Points must be
    independent; repeats of an x are replicates, and ties share their mean rank.

    The interval is rho minus what chance reaches upwards and downwards, so that it excludes 0 exactly when the test
    decides.  `detectable` is the smallest absolute rho that supports, given these x and the ties among the y.
    """

    direction: Literal["increasing", "decreasing"]

    @property
    def sentence(self) -> str:
        """The rule in words."""
        return f"is {self.direction} (Spearman's rank correlation, one-sided permutation test, {ALPHA:.0%})"

    def problems(self) -> list[str]:
        """A direction that is none."""
        if self.direction in DIRECTIONS:
            return []
        return [f"Monotone: direction is {self.direction!r}; it is one of {', '.join(map(repr, DIRECTIONS))}"]

    def judge(self, sample: Sample) -> Judgement:
        """Decide on a `Curve`."""
        if not isinstance(sample, Curve):
            raise wrong_sample(self, sample, "a Curve")
        n, rho = len(sample.x), _rho(sample)
        if reason := _flaw(sample):
            return undecided(reason, rho, n, low=-1.0, high=1.0)
        trend = _trend(sample)
        rise, fall = trend.rise, trend.fall
        claimed, other = (rise, fall) if self.direction == "increasing" else (fall, rise)
        verdict = verdict_of(supported=claimed.shown, refuted=other.shown)
        finding = "rises" if rise.shown else "falls" if fall.shown else "neither rises nor falls beyond chance"
        reason = f"the curve {finding}: rho = {rho:.3g} over {n} points, one-sided p = {min(rise.p, fall.p):.2g}"
        numbers = rho, trend.low, trend.high, n, claimed.p, other.p, claimed.detectable
        return Judgement(verdict, *numbers, unit=UNIT, reason=reason)


def monotone(direction: Literal["increasing", "decreasing"]) -> Monotone:
    """The points of a curve are increasing, or decreasing."""
    return Monotone(direction)


def _rho(curve: Curve) -> float:
    """Spearman's rho; NaN where either row is constant or not finite."""
    from scipy import stats

    if not all(map(math.isfinite, (*curve.x, *curve.y))) or min(len(set(curve.x)), len(set(curve.y))) < 2:
        return math.nan
    return float(np.corrcoef(stats.rankdata(curve.x), stats.rankdata(curve.y))[0, 1])


def _flaw(curve: Curve) -> str:
    """Why the order of a curve cannot be judged; empty when it can."""
    if not all(map(math.isfinite, (*curve.x, *curve.y))):
        return "a point of the curve is not a finite number"
    best = best_p(curve.x)
    if best > ALPHA:
        needed = next(k for k in count(2) if 1 / math.factorial(k) <= ALPHA)
        return (
            f"{len(curve.x)} points at {len(set(curve.x))} x: even in perfect order p would be {best:.2g}; "
            f"{needed} points, each at an x of its own, can decide"
        )
    if max(curve.y) - min(curve.y) <= ROUNDING * max(map(abs, curve.y)):
        return "the y do not vary"
    return ""


def best_p(x: tuple[float, ...]) -> float:
    """The p-value of a perfectly ordered curve without ties among its y: the share of orders that are as good."""
    return math.prod(math.factorial(repeats) for repeats in Counter(x).values()) / math.factorial(len(x))


class _Side(NamedTuple):
    """One of the two tests: whether the trend is beyond chance, its p-value, and the smallest |rho| that is."""

    shown: bool
    p: float
    detectable: float | None


class _Trend(NamedTuple):
    low: float
    high: float
    rise: _Side
    fall: _Side


def _trend(curve: Curve) -> _Trend:
    """Both one-sided tests.  Sums of products of ranks stand for rho: they are free of rounding, and ties stay ties."""
    from scipy import stats

    x, y = stats.rankdata(curve.x), stats.rankdata(curve.y)
    observed = float(x @ y)
    sums = _sums_by_chance(x, y)
    beyond = math.floor(ALPHA * len(sums))  # so many orders may do as well as one that is beyond chance
    top, bottom = sums[-1 - beyond], sums[beyond]
    middle, scale = len(x) * x.mean() * y.mean(), len(x) * x.std() * y.std()  # rho = (sum - middle) / scale

    def limited(correlation: float) -> float:
        return min(1.0, max(-1.0, float(correlation)))

    def nearest(beyond_chance: np.ndarray, index: int) -> float | None:
        return limited(abs(beyond_chance[index] - middle) / scale) if beyond_chance.size else None

    return _Trend(
        limited((observed - top) / scale),
        limited((observed - bottom) / scale),
        _Side(observed > top, float((sums >= observed).mean()), nearest(sums[sums > top], 0)),
        _Side(observed < bottom, float((sums <= observed).mean()), nearest(sums[sums < bottom], -1)),
    )


def _sums_by_chance(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Sums of products of ranks, ascending, over all orders of y, or over random ones and the observed one."""
    from scipy import stats

    def total(ranks: np.ndarray, axis: int = -1) -> np.ndarray:
        return (ranks * x).sum(axis=axis)

    found = stats.permutation_test(
        (y,), total, permutation_type="pairings", vectorized=True, n_resamples=RESAMPLES, batch=5000,
        random_state=np.random.default_rng(0),
    ).null_distribution  # fmt: skip
    all_orders = math.factorial(len(y)) <= RESAMPLES
    return np.sort(found if all_orders else np.append(found, total(y)))
