"""How much of a claim its card shows, so that a page over many claims stays small enough to be sent and opened."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Entry = Mapping[str, Any]


@dataclass(frozen=True)
class Detail:
    """The most of each that a card shows; claims.json and claims.csv have all.

    Attributes:
        panels: cases whose curves are drawn.
        cases: rows of the table of cases, those that decide among them; rows of its picture likewise.
        values: rows of values by seed.
        brief: whether a card has no picture and no table: why, the numbers, rule, control and command alone.
    """

    panels: int
    cases: int
    values: int
    brief: bool = False


ALL = 10**9

DETAILS = (Detail(8, ALL, ALL), Detail(2, 24, 24), Detail(0, 6, 6), Detail(0, 1, 0, brief=True))
"""From the most to the least: the first that keeps a page within its limit is taken, else the last."""


def chosen(entry: Entry, cases: Sequence[Entry], most: int) -> list[Entry]:
    """So many of a claim's cases, in their order; the one that decides is among them."""
    decides = entry["deciding"] and entry["deciding"]["case"]
    ranked = sorted(range(len(cases)), key=lambda number: (cases[number]["case"] != decides, number))[:most]
    return [cases[number] for number in sorted(ranked)]
