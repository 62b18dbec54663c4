"""Every fault that the suite is held to has tests that bring it about, and these are there."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from harness.tests.scenarios import NIGHTS, SCENARIOS

HERE = Path(__file__).parent


def names_in(file: Path) -> set[str]:
    """Names of a file's test functions, which stand at its top."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")}


def test_the_table_is_complete():
    assert sorted(SCENARIOS) == list(range(1, 29))
    assert all(one.fault and one.tests and len(set(one.tests)) == len(one.tests) for one in SCENARIOS.values())


@pytest.mark.parametrize("scenario", [*SCENARIOS.values(), *NIGHTS.values()], ids=lambda scenario: scenario.fault)
def test_the_names_in_a_scenario_are_there(scenario):
    for name in scenario.tests:
        file, _, test = name.partition("::")
        assert test in names_in(HERE / file), name
