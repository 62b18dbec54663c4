"""A session beside the ledger and the evidence of the commit at which its branch left another one."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

from harness.claims.ledger import Ledger, Ledgers, LedgerUnreadable
from harness.system.checkout import file_at, lines_since, merge_base


class NoBase(LookupError):
    """There is nothing to compare with; the message says why."""


def find(root: Path, ref: str) -> str:
    """The commit at which the branch that is checked out under `root` left another branch, or a commit.

    Raises:
        NoBase: git knows of none, or there is no git.
    """
    try:
        return merge_base(root, ref)
    except LookupError as problem:
        raise NoBase(str(problem.args[0])) from problem
    except (OSError, subprocess.SubprocessError) as problem:
        raise NoBase(f"git does not answer for {ref}: {type(problem).__name__}") from problem


def ledgers(root: Path, claims: Path, commit: str) -> Ledgers:
    """The ledgers as they were at a commit; that of a paper outside of the repository is empty.

    Raises:
        NoBase: another version of the suite wrote them.
    """

    def read(file: Path) -> Ledger:
        text = file_at(root, commit, file) if root in file.parents else None
        return Ledger() if text is None else Ledger.parse(text, f"{file.name} at {commit[:10]}")

    try:
        return Ledgers(claims, read)
    except LedgerUnreadable as problem:
        raise NoBase(str(problem)) from problem


def evidence(root: Path, folder: Path, commit: str) -> dict[str, int]:
    """How many lines of evidence were added and taken out since a commit."""
    added, gone = lines_since(root, commit, folder) if root in folder.parents else (0, 0)
    return {"added": added, "removed": gone}


def told(named: str, changes: list[str], lines: dict[str, int]) -> dict[str, Any]:
    """What claims.json says of the comparison with a base."""
    return {"named": named, "none": "", "changes": changes, "evidence": lines}


def missing(ref: str, why: NoBase) -> dict[str, Any]:
    """The same where there is no base."""
    return {"named": ref, "none": str(why), "changes": [], "evidence": {"added": 0, "removed": 0}}
