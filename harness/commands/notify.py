"""Tell people what a night found, once: in one issue of the repository on GitHub, by GitHub's own command `gh`.

The issue is opened when a night finds anything, added to when another night finds something else, and closed when one
finds nothing.  A night that finds what the open issue tells already says nothing.  Found is what is not as it was
recorded (`changed` in claims.json), a session that was cut short, a night without a report, which is told with the last
lines of --log, and a job that failed for any other reason (--result).

FOLDER holds the report of this night alone.  Nothing but Python is needed, so that any machine can tell of one that
died.  The issue has a label, and remembers in its text what it tells.

Exit status: 0 when people know; 1 where `gh` fails; 2 for bad usage.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.system.places import REPORT
from harness.system.plain import one_line, visible

LABEL, TITLE = "claims-at-night", "The claims are not as they were recorded"

MOST = 100
"""Findings that are listed."""

LAST_LINES = 80
"""Of the log: the stack of a crash has fifty."""

SECONDS = 60.0
"""After which `gh` is given up."""

_MARK = "<!-- found: {} -->"
_MEASURED = re.compile(r"[-+]?\d*\.\d+(?:e[-+]?\d+)?")


@dataclass(frozen=True)
class Found:
    """What a night found; nothing where all is as it was recorded.

    Attributes:
        what: a line for each.
        log: the last lines that the night printed, where its report does not say what went wrong.
    """

    what: Sequence[str]
    log: Sequence[str] = ()

    @property
    def digest(self) -> str:
        """The same for nights that found the same, whatever they measured."""
        return hashlib.sha256("\n".join(_MEASURED.sub("#", line) for line in self.what).encode()).hexdigest()[:16]

    def told(self, link: str) -> str:
        """The text of an issue or a comment, in Markdown; what was found stands in blocks that show it literally."""
        more = [f"and {len(self.what) - MOST} more"] if len(self.what) > MOST else []
        parts = [_block([*self.what[:MOST], *more])]
        if self.log:
            parts += ["The last lines:", _block(self.log)]
        return "\n\n".join([*parts, *([f"The night and its report: {link}"] if link else [])])


@dataclass(frozen=True)
class Issue:
    """The open issue on the nights."""

    number: int
    body: str


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    parser.add_argument(
        "folder", type=Path, nargs="?", default=REPORT, help=f"the night's report, or none (default: {REPORT})"
    )
    parser.add_argument("--log", type=Path, metavar="FILE", help="what the night printed")
    parser.add_argument("--result", default="success", metavar="WORD", help="of the night's job; success, or it failed")
    parser.add_argument("--link", default="", metavar="URL", help="where the night and its report are to be seen")


def run(chosen: argparse.Namespace) -> int:
    """Look at the night, and at the issue; tell what is new."""
    try:
        print(tell(found(chosen.folder, chosen.log, chosen.result), open_issue(), chosen.link))
    except (OSError, subprocess.SubprocessError, ValueError, LookupError) as problem:
        said = getattr(problem, "stderr", None) or problem
        print(one_line(f"nobody could be told: {said}"), file=sys.stderr)
        return 1
    return 0


def found(folder: Path, log: Path | None, result: str) -> Found:
    """What a night found, from its report, what it printed, and how its job ended."""
    try:
        document: Any = json.loads((folder / "claims.json").read_text(encoding="utf-8"))
        what = [one_line(line, 400) for line in document["changed"]]
        left = len(document["session"]["missing"])
        partial = bool(document["partial"])
    except (OSError, ValueError, LookupError, TypeError):
        return Found(["no report was made"], last_lines(log))
    if partial:
        what.append(f"the session was cut short, and left {left or 'some'} tests without a judgement")
    if what or result == "success":
        return Found(what)
    return Found(["the night failed, though its report is as it was recorded"], last_lines(log))


def last_lines(log: Path | None) -> list[str]:
    """The end of what the night printed, as far as there is any."""
    try:
        text = log.read_text(encoding="utf-8", errors="replace") if log is not None else ""
    except OSError:
        text = ""
    return [one_line(line, 300) for line in text.splitlines()[-LAST_LINES:]] or ["(none: it printed nothing)"]


def tell(found: Found, issue: Issue | None, link: str) -> str:
    """Open, add to or close the issue where that is due; says in a line what was done."""
    if not found.what:
        if issue is None:
            return "all is as it was recorded"
        gh("issue", "close", str(issue.number), "--comment", f"All is as it was recorded again. {link}".strip())
        return f"issue {issue.number} is closed: all is as it was recorded"
    if issue is not None and _MARK.format(found.digest) in issue.body:
        return f"issue {issue.number} tells it already"
    text = found.told(link)
    body = f"{text}\n\n{_MARK.format(found.digest)}"
    if issue is None:
        gh("label", "create", LABEL, "--force", "--description", "what the nightly run found")
        return f"opened: {gh('issue', 'create', '--title', TITLE, '--label', LABEL, '--body', body)}"
    gh("issue", "comment", str(issue.number), "--body", text)
    gh("issue", "edit", str(issue.number), "--body", body)
    return f"issue {issue.number} has a comment"


def open_issue() -> Issue | None:
    """The one that was opened by a night before."""
    listed = json.loads(gh("issue", "list", "--label", LABEL, "--state", "open", "--json", "number,body"))
    ours = [Issue(int(one["number"]), str(one["body"])) for one in listed if _MARK.partition("{")[0] in one["body"]]
    return min(ours, key=lambda issue: issue.number, default=None)


def gh(*words: str) -> str:
    """What GitHub's command says.

    Raises:
        OSError, subprocess.SubprocessError: it is not here, refuses, or gives no answer in time.
    """
    done = subprocess.run(["gh", *words], capture_output=True, text=True, check=True, timeout=SECONDS)
    return done.stdout.strip()


def _block(lines: Sequence[str]) -> str:
    return "\n".join(f"    {visible(line)}" for line in lines)
