"""What a sentence is about: declared of each claim on trained networks, since it says which evidence may decide it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from harness.rules import Difference, Equivalence, InAll, InSome, Match, Rule


class About(StrEnum):
    """What a sentence is about."""

    MECHANISM = "mechanism"
    """Holds for any network, or by construction."""
    DIRECTION = "direction"
    """More, less, falls, above chance: refuted only by what is significantly of the opposite sign."""
    EQUIVALENCE = "equivalence"
    """Two arms of one set-up are alike: refuted only beyond twice the margin, in raw units."""
    REGIME = "regime"
    """Of networks that have converged, or are over-parametrised: needs a gate that was fixed beforehand."""
    SIZE = "size"
    """The paper's own number, or that something costs nothing."""


@dataclass(frozen=True)
class Gate:
    """What networks must have reached for a sentence about a regime to speak of them, fixed beforehand.

    Attributes:
        of: what it is a value of, in words, e.g. "training accuracy".
        at_least: what it must be in every run.
    """

    of: str
    at_least: float


@dataclass(frozen=True)
class Baseline:
    """How near the unmodified network must come to the paper's for a shorter recipe to support a size.

    Attributes:
        paper: the paper's value.
        within: how far ours may be from it, in the same unit.
    """

    paper: float
    within: float


def problems(about: About, rule: Rule) -> Iterator[str]:
    """What is wrong with a rule for a sentence about this."""
    if isinstance(rule, InAll | InSome):
        yield from problems(about, rule.rule)
    elif about is About.EQUIVALENCE and isinstance(rule, Equivalence) and rule.refuted_beyond < 2:
        yield f"an equivalence is refuted beyond twice its margin: state refuted_beyond=2, not {rule.refuted_beyond:g}"
    elif about is About.DIRECTION and isinstance(rule, Match):
        yield "a direction is tested by its sign; the paper's number is printed beside it and is no target"
    elif about is About.EQUIVALENCE and isinstance(rule, Difference):
        yield "that two arms are alike is not shown by which side of a threshold they lie on: state equivalent_to"
