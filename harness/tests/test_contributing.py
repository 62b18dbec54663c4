"""What CONTRIBUTING.md shows is true: its files are a paper that pytest judges, outside the repository."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from harness.store import Store

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
PAPER = "toy2026"
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)

FILES = {body.split()[1]: body for language, body in BLOCK.findall(PAGE) if language in ("toml", "python")}
"""The paper's files by path: each block begins with a comment that names it."""

COMMANDS = [
    shlex.split(line, comments=True)
    for language, body in BLOCK.findall(PAGE)
    if language == "sh"
    for line in body.splitlines()
    if f" {PAPER}" in line  # and none of what is typed where it lies in this repository
]
"""What the page says is typed where the paper lies: the first judges it, the second again without training."""


@dataclass(frozen=True)
class Place:
    """A folder outside the repository that the paper lies in."""

    root: Path

    def change(self, name: str, old: str, new: str) -> None:
        file = self.root / name
        content = file.read_text(encoding="utf-8")
        assert old in content
        file.write_text(content.replace(old, new), encoding="utf-8")

    def run(self, command: list[str], *more: str) -> subprocess.CompletedProcess[str]:
        assert command[0] == "python"
        environment = {
            name: value for name, value in os.environ.items() if name not in ("CLAIMS_DATA", "PYTEST_ADDOPTS")
        }
        return subprocess.run(
            [sys.executable, *command[1:], "-p", "no:cacheprovider", *more],
            cwd=self.root,
            env={**environment, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"},
            capture_output=True,
            text=True,
            check=False,
        )

    def judged_from(self, other: Place) -> dict[str, Any]:
        """The trained claim, judged without training, from the records of another place."""
        shutil.copytree(other.root / "toy-records", self.root / "toy-records")
        self.run(COMMANDS[1], "-k", "TY-02")
        return self.claims()["TY-02"]

    def claims(self) -> dict[str, dict[str, Any]]:
        document = json.loads((self.root / "toy-report/claims.json").read_text(encoding="utf-8"))
        return {entry["id"]: entry for entry in document["claims"]}


def written(root: Path) -> Place:
    for name, content in FILES.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(content, encoding="utf-8")
    return Place(root)


@pytest.fixture
def place(tmp_path):
    return written(tmp_path)


@pytest.fixture(scope="module")
def judged(tmp_path_factory):
    """The paper after the page's first command."""
    place = written(tmp_path_factory.mktemp("elsewhere"))
    done = place.run(COMMANDS[0])
    assert done.returncode == 0, done.stdout + done.stderr
    return place


def test_the_page_has_a_whole_paper_and_its_commands():
    assert {name.split("/")[0] for name in FILES} == {PAPER}
    assert {f"{PAPER}/paper.toml", f"{PAPER}/methods/__init__.py"} < set(FILES)
    assert [command[:5] for command in COMMANDS] == [["python", "-m", "pytest", "-p", "harness.plugin"]] * 2


def test_its_code_is_as_the_suites(tmp_path):
    written(tmp_path)
    for arguments in (["check", "--ignore", "ANN"], ["format", "--diff"]):
        ruff = [sys.executable, "-m", "ruff", *arguments, "--config", ROOT / "pyproject.toml", "--no-cache", tmp_path]
        done = subprocess.run(ruff, cwd=ROOT, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(("id", "parts"), [("TY-01", {"sign", "size"}), ("TY-02", {"as they are", "turned"})])
def test_its_claims_are_judged_and_their_controls_bite_part_by_part(judged, id, parts):
    (case,) = judged.claims()[id]["cases"]
    assert judged.claims()[id]["verdict"] == "supported"
    assert judged.claims()[id]["control"]["verdict"] == "refuted"
    assert {part: judgement["verdict"] for part, judgement in case["parts"].items()} == dict.fromkeys(
        parts, "supported"
    )
    assert {part: judgement["verdict"] for part, judgement in case["control"]["parts"].items()} == dict.fromkeys(
        parts, "refuted"
    )


def test_it_is_reported(judged):
    claims = judged.claims()
    assert set(claims) == {"TY-01", "TY-02"}
    page = (judged.root / "toy-report/index.html").read_text(encoding="utf-8")
    assert "Small networks tell lying stripes from standing ones" in page
    assert all(entry["statement"] in page for entry in claims.values())
    assert "needs people" in page
    assert (judged.root / "toy-report/junit.xml").exists()


def test_each_of_its_runs_has_a_record(judged):
    assert len(set(judged.claims()["TY-02"]["runs"])) == 10
    assert sorted(Store(judged.root / "toy-records").keys()) == sorted(set(judged.claims()["TY-02"]["runs"]))


def test_a_second_judgement_reads_the_records(judged):
    done = judged.run(COMMANDS[1], "-n", "2")
    assert done.returncode == 0, done.stdout + done.stderr
    assert {entry["verdict"] for entry in judged.claims().values()} == {"supported"}


@pytest.mark.parametrize(
    ("name", "change", "told"),
    [
        ("test_training.py", ('of("toy-filters"', 'of("toy-filter"'), "there is no network 'toy-filter'"),
        ("test_training.py", ('Data(name="toy-stripes"', 'Data(name="toy-strips"'), "no data set 'toy-strips'"),
        ("test_training.py", ('data=("toy-stripes",)', 'data=("toy-strips",)'), "unknown data set 'toy-strips'"),
    ],
)
def test_a_misspelt_name_is_a_problem_at_collection(place, name, change, told):
    place.change(f"{PAPER}/{name}", *change)
    done = place.run(COMMANDS[0], "--collect-only")
    assert done.returncode == pytest.ExitCode.INTERRUPTED
    assert told in done.stdout


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("signs.py", "gradient.sign()", "gradient.sign() * 2"),
        ("filters.py", "nn.ReLU()", "nn.ELU()"),
        ("turning.py", "rot90(1,", "rot90(-1,"),
        ("stripes.py", "NOISE = 1.2", "NOISE = 1.1"),
    ],
    ids=["training", "network", "intervention", "data"],
)
def test_what_its_runs_depend_on_is_in_their_keys(judged, place, name, old, new):
    """Judged from the records that were made before a change, and without training: the runs are not there."""
    place.change(f"{PAPER}/methods/{name}", old, new)
    assert place.judged_from(judged)["verdict"] == "not run"


def test_what_its_runs_do_not_depend_on_leaves_them_in_place(judged, place):
    """Words, the measure of another claim, the claim's own rule."""
    place.change(f"{PAPER}/methods/signs.py", "Train on all images at once.", "Said otherwise.")
    place.change(f"{PAPER}/methods/orientation.py", "(v - h)", "(h - v)")
    place.change(f"{PAPER}/test_training.py", "greater_than(0.0)", "greater_than(-0.1)")
    assert place.judged_from(judged)["verdict"] == "supported"
