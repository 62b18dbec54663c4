"""The files of a report."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from harness.system.files import write_atomically


def write(document: Mapping[str, Any], folder: Path) -> None:
    """Write claims.json, claims.csv, index.html and badge.svg into `folder`; pytest writes junit.xml there."""
    from harness.report.flat import to_csv
    from harness.report.markdown import badge
    from harness.report.page import render

    write_atomically(folder / "claims.json", json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False) + "\n")
    write_atomically(folder / "claims.csv", to_csv(document))
    write_atomically(folder / "index.html", render(document))
    write_atomically(folder / "badge.svg", badge(document))


def add_to_job(document: Mapping[str, Any], changed: Sequence[str], environment: Mapping[str, str]) -> None:
    """Append the report in short to the summary of a job on GitHub, where one is running.

    Args:
        document: the content of claims.json.
        changed: what is not as it was recorded.
        environment: variables of the process; GITHUB_STEP_SUMMARY names the file.
    """
    from harness.report.markdown import summary

    if file := environment.get("GITHUB_STEP_SUMMARY"):
        with Path(file).open("a", encoding="utf-8") as stream:
            stream.write(summary(document, changed))
