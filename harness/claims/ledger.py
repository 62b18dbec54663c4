"""The verdicts that are expected: `claims/ledger.json`; of a paper that stands elsewhere, `ledger.json` in its folder.

A claim's entry stands under its tier and what it rests on (`basis`); `cases` lists those whose own verdict is not the
claim's.  A green build says that every verdict is as recorded, not that the papers are right.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.system.files import write_atomically
from harness.verdicts import Verdict

SCHEMA = 1


class LedgerUnreadable(Exception):
    """The ledger is not what this version of the suite writes."""


def basis(evidence: str, stand_in: bool) -> str:
    """What a case or a claim's verdict rests on: the reach of its evidence, and whether data stood in.

    A small network on real images and one on embedded images are both a `proxy`, and need not agree.
    """
    return f"{evidence}, embedded images" if stand_in else str(evidence)


@dataclass
class Ledger:
    """Expected verdicts by claim id, tier and basis."""

    claims: dict[str, dict[str, dict[str, dict[str, Any]]]] = field(default_factory=dict)

    @classmethod
    def read(cls, file: Path) -> Ledger:
        """The ledger in `file`; empty where there is none.

        Raises:
            LedgerUnreadable: when the file is damaged or of another schema.
        """
        if not file.exists():
            return cls()
        try:
            content = json.loads(file.read_text(encoding="utf-8"))
            schema, claims = content["schema"], content["claims"]
        except (ValueError, KeyError, TypeError) as error:
            raise LedgerUnreadable(f"{file}: not a ledger ({error}); restore it from version control") from error
        if schema != SCHEMA:
            raise LedgerUnreadable(f"{file}: schema {schema}, this suite reads {SCHEMA}; use the suite that wrote it")
        return cls(claims)

    def write(self, file: Path) -> None:
        """Replace `file`, sorted, so that a diff shows just the verdicts that changed."""
        content = {"schema": SCHEMA, "claims": self.claims}
        write_atomically(file, json.dumps(content, indent=1, sort_keys=True, ensure_ascii=False) + "\n")

    def of_claim(self, id: str, tier: str, basis: str) -> Verdict | None:
        """The verdict recorded for a claim."""
        entry = self._entry(id, tier, basis)
        return Verdict(entry["verdict"]) if entry else None

    def of_case(self, id: str, tier: str, basis: str, case: str) -> Verdict | None:
        """The verdict recorded for one case of a claim."""
        entry = self._entry(id, tier, basis)
        return Verdict(entry.get("cases", {}).get(case, entry["verdict"])) if entry else None

    def record(self, id: str, tier: str, basis: str, verdict: str, cases: Mapping[str, str]) -> None:
        """Expect from now on this verdict of a claim, and these of its cases by name."""
        others = {case: str(of_case) for case, of_case in cases.items() if of_case != verdict}
        recorded = {"verdict": str(verdict), **({"cases": others} if others else {})}
        self.claims.setdefault(id, {}).setdefault(tier, {})[basis] = recorded

    def _entry(self, id: str, tier: str, basis: str) -> dict[str, Any] | None:
        return self.claims.get(id, {}).get(tier, {}).get(basis)


class Ledgers:
    """The ledgers of a session: one for all papers below `claims/`, one in the folder of each paper elsewhere."""

    def __init__(self, claims: Path, *, read: bool = True) -> None:
        """Read the ledger of `claims`; with `read` false all are taken to be empty."""
        self._claims = claims.resolve()
        self._read = read
        self._ledgers: dict[Path, Ledger] = {}
        self.of(claims / "any")

    def file(self, paper: Path) -> Path:
        """Where the verdicts of the paper in this folder are kept."""
        folder = paper.resolve()
        return (folder.parent if folder.parent == self._claims else folder) / "ledger.json"

    def of(self, paper: Path) -> Ledger:
        """The ledger that has the paper's claims; errors as in `Ledger.read`."""
        file = self.file(paper)
        if file not in self._ledgers:
            self._ledgers[file] = Ledger.read(file) if self._read else Ledger()
        return self._ledgers[file]
