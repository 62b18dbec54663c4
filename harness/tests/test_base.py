"""A session beside the ledger and evidence of the commit at which its branch left another."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from harness.plugin.options import target_branch
from harness.report.beside import beside
from harness.tests.suite import Suite
from harness.tests.test_claims_as_tests import REFUTED, SUPPORTED

NOW_SUPPORTED = REFUTED.replace("lab.measure(Exact(0.0))", "lab.measure(Exact(1.0))")


def git(folder: Path, *words: str) -> str:
    who = ["-c", "user.name=nobody", "-c", "user.email=nobody@example.org", "-c", "init.defaultBranch=trunk"]
    return subprocess.run(
        ["git", "-C", folder, *who, *words], check=True, capture_output=True, text=True
    ).stdout.strip()


def commit(suite: Suite, message: str) -> str:
    suite.add_file(".gitignore", "reports/latest\nreports/store\n__pycache__\n")
    git(suite.root, "add", "-A")
    git(suite.root, "commit", "-qm", message)
    return git(suite.root, "rev-parse", "HEAD")


@pytest.fixture
def branch(suite: Suite) -> Suite:
    """A branch on which nothing happened yet, of a trunk whose ledger has XX-01 supported and XX-02 refuted."""
    suite.claims(SUPPORTED + REFUTED)
    suite.run("--update-ledger")
    suite.add_file("reports/evidence/paper2020/runs.jsonl", "")
    git(suite.root, "init", "-q")
    commit(suite, "trunk")
    git(suite.root, "switch", "-qc", "work")
    return suite


def told(suite: Suite, base: str = "trunk") -> list[str]:
    result = suite.run(f"--base={base}")
    said = beside(suite.document()["base"])
    result.stdout.fnmatch_lines([line.replace("[", "[[]") for line in said])
    return said


def test_a_branch_that_changed_nothing_says_so(branch: Suite):
    head = git(branch.root, "rev-parse", "trunk")
    assert told(branch) == [f"beside {head[:10]} (trunk): no verdicts changed"]


def test_a_verdict_that_a_branch_changed_is_told_though_its_own_ledger_has_it_by_now(branch: Suite):
    branch.claims(SUPPORTED + NOW_SUPPORTED)
    branch.run("--update-ledger")
    commit(branch, "changed and recorded")
    _, change = told(branch)
    assert change.startswith("XX-02 (smoke): recorded refuted, now supported")
    assert branch.document()["changed"] == []


def test_claims_that_appeared_or_are_gone_and_lines_of_evidence_are_told(branch: Suite):
    branch.claims(SUPPORTED + REFUTED.replace("XX-02", "XX-03"))
    branch.add_file("reports/evidence/paper2020/runs.jsonl", "one\ntwo\n")
    branch.run("--update-ledger")
    commit(branch, "another")
    assert told(branch)[1:] == [
        "XX-02: recorded, and no claim declares it (`formerly` renames one)",
        "XX-03 (smoke): not recorded, now refuted",
        "evidence: 2 lines added, 0 taken out",
    ]


def test_what_happened_on_the_other_branch_since_is_no_change_of_this_one(branch: Suite):
    git(branch.root, "switch", "-q", "trunk")
    branch.claims(SUPPORTED + NOW_SUPPORTED)
    branch.run("--update-ledger")
    commit(branch, "trunk goes on")
    git(branch.root, "switch", "-q", "work")
    assert "no verdicts changed" in told(branch)[0]


def test_a_branch_that_is_not_there_and_a_shallow_clone_have_no_base_and_say_why(branch: Suite):
    assert told(branch, "origin/renamed") == ["no base: no branch or commit here is called origin/renamed"]
    assert told(branch, "--help") == ["no base: no branch or commit here is called --help"]
    branch.claims(SUPPORTED)
    commit(branch, "work goes on")
    git(branch.root, "switch", "-q", "trunk")
    branch.add_file("more.txt", "")
    tip = commit(branch, "trunk goes on")
    git(branch.root, "switch", "-q", "work")
    clone = branch.root.with_name("clone")
    git(branch.root, "clone", "-q", "--depth", "1", "--branch", "work", f"file://{branch.root}", str(clone))
    git(clone, "fetch", "-q", "--depth", "1", "origin", tip)
    branch.root = clone
    branch.pytester._path = clone
    branch.pytester.chdir()
    (said,) = told(branch, tip)
    assert said == f"no base: this clone is shallow, and does not reach back to {tip}; fetch its history"


def test_a_first_commit_has_no_base(branch: Suite):
    git(branch.root, "checkout", "-q", "--orphan", "first")
    commit(branch, "first")
    assert told(branch) == ["no base: trunk has no commit in common with this checkout"]


def test_without_git_there_is_no_base(suite: Suite):
    suite.claims(SUPPORTED)
    assert told(suite, "trunk")[0].startswith("no base: ")


def test_a_base_of_another_version_of_the_suite_is_none(branch: Suite):
    git(branch.root, "switch", "-q", "trunk")
    branch.ledger.write_text('{"schema": 1, "claims": {}}')
    before = commit(branch, "an older suite")
    branch.run("--no-ledger")
    assert beside(branch.document()["base"]) == []
    result = branch.run("--no-ledger", "--base", before)
    assert result.ret == pytest.ExitCode.TESTS_FAILED, "as without a base: XX-02 is refuted"
    assert "schema 1, this suite reads" in beside(branch.document()["base"])[0]


def test_a_git_that_fails_on_the_way_costs_no_report(branch: Suite):
    branch.add_file(
        "conftest.py",
        """
        import subprocess
        from harness.plugin import base
        pytest_plugins = ["harness.plugin"]

        def fails(*_):
            raise subprocess.TimeoutExpired("git", 30)

        base.lines_since = fails
        """,
    )
    assert told(branch) == ["no base: git does not answer for trunk: TimeoutExpired"]
    assert [entry["id"] for entry in branch.document()["claims"]] == ["XX-01", "XX-02"]


def test_pull_and_merge_requests_name_their_base():
    assert target_branch({"GITHUB_BASE_REF": "main"}) == "origin/main"
    assert target_branch({"CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "trunk"}) == "origin/trunk"
    assert target_branch({"GITHUB_BASE_REF": ""}) is None
