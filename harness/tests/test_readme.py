"""What the README shows is true: its example runs, its options and commands exist."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from harness.tests.suite import PAPER

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_example_of_a_claim_is_complete_and_supported(suite):
    (example,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    suite.add_file("claims/paper2020/paper.toml", PAPER)
    (suite.root / "claims/paper2020/test_example.py").write_text(example)
    suite.run().assert_outcomes(passed=2)
    entry = suite.entry("XX-01")
    assert entry["verdict"] == "supported"
    assert entry["control"]["verdict"] == "refuted"


def test_every_option_that_the_readme_names_exists(suite):
    helps = suite.run("--help").outlines
    for command in ("plan", "train", "record", "recheck", "merge", "report", "doctor", "notify"):
        help_of = [sys.executable, "-m", "harness", command, "--help"]
        helps += subprocess.run(help_of, capture_output=True, text=True, check=True).stdout.splitlines()
    options = set(re.findall(r"^ +(--[a-z-]+)", "\n".join(helps), re.MULTILINE))
    named = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", README))
    assert len(named) > 5
    assert named <= options, named - options


def test_every_path_that_the_readme_names_exists():
    named = re.findall(r"\]\(([^)#:]+)\)", README) + re.findall(r"`((?:harness|claims|reports)/[\w./-]+)`", README)
    made = {"reports/latest/index.html", "reports/latest", "reports/store"}
    missing = [path for path in named if path not in made and not (ROOT / path).exists()]
    assert not missing
