"""Which verdicts hang on a margin of ours: all claims judged again with every margin halved, and doubled.

A margin is what a rule allows around a target, or the distance of its threshold from 0.  Tolerances of identities are
no margins: they allow for rounding.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.rules import Difference, Equivalence, Identity, InAll, InSome, ProportionNear

if TYPE_CHECKING:
    import pytest

    from harness.rules import Rule

FACTORS = (0.5, 2.0)
FACTOR = "MARGINS_FACTOR"


def scaled(rule: Rule, factor: float) -> Rule:
    """The same rule with another margin; as it is where it has none."""
    if isinstance(rule, InAll | InSome):
        return replace(rule, rule=scaled(rule.rule, factor))
    if isinstance(rule, Difference):
        return replace(rule, threshold=factor * rule.threshold)
    if isinstance(rule, Equivalence | ProportionNear) and not isinstance(rule, Identity):
        return replace(rule, within=factor * rule.within)
    return rule


def pytest_collection_finish(session: pytest.Session) -> None:
    """As a plugin: change the margins of all claims."""
    from harness.claims import claim

    for one in claim.declared:
        rules = {part: scaled(rule, float(os.environ[FACTOR])) for part, rule in one.rules.items()}
        object.__setattr__(one, "rules", rules)


def main(data: Path | None) -> None:
    """Print each claim whose verdict is another one with other margins."""
    plain = _judged(1.0, data)
    others = {factor: _judged(factor, data) for factor in FACTORS}
    print(f"| claim | {' | '.join(['as it is', *(f'margins x {factor:g}' for factor in FACTORS)])} |\n|-|-|-|-|")
    for id, verdict in plain.items():
        row = [verdict, *(found.get(id, "gone") for found in others.values())]
        if len(set(row)) > 1:
            print(f"| {id} | {' | '.join(row)} |")


def _judged(factor: float, data: Path | None) -> Mapping[str, str]:
    """The verdict of each claim, by id, with margins times a factor."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "pytest", "claims", "--tier", "laptop", "--recorded", "-q", "-p", __name__]
        places = ["-n", "2", "--store", f"{folder}/store", "--report", f"{folder}/report", "-p", "no:cacheprovider"]
        named = ["--data", str(data)] if data else []
        environment = {**os.environ, FACTOR: str(factor)}
        done = subprocess.run([*command, *places, *named], env=environment, capture_output=True, text=True)
        file = Path(folder) / "report" / "claims.json"
        if not file.exists():
            raise SystemExit(done.stdout + done.stderr)
        document: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return {entry["id"]: entry["verdict"] for entry in document["claims"]}
