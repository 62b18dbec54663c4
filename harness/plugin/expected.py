"""What a session came to, held against what the ledgers expect."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.claims.ledger import Again, Ledger, Ledgers, basis
from harness.claims.papers import Paper
from harness.claims.tiers import reaches
from harness.judging.about import DECIDED
from harness.judging.claims import ClaimVerdict, Ladder
from harness.judging.steady import Number, numbers_of
from harness.verdicts import Verdict

RE_RECORD, LET_PASS = "(re-record with --update-ledger)", "(--allow-not-run lets it pass)"
"""What to do where a change is meant."""


@dataclass(frozen=True)
class Change:
    """In what a claim is not as it is expected, and what to do where that is meant."""

    text: str
    remedy: str = ""

    def __str__(self) -> str:
        return f"{self.text} {self.remedy}".strip()


@dataclass(frozen=True)
class Turned:
    """A claim on trained networks beside what is recorded of it.

    Attributes:
        id, tier: of the claim, and of the rung.
        recorded, now: the verdicts.
        cases: what is recorded of those cases whose own verdict is another one now, by case.
        reason: of the one now.
        numbers: what was measured when the verdict was recorded, by case and part.
        again: what other seeds came to, where that is recorded.
    """

    id: str
    tier: str
    recorded: Verdict
    now: Verdict
    reason: str
    cases: Mapping[str, Verdict]
    numbers: Mapping[str, Mapping[str, Number]]
    again: Again | None = None

    @property
    def of(self) -> str:
        """Which claim, at which tier."""
        return f"{self.id} ({self.tier})"

    @property
    def has_turned(self) -> bool:
        """Whether the claim's verdict is not the recorded one."""
        return self.now != self.recorded


@dataclass(frozen=True)
class Expected:
    """The ledgers beside a session's verdicts.

    Attributes:
        verdicts: what each claim came to, by id.
        described: every declared claim, by id, see `harness.report.document.describe`.
        papers: all of them.
        ledgers: that are compared with, or recorded into.
        tier: that was asked for.
        has_data: whether a folder of data was given.
        allow_not_run: let pass what is recorded and came to no verdict.
        folder_of: that of the paper of a claim, by the claim's id.
        is_whole: whether all claims of a paper were selected, by its folder.
    """

    verdicts: Mapping[str, Ladder]
    described: Mapping[str, Mapping[str, Any]]
    papers: Sequence[Paper]
    ledgers: Ledgers
    tier: str
    has_data: bool
    allow_not_run: bool
    folder_of: Callable[[str], Path]
    is_whole: Callable[[Path], bool]

    def record(self) -> None:
        """Have the ledgers expect what the session came to."""
        for id, verdict in self._judged():
            cases = {share.case.key: share.case.verdict for share in verdict.shares}
            ledger = self._ledger(id)
            numbers = numbers_of(verdict) if self.described[id]["trained"] else {}
            ledger.record(id, *recorded_under(verdict), verdict.verdict, cases, controls_of(verdict), numbers)
        judged = {id for id, _ in self._judged()}
        for id, one in self.described.items():  # claims too that no tier or record here reaches
            if not (id in self.verdicts and any(rung.control.faults for rung in self.verdicts[id].rungs)):
                anew = id in judged or self.is_whole(self.folder_of(id))
                self._ledger(id).expect(id, one["decides"], anew=anew)
        for id, tier, _ in [*self._lost()]:
            self._ledger(id).forget(id, tier)
        for folder, orphans in [*self._orphans()]:
            for id in orphans:
                del self.ledgers.of(folder).claims[id]
        for paper in {self.folder_of(id) for id in self.described}:
            if self.ledgers.of(paper).claims:
                self.ledgers.of(paper).write(self.ledgers.file(paper))

    def changes(self, *, turned: bool = True) -> list[Change]:
        """In what the session left the ledger: first what was recorded and is no longer judged.

        Unless `turned`, without what other numbers change in claims on trained networks: their verdicts and controls.
        """
        told = [] if self.allow_not_run else [*self._gone()]
        for id, rung in self._judged():
            if self.described[id]["trained"] and not turned:
                continue
            ledger, under = self._ledger(id), recorded_under(rung)
            expected = ledger.of_claim(id, *under)
            if expected not in (None, rung.verdict):
                told.append(Change(f"{id} ({rung.tier}): recorded {expected}, now {rung.verdict}: {rung.reason}"))
            changed = ledger.other_controls(id, *under, controls_of(rung))
            told += [Change(f"{id} ({rung.tier}): {change}", RE_RECORD) for change in changed]
        for id, one in self.described.items():
            changed = self._ledger(id).differences(id, one["decides"])
            told += [Change(f"{id}: {change}", RE_RECORD) for change in changed]
        return told

    def of_trained(self, seeds_from: int | None = None) -> list[Turned]:
        """Every recorded verdict of a claim on trained networks, which other numbers may turn.

        Args:
            seeds_from: only those for which a network was trained with a seed from here on.
        """
        found = []
        for id, rung in self._judged():
            ledger, under = self._ledger(id), recorded_under(rung)
            recorded = ledger.of_claim(id, *under)
            if self._is_trained(id, rung, seeds_from) and recorded is not None:
                cases = {share.case.key: share.case.verdict for share in rung.shares}
                known = {case: ledger.of_case(id, *under, case) for case in cases}
                others = {case: was for case, was in known.items() if was is not None and was != cases[case]}
                numbers = {
                    case: {part: Number(*row) for part, row in parts.items()}
                    for case, parts in ledger.numbers(id, *under).items()
                }
                again = ledger.again(id, *under)
                found.append(Turned(id, rung.tier, recorded, rung.verdict, rung.reason, others, numbers, again))
        return found

    def of_fresh_seeds(self, first: int) -> tuple[str, list[Change]]:
        """How many recorded verdicts of trained claims come out again with seeds from `first` on, and which do not.

        A verdict that is recorded of these seeds themselves is expected, whether it is that of the claim's own or not.
        What decides and what controls measured is not compared: other seeds measure something else.
        """
        recorded = self.of_trained(first)
        counts = []
        for these in (recorded, [one for one in recorded if one.recorded in DECIDED]):
            again = [one for one in these if not one.has_turned]
            counts.append(f"{len(again)} of {len(these)}")
        told = []
        for one in recorded:
            known = one.again.verdict if one.again and one.again.first == first else None
            if one.now != (known or one.recorded):
                before = f"{known} with these seeds, now" if known else f"{one.recorded}, with fresh seeds"
                told.append(Change(f"{one.of}: recorded {before} {one.now}: {one.reason}", RE_RECORD))
        return f"seeds from {first} on: {counts[0]} recorded verdicts come out again; {counts[1]} that decide", told

    def record_again(self, first: int) -> None:
        """Have the ledgers know what claims on trained networks came to with seeds from `first` on."""
        papers = set()
        for id, rung in self._judged():
            if self._is_trained(id, rung, first):
                number = rung.deciding and rung.deciding.judgement
                measured = (number.effect, number.low, number.high) if number else ()
                again = Again(first, rung.verdict, *map(float, measured))
                self._ledger(id).record_again(id, *recorded_under(rung), again)
                papers.add(self.folder_of(id))
        for paper in papers:
            self.ledgers.of(paper).write(self.ledgers.file(paper))

    def again(self, id: str) -> list[Again | None]:
        """What a claim came to with other seeds, for each of its rungs in order."""
        return [self._ledger(id).again(id, *recorded_under(rung)) for rung in self.verdicts[id].rungs]

    def verdict_of(self, id: str) -> str | None:
        """The verdict that is recorded of a claim where its best rung stands; None where none is."""
        best = self.verdicts[id].best
        recorded = self._ledger(id).of_claim(id, *recorded_under(best))
        return None if recorded is None else str(recorded)

    def unknown(self) -> list[Change]:
        """Verdicts that the ledger knows nothing of."""
        return [Change(f"{id} ({rung.tier}): not recorded, now {rung.verdict}") for id, rung in self._unknown()]

    def unrecorded(self) -> list[str]:
        """The claims that have such a verdict."""
        return list(dict.fromkeys(id for id, _ in self._unknown()))

    def _unknown(self) -> Iterator[tuple[str, ClaimVerdict]]:
        for id, rung in self._judged():
            if self._ledger(id).of_claim(id, *recorded_under(rung)) is None:
                yield id, rung

    def _gone(self) -> Iterator[Change]:
        """What was recorded and has no verdict any more."""
        for id, tier, reason in self._lost():
            yield Change(f"{id} ({tier}): recorded, now not run: {reason}", LET_PASS)
        for _, orphans in self._orphans():
            yield from (
                Change(f"{id}: recorded, and no claim declares it (`formerly` renames one)", LET_PASS) for id in orphans
            )

    def _lost(self) -> Iterator[tuple[str, str, str]]:
        """Claims with a recorded verdict that came to none although all their cases were selected; tier and reason.

        Where no folder of data was given, claims without trained networks may lack theirs; the records of trained ones
        are kept, and nothing excuses that they are gone.
        """
        for id, ladder in self.verdicts.items():
            trained = self.described[id]["trained"]
            if not trained and not self.has_data:
                continue
            judged = {rung.tier for rung in ladder.rungs if rung.judged or rung.control.faults}
            whole = {rung.tier: rung for rung in ladder.rungs if rung.complete}
            for tier in self._ledger(id).tiers(id):
                selected = tier in whole or (trained and self.is_whole(self.folder_of(id)))
                if selected and tier not in judged and reaches(self.tier, tier):
                    yield id, tier, whole[tier].reason if tier in whole else "no record covers it"
        for id, one in self.described.items():  # a tier that is too low for a claim now
            for tier in self._ledger(id).tiers(id):
                if not reaches(tier, one["lowest_tier"]) and self.is_whole(self.folder_of(id)):
                    yield id, tier, f"it is judged from tier {one['lowest_tier']} on"

    def _orphans(self) -> Iterator[tuple[Path, list[str]]]:
        """Recorded claims that nobody declares, by the folder of their paper, where that was selected as a whole."""
        for paper in self.papers:
            ids = {id for id, one in self.described.items() if one["paper"] == paper.key}
            if ids and self.is_whole(folder := self.folder_of(min(ids))):
                for id in ids:
                    self._ledger(id)  # which takes over what it knows under ids of before
                yield folder, sorted(filter(paper.owns, self.ledgers.of(folder).claims.keys() - ids))

    def _is_trained(self, id: str, rung: ClaimVerdict, seeds_from: int | None) -> bool:
        """Whether a rung is one of networks that were trained; with seeds from there on, if that is asked for.

        Weights that were released are the same whatever the seeds, and so is what a paper printed.
        """
        seeds = (run["seed"] for run in rung.runs)
        return self.described[id]["trained"] and (seeds_from is None or any(seed >= seeds_from for seed in seeds))

    def _ledger(self, id: str) -> Ledger:
        """The ledger that has a claim, which it may know under another id."""
        return self.ledgers.of_claim(self.folder_of(id), id, self.described[id]["formerly"])

    def _judged(self) -> list[tuple[str, ClaimVerdict]]:
        """Every rung that is a verdict to hold the ledger to, with its claim's id."""
        return [(id, rung) for id in sorted(self.verdicts) for rung in self.verdicts[id].rungs if rung.judged]


def recorded_under(verdict: ClaimVerdict) -> tuple[str, str]:
    """The tier and the basis that the ledger has a verdict under."""
    return verdict.tier, basis(verdict.evidence, verdict.stand_in)


def controls_of(rung: ClaimVerdict) -> dict[str, dict[str, float]]:
    """What the control of each case measured, by part."""
    judged = {share.case.key: share.case.judged for share in rung.shares if share.case.judged}
    return {
        case: {part: float(control.effect) for part, control in one.control_parts.items()}
        for case, one in judged.items()
    }
