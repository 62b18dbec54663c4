"""A published number, reproduced."""

from __future__ import annotations

from dataclasses import dataclass

from harness.rules.equivalence import TESTS, Equivalence


@dataclass(frozen=True)
class Match(Equivalence):
    """The value agrees with the published `target` up to `within`: an equivalence, by the same tests.

    An interval that only meets the margin supports nothing: the true value may be as far from the published one as the
    interval is wide.
    """

    @property
    def sentence(self) -> str:
        """The rule in words."""
        return f"matches {self.target:g} within {self.within:g} ({TESTS})"


def matches(value: float, within: float) -> Match:
    """The value agrees with the published `value` up to `within`: seeds or images (two one-sided t tests), or exact."""
    return Match(value, within)
