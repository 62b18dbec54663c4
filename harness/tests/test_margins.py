"""Claims are judged again with other margins."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from harness.benchmarks.margins import FACTOR, scaled
from harness.rules import equals, equivalent_to, greater_than, in_all, matches, monotone, proportion_is


@pytest.mark.parametrize(
    ("rule", "doubled"),
    [
        (greater_than(0.1), greater_than(0.2)),
        (equivalent_to(3, within=0.5), equivalent_to(3, within=1.0)),
        (matches(3, within=0.5), matches(3, within=1.0)),
        (proportion_is(0.5, within=0.1), proportion_is(0.5, within=0.2)),
        (in_all(equivalent_to(0, within=1.0)), in_all(equivalent_to(0, within=2.0))),
        (equals(1.0, within=1e-9), equals(1.0, within=1e-9)),
        (monotone("increasing"), monotone("increasing")),
    ],
)
def test_margins_are_doubled_and_nothing_else(rule, doubled):
    assert scaled(rule, 2.0) == doubled
    assert scaled(rule, 1.0) == rule


def test_a_session_judges_by_the_scaled_rules(suite):
    suite.claims(
        '@claim("XX-01", where="x", rule=equivalent_to(0, within=1.0), control="c")\n'
        'def test_a(lab):\n    """A."""\n    lab.measure(Exact(1.5))\n    lab.control(Exact(9.0))\n'
    )
    command = [sys.executable, "-m", "pytest", "claims", "-q", "-p", "harness.benchmarks.margins"]  # each a new store
    for factor, verdict in (("1", "refuted"), ("2", "supported")):
        subprocess.run(
            [*command, "--store", f"store {factor}"],
            env={**os.environ, FACTOR: factor},
            capture_output=True,
            cwd=suite.root,
        )
        document = json.loads((suite.root / "reports" / "latest" / "claims.json").read_text())
        assert document["claims"][0]["verdict"] == verdict
