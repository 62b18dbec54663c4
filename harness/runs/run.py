"""A recipe with its seed."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace

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


def distinct(runs: Sequence[Run]) -> list[Run]:
    """The same runs, so named that no two recipes read alike: a number follows the title of a later one that would.

    People and displays know runs by their names.  The numbers are no part of what the recipes are.
    """
    named: dict[str, Recipe] = {}
    titles: set[str] = set()
    for run in runs:
        if repr(run.recipe) not in named:
            named[repr(run.recipe)] = _told_apart(run.recipe, titles)
    return [replace(run, recipe=named[repr(run.recipe)]) for run in runs]


def _told_apart(recipe: Recipe, titles: set[str]) -> Recipe:
    """The recipe, with a number behind its title where that is one of these; then its title is one of them too."""
    own, numbers = recipe, itertools.count(2)
    while str(Run(own)) in titles:
        own = recipe.with_(called=f"{recipe.title} ({next(numbers)})")
    titles.add(str(Run(own)))
    return own


def shortened(title: str, length: int) -> str:
    """A title of at most so many characters: its two ends, and three digits that tell it from others like it."""
    if len(title) <= length:
        return title
    mark = f"...{hashlib.sha256(title.encode()).hexdigest()[:3]}..."
    left = length - len(mark)
    return f"{title[: left - left // 3]}{mark}{title[len(title) - left // 3 :]}"
