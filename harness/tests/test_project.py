"""What surrounds the code: what CI runs and may do, what is installed, what the changelog says."""

from __future__ import annotations

import re
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest

from harness.report.environment import PACKAGES, environment

ROOT = Path(__file__).parents[2]
SETTINGS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PROJECT: dict[str, Any] = SETTINGS["project"]
WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))
PARTS = ["lint", "types", "tests", "claims", "recheck"]


def jobs(workflow: str) -> dict[str, str]:
    """What stands under each job's name."""
    _, listed = workflow.split("\njobs:\n")
    parts = re.split(r"^  (\w+):\n", listed, flags=re.MULTILINE)[1:]
    return dict(zip(parts[::2], parts[1::2], strict=True))


@pytest.mark.parametrize("file", WORKFLOWS, ids=lambda file: file.name)
def test_actions_are_pinned_and_may_only_read_but_for_the_one_that_tells_of_a_night(file):
    workflow = file.read_text(encoding="utf-8")
    used = re.findall(r"uses: (.*)", workflow)
    assert used
    assert all(re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", action) for action in used), used
    assert re.findall(r"^permissions:\n((?:  .*\n)+)", workflow, re.MULTILINE) == ["  contents: read\n"]
    more = re.findall(r"^    permissions:\n((?:      .*\n)+)", workflow, re.MULTILINE)
    assert more == ["      contents: read\n      issues: write\n"] * workflow.count(" harness notify ")
    assert len(more) == len(re.findall(r"^ +permissions:", workflow, re.MULTILINE))
    assert "  cancel-in-progress: true\n" in workflow
    assert all(re.search(r"^    timeout-minutes: \d+$", job, re.MULTILINE) for job in jobs(workflow).values())
    assert workflow.count("persist-credentials: false") == workflow.count("uses: actions/checkout@")


def test_ci_has_a_job_for_each_part_of_make_test_and_one_that_looks_at_the_page():
    found = jobs((ROOT / ".github/workflows/ci.yml").read_text(encoding="utf-8"))
    assert found.keys() == {*PARTS, "browser"}
    assert all(f"bash .ci/run {part}\n" in found[part] for part in PARTS)
    assert "bash .ci/run test-browser\n" in found["browser"]


def test_make_test_is_its_parts():
    def printed(*targets: str) -> list[str]:
        done = subprocess.run(["make", "-n", *targets], cwd=ROOT, capture_output=True, text=True, check=True)
        return [line for line in done.stdout.splitlines() if ".venv/installed" not in line]

    assert printed("test") == printed(*PARTS)
    tests = next(line for line in printed("tests") if "harness/tests" in line)
    papers = {folder.parent.name for folder in (ROOT / "claims").glob("*/methods")}
    assert len(papers) == 4
    expanded = subprocess.run(
        ["sh", "-c", f"echo {tests}"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()
    assert {f"claims/{paper}/methods" for paper in papers} <= set(expanded)


def test_a_night_is_make_nightly_with_its_data_its_history_and_a_log_and_told_whatever_becomes_of_it():
    found = jobs((ROOT / ".github/workflows/nightly.yml").read_text(encoding="utf-8"))
    night, tell = found["verify"], found["tell"]
    (line,) = re.findall(r"make nightly (.*?)\n *-", night, re.DOTALL)
    for given in ("STORE=", "HISTORY=", "REPORT=", "--require-data", '| tee "$NIGHT/night.log"'):
        assert given in line, given
    assert "if: always()\n        uses: actions/upload-artifact" in night
    assert "GH_TOKEN" not in night
    assert "    needs: verify\n    if: always()\n" in tell
    told = "python3 -m harness notify night/report --log night/night.log"
    assert told in tell
    done = subprocess.run(
        ["make", "-n", "nightly", "HISTORY=kept"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    order = ["harness doctor ", "doctor --gpu", "benchmarks training", "harness record", "--bundle", "--history kept"]
    places = [done.stdout.index(one) for one in order]
    assert places == sorted(places)


def test_both_ends_of_the_pythons_that_are_allowed_are_tried():
    lowest, beyond = re.fullmatch(r">=3\.(\d+),<3\.(\d+)", PROJECT["requires-python"]).groups()
    found = jobs((ROOT / ".github/workflows/ci.yml").read_text(encoding="utf-8"))
    for job in ("tests", "claims"):
        assert f'python: ["3.{lowest}", "3.{int(beyond) - 1}"]\n' in found[job]


def test_every_requirement_is_pinned():
    pins = {_name(line) for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()}
    extras = [one for listed in PROJECT["optional-dependencies"].values() for one in listed]
    assert {_name(one) for one in PROJECT["dependencies"] + extras} <= pins


def test_a_report_names_packages_that_judging_needs():
    assert set(PACKAGES) <= {_name(one) for one in PROJECT["dependencies"]}
    said: Any = environment("cpu")
    assert set(said["packages"]) == set(PACKAGES)


def test_the_version_is_said_alike():
    version = PROJECT["version"]
    assert f"\nversion: {version}\n" in (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert re.findall(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)[0] == version


def test_what_is_no_code_is_installed_too():
    carried = {
        file
        for package, patterns in SETTINGS["tool"]["setuptools"]["package-data"].items()
        for pattern in patterns
        for file in (ROOT / package.replace(".", "/")).glob(pattern)
    }
    files = (file for file in (ROOT / "harness").rglob("*") if file.is_file() and "__pycache__" not in file.parts)
    beside = {file for file in files if file.suffix != ".py"}
    assert beside == carried


def _name(requirement: str) -> str:
    return re.split(r"[<>=\[;]", requirement)[0].strip().lower().replace("_", "-")
