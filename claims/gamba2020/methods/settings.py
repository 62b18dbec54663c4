"""What several claims declare alike, typed, so that a misspelt or ill-typed setting is found before anything runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypedDict

if TYPE_CHECKING:
    from harness.rules import Rule
    from harness.runs.recipe import Recipe


class Setting(TypedDict, total=False):
    """Some of the arguments of `harness.claims.claim.claim`."""

    control: str
    data: Sequence[str] | Mapping[str, Sequence[str]]
    proxies: Sequence[str]
    reach: Mapping[str, str]
    readings: Mapping[str, Sequence[Any]]
    rule: Rule | Mapping[str, Rule]
    runs: Mapping[str, Mapping[Any, Recipe]] | Callable[..., Mapping[Any, Recipe]]
    seeds: Sequence[int] | Mapping[str, Sequence[int]]
    tier: str


REACH = {"quick": "proxy", "nightly": "reduced", "paper": "paper"}
"""How far trainings reach that are small at tier `quick`, shortened at `nightly` and the paper's at `paper`."""
