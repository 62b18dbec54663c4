"""A paper that stands in a folder of its own, outside any project: collected, judged, reported, held to its ledger."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from harness.tests.suite import IMPORTS, PAPER

ROOT = Path(__file__).parents[2]

CLAIMS = """
from toy2026.methods.numbers import ONE

@claim("XX-01", where="Eq. 1", rule=equals(1.0), control="two")
def test_one(lab):
    \"\"\"One is one.\"\"\"
    lab.measure(Exact(ONE))
    lab.control(Exact(2.0))

@claim("XX-02", where="Eq. 2", rule=equals(1.0), control="three")
def test_two(lab):
    \"\"\"Two is one.\"\"\"
    lab.measure(Exact(2 * ONE))
    lab.control(Exact(3.0))
"""


@pytest.fixture
def paper(tmp_path):
    """The paper's folder, whose modules are imported by its name."""
    folder = tmp_path / "far" / "toy2026"
    (folder / "methods").mkdir(parents=True)
    (folder / "paper.toml").write_text(PAPER)
    (folder / "methods/numbers.py").write_text("ONE = 1.0\n")
    (folder / "test_numbers.py").write_text(IMPORTS + CLAIMS)
    return folder


def run(folder, *arguments):
    environment = {name: value for name, value in os.environ.items() if name not in ("CLAIMS_DATA", "PYTEST_ADDOPTS")}
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *map(str, arguments)],
        cwd=folder,
        env={**environment, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )


def verdicts(report):
    document = json.loads((report / "claims.json").read_text())
    return {entry["id"]: entry["verdict"] for entry in document["claims"]}


JUDGED = {"XX-01": "supported", "XX-02": "refuted"}


@pytest.mark.parametrize("options", [[], ["-n", "2"]], ids=["one process", "two processes"])
def test_it_is_judged_from_any_folder_and_held_to_the_ledger_beside_its_claims(paper, tmp_path, options):
    work = tmp_path / "work"
    work.mkdir()
    arguments = ["-p", "harness.plugin", paper, *options]
    first = run(work, *arguments, "--update-ledger")
    assert first.returncode == 0, first.stdout + first.stderr
    assert verdicts(work / "reports/latest") == JUDGED
    assert "A paper that does not exist" in (work / "reports/latest/index.html").read_text()
    assert (work / "reports/latest/junit.xml").exists()
    assert set(json.loads((paper / "ledger.json").read_text())["claims"]) == set(JUDGED)
    assert run(work, *arguments).returncode == 0
    (paper / "methods/numbers.py").write_text("ONE = 2.0\n")
    changed = run(work, *arguments)
    assert changed.returncode == 1
    assert "recorded was: supported" in changed.stdout


def test_a_conftest_of_two_lines_does_for_the_plugin(paper):
    (paper / "conftest.py").write_text('"""Loads the suite."""\n\npytest_plugins = ["harness.plugin"]\n')
    for folder, arguments in ((paper, []), (paper.parent, ["toy2026"]), (paper.parent.parent, ["far/toy2026", "-q"])):
        done = run(folder, *arguments, "--report", paper.parent / "report")
        assert "1 failed, 1 passed" in done.stdout, done.stdout + done.stderr
        assert verdicts(paper.parent / "report") == JUDGED


def test_its_problems_are_told_at_collection(paper):
    (paper / "paper.toml").unlink()
    (paper / "paper.toml").write_text(PAPER.replace("claims = 9", "claims = 1"))
    done = run(paper.parent, "-p", "harness.plugin", "toy2026")
    assert "test_numbers.py:14: XX-02: unknown id" in done.stdout, done.stdout


def test_it_stands_in_one_report_with_a_projects_papers(paper, suite):
    suite.claims("""
        @claim("XX-03", where="Eq. 3", rule=equals(1.0), control="two")
        def test_three(lab):
            \"\"\"Three is one.\"\"\"
            lab.measure(Exact(1.0))
            lab.control(Exact(2.0))
    """)
    (suite.root / "claims/paper2020/methods").mkdir()
    (suite.root / "pytest.ini").write_text("[pytest]\n")
    done = run(suite.root, "claims", paper, "--update-ledger")
    assert done.returncode == 0, done.stdout + done.stderr
    assert verdicts(suite.root / "reports/latest") == {**JUDGED, "XX-03": "supported"}
    assert [one["key"] for one in suite.document()["papers"]] == ["paper2020", "toy2026"]
    assert set(json.loads(suite.ledger.read_text())["claims"]) == {"XX-03"}
    assert set(json.loads((paper / "ledger.json").read_text())["claims"]) == set(JUDGED)
