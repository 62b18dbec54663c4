"""The curves that a claim kept for the paper's figures, drawn case by case."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from harness.report.axis import axis

WIDTH, HEIGHT, COLOURS = 300, 150, 6
"""Of a panel, in its own units; lines beyond the colours begin with the first again, dashed."""


@dataclass(frozen=True)
class Line:
    """One curve: its name, its points as SVG writes them, and which of the colours it has."""

    name: str
    points: str
    colour: int
    dashed: bool


@dataclass(frozen=True)
class Panel:
    """The curves of one case, with the ticks of both scales."""

    title: str
    lines: tuple[Line, ...]
    x: tuple[tuple[float, str], ...]
    y: tuple[tuple[float, str], ...]


def panels(entry: Mapping[str, Any]) -> list[Panel]:
    """A panel for each case of a claim's entry that has curves of at least two finite points."""
    return [panel for case in entry["cases"] if case["series"] if (panel := _panel(case))]


def _panel(case: Mapping[str, Any]) -> Panel | None:
    curves = {}
    for name, curve in case["series"].items():
        pairs = [(x, y) for x, y in zip(curve["x"], curve["y"], strict=True) if x is not None and y is not None]
        if len(pairs) > 1:
            curves[name] = sorted(pairs, key=lambda pair: pair[0])
    if not curves:
        return None
    across, up = (axis((pair[side] for pairs in curves.values() for pair in pairs), most=4) for side in (0, 1))

    def points(pairs: list[tuple[float, float]]) -> str:
        return " ".join(
            f"{across.place(x) * WIDTH / 100:.1f},{HEIGHT - up.place(y) * HEIGHT / 100:.1f}" for x, y in pairs
        )

    return Panel(
        title=", ".join(case["parameters"].values()) or case["case"],
        lines=tuple(
            Line(name, points(pairs), number % COLOURS, number >= COLOURS)
            for number, (name, pairs) in enumerate(curves.items())
        ),
        x=tuple((round(place * WIDTH / 100, 1), text) for place, text in across.ticks),
        y=tuple((round(HEIGHT - place * HEIGHT / 100, 1), text) for place, text in up.ticks),
    )
