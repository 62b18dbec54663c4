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
from typing import Any

from harness.claims.fresh import LEAST
from harness.judging.steady import Number, has_moved
from harness.plugin.expected import Turned
from harness.plugin.options import Settings
from harness.verdicts import Verdict

Json = Mapping[str, Any]


@dataclass(frozen=True)
class Repeated:
    """What fresh seeds say of the verdicts that turned, a line for each.

    Attributes:
        changed: they come out otherwise than recorded too, and a number has moved by more than chance moves any.
        unsteady: everything else.
    """

    changed: list[str] = field(default_factory=list)
    unsteady: list[str] = field(default_factory=list)


def repeated(turned: Sequence[Turned], of: int, settings: Settings, root: Path, minutes: float) -> Repeated:
    """Train the claims that turned with as many fresh seeds, as far as the time goes, and judge them by these.

    Args:
        turned: what is not as it was recorded.
        of: how many verdicts could have turned.
        settings: of the session.
        root: the project's folder.
        minutes: for the training; what is left then goes on in the next session.
    """
    found = Repeated()
    tiers: dict[str, list[str]] = {}
    for one in turned:
        tiers.setdefault(one.tier, []).append(one.id)
    entries = {
        (tier, id): entry
        for tier, ids in tiers.items()
        for id, entry in with_fresh_seeds(ids, tier, settings, root, minutes / len(tiers)).items()
    }
    for one in turned:
        where = f"{one.of}: recorded {one.recorded}, now {one.now}"
        fresh = entries.get((one.tier, one.id))
        if fresh is None or fresh["verdict"] == Verdict.NOT_RUN:
            found.unsteady.append(f"{where}; fresh seeds have not been trained yet")
            continue
        where += f", with fresh seeds {fresh['verdict']}"
        if fresh["verdict"] != one.recorded and has_moved(one.numbers, numbers_of(fresh), of):
            found.changed.append(f"{where}, and its numbers have moved: {one.reason}")
        else:
            found.unsteady.append(f"{where}: chance may do as much")
    return found


def with_fresh_seeds(ids: Sequence[str], tier: str, settings: Settings, root: Path, minutes: float) -> dict[str, Json]:
    """The claims' entries as claims.json has them, judged by fresh seeds; without those that could not be judged."""
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
    return {entry["id"]: entry for entry in document["claims"]}


def numbers_of(entry: Json) -> dict[str, dict[str, Number]]:
    """What each part of each case of a claim measured, as claims.json has it."""
    return {
        case["case"]: {
            part: Number(_number(one["effect"]), _number(one["low"]), _number(one["high"]), one["n"])
            for part, one in case["parts"].items()
        }
        for case in entry["cases"]
    }


def _number(value: float | None) -> float:
    return math.nan if value is None else value
