"""The verdicts that are expected: `claims/ledger.json`; of a paper that stands elsewhere, `ledger.json` in its folder.

A claim's entry stands under its tier and what it rests on (`basis`); `cases` lists those whose own verdict is not the
claim's.  A green build says that every verdict is as recorded, not that the papers are right.

What decides is recorded beside what was decided, so that neither changes unseen: the rules with their margins, the
readings, the seeds, the control in words (`decides`), and what each case's control measured (`controls`).  A margin
that is widened and a control that is turned into a constant change no verdict, and turn a build red all the same.

Beside a verdict on trained networks stands what it came to with as many other seeds, where that was tried (`again`).
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from harness.system.files import write_atomically
from harness.verdicts import Verdict

if TYPE_CHECKING:
    from harness.claims.claim import Claim

SCHEMA = 2

DECIDES = "decides"
"""Under this name, among a claim's tiers, stands what decides it."""

AGAIN = "again"
"""Under this name, in what is recorded of a tier and basis, stands what other seeds came to."""

RELATIVE, ABSOLUTE = 0.02, 1e-6
"""By how much a control may measure something else than was recorded: another processor rounds otherwise."""


class LedgerUnreadable(Exception):
    """The ledger is not what this version of the suite writes."""


def basis(evidence: str, stand_in: bool) -> str:
    """What a case or a claim's verdict rests on: the reach of its evidence, and whether data stood in.

    A small network on real images and one on embedded images are both a `proxy`, and need not agree.
    """
    return f"{evidence}, embedded images" if stand_in else str(evidence)


class Again(NamedTuple):
    """What a claim on trained networks came to with other seeds than its own.

    Attributes:
        first: of the other seeds, which are as many as the claim's own, one after another.
        verdict: with them.
        value, low, high: of the number that decides; None where none does, and for an end at infinity.
    """

    first: int
    verdict: Verdict
    value: float | None = None
    low: float | None = None
    high: float | None = None


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
        return cls.parse(file.read_bytes(), str(file)) if file.exists() else cls()

    @classmethod
    def parse(cls, text: bytes, where: str) -> Ledger:
        """The ledger in a file's text; `where` it is from is for errors, which are those of `read`."""
        try:
            content = json.loads(text)
            schema, claims = content["schema"], content["claims"]
        except (ValueError, KeyError, TypeError) as error:
            raise LedgerUnreadable(f"{where}: not a ledger ({error}); restore it from version control") from error
        if schema != SCHEMA:
            raise LedgerUnreadable(f"{where}: schema {schema}, this suite reads {SCHEMA}; use the suite that wrote it")
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

    def record(
        self,
        id: str,
        tier: str,
        basis: str,
        verdict: str,
        cases: Mapping[str, str],
        controls: Mapping[str, Mapping[str, float]] | None = None,
        numbers: Mapping[str, Mapping[str, Sequence[float | None]]] | None = None,
    ) -> None:
        """Expect from now on this verdict of a claim, and these of its cases by name.

        What it came to with other seeds is forgotten where anything else is recorded than before.

        Args:
            id: of the claim.
            tier: of the verdict.
            basis: of the verdict.
            verdict: of the claim.
            cases: verdicts of all its cases, by name.
            controls: what each case's control measured, by case and part.
            numbers: of a claim on trained networks, what they measured, by case and part, see `numbers`.
        """
        others = {case: str(of_case) for case, of_case in cases.items() if of_case != verdict}
        recorded = {"verdict": str(verdict), **({"cases": others} if others else {})}
        if controls:
            recorded["controls"] = {
                case: {part: _short(value) for part, value in controls[case].items()} for case in controls
            }
        if numbers:
            recorded["numbers"] = {
                case: {part: [_short(value) for value in row] for part, row in parts.items()}
                for case, parts in numbers.items()
            }
        before = self._entry(id, tier, basis) or {}
        if AGAIN in before and before == {**recorded, AGAIN: before[AGAIN]}:
            recorded[AGAIN] = before[AGAIN]
        self.claims.setdefault(id, {}).setdefault(tier, {})[basis] = recorded

    def record_again(self, id: str, tier: str, basis: str, again: Again) -> None:
        """Know from now on what a claim came to with other seeds; nothing where no verdict with its own is recorded."""
        if (entry := self._entry(id, tier, basis)) is not None:
            found = {name: _short(getattr(again, name)) for name in ("value", "low", "high")}
            numbers = {name: None if isinstance(number, str) else number for name, number in found.items()}
            entry[AGAIN] = {"first": again.first, "verdict": str(again.verdict), **numbers}

    def again(self, id: str, tier: str, basis: str) -> Again | None:
        """What a claim came to with other seeds; None where that was not tried."""
        found = (self._entry(id, tier, basis) or {}).get(AGAIN)
        return found and Again(**{**found, "verdict": Verdict(found["verdict"])})

    def numbers(self, id: str, tier: str, basis: str) -> dict[str, dict[str, list[Any]]]:
        """What a trained claim measured when its verdict was recorded: value, low, high and n by case and part."""
        recorded = (self._entry(id, tier, basis) or {}).get("numbers", {})
        return {
            case: {part: [*map(float, row[:3]), row[3] and int(row[3])] for part, row in parts.items()}
            for case, parts in recorded.items()
        }

    def expect(self, id: str, decides: Mapping[str, Any], *, anew: bool) -> None:
        """Expect from now on that this decides a claim (`decides_of`); unless `anew`, only where nothing is known."""
        entry = self.claims.setdefault(id, {})
        if anew or DECIDES not in entry:
            entry[DECIDES] = dict(decides)

    def differences(self, id: str, decides: Mapping[str, Any]) -> list[str]:
        """In what a claim is decided otherwise than when its verdicts were recorded; a sentence each."""
        recorded = self.claims.get(id, {}).get(DECIDES, {})
        return [
            f"{what} was {json.dumps(recorded[what], ensure_ascii=False)}, is {json.dumps(value, ensure_ascii=False)}"
            for what, value in decides.items()
            if what in recorded and recorded[what] != value
        ]

    def other_controls(self, id: str, tier: str, basis: str, controls: Mapping[str, Mapping[str, float]]) -> list[str]:
        """Controls that measure something else than was recorded; a sentence each."""
        recorded = (self._entry(id, tier, basis) or {}).get("controls", {})
        return [
            f"the control of {' '.join(filter(None, (case, part)))} measured {before}, now {_short(parts[part])}"
            for case, parts in controls.items()
            for part, before in recorded.get(case, {}).items()
            if part in parts and not _near(before, parts[part])
        ]

    def adopt(self, id: str, formerly: Iterable[str]) -> None:
        """Take over what is expected of a claim under ids that it had before; nothing where it is known by its own."""
        for other in formerly:
            if other in self.claims and id not in self.claims:
                self.claims[id] = self.claims.pop(other)

    def forget(self, id: str, tier: str) -> None:
        """Expect no verdict of a claim at this tier any more."""
        self.claims.get(id, {}).pop(tier, None)

    def tiers(self, id: str) -> list[str]:
        """The tiers at which a verdict of a claim is expected."""
        return [tier for tier in self.claims.get(id, {}) if tier != DECIDES]

    def _entry(self, id: str, tier: str, basis: str) -> dict[str, Any] | None:
        return self.claims.get(id, {}).get(tier, {}).get(basis)


def decides_of(claim: Claim) -> dict[str, Any]:
    """What decides a claim, as JSON values: fixed before the data are seen, and changed by nobody unseen."""
    seeds = claim.seeds if isinstance(claim.seeds, Mapping) else {"": claim.seeds}
    return {
        "rules": {part: rule.sentence for part, rule in claim.rules.items()},
        "about": str(claim.about) if claim.about else "",
        "gate": f"{claim.gate.of} at least {claim.gate.at_least:g}" if claim.gate else "",
        "baseline": f"within {claim.baseline.within:g} of {claim.baseline.paper:g}" if claim.baseline else "",
        "control": claim.control,
        "mirrored": list(claim.mirrored),
        "uncontrolled": dict(claim.uncontrolled),
        "readings": {name: [str(value) for value in values] for name, values in claim.readings.items()},
        "seeds": {tier: " ".join(map(str, values)) for tier, values in seeds.items()} if claim.runs else {},
        **({"most seeds": claim.most_seeds} if claim.most_seeds is not None else {}),
    }


def _short(value: float | None) -> float | str | None:
    """A number to six digits; NaN and the infinities in words."""
    if value is None:
        return None
    return float(f"{value:.6g}") if math.isfinite(value) else str(value)


def _near(recorded: float | str, value: float) -> bool:
    if isinstance(recorded, str) or not math.isfinite(value):
        return recorded == _short(value)
    return math.isclose(recorded, value, rel_tol=RELATIVE, abs_tol=ABSOLUTE)


class Ledgers:
    """The ledgers of a session: one for all papers below `claims/`, one in the folder of each paper elsewhere."""

    def __init__(self, claims: Path, read: Callable[[Path], Ledger] = Ledger.read) -> None:
        """Read the ledger of `claims`, and later those of papers elsewhere, with `read`."""
        self._claims = claims.resolve()
        self._read = read
        self._ledgers: dict[Path, Ledger] = {}
        self.of(claims / "any")

    def file(self, paper: Path) -> Path:
        """Where the verdicts of the paper in this folder are kept."""
        folder = paper.resolve()
        return (folder.parent if folder.parent == self._claims else folder) / "ledger.json"

    def of_claim(self, paper: Path, id: str, formerly: Iterable[str]) -> Ledger:
        """The ledger of a claim of the paper in this folder, which then knows it by its id of today."""
        ledger = self.of(paper)
        ledger.adopt(id, formerly)
        return ledger

    def of(self, paper: Path) -> Ledger:
        """The ledger that has the paper's claims; errors as in `Ledger.read`."""
        file = self.file(paper)
        if file not in self._ledgers:
            self._ledgers[file] = self._read(file)
        return self._ledgers[file]
