"""The figures and tables of a paper, redrawn from what its claims measured, beside the numbers that it states."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness.report.curves import Panel, panels
from harness.report.wording import quantity, spoken

MOST = 4
"""Panels of a figure from one claim; more of them are left to its card."""

Entry = Mapping[str, Any]


@dataclass(frozen=True)
class Row:
    """A number that the paper states beside ours; `label` is the part's name, or "" where the claim has one number."""

    entry: Entry
    label: str
    paper: str
    ours: str


@dataclass(frozen=True)
class Waiting:
    """A claim that the figure waits for, why, and the command that judges it; "" where no test does yet."""

    id: str
    statement: str
    reason: str
    command: str


@dataclass(frozen=True)
class Redrawn:
    """One figure: what is declared of it, the curves and pictures that there are, numbers, and what is missing.

    `panels` are those of each claim that has curves; `pictures` and `more` claims whose cards have pictures or more
    panels.
    """

    id: str
    number: str
    shows: str
    x: str
    y: str
    beside: str
    panels: tuple[tuple[str, Panel], ...]
    pictures: tuple[str, ...]
    more: tuple[str, ...]
    rows: tuple[Row, ...]
    waits: tuple[Waiting, ...]

    @property
    def drawn(self) -> bool:
        """Whether anything of ours is shown."""
        return bool(self.panels or self.pictures or self.rows)


def redrawn(paper: Mapping[str, Any], entries: Mapping[str, Entry], outside: Mapping[str, Entry]) -> list[Redrawn]:
    """A paper's figures, where any claim of the paper was judged; those that wait for their data too.

    Args:
        paper: of claims.json.
        entries: the paper's claims in claims.json, by id.
        outside: its rows of what was not judged, by id.
    """
    return [_figure(paper, one, entries, outside) for one in paper["figures"]] if entries else []


def _figure(paper: Entry, told: Entry, entries: Mapping[str, Entry], outside: Mapping[str, Entry]) -> Redrawn:
    known = [entries[id] for id in told["claims"] if id in entries]
    judged = [entry for entry in known if entry["verdict"] != "not run"]
    drawn = distinct({entry["id"]: panels(entry, told["curves"], told["printed"]) for entry in judged})
    number = re.sub(r"[^a-z0-9]+", "-", told["number"].lower()).strip("-")
    return Redrawn(
        id=f"{paper['key']}-{number}",
        panels=tuple((id, panel) for id, found in drawn.items() for panel in found[:MOST]),
        pictures=tuple(entry["id"] for entry in judged if any(case["pictures"] for case in entry["cases"])),
        more=tuple(id for id, found in drawn.items() if len(found) > MOST),
        rows=tuple(row for entry in judged for row in _rows(entry)),
        waits=tuple(_waiting(id, entries, outside) for id in told["claims"] if entries.get(id) not in judged),
        **{name: told[name] for name in ("number", "shows", "x", "y", "beside")},
    )


def distinct(drawn: Mapping[str, Sequence[Panel]]) -> dict[str, list[Panel]]:
    """The panels of claims by id, each curve once: readings that only judge otherwise draw the same as others."""
    first: dict[Any, tuple[str, Panel]] = {}
    for id, found in drawn.items():
        for panel in found:
            first.setdefault((panel.lines, panel.x, panel.y), (id, panel))
    return {id: [panel for owner, panel in first.values() if owner == id] for id in drawn}


def _rows(entry: Entry) -> list[Row]:
    """A row for each number of the paper that a part of ours answers; else one for the claim."""
    deciding = entry["deciding"] and entry["deciding"]["case"]
    parts: Mapping[str, Entry] = next((case["parts"] for case in entry["cases"] if case["case"] == deciding), {})
    stated = entry["paper_numbers"]
    if set(stated) & set(parts):
        return [
            Row(entry, spoken(part), stated[part]["text"] if part in stated else "", _ours(judged, entry["unit"]))
            for part, judged in parts.items()
        ]
    paper = "; ".join(" ".join(filter(None, [spoken(name), one["text"]])) for name, one in stated.items())
    measured = entry["measured"] and {**entry["measured"], "effect": entry["measured"]["value"]}
    ours = _ours(measured, entry["unit"]) if measured else ""
    return [Row(entry, "", paper, ours)]


def _ours(judged: Entry, unit: str) -> str:
    low, high = judged["low"], judged["high"]
    value = "–" if judged["effect"] is None else quantity(judged["effect"], judged["unit"] or unit)
    return value if low is None or high is None or low == high else f"{value} [{low:.4g}, {high:.4g}]"


def _waiting(id: str, entries: Mapping[str, Entry], outside: Mapping[str, Entry]) -> Waiting:
    if id in entries:
        entry = entries[id]
        return Waiting(id, entry["statement"], entry["reason"], entry["command"])
    row = outside.get(id, {"statement": "", "reason": "not among the claims that were judged", "command": ""})
    return Waiting(id, row["statement"], row["reason"], row["command"])
