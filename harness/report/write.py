"""The files of a report, each written for itself: one that fails costs no other."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from harness.report.earlier import OUTPUTS
from harness.report.junit import Outcome
from harness.system.files import write_atomically


def write(document: Mapping[str, Any], folder: Path, tests: Mapping[str, Outcome]) -> list[str]:
    """Write claims.json, claims.csv, index.html, badge.svg and junit.xml into `folder`.

    Args:
        document: the content of claims.json.
        folder: of the report.
        tests: what became of each test, by node id, see `harness.report.junit`.

    Returns:
        A sentence for each file that was not written.  An older one of its name is taken away, so that none is taken
        for this session's.
    """
    from harness.report.flat import to_csv
    from harness.report.junit import junit
    from harness.report.markdown import badge
    from harness.report.page import render

    made: dict[str, Callable[[], str]] = {
        "claims.json": lambda: to_json(document),
        "junit.xml": lambda: junit(document, tests),
        "claims.csv": lambda: to_csv(document),
        "index.html": lambda: render(document),
        "badge.svg": lambda: badge(document),
    }
    return [problem for name in OUTPUTS if (problem := _write(folder / name, made[name]))]


def to_json(document: Mapping[str, Any]) -> str:
    """claims.json: a line for each claim, run and whatever else there are several of, so that a diff shows which."""

    def line(value: Any) -> str:
        return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))

    def lines(value: Any) -> str:
        if isinstance(value, list) and value:
            return "[\n" + ",\n".join(map(line, value)) + "\n]"
        if isinstance(value, Mapping) and value:
            return "{\n" + ",\n".join(f"{line(name)}:{line(one)}" for name, one in value.items()) + "\n}"
        return line(value)

    return "{\n" + ",\n".join(f"{line(name)}:{lines(value)}" for name, value in document.items()) + "\n}\n"


def _write(file: Path, content: Callable[[], str]) -> str:
    try:
        write_atomically(file, content())
    except Exception as error:  # whatever is wrong with one output, the others are wanted
        why = f"{file.name} is not written: {type(error).__name__}: {error}"
        try:
            file.unlink(missing_ok=True)
        except OSError:
            return f"{why}; the one that lies there is older"
        return why
    return ""


def add_to_job(document: Mapping[str, Any], environment: Mapping[str, str]) -> None:
    """Append the report in short to the summary of a job on GitHub, where one is running.

    Args:
        document: the content of claims.json.
        environment: variables of the process; GITHUB_STEP_SUMMARY names the file.

    Raises:
        OSError: the file can't be written.
    """
    from harness.report.markdown import summary

    if file := environment.get("GITHUB_STEP_SUMMARY"):
        with Path(file).open("a", encoding="utf-8") as stream:
            stream.write(summary(document))
