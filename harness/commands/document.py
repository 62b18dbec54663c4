"""The claims.json of a report, read back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from harness.commands.usage import BadUsage

ENTRY = {
    "id",
    "paper",
    "statement",
    "verdict",
    "reason",
    "evidence",
    "rules",
    "control",
    "deciding",
    "cases",
    "decides",
}
"""What every entry of a report has."""


def read_document(folder: Path) -> dict[str, Any]:
    """What a report folder's claims.json holds.

    Raises:
        BadUsage: it is not there, damaged, or of another version of the suite.
    """
    from harness.report.document import SCHEMA

    file = folder / "claims.json"
    if not file.exists():
        raise BadUsage(f"{file}: not there; `pytest claims --report {folder}` writes it")
    try:
        document = json.loads(file.read_text(encoding="utf-8"))
        schema = document["schema"]
        parts = {"session", "papers", "base", "unsteady"} <= document.keys()
        complete = parts and all(entry.keys() >= ENTRY for entry in document["claims"])
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise BadUsage(f"{file}: not a report's ({error}); `pytest claims --report {folder}` writes it anew") from error
    if schema != SCHEMA:
        raise BadUsage(f"{file}: schema {schema}, this suite reads {SCHEMA}; use the suite that wrote it")
    if not complete:
        raise BadUsage(
            f"{file}: an earlier version of this suite wrote it; `pytest claims --report {folder}` does anew"
        )
    if not document["claims"]:
        raise BadUsage(f"{file}: it has no claims, so that nothing could be found wrong with it")
    return dict(document)
