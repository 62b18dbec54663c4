"""A session beside the ledger and the evidence of the commit at which its branch left another one."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

from harness.claims.ledger import Ledger, Ledgers, LedgerUnreadable
from harness.system.checkout import NoMergeBase, file_at, lines_since

NO_BASE = (NoMergeBase, LedgerUnreadable, OSError, subprocess.SubprocessError)
"""What any of these functions raise where there is nothing to compare with; `missing` says it in words."""


def ledgers(root: Path, claims: Path, commit: str) -> Ledgers:
    """The ledgers as they were at a commit; that of a paper outside of the repository is empty."""

    def read(file: Path) -> Ledger:
        text = file_at(root, commit, file) if root in file.parents else None
        return Ledger() if text is None else Ledger.parse(text, f"{file.name} at {commit[:10]}")

    return Ledgers(claims, read)


def evidence(root: Path, folder: Path, commit: str) -> dict[str, int]:
    """How many lines of evidence were added and taken out since a commit."""
    added, gone = lines_since(root, commit, folder) if root in folder.parents else (0, 0)
    return {"added": added, "removed": gone}


def told(named: str, changes: list[str], lines: dict[str, int]) -> dict[str, Any]:
    """What claims.json says of the comparison with a base."""
    return {"named": named, "none": "", "changes": changes, "evidence": lines}


def missing(ref: str, problem: Exception) -> dict[str, Any]:
    """The same where there is no base."""
    answers = not isinstance(problem, (OSError, subprocess.SubprocessError))
    why = str(problem.args[0]) if answers else f"git does not answer for {ref}: {type(problem).__name__}"
    return {"named": ref, "none": why, "changes": [], "evidence": {"added": 0, "removed": 0}}
