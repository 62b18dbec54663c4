"""The report as Markdown, for a pull request or the summary of a job on GitHub, and as a badge."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from harness.report.beside import beside
from harness.report.page import COUNTED, counts, headlines, number
from harness.system.plain import visible
from harness.verdicts import Verdict

LIMIT = 60_000
"""Bytes that a comment may have; GitHub takes 65,536 characters."""

MARKED = re.compile(r"([\\`*_{}\[\]<>()#+!|~@&$^-])")
"""What Markdown, or GitHub's, may take for more than text."""


def summary(document: Mapping[str, Any], limit: int = LIMIT) -> str:
    """The report in at most `limit` bytes of UTF-8; what is left out is counted.

    Args:
        document: the content of claims.json; what is not as it was recorded comes first.
        limit: bytes; below that of the title nothing is left out of it.
    """
    lines = ["# Claims report", ""]
    if document["changed"]:
        lines += ["## Changed", "", *(f"- {text(line)}" for line in document["changed"]), ""]
    if document["unsteady"]:
        lines += ["## Unsteady", "", *(f"- {text(line)}" for line in document["unsteady"]), ""]
    if base := document["base"]:
        lines += ["## Beside the base", "", *(f"- {text(line)}" for line in beside(base)), ""]
    if since := document.get("history"):
        lines += ["## Since the last report", "", *(f"- {line}" for line in _since(since)), ""]
    lines += table(document)
    shown = [{**paper, "short": "", "claims": _of(document, paper)} for paper in document["papers"]]
    if found := headlines(shown):
        lines += ["## Headlines", ""]
        for one in found:
            lines += [f"- {text(one['question'])}", *(f"  - {_line(entry)}" for entry in one["entries"])]
        lines.append("")
    for verdict in (Verdict.REFUTED, Verdict.ERRATUM, Verdict.INCONCLUSIVE):
        entries = [entry for entry in document["claims"] if entry["verdict"] == verdict]
        if entries:
            lines += [f"## {str(verdict).capitalize()} ({len(entries)})", "", *(f"- {_line(e)}" for e in entries), ""]
    return _within(lines, limit)


def table(document: Mapping[str, Any]) -> list[str]:
    """Counts by paper and verdict."""
    verdicts = [str(verdict) for verdict in Verdict]
    lines = [f"| paper | {' | '.join(verdicts)} |", "| --- |" + " ---: |" * len(verdicts)]
    for paper in document["papers"]:
        entries = _of(document, paper)
        if entries:
            found = counts([entry for entry in entries if entry["kind"] in COUNTED])
            cells = " | ".join(str(found[verdict]) for verdict in verdicts)
            lines.append(f"| {text(paper['title'])} | {cells} |")
    return [*lines, ""]


def text(value: object) -> str:
    """Text as Markdown shows it literally, on one line; a word with an @ calls nobody."""
    return MARKED.sub(r"\\\1", " ".join(visible(value).split())).replace("\\@", "\\@\u2060")


def _of(document: Mapping[str, Any], paper: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [entry for entry in document["claims"] if entry["paper"] == paper["key"]]


def _since(found: Mapping[str, Any]) -> list[str]:
    if found["before"] is None:
        return ["No base: the history has no report over all claims of this tier."]
    before = text(found["before"]["named"])
    return [text(change["text"]) for change in found["changes"]] or [f"No claim changed since {before}."]


def _line(entry: Mapping[str, Any]) -> str:
    reach = f" ({entry['evidence']})" if entry["evidence"] else ""
    return f"**{text(entry['id'])}** {entry['verdict']}{reach}: {text(entry['statement'])} {text(entry['why'])}"


def _within(lines: Sequence[str], limit: int) -> str:
    whole = "\n".join(lines).rstrip("\n") + "\n"
    if len(whole.encode()) <= limit:
        return whole
    kept: list[str] = []
    size, reserve = 0, 60
    for line in lines:
        size += len(line.encode()) + 1
        if size > limit - reserve and len(kept) > 1:
            break
        kept.append(line)
    more = sum(line.lstrip().startswith("- ") for line in lines[len(kept) :])
    return "\n".join([*kept, "", f"... and {more} lines more.", ""])


def badge(document: Mapping[str, Any]) -> str:
    """An SVG of how many of the claims are supported and how many refuted, for a README."""
    entries = [entry for entry in document["claims"] if entry["kind"] in COUNTED]
    found = counts(entries)
    says = f"{number(found['supported'])} of {len(entries)} supported, {number(found['refuted'])} refuted"
    width, left = 62 + round(6.6 * len(says)), 54
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="20" role="img" aria-label="claims: {says}">'
        f"<title>claims: {says}</title>"
        f'<rect width="{left}" height="20" fill="#3d4654"/>'
        f'<rect x="{left}" width="{width - left}" height="20" fill="#18774a"/>'
        '<g fill="#fff" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11">'
        f'<text x="6" y="14">claims</text><text x="{left + 5}" y="14" textLength="{width - left - 10}">{says}</text>'
        "</g></svg>\n"
    )
