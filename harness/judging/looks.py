"""Looks at a claim whose seeds are added until it is decided: when they are taken, and by how much each must convince.

A claim that states the most seeds that it may take is judged at up to `LOOKS` numbers of them, evenly spaced from its
own to the largest, and decided at the first look whose test is passed at that look's level.  The levels are the steps
of a spending function: alpha t^2 of the error may be spent once the share t of the seeds is there (Kim and DeMets 1987,
with power 2).  A chance of `ALPHA` for each kind of wrong verdict over all looks then follows from the sum of the
levels alone, for every rule, whatever the samples of the looks have in common.  Who stops earlier, as there is no hope
of a verdict, errs the less.
"""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass

from harness.claims.claim import Claim
from harness.rules import Judgement
from harness.rules.judgement import ALPHA
from harness.verdicts import Verdict

LOOKS = 4
"""So many looks at most; more would save few seeds, and cost the last one its power."""


@dataclass(frozen=True)
class Look:
    """One of the looks at a claim.

    Attributes:
        number: which one, from 1 on.
        plan: how many seeds there are at each look.
    """

    number: int
    plan: tuple[int, ...]

    @property
    def seeds(self) -> int:
        """How many there are at this look."""
        return self.plan[self.number - 1]

    @property
    def level(self) -> float:
        """The chance of a wrong verdict of either kind that this look may spend."""
        before = self.plan[self.number - 2] if self.number > 1 else 0
        return ALPHA * (self.seeds**2 - before**2) / self.plan[-1] ** 2

    @property
    def last(self) -> Look:
        """The one with all seeds."""
        return Look(len(self.plan), self.plan)

    @property
    def sentence(self) -> str:
        """For the report: which look it is, of which, and what it asks for."""
        planned = ", ".join(map(str, self.plan))
        return (
            f"Judged at look {self.number} of {len(self.plan)}, fixed beforehand at {planned} seeds, with level "
            f"{self.level:.2g} ({ALPHA:g} over all looks)"
        )


def looks_of(claim: Claim, tier: str) -> tuple[Look, ...]:
    """The looks at a claim at a tier, in order; none where it takes its own seeds and no more."""
    own = len(claim.seeds_within(tier))
    if claim.most_seeds is None or own >= claim.most_seeds:
        return ()
    step = (claim.most_seeds - own) / (LOOKS - 1)
    plan = tuple(dict.fromkeys(own + math.ceil(number * step) for number in range(LOOKS)))
    return tuple(Look(number, plan) for number in range(1, len(plan) + 1))


def at_look(judgement: Judgement, look: Look | None) -> Judgement:
    """A judgement held to the level of its look; exact values, which are no test, stay as they are.

    Its p-values are multiplied by as much as the level is below `ALPHA`, so that every later correction sees them so.
    """
    if look is None or judgement.p is None or judgement.p_refute is None:
        return judgement
    p, p_refute = (min(1.0, value * ALPHA / look.level) for value in (judgement.p, judgement.p_refute))
    held = dataclasses.replace(judgement, p=p, p_refute=p_refute)
    decides = {Verdict.SUPPORTED: p, Verdict.REFUTED: p_refute}
    if decides.get(judgement.verdict, 0.0) <= ALPHA:
        return held
    plain = decides[judgement.verdict] * look.level / ALPHA
    why = f"not {judgement.verdict} at look {look.number} of {len(look.plan)}, which asks for p up to {look.level:.2g}"
    return dataclasses.replace(held, verdict=Verdict.INCONCLUSIVE, reason=f"{judgement.reason}; {why}, not {plain:.2g}")
