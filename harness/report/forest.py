"""The small picture beside a claim: each case's value with its interval, and the paper's number, on one scale."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

LEFT, RIGHT, ROW = 230, 690, 22
"""Where the scale begins and ends, and the height of a case's row, in the picture's units."""

MOST = 40
"""Rows that still make a picture; more are left to the table."""


@dataclass(frozen=True)
class Row:
    """One case: its label, its verdict, and where point and interval lie."""

    label: str
    verdict: str
    y: float
    point: float
    low: float
    high: float


@dataclass(frozen=True)
class Forest:
    """A picture's geometry; the template draws it."""

    rows: tuple[Row, ...]
    height: float
    paper: float | None
    ticks: tuple[tuple[float, str], ...]


def forest(entry: Mapping[str, Any]) -> Forest | None:
    """The picture of a claim's entry in claims.json; None where nothing was sampled, or the units differ."""
    found = [
        (" ".join(filter(None, [case["case"], part if len(case["parts"]) > 1 else ""])) or "measured", judgement)
        for case in entry["cases"]
        for part, judgement in case["parts"].items()
        if all(judgement[key] is not None for key in ("effect", "low", "high"))
    ]
    sampled = any(judgement["low"] < judgement["high"] for _, judgement in found)
    if not sampled or len(found) > MOST or len({judgement["unit"] for _, judgement in found}) > 1:
        return None
    paper = entry["paper_value"] if isinstance(entry["paper_value"], (int, float)) else None
    if any(len(case["parts"]) > 1 for case in entry["cases"]):
        paper = None
    values = [judgement[key] for _, judgement in found for key in ("low", "high", "effect")]
    values += [paper] if paper is not None else []
    low, high = min(values), max(values)
    width = (high - low) or 1.0

    def place(value: float) -> float:
        return LEFT + (RIGHT - LEFT) * (value - low) / width

    rows = tuple(
        Row(label, j["verdict"], ROW * (i + 0.5), place(j["effect"]), place(j["low"]), place(j["high"]))
        for i, (label, j) in enumerate(found)
    )
    ticks = tuple((place(value), f"{value:.3g}") for value in (low, (low + high) / 2, high))
    return Forest(rows, ROW * len(rows), None if paper is None else place(paper), ticks)
