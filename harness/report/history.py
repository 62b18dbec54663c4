"""The folder of history: a small JSON a report, each in a file of its own, so that sessions at once lose nothing."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from harness.report.compare import pieces_changed
from harness.report.snapshot import SCHEMA, digest
from harness.system.files import write_atomically

Json = dict[str, Any]

RECENT = 30
"""So many reports are shown each; of those before, one a week."""

WEEK = timedelta(days=7)


class NoSnapshot(ValueError):
    """A file holds none that this version of the suite reads; the message says why."""


def keep(snapshot: Mapping[str, Any], folder: Path) -> Path:
    """Write a snapshot into a file of its own, named by its time and a digest of it."""
    file = folder / f"{snapshot['at'].replace(':', '')}-{digest(snapshot)}.json"
    write_atomically(file, json.dumps(snapshot, ensure_ascii=False, sort_keys=True) + "\n")
    return file


def read(folder: Path) -> tuple[list[Json], list[str]]:
    """The snapshots of a folder in order of time, and a sentence for each file that was skipped."""
    found, skipped = [], []
    for file in sorted(folder.glob("*.json")):
        try:
            found.append(read_one(file))
        except NoSnapshot as problem:
            skipped.append(f"{problem}; it is left out")
    return sorted(found, key=lambda snapshot: snapshot["at"]), skipped


def read_one(file: Path) -> Json:
    """The snapshot in a file.

    Raises:
        NoSnapshot: it is damaged, or of another version of the suite.
    """
    try:
        snapshot = json.loads(file.read_text(encoding="utf-8"))
        schema = snapshot["schema"]
        if schema == SCHEMA:
            datetime.fromisoformat(snapshot["at"])
            _ = [snapshot[name] for name in ("commit", "selection", "partial", "tier")], dict(snapshot["claims"])
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise NoSnapshot(f"{file.name}: not of this suite's history ({error!r})") from error
    if schema != SCHEMA:
        raise NoSnapshot(f"{file.name}: schema {schema}, this suite reads {SCHEMA}")
    return dict(snapshot)


def now() -> str:
    """The time in UTC, as snapshots have it."""
    return datetime.now(UTC).isoformat(timespec="microseconds")


def thinned(snapshots: Sequence[Json]) -> list[Json]:
    """Those that are shown, of snapshots in order of time: the last `RECENT`, and before them the last of each week."""
    older, recent = snapshots[:-RECENT], snapshots[-RECENT:]
    weekly: list[Json] = []
    for one in reversed(older):
        after = weekly[-1] if weekly else recent[0]
        if datetime.fromisoformat(after["at"]) - datetime.fromisoformat(one["at"]) >= WEEK:
            weekly.append(one)
    return [*reversed(weekly), *recent]


def comparable(snapshots: Iterable[Json], tier: str) -> Json | None:
    """The last snapshot over all claims at a tier: what a later one is held against."""
    whole = [one for one in snapshots if one["tier"] == tier and not (one["selection"] or one["partial"])]
    return whole[-1] if whole else None


def lines(snapshots: Sequence[Json]) -> dict[str, list[Json]]:
    """The line of each claim of the last snapshot through all, a point a report that judged it.

    Returns:
        By id: `at`, `verdict`, `value`, `low` and `high` of each point; and `cut`, the pieces of its question that
        changed since the point before, at which the line begins anew.
    """
    if not snapshots:
        return {}
    return {id: _line(id, one["formerly"], snapshots) for id, one in snapshots[-1]["claims"].items()}


def _line(id: str, formerly: Sequence[str], snapshots: Sequence[Json]) -> list[Json]:
    points: list[Json] = []
    before: Json | None = None
    for one in snapshots:
        known = [one["claims"][name] for name in (id, *formerly) if name in one["claims"]]
        if known:
            cut = [] if before is None else list(pieces_changed(before, known[0]))
            point = {name: known[0][name] for name in ("verdict", "value", "low", "high")}
            points.append({"at": one["at"][:10], **point, "cut": cut})
            before = known[0]
    return points
