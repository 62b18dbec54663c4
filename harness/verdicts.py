"""The words in which a claim is judged, and how they combine."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum


class Verdict(StrEnum):
    """What the evidence says of a claim."""

    SUPPORTED = "supported"
    REFUTED = "refuted"
    INCONCLUSIVE = "inconclusive"
    OUT_OF_REACH = "out of reach"
    """The evidence at hand is too far from the paper's set-up to decide this sentence, whatever it shows."""
    ERRATUM = "erratum"
    NOT_RUN = "not run"


class Evidence(StrEnum):
    """How far the evidence reaches, from the weakest to the strongest."""

    PROXY = "proxy"
    """Substitute data, or a network scaled down."""
    REDUCED = "reduced"
    """The paper's data and architecture, a shorter recipe."""
    PAPER = "paper"
    """The paper's own recipe."""
    PRINTED = "printed"
    """Only the paper's printed numbers were derived again: consistent with itself, nothing measured."""
    EXACT = "exact"
    """Closed form: nothing to scale."""


def weakest(reaches: Iterable[Evidence]) -> Evidence:
    """The reach of evidence that is made of several pieces: that of its weakest piece (`exact` for none)."""
    order = list(Evidence)
    return min(reaches, key=order.index, default=Evidence.EXACT)


def conjunction(verdicts: Iterable[Verdict]) -> Verdict:
    """The verdict on a sentence that says all of several things at once.

    Refuted by any part that is refuted, supported when every part is; an erratum counts as a part that is confirmed.
    A part that did not run or could not be decided leaves the whole inconclusive: more of the same evidence may refute
    it.  Out of reach is the whole only where nothing else stands in its way: all other parts are supported, and no more
    evidence of this kind would decide it.
    """
    seen = set(verdicts)
    if not seen or seen == {Verdict.NOT_RUN}:
        return Verdict.NOT_RUN
    if Verdict.REFUTED in seen:
        return Verdict.REFUTED
    if seen == {Verdict.ERRATUM}:
        return Verdict.ERRATUM
    if seen <= {Verdict.SUPPORTED, Verdict.ERRATUM}:
        return Verdict.SUPPORTED
    if seen <= {Verdict.SUPPORTED, Verdict.ERRATUM, Verdict.OUT_OF_REACH}:
        return Verdict.OUT_OF_REACH
    return Verdict.INCONCLUSIVE
