"""Samples of records that came out again, remembered in the store so that `recheck --once` does none twice.

What a sample depends on is its name: the commit, which decides the sample and the code; the files of evidence; what was
asked for; the data folder, by names, sizes and times; processor and libraries.  Nothing is known of files that were
changed since the commit, so nothing is remembered of them.  No torch is loaded here.
"""

from __future__ import annotations

import argparse
import contextlib
import datetime
import hashlib
import importlib.metadata
import json
import os
import platform
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from harness.system.files import write_atomically
from harness.system.places import EVIDENCE, STORE

FOLDER = "rechecked"
"""Where in the store they are remembered."""

ASKED = (
    "paths",
    "tier",
    "keyword",
    "marker",
    "device",
    "download",
    "require_data",
    "seconds",
    "all",
    "whole",
    "fresh_seeds",
)
"""Options of the command that decide what is rechecked, and how."""

DEPTH = 2
"""Levels of the data folder that are looked at: what lies deeper may be a million images."""


def name_of(chosen: argparse.Namespace, commit: str) -> str | None:
    """SHA-256 of all that a sample depends on; None where files were changed since the commit."""
    from harness.runs.conditions import processor

    if commit.endswith("+"):
        return None
    data = chosen.data or os.environ.get("CLAIMS_DATA")
    depends = {
        "commit": commit,
        "asked": {name: getattr(chosen, name) for name in ASKED},
        "evidence": dict(_digests(chosen.evidence or EVIDENCE)),
        "data": [str(Path(data).resolve()), *_seen(Path(data), DEPTH)] if data else [],
        "here": [processor(), platform.python_version(), importlib.metadata.version("torch")],
    }
    return hashlib.sha256(json.dumps(depends, sort_keys=True).encode()).hexdigest()


def recalled(chosen: argparse.Namespace, name: str | None) -> tuple[str, str] | None:
    """When a sample came out again, and what was said of it; None where that is not known."""
    if name is None:
        return None
    try:
        found: Any = json.loads(_file(chosen, name).read_text(encoding="utf-8"))
        return (str(found["at"]), str(found["said"])) if found["name"] == name else None
    except (OSError, ValueError, KeyError, TypeError):  # not there, or damaged: as good as none
        return None


def remember(chosen: argparse.Namespace, name: str, said: str) -> None:
    """Remember that a sample came out again; where the store cannot be written to, nothing is."""
    at = datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d %H:%M UTC")
    with contextlib.suppress(OSError):
        write_atomically(_file(chosen, name), json.dumps({"name": name, "at": at, "said": said}))


def _file(chosen: argparse.Namespace, name: str) -> Path:
    return Path(chosen.store or STORE) / FOLDER / f"{name}.json"


def _digests(folder: Path) -> Iterator[tuple[str, str]]:
    for file in sorted(folder.glob("*/*")):
        yield file.relative_to(folder).as_posix(), hashlib.sha256(file.read_bytes()).hexdigest()


def _seen(folder: Path, depth: int) -> Iterator[tuple[str, int, int]]:
    """Name, size and time of what lies in a folder, and in those below it."""
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError:
        return
    for entry in entries:
        try:
            facts = entry.stat()
        except OSError:  # a link to nowhere
            continue
        yield entry.path, facts.st_size, facts.st_mtime_ns
        if depth > 1 and entry.is_dir():
            yield from _seen(Path(entry.path), depth - 1)
