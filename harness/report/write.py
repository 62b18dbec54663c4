"""The files of a report."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from harness.system.files import write_atomically


def write(document: Mapping[str, Any], folder: Path) -> None:
    """Write claims.json and index.html into `folder`; pytest writes junit.xml there."""
    from harness.report.page import render

    write_atomically(folder / "claims.json", json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False) + "\n")
    write_atomically(folder / "index.html", render(document))
