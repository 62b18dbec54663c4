"""What several claims declare alike: arguments of `harness.claims.claim.claim`, typed, so that a slip is found early.

Each kind has the settings that one group of claims shares, and no others: what a claim gives itself is not given twice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, TypedDict

if TYPE_CHECKING:
    from harness.claims.about import About


class Trained(TypedDict):
    """Of claims on trained networks."""

    seeds: Sequence[int] | Mapping[str, Sequence[int]]
    reach: Mapping[str, str]


class TrainedOnData(Trained):
    """Of those whose training takes the case's data set."""

    data: Sequence[str] | Mapping[str, Sequence[str]]
    proxies: Sequence[str]


class TrainedAtTier(Trained):
    """Of those that one tier is the lowest of."""

    tier: str


class TrainedOnDataAtTier(TrainedAtTier):
    """Of those of them that take the case's data set, for which nothing stands in."""

    data: Sequence[str]


class Released(TypedDict):
    """Of claims on networks that others have trained."""

    tier: str
    reach: Mapping[str, str]
    about: About


REACH = {"laptop": "proxy", "nightly": "reduced", "paper": "paper"}
"""How far trainings reach that are small at tier `laptop`, shortened at `nightly` and the paper's at `paper`."""
