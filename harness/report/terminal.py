"""The report at a terminal: headlines, a table of verdicts, what is against the papers, what is missing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from harness.report.page import counts
from harness.verdicts import Verdict


def summary(document: Mapping[str, Any]) -> list[str]:
    """The lines that a session ends with, of the content of claims.json."""
    entries = {entry["id"]: entry for entry in document["claims"]}
    lines = []
    for paper in document["papers"]:
        for one in paper["headlines"]:
            said = [f"{id} {judged(entries[id])}" for id in one["claims"] if id in entries]
            lines += [f"{one['question']}  {', '.join(said)}"] if said else []
    return [*lines, *table(document), *against(document), *_not_run(document)]


def judged(entry: Mapping[str, Any]) -> str:
    """A claim's verdict with the reach of its evidence, where there is any."""
    return f"{entry['verdict']} ({entry['evidence']})" if entry["evidence"] else str(entry["verdict"])


def table(document: Mapping[str, Any]) -> list[str]:
    """How many entries came to each verdict: a line a paper, and one for all where there are several."""
    by_paper = {
        f"{paper['authors'].split(',')[0].split()[-1]} {paper['year']}": [
            entry for entry in document["claims"] if entry["paper"] == paper["key"]
        ]
        for paper in document["papers"]
    }
    rows = {name: entries for name, entries in by_paper.items() if entries}
    if len(rows) > 1:
        rows["all"] = list(document["claims"])
    shown = [str(verdict) for verdict in Verdict if any(one["verdict"] == verdict for one in document["claims"])]
    cells = [["", *shown, "in all"]]
    for name, entries in rows.items():
        found = counts(entries)
        cells.append([name, *(str(found[verdict]) for verdict in shown), str(len(entries))])
    return _columns(cells)


def against(document: Mapping[str, Any]) -> list[str]:
    """The claims that were refuted, and the errata."""
    lines = []
    for verdict, called in ((Verdict.REFUTED, "refuted"), (Verdict.ERRATUM, "errata")):
        ids = [
            entry["id"] + (f" ({entry['evidence']})" if entry["evidence"] else "")
            for entry in document["claims"]
            if entry["verdict"] == verdict
        ]
        lines += [f"{called}: {', '.join(ids)}"] if ids else []
    return lines


def _not_run(document: Mapping[str, Any]) -> list[str]:
    count = sum(entry["verdict"] == Verdict.NOT_RUN for entry in document["claims"])
    if not count:
        return []
    why = "" if document["session"].get("data", True) else "; no folder of data was given (--data DIR)"
    return [f"{count} not run, each with its reason in the report{why}"]


def _columns(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return [
        "  ".join(
            cell.ljust(width) if column == 0 else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    ]
