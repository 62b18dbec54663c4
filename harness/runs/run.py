"""A recipe with its seed."""

from __future__ import annotations

import hashlib
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
    """A title of at most so many characters: its two ends, and three digits that tell it from others like it."""
    if len(title) <= length:
        return title
    mark = f"...{hashlib.sha256(title.encode()).hexdigest()[:3]}..."
    left = length - len(mark)
    return f"{title[: left - left // 3]}{mark}{title[len(title) - left // 3 :]}"
