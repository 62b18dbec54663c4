"""Two reports side by side: what became of each claim, as lines, as Markdown and as a page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from harness.report.compare import Became, Change, compare
from harness.report.markdown import text
from harness.report.page import digest, own, template
from harness.report.since import named


@dataclass(frozen=True)
class Comparison:
    """What became of the claims from one report to another.

    Attributes:
        before: the older report, by its day and commit.
        after: the newer one.
        changes: by what became of the claims, what matters most first.
        same: how many claims both reports judged, and are what they were.
    """

    before: str
    after: str
    changes: dict[Became, list[Change]]
    same: int


def comparison(before: Mapping[str, Any], after: Mapping[str, Any]) -> Comparison:
    """The comparison of two reports in short, see `harness.report.snapshot`."""
    found = compare(before, after)
    changed, known = {change.id for change in found}, before["claims"].keys()
    same = [id for id, one in after["claims"].items() if id not in changed and known & {id, *one["formerly"]}]
    kinds = {became: [change for change in found if change.became is became] for became in Became}
    return Comparison(named(before), named(after), {kind: kinds[kind] for kind in kinds if kinds[kind]}, len(same))


def in_lines(found: Comparison) -> list[str]:
    """The comparison at a terminal."""
    heads = [f"{found.before} -> {found.after}: {found.same} claims are what they were"]
    for became, changes in found.changes.items():
        heads += [f"{became} ({len(changes)})", *(f"  {_told(change)}" for change in changes)]
    return heads


def markdown(found: Comparison) -> str:
    """The comparison as Markdown."""
    lines = [f"# From {text(found.before)} to {text(found.after)}", "", f"{found.same} claims are what they were.", ""]
    for became, changes in found.changes.items():
        lines += [f"## {str(became).capitalize()} ({len(changes)})", ""]
        lines += [*(f"- {text(_told(change))}" for change in changes), ""]
    return "\n".join(lines)


def page(found: Comparison) -> str:
    """The comparison as a page of one file."""
    style = own("page.css")
    policy = f"default-src 'none'; style-src {digest(style)}; base-uri 'none'; form-action 'none'"
    return template("comparison.html.j2").render(found=found, told=_told, style=style, policy=policy)


def _told(change: Change) -> str:
    because = f" [changed: {', '.join(change.causes)}]" if change.causes else ""
    return f"{change.id}: {change.told}{because}"
