"""junit.xml: a test of the suite's own name for each case of a claim, e.g. `XX-06 [mnist, four]` in the paper's class.

The names follow from claims and readings, not from files and functions, and are as stable as these.  (pytest's own
`--junit-xml` has pytest's names.)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from xml.etree import ElementTree

from harness.system.plain import visible

LIMIT = 30_000_000
"""Bytes that GitLab takes."""

LENGTHS = (4000, 200, 0)
"""Characters of a text that are kept, until the file is within the limit."""

KINDS = {"failed": "failure", "error": "error", "skipped": "skipped"}
"""Elements of JUnit, by a test's outcome; one that passed has none."""


@dataclass(frozen=True)
class Outcome:
    """What became of a test: "passed", or one of `KINDS`, and why."""

    outcome: str
    text: str = ""


def junit(
    document: Mapping[str, Any],
    tests: Mapping[str, Outcome],
    limit: int = LIMIT,
) -> str:
    """The file's text, in at most `limit` bytes where texts alone could make it longer.

    Args:
        document: the content of claims.json.
        tests: what became of the tests, by node id; a case of the document that is not among them did not run, and a
            test of no case, at no tier, failed to be collected.
        limit: bytes.
    """
    known = {case["nodeid"] for entry in document["claims"] for case in entry["cases"]}
    below = {
        nodeid: (entry["paper"], f"{entry['id']} [{nodeid.partition('[')[2].rstrip(']')}], tier {rung['tier']}")
        for entry in document["claims"]
        for rung in entry["ladder"]
        for nodeid in rung["nodeids"]
        if nodeid in tests and nodeid not in known
    }
    cases = [
        (entry["paper"], name(entry, case), tests.get(case["nodeid"], Outcome("error", case["reason"])), entry, case)
        for entry in document["claims"]
        for case in entry["cases"]
    ]
    others = [(*below.get(id, ("collection", id)), tests[id], None, None) for id in tests if id not in known]
    ledger = [("ledger", "verdicts are as recorded", Outcome("failed", "\n".join(document["changed"])), None, None)]
    rows = [*cases, *others, *(ledger if document["changed"] else [])]
    for length in LENGTHS:
        text = _written(rows, length)
        if len(text.encode()) <= limit:
            break
    return text


def name(entry: Mapping[str, Any], case: Mapping[str, Any]) -> str:
    """What a case of a claim is called: the claim's id, and the case's data and readings."""
    readings = ", ".join(case["parameters"].values())
    return f"{entry['id']} [{readings}]" if readings else str(entry["id"])


def _written(rows: Sequence[tuple[str, str, Outcome, Any, Any]], length: int) -> str:
    counts = {f"{kind}s": sum(one.outcome == outcome for _, _, one, _, _ in rows) for outcome, kind in KINDS.items()}
    counts["skipped"] = counts.pop("skippeds")
    root = ElementTree.Element("testsuites")
    told = {"name": "claims", "tests": len(rows), **counts}
    suite = ElementTree.SubElement(root, "testsuite", {key: str(value) for key, value in told.items()})
    for paper, called, one, entry, case in rows:
        seconds = {"time": f"{case['seconds']:.3f}"} if case else {}
        test = ElementTree.SubElement(
            suite, "testcase", {"classname": visible(paper), "name": visible(called), **seconds}
        )
        if entry:
            properties = ElementTree.SubElement(test, "properties")
            for key, value in (("verdict", entry["verdict"]), ("case", case["verdict"]), ("tier", case["tier"])):
                ElementTree.SubElement(properties, "property", {"name": key, "value": value})
        if one.outcome in KINDS:
            text = visible(one.text)[:length]
            told_by = ElementTree.SubElement(test, KINDS[one.outcome], {"message": text.partition("\n")[0]})
            if one.outcome != "skipped":
                told_by.text = text
    ElementTree.indent(root, " ")
    return ElementTree.tostring(root, encoding="unicode", xml_declaration=True) + "\n"
