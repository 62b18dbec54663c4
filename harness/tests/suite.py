"""A small suite of claims about a paper that does not exist, for tests that run pytest on pytest."""

from __future__ import annotations

import json
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

PAPER = """
prefix = "XX"
title = "A paper that does not exist"
authors = "Nobody"
year = 2020
venue = "Nowhere"
claims = 9
errata = 2
"""

CONFTEST = """
pytest_plugins = ["harness.plugin"]
"""

IMPORTS = """
from harness.claims.claim import claim
from harness.claims.kinds import Erratum, Kind, Remark
from harness.rules import Exact, equals, equivalent_to, greater_than, less_than
"""

DRAWS = """
from harness.tests.fake_recipes import Draw, Part

def given(number, threshold, seeds, **more):
    runs = {"draws": Draw(Part(kind=f"of claim {number}"))}
    return {"id": f"XX-0{number}", "where": "x", "rule": less_than(threshold), "control": "ten more",
            "runs": lambda: runs, "seeds": seeds, "reach": {"smoke": "proxy"}, "about": "direction", **more}

def decide(lab):
    values = [record.metrics["mean"] for record in lab.records(lab.runs["draws"])]
    lab.measure(values)
    lab.control([value + 10 for value in values])
"""
"""What claims on random draws share, each with a recipe of its own: `@claim(**given(1, 0.4, range(3)))`."""


class Suite:
    """A folder with claims of one paper, and what running pytest in it says."""

    def __init__(self, pytester: pytest.Pytester) -> None:
        self.pytester = pytester
        self.root = pytester.path
        self.add_file("conftest.py", CONFTEST)
        self.add_file("claims/paper2020/paper.toml", PAPER)

    def add_file(self, name: str, content: str) -> Path:
        file = self.root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(dedent(content), encoding="utf-8")
        return file

    def claims(self, content: str, name: str = "test_topic.py") -> Path:
        return self.add_file(f"claims/paper2020/{name}", IMPORTS + dedent(content))

    def run(self, *args: str) -> pytest.RunResult:
        return self.pytester.runpytest_subprocess("claims", "-p", "no:cacheprovider", *args)

    def document(self) -> dict[str, Any]:
        """Of the last session, over all claims or over a selection."""
        written = max(self.root.glob("reports/*/claims.json"), key=lambda file: file.stat().st_mtime_ns)
        return json.loads(written.read_text(encoding="utf-8"))

    def entry(self, id: str) -> dict[str, Any]:
        return next(entry for entry in self.document()["claims"] if entry["id"] == id)

    @property
    def ledger(self) -> Path:
        return self.root / "claims/ledger.json"
