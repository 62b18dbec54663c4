"""A recipe with its seed."""

from __future__ import annotations

from dataclasses import dataclass

from harness.runs.recipe import Recipe

LONGEST = 70
"""Characters of a run's name, at most."""


@dataclass(frozen=True)
class Run:
    """One training or measurement job, described completely."""

    recipe: Recipe
    seed: int = 0

    def __str__(self) -> str:
        """The recipe's title, shortened where it is long, and the seed."""
        seed = f", seed {self.seed}"
        return shortened(self.recipe.title, LONGEST - len(seed)) + seed


def shortened(title: str, length: int) -> str:
    """A title of at most so many characters, cut in its middle: both ends tell recipes apart."""
    if len(title) <= length:
        return title
    half = (length - 3) // 2
    return f"{title[: length - 3 - half]}...{title[len(title) - half :]}"
