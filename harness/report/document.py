"""claims.json: one entry a claim, of what is declared and what `harness.judging` decided.

The keys are a contract that other tools read; `SCHEMA` changes when one of them does.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from harness.claims.claim import SINGLE, Claim
from harness.claims.ledger import decides_of
from harness.claims.papers import Paper
from harness.judging.claims import Ladder
from harness.judging.exchange import ladder_to_json
from harness.report.runs import papers_own, tables
from harness.report.stated import stated
from harness.report.wording import why
from harness.rules import ALPHA
from harness.system.places import SELECTION
from harness.verdicts import Verdict

SCHEMA = 3

DIGITS = 10
"""Significant digits of what was measured: far more than are read, or than two machines agree in."""

KEPT = (
    "id",
    "paper",
    "kind",
    "about",
    "topic",
    "statement",
    "discussion",
    "where",
    "paper_value",
    "unit",
    "erratum",
    "remark",
    "formerly",
    "decides",
    "baseline",
    "papers_recipes",
)
"""What an entry takes over from the declaration as it stands."""

OUTSIDE = ("kind", "id", "paper", "where", "statement", "reason", "command")
"""Of an entry that was not judged; its kind is "tier", "open" (no test decides it yet) or "dropped"."""

OF_PAPER = ("key", "title", "authors", "year", "venue", "changes")
"""The same of a paper."""

Json = dict[str, Any]


def describe(claim: Claim, paper: Paper, file: str) -> Json:
    """What is declared of a claim, as JSON values; `file` is its module's path below the root of the repository."""
    return {
        "id": claim.id,
        "paper": paper.key,
        "statement": claim.statement,
        "discussion": claim.discussion,
        "where": claim.where,
        "paper_value": dict(claim.paper) if isinstance(claim.paper, Mapping) else claim.paper,
        "unit": claim.unit,
        "topic": topic(claim),
        "lowest_tier": claim.tier,
        "rules": {part: rule.sentence for part, rule in claim.rules.items()},
        "stated": {part: stated(rule) for part, rule in claim.rules.items()},
        "about": None if claim.about is None else str(claim.about),
        "control": claim.control,
        "decides": decides_of(claim),
        "baseline": claim.baseline and asdict(claim.baseline),
        "formerly": list(claim.formerly),
        "papers_recipes": papers_own(claim),
        "trained": claim.trained,
        "file": file,
        "function": claim.function.__name__,
        "kind": str(claim.kind),
        "erratum": claim.erratum and asdict(claim.erratum),
        "remark": claim.remark and {**asdict(claim.remark), "kind": str(claim.remark.kind)},
    }


def topic(claim: Claim) -> str:
    """What the claim's module is about: the first line of its docstring, without the full stop."""
    text = (claim.function.__globals__.get("__doc__") or "").strip()
    return text.partition("\n")[0].removesuffix(".")


def document(
    verdicts: Mapping[str, Ladder],
    described: Mapping[str, Json],
    papers: Sequence[Paper],
    *,
    tier: str,
    environment: Json,
    outside: Sequence[Json],
    partial: bool = False,
    session: Json | None = None,
) -> Json:
    """The content of claims.json.

    Args:
        verdicts: what each claim came to, by id.
        described: `describe` of each claim, by id.
        papers: the papers, for their titles and for the claims that are not tests yet.
        tier: the tier that was asked for.
        environment: versions and device.
        outside: declared claims that this tier leaves out, with the reason.
        partial: whether the session was cut short.
        session: when it was, of which commit, with which options; see `harness.report.session`.
    """
    session = session or {}
    failed: Json = {}
    claims = [entry(described[id], verdicts[id], tier, session) for id in sorted(verdicts, key=_in_order)]
    for one in claims:
        failed |= apart(one)
    judged = {described[id]["paper"] for id in verdicts} | {row["paper"] for row in outside}
    beside = {
        "schema": SCHEMA,
        "tier": tier,
        "partial": partial,
        "session": {**session, "partial": partial},
        "environment": environment,
        "carried": carried(verdicts.values()),
        "by_chance": by_chance(verdicts.values()),
        "papers": [paper_to_json(paper) for paper in papers],
        **tables(verdicts.values()),
        "claims": [],
        "failed": failed,
        "changed": [],
        "unsteady": [],
        "base": None,
        "outside": [*outside, *(row for paper in papers if paper.key in judged for row in open_rows(paper))],
    }
    return {**without_nan(beside), "claims": claims}


def paper_to_json(paper: Paper) -> Json:
    """What claims.json says of a paper."""
    return {
        **{name: getattr(paper, name) for name in OF_PAPER},
        "headlines": [asdict(one) for one in paper.headlines],
        "figures": [{**asdict(one), "printed": dict(one.printed)} for one in paper.figures],
        "replies": [asdict(one) for one in paper.replies],
    }


def carried(ladders: Iterable[Ladder]) -> Json:
    """How many records of earlier sessions the verdicts rest on, how old the oldest is, how many are stale."""
    runs = {run["key"]: run for ladder in ladders for rung in ladder.rungs for run in rung.runs}
    recorded = [run for run in runs.values() if run["source"] == "recorded"]
    oldest = min((run["date"] for run in recorded), default=None)
    return {"records": len(recorded), "oldest": oldest, "stale": sum(run["freshness"] == "stale" for run in recorded)}


def by_chance(ladders: Iterable[Ladder]) -> Json:
    """How many verdicts rest on samples, how many of them decide, and how many chance alone may have decided.

    Each rung is a verdict of its own.  One that its evidence keeps `out of reach` cannot have been decided by chance.
    Of the others each is decided wrongly with a chance of `ALPHA` at most: `expected` is their number times that, the
    largest mean number of wrong verdicts, however they depend on each other.
    """
    sampled = [rung for ladder in ladders for rung in ladder.rungs if rung.sampled]
    open_to_chance = [rung for rung in sampled if rung.verdict is not Verdict.OUT_OF_REACH]
    return {
        "sampled": len(open_to_chance),
        "decided": sum(rung.decides for rung in open_to_chance),
        "expected": ALPHA * len(open_to_chance),
    }


def open_rows(paper: Paper) -> list[Json]:
    """The claims of a paper that no test decides, and the errata candidates that did not hold up, with the reasons."""
    told = [
        *(("open", row.id, row.where, row.statement, row.reason) for row in paper.open),
        *(("dropped", id, "", "No claim or erratum: it was looked into.", reason) for id, reason in paper.dropped),
    ]
    return [dict(zip(OUTSIDE, (kind, id, paper.key, *row, ""), strict=True)) for kind, id, *row in told]


def out_of_tier(described: Json) -> Json:
    """The row of a declared claim that a tier leaves out, with what judges it."""
    told = [described[name] for name in ("id", "paper", "where", "statement")]
    lowest = described["lowest_tier"]
    judges = repeats(described, [f"--tier {lowest}", "--data DIR"])
    return dict(zip(OUTSIDE, ("tier", *told, f"needs --tier {lowest}", judges), strict=True))


def entry(described: Json, verdict: Ladder, tier: str, session: Json) -> Json:
    """One claim's entry: what is declared of it, and what it came to."""
    rules = described["rules"]
    told = {
        **without_nan(
            {
                **{key: described[key] for key in KEPT},
                "rule": rules[SINGLE]
                if set(rules) == {SINGLE}
                else "; ".join(f"{part}: {rules[part]}" for part in rules),
                "rules": described["stated"],
                "paper_numbers": paper_numbers(described["paper_value"], described["unit"]),
            }
        ),
        **without_nan(ladder_to_json(verdict, unit=described["unit"], control=described["control"]), DIGITS),
    }
    written = {"why": why(told), "command": command(described, told, tier, session)}
    for rung in told["ladder"]:
        rung["again"] = None
    return {**told, **written, "expected": None, "previous": None}


def apart(told: Json) -> Json:
    """Take what failed runs left, which many claims may need, out of an entry, and leave their keys there."""
    found = {one["key"]: one for case in told["cases"] for one in case["failed"]}
    for case in told["cases"]:
        case["failed"] = [one["key"] for one in case["failed"]]
    told["failed"] = sorted(found)
    return found


def paper_numbers(given: Any, unit: str) -> Json:
    """What the paper gives, by name ("" where it is one thing): a value with its unit, or words."""
    if given is None:
        return {}
    by_name = given if isinstance(given, Mapping) else {"": given}
    return {
        name: {"value": None, "unit": "", "text": value}
        if isinstance(value, str)
        else {"value": value, "unit": unit, "text": f"{value:g} {unit}".strip()}
        for name, value in by_name.items()
    }


def command(described: Json, told: Json, tier: str, session: Json) -> str:
    """What judges the claim again as this session did, or at all; DIR is the folder of the data."""
    how, waits = [f"--tier {tier}"], told["verdict"] == Verdict.NOT_RUN
    if session.get("recorded") and described["trained"] and not waits:
        how.append("--recorded")
    if waits or (session.get("data") and told["data"]):
        how.append("--data DIR")
    return repeats(described, how)


def repeats(described: Json, how: Sequence[str]) -> str:
    """The command that judges one claim, into a folder of its own, from the root of the repository."""
    test = f"{described['file']}::{described['function']}"
    return " ".join([".venv/bin/python -m pytest", test, *how, f"--report {SELECTION}"])


def without_nan(value: Any, digits: int = 17) -> Any:
    """The same JSON with numbers to so many digits, and null for what JSON cannot write: NaN and the infinities."""
    if isinstance(value, Mapping):
        return {str(key): without_nan(item, digits) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [without_nan(item, digits) for item in value]
    if isinstance(value, float):
        return float(f"{value:.{digits}g}") if math.isfinite(value) else None
    return value


def _in_order(id: str) -> tuple[bool, list[str | int]]:
    return id.startswith(("E-", "N-")), [int(piece) if piece.isdigit() else piece for piece in re.split(r"(\d+)", id)]
