"""How many seeds would decide a case that is undecided, if further ones came out like those that there are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from harness.claims.claim import Claim
from harness.judging.about import UNLIMITED, Standing
from harness.judging.cases import judge_case
from harness.judging.looks import Look
from harness.rules import Count, Curve, Estimate, Exact, Several
from harness.rules.sample import Sample
from harness.system.lazy import np
from harness.verdicts import Verdict

MOST = 64
"""By how much the seeds are multiplied at most: whoever has five does not train a thousand."""

NEVER = 0
"""Stands for a number of seeds where `MOST` times as many would decide nothing either."""


class NotOverSeeds(Exception):
    """A sample whose replicates are no seeds: more of these would not make it surer."""


def seeds_to_decide(
    claim: Claim,
    measured: Mapping[str, Sample],
    controls: Mapping[str, Sample],
    standing: Standing = UNLIMITED,
    *,
    seeds: int,
    look: Look | None = None,
) -> int | None:
    """The fewest seeds, a multiple of those that there are, with which the case would be supported or refuted.

    Means, shares and spreads are taken to stay as they are, so that with so many seeds it would be decided half of the
    time; what comes from the images rather than from the seeds stays as large as it is.  Suspect runs are taken to have
    been replaced by sound ones.

    Args:
        claim: whose rules judge the case.
        measured: as in `judge_case`.
        controls: likewise.
        standing: likewise.
        seeds: how many there are.
        look: at which it would be decided; None where the claim is judged once.

    Returns:
        `NEVER` where no number up to `MOST` times as many would; None where some sample is not one over seeds.
    """
    sound = replace(standing, suspect="")

    def decided(times: int) -> bool:
        more, more_controls = (
            {part: _more(one, times, seeds) for part, one in of.items()} for of in (measured, controls)
        )
        return judge_case(claim, more, more_controls, sound, look).verdict in (Verdict.SUPPORTED, Verdict.REFUTED)

    try:
        low, high = 0, 1
        while not decided(high):
            low, high = high, 2 * high
            if high > MOST:
                return NEVER
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (low, middle) if decided(middle) else (middle, high)
    except NotOverSeeds:
        return None
    return high * seeds


def _more(sample: Sample, times: int, seeds: int) -> Sample:
    """The sample as if there were so many times as many seeds that came out like these."""
    if isinstance(sample, Exact):
        return sample
    if isinstance(sample, Several):
        return Several(tuple(_more(one, times, seeds) for one in sample.samples), sample.names)  # type: ignore[misc]
    if isinstance(sample, Count):
        if sample.trials != seeds:
            raise NotOverSeeds
        return Count(times * sample.successes, times * sample.trials)
    if isinstance(sample, Curve):
        return Curve(sample.x * times, sample.y * times, sample.unit)
    if sample.n != seeds:
        raise NotOverSeeds
    return _estimate(sample, times)


def _estimate(sample: Estimate, times: int) -> Estimate:
    whole = sample.standard_error**2
    of_seeds = float(np.var(sample.replicates, ddof=1)) / sample.n if len(sample.replicates) == sample.n > 1 else whole
    of_seeds = min(of_seeds, whole)
    error = (of_seeds / times + whole - of_seeds) ** 0.5
    return replace(sample, standard_error=error, n=times * sample.n, df=times * (sample.df + 1) - 1)
