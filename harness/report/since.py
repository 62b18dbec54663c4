"""What a report says of those before it: what became of each claim, and its line through them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from harness.report.compare import Became, compare
from harness.report.history import comparable, lines, thinned

Json = dict[str, Any]

LISTED = 20
"""So many changes are listed at the terminal."""


def told(past: Sequence[Json], now: Json) -> Json:
    """What claims.json says of earlier reports.

    Args:
        past: the snapshots of the history, in order of time.
        now: that of this report.

    Returns:
        `before`: time and commit of the report over all claims of the same tier that this one is compared with, None
        where there is none; `changes`: what became of claims since; `lines`: of each claim, its points without those
        that repeat the one before.
    """
    before = comparable(past, now["tier"])
    shown = thinned([*(one for one in past if one["tier"] == now["tier"]), now])
    return {
        "before": before and {"at": before["at"], "commit": before["commit"], "named": named(before)},
        "changes": [{**asdict(one), "text": str(one)} for one in compare(before, now)] if before else [],
        "lines": {id: _without_repeats(line) for id, line in lines(shown).items()},
    }


def since(document: Mapping[str, Any]) -> list[str]:
    """The changes since the report before in lines; says in words where there is none to compare with."""
    found = document.get("history")
    if found is None:
        return []
    if found["before"] is None:
        return ["since the last report: no base, the history has no report over all claims of this tier"]
    if not found["changes"]:
        return [f"since the last report ({found['before']['named']}): no claim changed"]
    counts = Counter(change["became"] for change in found["changes"])
    heads = ", ".join(f"{counts[str(became)]} {became}" for became in Became if counts[str(became)])
    more = len(found["changes"]) - LISTED
    return [
        f"since the last report ({found['before']['named']}): {heads}",
        *(f"  {change['text']}" for change in found["changes"][:LISTED]),
        *([f"  and {more} more, all of them in the report"] if more > 0 else []),
    ]


def named(snapshot: Mapping[str, Any]) -> str:
    """A report by its day and commit."""
    commit = snapshot["commit"] or ""
    dirty = " with changes" if commit.endswith("+") else ""
    return f"{snapshot['at'][:10]}, {f'commit {commit[:10]}{dirty}' if commit else 'of no commit'}"


def _without_repeats(line: Sequence[Json]) -> list[Json]:
    repeated = [
        bool(index) and not one["cut"] and {**one, "at": "", "cut": 0} == {**line[index - 1], "at": "", "cut": 0}
        for index, one in enumerate(line)
    ]
    return [one for index, one in enumerate(line) if index == len(line) - 1 or not repeated[index]]
