"""What became of each claim from one report to another, and what that comes from."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from harness.report.page import interval, number
from harness.verdicts import Verdict

Json = Mapping[str, Any]

RELATIVE, ABSOLUTE = 1e-5, 1e-9
"""By how much a computed value, which has no interval, may differ and is the same: snapshots have six digits."""

AGAINST = {
    Verdict.SUPPORTED: Verdict.REFUTED,
    Verdict.REFUTED: Verdict.SUPPORTED,
}
"""The other side."""


class Became(StrEnum):
    """What became of a claim, what matters most first."""

    LOST = "was not run"
    GONE = "no longer there"
    SIDES = "changed sides"
    VERDICT = "changed its verdict"
    QUESTION = "asks something else"
    MOVED = "moved beyond its interval"
    RECOVERED = "recovered"
    APPEARED = "appeared"


CAUSES = ("data", "code", "device", "seeds")
"""What a verdict is made of, apart from its rule."""


@dataclass(frozen=True)
class Change:
    """One claim that is not what it was.

    Attributes:
        id: of the claim, as of today where there is one.
        became: what became of it.
        told: verdicts, numbers or reasons, in words.
        causes: what else changed that it may come from: data, code, device, seeds, tier; of a question its pieces.
    """

    id: str
    became: Became
    told: str
    causes: tuple[str, ...] = ()

    def __str__(self) -> str:
        because = f" [changed: {', '.join(self.causes)}]" if self.causes else ""
        return f"{self.id} {self.became}: {self.told}{because}"


def compare(before: Json, after: Json) -> list[Change]:
    """Every change from one snapshot to another, what matters most first.

    A claim that a selection left out, or a session that was cut short did not come to, is no change.
    """
    order = list(Became)
    found = _changes(before, after)
    return sorted(found, key=lambda change: order.index(change.became))


def pieces_changed(before: Json, after: Json) -> tuple[str, ...]:
    """Which pieces of a claim's question changed between its parts of two snapshots.

    The sentence of a rule holds its margin: that of a rule which changed is not told apart.
    """
    changed = [piece for piece, digest in after["asks"].items() if before["asks"].get(piece) != digest]
    return tuple(piece for piece in changed if not (piece == "margin" and "rule" in changed))


def causes(before: Json, after: Json, commits: tuple[str | None, str | None]) -> tuple[str, ...]:
    """What changed that a claim's verdict and numbers are made of, beside its question.

    Where no digest differs, and the commits do or have uncommitted changes, it is the code that measures and judges.
    """
    found = [cause for cause in CAUSES if before["made_of"][cause] != after["made_of"][cause]]
    if before["tier"] != after["tier"]:
        found.append("tier")
    if not found and (commits[0] != commits[1] or str(commits[1]).endswith("+")):
        found.append("code")
    return tuple(found)


def _changes(before: Json, after: Json) -> Iterator[Change]:
    known, whole = dict(before["claims"]), not (after["selection"] or after["partial"])
    commits = before["commit"], after["commit"]
    for id, now in after["claims"].items():
        names = [name for name in (id, *now["formerly"]) if name in known]
        if not names:
            if not (before["selection"] or before["partial"]):
                yield Change(id, Became.APPEARED, _told(now))
            continue
        then = known[names[0]]
        for name in names:
            del known[name]
        if (change := _change(id, then, now, commits)) is not None:
            yield change
    if whole:
        yield from (Change(id, Became.GONE, f"was {_told(then)}") for id, then in known.items())


def _change(id: str, then: Json, now: Json, commits: tuple[str | None, str | None]) -> Change | None:
    told = f"{_told(then)}, now {_told(now)}"
    if pieces := pieces_changed(then, now):
        return Change(id, Became.QUESTION, told, pieces)
    why = causes(then, now, commits)
    if then["verdict"] != now["verdict"]:
        return Change(id, _became(then["verdict"], now["verdict"]), told, why)
    moved = [
        part for part in now["parts"] if part in then["parts"] and _beyond(then["parts"][part], now["parts"][part])
    ]
    if moved:
        one = moved[0]
        more = f"; and {len(moved) - 1} more parts" if len(moved) > 1 else ""
        numbers = f"{one} was {_number(then['parts'][one])}, now {_number(now['parts'][one])}{more}"
        return Change(id, Became.MOVED, numbers.strip(), why)
    return None


def _became(then: str, now: str) -> Became:
    if now == Verdict.NOT_RUN:
        return Became.LOST
    if then == Verdict.NOT_RUN:
        return Became.RECOVERED
    return Became.SIDES if AGAINST.get(Verdict(then)) == now else Became.VERDICT


def _beyond(then: Sequence[float | None], now: Sequence[float | None]) -> bool:
    (value, low, high), (other, *_) = then, now
    if value is None or other is None:
        return value is not other
    if low is None or high is None or low == high:
        return not math.isclose(value, other, rel_tol=RELATIVE, abs_tol=ABSOLUTE)
    return not low <= other <= high


def _told(claim: Json) -> str:
    reach = f" ({claim['evidence']})" if claim["evidence"] else ""
    reason = f" ({claim['reason']})" if claim["reason"] else ""
    return f"{claim['verdict']}{reach}{reason}"


def _number(part: Sequence[float | None]) -> str:
    value, low, high = part
    return f"{number(value)} {interval({'low': low, 'high': high})}".strip()
