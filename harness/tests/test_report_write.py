"""Each file of a report is written for itself: whichever fails is named, and the others are there."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from harness.report import write as module
from harness.report.write import write
from harness.system.files import write_atomically
from harness.tests.made_up_cases import case
from harness.tests.suite import Suite
from harness.tests.test_report import described, documented

FILES = {
    "claims.json": "",
    "junit.xml": "harness.report.junit.junit",
    "claims.csv": "harness.report.flat.to_csv",
    "index.html": "harness.report.page.render",
    "badge.svg": "harness.report.markdown.badge",
}
"""What makes the content of each file; that of the first is as it comes."""


def broken(*arguments, **options):
    raise RecursionError("too deep")


@pytest.mark.parametrize(
    ("name", "is_full"), [*((name, True) for name in FILES), *((name, False) for name in FILES if FILES[name])]
)
def test_whichever_file_fails_is_named_and_no_older_one_stands_for_it(name, is_full, tmp_path, monkeypatch):
    document = documented(described(), case())
    assert write(document, tmp_path, {}) == []
    assert {file.name for file in tmp_path.iterdir()} == set(FILES)
    for file in tmp_path.iterdir():
        os.utime(file, (0, 0))

    def full(file, content):
        if file.name == name:
            raise OSError(28, "No space left on device")
        write_atomically(file, content)

    if is_full:
        monkeypatch.setattr(module, "write_atomically", full)
    else:
        monkeypatch.setattr(FILES[name], broken)
    (problem,) = write(document, tmp_path, {})
    assert problem.startswith(f"{name} is not written: {'OSError' if is_full else 'RecursionError'}: ")
    now = {file.name: file.stat().st_mtime for file in tmp_path.iterdir()}
    assert now.keys() == FILES.keys() - {name}
    assert all(now.values()), "the others are this session's"


BUILD = """
import os, sys
from pathlib import Path
from harness.report.write import add_to_job, write
from harness.tests.made_up_report import many_sided

written = many_sided()
assert write(written, Path(sys.argv[1]), {}) == []
add_to_job(written, os.environ)
"""


def test_two_processes_write_the_same_bytes_from_the_same_cases(tmp_path):
    def built(seed):
        folder = tmp_path / seed
        folder.mkdir()
        given = os.environ | {"PYTHONHASHSEED": seed, "GITHUB_STEP_SUMMARY": str(folder / "summary.md")}
        subprocess.run([sys.executable, "-c", BUILD, str(folder)], env=given, check=True)
        return {file.name: file.read_bytes() for file in folder.iterdir()}

    first = built("1")
    assert first.keys() == {*FILES, "summary.md"}
    assert all(first.values())
    assert built("2") == first


CLAIM = """
    @claim("XX-01", where="Eq. 1", rule=equals(1.0), control="two")
    def test_one(lab):
        \"\"\"One is one.\"\"\"
        lab.measure(Exact(1.0))
        lab.control(Exact(2.0))
"""


def test_neither_the_history_nor_the_summary_of_a_job_costs_the_report(suite: Suite, monkeypatch):
    """A history that can be read and makes no sense; a summary that is a folder."""
    suite.claims(CLAIM)
    history = suite.root / "history"
    suite.run("--history", str(history))
    (file,) = history.iterdir()
    snapshot = json.loads(file.read_text())
    file.write_text(json.dumps({**snapshot, "claims": {"XX-01": {}}}))
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(suite.root))
    result = suite.run("--history", str(history))
    assert result.ret == pytest.ExitCode.INTERNAL_ERROR
    result.stdout.fnmatch_lines(["history: *: KeyError*", "the summary of the job is not written: *"])
    assert suite.entry("XX-01")["verdict"] == "supported"
    assert (suite.root / "reports/latest/index.html").exists()
    assert len(list(history.iterdir())) == 2, "this report is kept all the same"
