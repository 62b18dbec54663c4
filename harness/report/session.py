"""When a session was, of which commit, and how it was asked for; nothing that names the machine or a folder of its."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from harness.system.checkout import checkout


def session(root: Path, *, started: float, now: float, **options: Any) -> dict[str, Any]:
    """What claims.json says of the session.

    Args:
        root: of the repository.
        started: seconds since 1970 at its start.
        now: the same at its end.
        **options: those that change what is judged, e.g. `data` (whether a folder of data was given),
            and what of it is `missing`.
    """
    return {
        "date": datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%d"),
        "commit": commit(root),
        "seconds": round(now - started, 1),
        **options,
    }


def commit(root: Path) -> str | None:
    """The commit that the files under `root` are of, with "+" where some were changed since; None outside git."""
    try:
        return str(checkout(root))
    except (OSError, subprocess.SubprocessError):
        return None


def without_folders(value: Any, folders: Iterable[tuple[Path, str]]) -> Any:
    """The same JSON with every folder's path replaced by a name for it; those deeper inside come first.

    What has none of them is not copied: a report is large.
    """
    names = sorted(((str(folder), name) for folder, name in folders), key=lambda pair: -len(pair[0]))

    def told(one: Any) -> Any:
        if isinstance(one, str):
            for path, name in names:
                one = one.replace(path, name) if path in one else one
            return one
        if isinstance(one, Mapping):
            items = {key: told(item) for key, item in one.items()}
            return items if any(items[key] is not item for key, item in one.items()) else one
        if isinstance(one, list):
            listed = [told(item) for item in one]
            return listed if any(new is not old for new, old in zip(listed, one, strict=True)) else one
        return one

    return told(value)
