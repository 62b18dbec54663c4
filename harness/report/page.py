"""index.html from claims.json: one file, no script, nothing fetched; every value is escaped."""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

import jinja2
import markupsafe

from harness.claims.kinds import Kind
from harness.report.forest import forest
from harness.verdicts import Verdict

Entry = Mapping[str, Any]

COUNTED = (Kind.CLAIM, Kind.ERROR)
"""Kinds of entries that a paper's verdicts are counted over; the others are shown beside them."""


def render(document: Mapping[str, Any]) -> str:
    """The page that a reader opens.

    Args:
        document: the content of claims.json, see `harness.report.document`.
    """
    papers = [
        {
            **paper,
            **by_kind(entry for entry in document["claims"] if entry["paper"] == paper["key"]),
            "outside": [row for row in document["outside"] if row["paper"] == paper["key"]],
        }
        for paper in document["papers"]
    ]
    shown = [paper for paper in papers if paper["claims"] or paper["outside"]]
    return template().render(document=document, papers=shown, verdicts=[str(verdict) for verdict in Verdict])


def by_kind(entries: Iterable[Entry]) -> dict[str, Any]:
    """A paper's entries: all of them, those that are counted as its claims and errors, and the others by kind."""
    claims = list(entries)
    counted = [entry for entry in claims if entry["kind"] in COUNTED]
    others = {str(kind): [entry for entry in claims if entry["kind"] == kind] for kind in Kind if kind not in COUNTED}
    return {"claims": claims, "counted": counted, "beside": {kind: found for kind, found in others.items() if found}}


@functools.cache
def template() -> jinja2.Template:
    """The page's template, with everything escaped that a claim, a path or an error says."""
    loader = jinja2.Environment(
        loader=jinja2.PackageLoader("harness.report", "."),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    loader.filters.update(number=number, interval=interval, counts=counts, literal=literal, controls=controls)
    loader.globals.update(forest=forest)
    return loader.get_template("page.html.j2")


def number(value: object) -> str:
    """A number to four digits; words as they are, several numbers by name."""
    if value is None:
        return "–"
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {number(item)}" for key, item in value.items())
    if isinstance(value, float):
        return f"{value:.4g}"
    return str(value)


def interval(judged: Mapping[str, Any]) -> str:
    """An interval, or nothing where the value was computed rather than sampled."""
    low, high = judged["low"], judged["high"]
    return "" if low is None or high is None or low == high else f"[{number(low)}, {number(high)}]"


def controls(entry: Mapping[str, Any]) -> list[tuple[str, str]]:
    """For each part of a claim what its control did, in words; with the part's name where there are several."""
    control = entry["control"]
    said = {part: f"{verdict}, as it must be" for part, verdict in control["parts"].items()}
    said |= dict.fromkeys(control["undecided"], "undecided: the runs at hand cannot tell")
    said |= {part: f"not controlled: {reason}" for part, reason in control["uncontrolled"].items()}
    said |= {part: f"it does not do its work: {fault}" for part, fault in control["faults"].items()}
    if len(said) > 1:
        return list(said.items())
    return [("", words) for words in said.values()] or [("", "not run")]


def counts(entries: list[Mapping[str, Any]]) -> Counter[str]:
    """How many claims came to each verdict."""
    return Counter(entry["verdict"] for entry in entries)


def literal(text: object) -> markupsafe.Markup:
    """Text escaped, with its control and direction-changing characters made visible."""
    hidden = "".join(char if char.isprintable() or char == "\n" else f"\\u{ord(char):04x}" for char in str(text))
    return markupsafe.escape(hidden)
