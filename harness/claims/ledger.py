"""The verdicts that are expected: `claims/ledger.json`.

A claim's entry stands under its tier and what it rests on (`basis`); `cases` lists those whose own verdict is not the
claim's.  A green build says that every verdict is as recorded, not that the papers are right.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.system.files import write_atomically
from harness.verdicts import Verdict

SCHEMA = 1


class LedgerUnreadable(Exception):
    """The ledger is not what this version of the suite writes."""


def basis(judged: Mapping[str, Any]) -> str:
    """What a case, or a claim's entry in claims.json, rests on: the reach of its evidence, and whether data stood in.

    A small network on real images and one on embedded images are both a `proxy`, and need not agree.
    """
    return f"{judged['evidence']}, embedded images" if judged["stand_in"] else str(judged["evidence"])


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

    def record(self, entry: Mapping[str, Any], cases: Iterable[Mapping[str, Any]]) -> None:
        """Expect from now on what a claim's entry in claims.json says, and what its cases said."""
        others = {case["case"]: case["verdict"] for case in cases if case["verdict"] != entry["verdict"]}
        recorded = {"verdict": entry["verdict"], **({"cases": others} if others else {})}
        self.claims.setdefault(entry["id"], {}).setdefault(entry["tier"], {})[basis(entry)] = recorded

    def _entry(self, id: str, tier: str, basis: str) -> dict[str, Any] | None:
        return self.claims.get(id, {}).get(tier, {}).get(basis)
