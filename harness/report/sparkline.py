"""A claim's line through the reports of a history, small enough for its card."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness.report.axis import axis
from harness.report.curves import Points, path

WIDTH, HEIGHT, EDGE = 120.0, 24.0, 4.0
"""In units of its drawing, the edge on each side within them."""


@dataclass(frozen=True)
class Sparkline:
    """What is drawn, and the same in words.

    Attributes:
        pieces: lines through values; one ends where the claim came to ask something else.
        dots: place and verdict of each report.
        words: of each report the day, verdict and value, and what was changed of the question since the one before.
    """

    pieces: tuple[str, ...]
    dots: tuple[tuple[float, float, str], ...]
    words: tuple[str, ...]


def sparkline(points: Sequence[Mapping[str, Any]]) -> Sparkline | None:
    """The line through a claim's points, see `harness.report.since.told`; None where nothing ever changed.

    A report that has no number of the claim stands at half the height.
    """
    if len({(one["verdict"], one["value"], *one["cut"]) for one in points}) < 2:
        return None
    values = [one["value"] for one in points if one["value"] is not None]
    scale = axis(values) if values else None

    def place(number: int, value: float | None) -> tuple[float, float]:
        share = 50.0 if scale is None or value is None else 100 - scale.place(value)
        across = EDGE + (WIDTH - 2 * EDGE) * number / (len(points) - 1)
        return round(across, 1), round(EDGE + (HEIGHT - 2 * EDGE) * share / 100, 1)

    places = [place(number, one["value"]) for number, one in enumerate(points)]
    return Sparkline(
        pieces=tuple(path(piece) for piece in _pieces(points, places)),
        dots=tuple((x, y, one["verdict"]) for (x, y), one in zip(places, points, strict=True)),
        words=tuple(_words(one) for one in points),
    )


def _pieces(points: Sequence[Mapping[str, Any]], places: Points) -> list[Points]:
    pieces: list[Points] = [[]]
    for one, where in zip(points, places, strict=True):
        if one["cut"] or one["value"] is None:
            pieces.append([])
        if one["value"] is not None:
            pieces[-1].append(where)
    return [piece for piece in pieces if len(piece) > 1]


def _words(point: Mapping[str, Any]) -> str:
    value = "" if point["value"] is None else f" {point['value']:.4g}"
    cut = f" (changed: {', '.join(point['cut'])})" if point["cut"] else ""
    return f"{point['at']} {point['verdict']}{value}{cut}"
