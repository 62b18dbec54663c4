"""The words in which a claim is judged, and how they combine."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum


class Verdict(StrEnum):
    """What the evidence says of a claim."""

    SUPPORTED = "supported"
    REFUTED = "refuted"
    INCONCLUSIVE = "inconclusive"
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
    EXACT = "exact"
    """Closed form: nothing to scale."""


def weakest(reaches: Iterable[Evidence]) -> Evidence:
    """The reach of evidence that is made of several pieces: that of its weakest piece (`exact` for none)."""
    order = list(Evidence)
    return min(reaches, key=order.index, default=Evidence.EXACT)


def conjunction(verdicts: Iterable[Verdict]) -> Verdict:
    """The verdict on a sentence that says all of several things at once.

    Refuted by any part that is refuted, supported when every part is; an erratum counts as a part that is confirmed.
    Anything else, and a part that did not run, leaves the whole undecided.
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
    return Verdict.INCONCLUSIVE
