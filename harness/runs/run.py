"""A recipe with its seed."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

from harness.runs.recipe import Recipe


@dataclass(frozen=True)
class Run:
    """One training or measurement job, described completely."""

    recipe: Recipe
    seed: int = 0

    def __str__(self) -> str:
        """The recipe's name, what of it is not the default, and the seed."""
        return f"{_short(self.recipe)} seed {self.seed}"


def _short(value: Any) -> str:
    if isinstance(value, tuple):
        return f"({', '.join(_short(one) for one in value)})"
    if not dataclasses.is_dataclass(value):
        return str(value)
    fields = ((item.name, getattr(value, item.name), _default(item)) for item in dataclasses.fields(value))
    return f"{type(value).__name__}({', '.join(f'{n}={_short(v)}' for n, v, default in fields if v != default)})"


def _default(item: dataclasses.Field[Any]) -> Any:
    return item.default_factory() if item.default_factory is not dataclasses.MISSING else item.default
