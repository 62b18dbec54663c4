"""From the cases of a claim to its verdict: corrected over all parts of all cases, under each reading, and overall."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from harness.claims.tiers import TIERS
from harness.judging.cases import CaseJudgement, least_favourable, verdict_of
from harness.judging.correction import Parts, corrected
from harness.rules import Judgement
from harness.verdicts import Evidence, Verdict, conjunction, weakest


def case_key(parameters: Mapping[str, str]) -> str:
    """A case within its claim by the names of its data set and readings, whatever their order; "" for the one."""
    return ", ".join(f"{name}: {value}" for name, value in sorted(parameters.items()))


@dataclass(frozen=True)
class CaseResult:
    """One case of a claim as it ended: judged, or not run and why.

    Attributes:
        id: of the claim.
        case: the name of the case within the claim, "" where there is one only.
        nodeid: of its test.
        siblings: how many cases the claim has in all, whichever of them were selected.
        judged: None where no verdict could be reached; `failure` then says why.
        parameters: the data set and the readings, as printed, by name.
        evidence, stand_in: how far the case reaches, and whether its data stand in for those that the claim speaks of.
        data, runs: where its numbers come from: data sets and runs as JSON values, each run with its key, title, seed,
            source ("computed" or "recorded"), freshness, device and date.
        failed: what runs left that failed, see `harness.runs.remains.left`.
        notes, series, pictures: what its function gave for the report, as JSON values.
        values: what was measured by part, place and replicate, see `harness.judging.values`.
        seeds: of the claim's runs, in the order of replicates that are runs; none where it has no runs.
        seeds_to_decide: how many would, see `harness.judging.seeds`; None where they decide or nothing tells.
        seconds: that measuring and judging took.
    """

    id: str
    case: str
    nodeid: str
    tier: str
    evidence: Evidence
    judged: CaseJudgement | None
    failure: str = ""
    siblings: int = 1
    stand_in: bool = False
    parameters: Mapping[str, str] = field(default_factory=dict)
    data: Sequence[Mapping[str, Any]] = ()
    runs: Sequence[Mapping[str, Any]] = ()
    failed: Sequence[Mapping[str, Any]] = ()
    notes: Sequence[str] = ()
    series: Mapping[str, Any] = field(default_factory=dict)
    pictures: Sequence[Mapping[str, Any]] = ()
    values: Mapping[str, Mapping[str, Sequence[float]]] = field(default_factory=dict)
    seeds: Sequence[int] = ()
    seeds_to_decide: int | None = None
    seconds: float = 0.0

    @property
    def verdict(self) -> Verdict:
        """The case's own verdict, by which its test passes or fails."""
        return self.judged.verdict if self.judged else Verdict.NOT_RUN

    @property
    def reason(self) -> str:
        """Why the verdict is what it is."""
        return self.judged.reason if self.judged else self.failure

    @property
    def key(self) -> str:
        """The case within its claim, see `case_key`."""
        return case_key(self.parameters)

    @property
    def reading(self) -> str:
        """The reading that the case is judged under, in words; "" where the claim has none."""
        return ", ".join(f"{name}: {value}" for name, value in self.parameters.items() if name != "data")


@dataclass(frozen=True)
class Share:
    """What a case brings to the verdict of its claim: its verdict after the correction over all cases, and why."""

    case: CaseResult
    parts: Parts
    verdict: Verdict
    reason: str


@dataclass(frozen=True)
class ReadingResult:
    """The verdict under one reading, over all data sets."""

    name: str
    verdict: Verdict


@dataclass(frozen=True)
class Deciding:
    """The part that decides the claim, the least favourable of all cases, and its judgement."""

    case: str
    part: str
    judgement: Judgement


@dataclass(frozen=True)
class ControlVerdict:
    """What the rules say of the controls of all cases.

    Attributes:
        verdict: on all parts of all cases; not run where no case ran.
        holds: whether every part's control did its work or is waived; None where no case ran.
        parts: the verdict on each part's control, over all cases; none for a part without a control.
        faults: for each part whose control does not do its work, what it does instead, with the cases in brackets.
        undecided: parts whose control the runs at hand cannot decide, in some case.
        uncontrolled: parts that are declared to have no control, with the reason.
    """

    verdict: Verdict
    holds: bool | None
    parts: Mapping[str, Verdict]
    faults: Mapping[str, str]
    undecided: tuple[str, ...]
    uncontrolled: Mapping[str, str]


@dataclass(frozen=True)
class ClaimVerdict:
    """What the cases of a claim come to.

    Attributes:
        complete: whether all cases of the claim were there; without one of them it is never supported, nor refuted by
            a test.
        evidence: the reach of the weakest case that ran.
        deciding: None where no case ran.
        readings: none where the claim has a single reading.
        shares: each case's, by name of its test.
    """

    verdict: Verdict
    reason: str
    complete: bool
    evidence: Evidence
    stand_in: bool
    deciding: Deciding | None
    control: ControlVerdict
    readings: tuple[ReadingResult, ...]
    shares: tuple[Share, ...]

    @property
    def tier(self) -> str:
        """The tier that it was judged at."""
        return self.shares[0].case.tier

    @property
    def ran(self) -> bool:
        """Whether any case ran."""
        return any(share.case.judged for share in self.shares)

    @property
    def decides(self) -> bool:
        """Whether it is a verdict for or against the claim."""
        return self.verdict in (Verdict.SUPPORTED, Verdict.REFUTED, Verdict.ERRATUM)

    @property
    def sampled(self) -> bool:
        """Whether chance has a part in it: a part of some case was tested on a sample."""
        return any(judged.p is not None for share in self.shares for judged in share.parts.values())

    @property
    def strength(self) -> int:
        """How far its evidence reaches, as a number that grows with it."""
        return list(Evidence).index(self.evidence)

    @property
    def runs(self) -> tuple[Mapping[str, Any], ...]:
        """Every run behind it, once."""
        return tuple({run["key"]: run for share in self.shares for run in share.case.runs}.values())

    @property
    def depends_on_reading(self) -> bool:
        """Whether two readings come to different verdicts."""
        return len({reading.verdict for reading in self.readings}) > 1

    @property
    def judged(self) -> bool:
        """Whether it is a verdict to hold a ledger to: all cases ran, and their controls do their work."""
        ran = all(share.verdict is not Verdict.NOT_RUN for share in self.shares)
        return self.complete and ran and self.control.holds is True


@dataclass(frozen=True)
class Ladder:
    """The verdicts of a claim at every tier that it was judged at.

    Attributes:
        rungs: in the order of the tiers.
        best: the strongest that decides, else the strongest that ran, else the last.
    """

    rungs: tuple[ClaimVerdict, ...]

    @property
    def best(self) -> ClaimVerdict:
        """The rung whose verdict is the claim's."""
        return max(self.rungs, key=lambda rung: (rung.decides, rung.ran, rung.strength, self.rungs.index(rung)))

    @property
    def disagrees(self) -> bool:
        """Whether two rungs decide differently."""
        return len({rung.verdict for rung in self.rungs if rung.decides}) > 1


def judge_claims(cases: Iterable[CaseResult]) -> dict[str, Ladder]:
    """The verdicts of each claim that any of these cases belongs to, by id."""
    by_claim: dict[str, dict[str, list[CaseResult]]] = defaultdict(lambda: defaultdict(list))
    for case in cases:
        by_claim[case.id][case.tier].append(case)
    return {
        id: Ladder(tuple(judge_claim(by_tier[tier]) for tier in sorted(by_tier, key=TIERS.index)))
        for id, by_tier in by_claim.items()
    }


def judge_claim(cases: Sequence[CaseResult]) -> ClaimVerdict:
    """The verdict of a claim from what its cases came to.

    Args:
        cases: of one claim and one session, at least one, in any order.
    """
    shares = shares_of(sorted(cases, key=lambda case: case.nodeid))
    ran = [share for share in shares if share.case.judged]
    readings = by_reading(shares)
    control = control_of(cases=[share.case for share in ran])
    complete = len(shares) >= max(case.siblings for case in cases)
    deciding = deciding_part(ran)
    verdict, reason = overall(shares, readings, control, deciding)
    # what is refuted exactly stays so; a test's refutation is yet to be corrected for the cases that are not here
    tested = deciding is not None and deciding.judgement.p_refute is not None
    if not complete and (verdict in (Verdict.SUPPORTED, Verdict.ERRATUM) or (verdict is Verdict.REFUTED and tested)):
        verdict, reason = Verdict.INCONCLUSIVE, f"{len(shares)} of {cases[0].siblings} cases were judged: {reason}"
    return ClaimVerdict(
        verdict=verdict,
        reason=reason,
        complete=complete,
        evidence=weakest(share.case.evidence for share in ran) if ran else Evidence.PROXY,
        stand_in=any(case.stand_in for case in cases),
        deciding=deciding,
        control=control,
        readings=readings,
        shares=shares,
    )


def shares_of(cases: Sequence[CaseResult]) -> tuple[Share, ...]:
    """Each case's verdict after the correction over all parts of all cases."""
    together = corrected([case.judged.parts if case.judged else {} for case in cases])
    shares = []
    for case, parts in zip(cases, together, strict=True):
        verdict, reason = case.verdict, case.reason
        if case.judged:
            one = case.judged
            verdict, reason = verdict_of(parts, one.control_undecided, one.standing, erratum=one.erratum)
        shares.append(Share(case, parts, verdict, reason))
    return tuple(shares)


def by_reading(shares: Sequence[Share]) -> tuple[ReadingResult, ...]:
    """The verdict under each reading."""
    groups: dict[str, list[Verdict]] = defaultdict(list)
    for share in shares:
        groups[share.case.reading].append(share.verdict)
    return tuple(ReadingResult(name, conjunction(verdicts)) for name, verdicts in groups.items() if name)


def deciding_part(ran: Sequence[Share]) -> Deciding | None:
    """The least favourable part of the least favourable case; the first of those that are alike."""
    everywhere = {(share.case.case, part): judged for share in ran for part, judged in share.parts.items()}
    if not everywhere:
        return None
    case, part = least_favourable(everywhere)
    return Deciding(case, part, everywhere[case, part])


def control_of(cases: Sequence[CaseResult]) -> ControlVerdict:
    """The controls of the cases that ran, part by part."""
    judged = {case.case: case.judged for case in cases if case.judged}
    verdicts: dict[str, list[Verdict]] = defaultdict(list)
    faults: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for name, one in judged.items():
        for part, judgement in one.control_parts.items():
            verdicts[part].append(judgement.verdict)
        for part, fault in one.control_faults.items():
            faults[part][fault].append(name)
    return ControlVerdict(
        verdict=conjunction(one.control for one in judged.values()),
        holds=all(one.control_holds for one in judged.values()) if judged else None,
        parts={part: conjunction(of_part) for part, of_part in verdicts.items()},
        faults={part: "; ".join(_in_cases(fault, names) for fault, names in f.items()) for part, f in faults.items()},
        undecided=tuple(dict.fromkeys(part for one in judged.values() for part in one.control_undecided)),
        uncontrolled={part: reason for one in judged.values() for part, reason in one.uncontrolled.items()},
    )


def _in_cases(fault: str, names: Sequence[str]) -> str:
    return f"{fault} ({', '.join(names)})" if any(names) else fault


def overall(
    shares: Sequence[Share], readings: Sequence[ReadingResult], control: ControlVerdict, deciding: Deciding | None
) -> tuple[Verdict, str]:
    """The claim's verdict and why: the one that all readings share, over all data sets.

    Why is said of the case whose number stands in the headline, by name where there are several.
    """
    if control.faults:
        told = "; ".join(f"{part}: {fault}" for part, fault in control.faults.items())
        own = next((one.reason for one in shares if one.verdict is Verdict.INCONCLUSIVE and one.reason), "")
        itself = f"; nor does the claim itself say anything: {own}" if own else ""
        return Verdict.INCONCLUSIVE, f"the control does not do its work ({told}){itself}"
    if len({reading.verdict for reading in readings}) > 1:
        told = "; ".join(f"{reading.verdict} under {reading.name}" for reading in readings)
        return Verdict.INCONCLUSIVE, f"the verdict depends on the reading: {told}"
    verdict = conjunction(share.verdict for share in shares)
    speaks = next((share for share in shares if deciding and share.case.case == deciding.case), shares[0])
    named = f"{speaks.case.case}: " if len(shares) > 1 and speaks.case.case else ""
    reason = f"{named}{speaks.reason}" if speaks.reason else ""
    if verdict is speaks.verdict:
        return verdict, reason
    # some case is the reason of the verdict, and it is not the one of the number: it did not run, or its control failed
    other = next((share for share in shares if share.verdict is verdict), None)
    other = other or next(share for share in shares if share.verdict is not speaks.verdict)
    return verdict, f"{other.case.case}: {other.reason}" if other.case.case else other.reason
