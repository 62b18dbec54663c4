"""Has a number moved since its verdict was recorded, or did chance turn the verdict?

Whoever trains anew gets other numbers, and a verdict near its threshold turns by chance.  So a turned verdict is first
`unsteady`.  It has changed where the same runs with fresh seeds, which had no part in turning it, come out otherwise
than recorded, and one of its numbers differs from the recorded one by a two-sided t test (Welch).  The level is divided
by all numbers of all the claims that could have turned (Bonferroni): over a night in which nothing moved, a false alarm
is as rare as one test's error, however many verdicts are near their thresholds.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import NamedTuple

from harness.judging.claims import ClaimVerdict
from harness.rules import ALPHA

EXACT = 1e-6
"""By which share computed numbers may differ: another processor rounds otherwise."""


class Number(NamedTuple):
    """A measured quantity: its value, its 90 % interval, and of how many replicates it is; None if it was computed."""

    effect: float
    low: float
    high: float
    n: int | None

    @property
    def error(self) -> float:
        """Standard error, of which the interval was made."""
        from scipy import stats

        half = (self.high - self.low) / 2
        return float(half / stats.t.ppf(1 - ALPHA, self.n - 1)) if self.n is not None and self.n > 1 else 0.0


def numbers_of(rung: ClaimVerdict) -> dict[str, dict[str, Number]]:
    """What each part of each case of a claim measured, by their names."""
    judged = {share.case.key: share.case.judged for share in rung.shares if share.case.judged}
    return {
        case: {part: Number(one.effect, one.low, one.high, one.n) for part, one in found.parts.items()}
        for case, found in judged.items()
    }


def has_moved(
    recorded: Mapping[str, Mapping[str, Number]], fresh: Mapping[str, Mapping[str, Number]], claims: int
) -> bool:
    """Whether any number of a claim differs from the recorded one.

    Args:
        recorded: numbers by case and part, as in the ledger.
        fresh: those of other seeds; those that are not in both are left out.
        claims: how many could have turned in the same session.
    """
    pairs = [
        (before, fresh[case][part])
        for case, parts in recorded.items()
        for part, before in parts.items()
        if part in fresh.get(case, {})
    ]
    return any(_differ(before, now, ALPHA / (len(pairs) * max(claims, 1))) for before, now in pairs)


def _differ(before: Number, now: Number, level: float) -> bool:
    from scipy import stats

    variances = [one.error**2 for one in (before, now)]
    if not all(map(math.isfinite, (before.effect, now.effect, *variances))):
        return math.isfinite(before.effect) != math.isfinite(now.effect)
    if not any(variances):
        return not math.isclose(before.effect, now.effect, rel_tol=EXACT, abs_tol=EXACT)
    shares = [one.error**4 / (one.n - 1) for one in (before, now) if one.n is not None and one.n > 1]
    freedom = sum(variances) ** 2 / sum(shares)
    distance = abs(before.effect - now.effect) / math.sqrt(sum(variances))
    return bool(2 * stats.t.sf(distance, freedom) <= level)
