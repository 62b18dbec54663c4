"""Curves that claims kept for the paper's figures, drawn case by case, with the numbers that the paper states."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from itertools import pairwise
from typing import Any

from harness.report.axis import Axis, axis
from harness.report.detail import chosen

WIDTH, HEIGHT, COLOURS = 300, 150, 6
"""Of a panel, in its own units; lines beyond the colours begin with the first again, dashed."""

Points = list[tuple[float, float]]


@dataclass(frozen=True)
class Line:
    """One curve: its name, its points as a path of SVG, its only point, which of the colours it has.

    A line of the paper's own is `printed`, and has no colour of its own.
    """

    name: str
    path: str
    only: tuple[float, float] | None
    colour: int
    dashed: bool
    printed: bool


@dataclass(frozen=True)
class Panel:
    """The curves of one case, with the ticks of both scales."""

    title: str
    lines: tuple[Line, ...]
    x: tuple[tuple[float, str], ...]
    y: tuple[tuple[float, str], ...]


def panels(
    entry: Mapping[str, Any], curves: Sequence[str] = ("*",), printed: Mapping[str, Any] | None = None
) -> list[Panel]:
    """A panel for each case of a claim's entry that has a curve of at least two finite points.

    Args:
        entry: of the claim in claims.json.
        curves: patterns of the names of those that are drawn.
        printed: the paper's numbers, by name: a height, or points.
    """
    return [panel for case in entry["cases"] if (panel := _panel(case, curves, printed or {}))]


def on_card(entry: Mapping[str, Any], most: int) -> tuple[list[Panel], int]:
    """The panels that the card of a claim draws, `most` of them at most, and how many it leaves out."""
    drawn = {case["case"]: panel for case in entry["cases"] if (panel := _panel(case, ("*",), {}))}
    some = chosen(entry, [case for case in entry["cases"] if case["case"] in drawn], most)
    return [drawn[case["case"]] for case in some], len(drawn) - len(some)


def _panel(case: Mapping[str, Any], patterns: Sequence[str], printed: Mapping[str, Any]) -> Panel | None:
    curves: dict[str, Points] = {}
    for name, curve in case["series"].items():
        pairs = [(x, y) for x, y in zip(curve["x"], curve["y"], strict=True) if x is not None and y is not None]
        if pairs and any(fnmatchcase(name, pattern) for pattern in patterns):
            curves[name] = sorted(pairs, key=lambda pair: pair[0])
    if not any(len(pairs) > 1 for pairs in curves.values()):
        return None
    ends = [pick(x for pairs in curves.values() for x, _ in pairs) for pick in (min, max)]
    told = {
        name: [(x, given) for x in ends] if isinstance(given, (int, float)) else [(x, y) for x, y in given]
        for name, given in printed.items()
    }
    every = [pair for pairs in (*curves.values(), *told.values()) for pair in pairs]
    across, up = (axis((pair[side] for pair in every), most=4) for side in (0, 1))
    return Panel(
        title=", ".join(case["parameters"].values()) or case["case"],
        lines=(
            *(_line(name, pairs, number, across, up) for number, (name, pairs) in enumerate(curves.items())),
            *(_line(name, pairs, None, across, up) for name, pairs in told.items()),
        ),
        x=tuple((round(place * WIDTH / 100, 1), text) for place, text in across.ticks),
        y=tuple((round(HEIGHT - place * HEIGHT / 100, 1), text) for place, text in up.ticks),
    )


def _line(name: str, pairs: Points, number: int | None, across: Axis, up: Axis) -> Line:
    places = [(across.place(x) * WIDTH / 100, HEIGHT - up.place(y) * HEIGHT / 100) for x, y in pairs]
    return Line(
        name=name,
        path=path(places),
        only=(round(places[0][0], 1), round(places[0][1], 1)) if len(places) == 1 else None,
        colour=(number or 0) % COLOURS,
        dashed=number is not None and number >= COLOURS,
        printed=number is None,
    )


def path(places: Points) -> str:
    """A line through places as SVG has it, to a tenth of a unit: the first, then the ways from each to the next."""
    tenths = [(round(10 * x), round(10 * y)) for x, y in places]
    ways = [(x - a, y - b) for (a, b), (x, y) in pairwise(tenths)]
    first, rest = tenths[0], "".join(f"{_tenths(way)}" for way in ways)
    return f"M{_tenths(first).strip()}{'l' if rest else ''}{rest.strip()}"


def _tenths(pair: tuple[int, int]) -> str:
    """Two numbers given in tenths, each behind a blank or its minus."""
    return "".join(f"{'' if number < 0 else ' '}{number / 10:g}" for number in pair)
