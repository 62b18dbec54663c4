"""Verdicts that turned are tried again with fresh seeds, in processes of their own, before they count as changed."""

from __future__ import annotations

import json
import math
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from harness.claims.fresh import LEAST
from harness.judging.claims import case_key
from harness.judging.steady import Number, has_moved
from harness.plugin.expected import Turned
from harness.plugin.options import Settings
from harness.verdicts import Verdict


class Fresh(NamedTuple):
    """What a claim comes to with fresh seeds: its verdict, those of its cases, and their numbers by case and part."""

    verdict: str
    cases: Mapping[str, str]
    numbers: Mapping[str, Mapping[str, Number]]

    @classmethod
    def of(cls, entry: Mapping[str, Any]) -> Fresh:
        """From the claim's entry in claims.json."""
        cases = {case_key(case["parameters"]): case for case in entry["cases"]}
        return cls(
            entry["verdict"],
            {key: case["verdict"] for key, case in cases.items()},
            {key: {part: _number(one) for part, one in case["parts"].items()} for key, case in cases.items()},
        )


@dataclass(frozen=True)
class Repeated:
    """What fresh seeds say of the verdicts that turned, a line for each.

    Attributes:
        changed: they come out otherwise than recorded too, and a number has moved by more than chance moves any.
        unsteady: everything else.
    """

    changed: list[str] = field(default_factory=list)
    unsteady: list[str] = field(default_factory=list)


def repeated(recorded: Sequence[Turned], settings: Settings, root: Path, minutes: float) -> Repeated:
    """Train the claims that turned with as many fresh seeds, as far as the time goes, and judge them by these.

    A claim turned where its verdict did, or that of one of its cases.

    Args:
        recorded: every verdict that could have turned.
        settings: of the session.
        root: the project's folder.
        minutes: for the training; what is left then goes on in the next session.
    """
    found = Repeated()
    turned = [one for one in recorded if one.has_turned or one.cases]
    tiers: dict[str, list[str]] = {}
    for one in turned:
        tiers.setdefault(one.tier, []).append(one.id)
    with_fresh = {
        (tier, id): judged
        for tier, ids in tiers.items()
        for id, judged in with_fresh_seeds(ids, tier, settings, root, minutes / len(tiers)).items()
    }
    for one in turned:
        fresh = with_fresh.get((one.tier, one.id))
        told = f"{one.of}: recorded {one.recorded}, now {one.now}" if one.has_turned else f"{one.of}: {_of_cases(one)}"
        if fresh is None or fresh.verdict == Verdict.NOT_RUN:
            found.unsteady.append(f"{told}; fresh seeds have not been trained yet")
        elif turn_as_well(one, fresh) and has_moved(one.numbers, fresh.numbers, len(recorded)):
            found.changed.append(f"{told}, with fresh seeds too, and its numbers have moved: {one.reason}")
        else:
            found.unsteady.append(f"{told}, with fresh seeds {fresh.verdict}: chance may do as much")
    return found


def turn_as_well(one: Turned, fresh: Fresh) -> bool:
    """Whether fresh seeds turn the verdict as well, or, where that did not turn, one of the cases that did."""
    if one.has_turned:
        return fresh.verdict != one.recorded
    return any(fresh.cases.get(case, was) != was for case, was in one.cases.items())


def _of_cases(one: Turned) -> str:
    return "not as recorded of " + ", ".join(f"{case or 'it'} ({was})" for case, was in one.cases.items())


def with_fresh_seeds(ids: Sequence[str], tier: str, settings: Settings, root: Path, minutes: float) -> dict[str, Fresh]:
    """The claims judged by fresh seeds, by id; without those that could not be judged."""
    options = [
        f"--tier={tier}", f"--store={settings.store}", f"--device={settings.device}",
        f"--fresh-seeds={LEAST}", "-k", " or ".join(ids), *([f"--data={settings.data}"] if settings.data else []),
    ]  # fmt: skip
    train = [sys.executable, "-m", "harness", "train", f"--minutes={minutes}", *options, str(settings.claims)]
    with tempfile.TemporaryDirectory() as folder:
        how = ["--no-train", "--no-ledger", f"--report={folder}", f"--evidence={folder}", "-p", "no:cacheprovider"]
        judge = [sys.executable, "-m", "pytest", "-q", *how, *options, str(settings.claims)]
        for command in (train, judge):
            subprocess.run(command, cwd=root, capture_output=True, check=False)
        try:
            document = json.loads(Path(folder, "claims.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
    return {entry["id"]: Fresh.of(entry) for entry in document["claims"]}


def _number(part: Mapping[str, Any]) -> Number:
    """A part's number; what is not finite is None in JSON."""
    effect, low, high = (math.nan if part[name] is None else part[name] for name in ("effect", "low", "high"))
    return Number(effect, low, high, part["n"])
