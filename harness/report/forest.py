"""The picture of a claim: each case's value with its interval, its seeds, the margin and the paper's number, to scale.

Places are in per cent of the scale's length, so that a narrow window shows the same picture at a legible size.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from harness.report.axis import Axis, axis
from harness.report.detail import chosen
from harness.report.wording import called, papers_number, quantity, replicates, rule_of, spoken

MOST = 40
"""Rows that still make a picture; more are left to the table."""

FEW = 6
"""Rows in the picture of a headline."""

Entry = Mapping[str, Any]


DIAMOND, LEFT, RIGHT = "M0-5L4 0L0 5L-4 0Z", "M-1 0L5-4V4Z", "M1 0L-5-4V4Z"
"""Outlines of a control on the scale, and beyond either end of it."""


@dataclass(frozen=True)
class Control:
    """Where the control's value is drawn, and the outline that it is drawn as."""

    place: float
    shape: str


@dataclass(frozen=True)
class Row:
    """One part of a case: its label, its verdict, and where its numbers, the margin and the control's value lie."""

    label: str
    words: str
    verdict: str
    point: float
    low: float
    high: float
    seeds: tuple[float, ...]
    margin: tuple[float, float] | None
    paper: float | None
    control: Control | None


@dataclass(frozen=True)
class Forest:
    """A picture's geometry; the template draws it.

    Attributes:
        zero: where 0 lies; None beyond the scale.
        ticks: places of round numbers, and the numbers.
        left_out: how many rows are not shown.
    """

    rows: tuple[Row, ...]
    zero: float | None
    ticks: tuple[tuple[float, str], ...]
    unit: str
    left_out: int = 0

    @property
    def paper(self) -> bool:
        """Whether the paper's number is drawn in any row."""
        return any(row.paper is not None for row in self.rows)

    @property
    def control(self) -> bool:
        """Whether the control is drawn in any row."""
        return any(row.control is not None for row in self.rows)

    @property
    def margin(self) -> bool:
        """Whether any row has a margin."""
        return any(row.margin is not None for row in self.rows)

    @property
    def seeds(self) -> bool:
        """Whether any row shows its seeds."""
        return any(row.seeds for row in self.rows)


def forest(entry: Entry, few: bool = False, most: int = MOST) -> Forest | None:
    """The picture of a claim's entry in claims.json; None where nothing was sampled, or the units differ.

    Args:
        entry: of the claim.
        few: only the case that decides, where all of them are more than `FEW` rows.
        most: so many cases at most, that which decides among them.
    """
    everything = [
        (case, part, judged)
        for case in entry["cases"]
        for part, judged in case["parts"].items()
        if all(judged[key] is not None for key in ("effect", "low", "high"))
    ]
    some = {case["case"] for case in chosen(entry, entry["cases"], most if most < MOST else len(entry["cases"]))}
    found = [row for row in everything if row[0]["case"] in some]
    sampled = any(judged["low"] < judged["high"] for _, _, judged in found)
    if not sampled or len({judged["unit"] for _, _, judged in found}) > 1:
        return None
    shown = found
    if few and len(found) > FEW:
        deciding = entry["deciding"]
        shown = [row for row in found if row[0]["case"] == deciding["case"]]
        shown = shown if len(shown) <= FEW else [row for row in shown if row[1] == deciding["part"]]
    if len(shown) > MOST:
        return None
    scale = axis(value for case, part, judged in shown for value in _values(entry, case, part, judged))

    def row(case: Entry, part: str, judged: Entry) -> Row:
        low, high = rule_of(entry, part).get("low"), rule_of(entry, part).get("high")
        paper = papers_number(entry, part)
        margin = None
        if (low, high) != (None, None) and low != high:
            margin = (scale.place(scale.low if low is None else low), scale.place(scale.high if high is None else high))
        control = case["control"]["parts"].get(part, {}).get("effect")
        return Row(
            label=label(case, part),
            words=f"{quantity(judged['effect'], judged['unit'])} [{judged['low']:.4g}, {judged['high']:.4g}]"
            + ("" if control is None else f", control {control:.4g}"),
            verdict=judged["verdict"],
            point=scale.place(judged["effect"]),
            low=scale.place(judged["low"]),
            high=scale.place(judged["high"]),
            seeds=tuple(scale.place(value) for value in _seeds(entry, case, part, judged)),
            margin=margin,
            paper=None if paper is None else scale.place(paper),
            control=None if control is None else _control(scale, control),
        )

    zero = scale.place(0.0) if scale.low <= 0 <= scale.high else None
    unit = found[0][2]["unit"] or entry["unit"]
    return Forest(tuple(row(*one) for one in shown), zero, scale.ticks, unit, len(everything) - len(shown))


def _control(scale: Axis, value: float) -> Control:
    shape = LEFT if value < scale.low else RIGHT if value > scale.high else DIAMOND
    return Control(scale.place(value), shape)


def label(case: Entry, part: str) -> str:
    """What a row is called: the case's data and readings, and the part where there are several."""
    words = [called(case), spoken(part) if len(case["parts"]) > 1 else ""]
    return ", ".join(filter(None, words)) or "measured"


def _seeds(entry: Entry, case: Entry, part: str, judged: Entry) -> list[float]:
    """The values of the seeds, where the part is their mean."""
    values = replicates(entry, case, part)
    return values if judged["n"] == len(values) else []


def _values(entry: Entry, case: Entry, part: str, judged: Entry) -> list[float]:
    """All that a row's scale must show: of a margin its finite ends."""
    rule = rule_of(entry, part)
    ends = [rule.get(end) for end in ("low", "high")] + [papers_number(entry, part)]
    return [
        *(judged[key] for key in ("low", "high", "effect")),
        *_seeds(entry, case, part, judged),
        *(end for end in ends if end is not None),
    ]
