"""From what a case of a claim measured to its verdict."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from harness.claims.claim import SINGLE, Claim
from harness.rules import Judgement, Rule, holm
from harness.rules.sample import Sample
from harness.verdicts import Verdict, conjunction


class ControlMissing(Exception):
    """A claim's function gave its control nothing to judge."""


class NothingMeasured(Exception):
    """A claim's function measured nothing, or not every part that its rule names."""


@dataclass(frozen=True)
class CaseJudgement:
    """The verdict on one case, the judgements it comes from, and what the same rules say of the control.

    Attributes:
        control_faults: for each part whose control did not do what a control must, what it did instead.  The control
            of a claim must be refuted; that of an erratum, the corrected statement, supported.
        control_undecided: parts of a trained claim whose control the runs at hand cannot decide; the verdict is then at
            most inconclusive.
    """

    verdict: Verdict
    reason: str
    parts: Mapping[str, Judgement]
    control: Verdict
    control_parts: Mapping[str, Judgement]
    control_faults: Mapping[str, str]
    control_undecided: tuple[str, ...] = ()

    @property
    def control_holds(self) -> bool:
        """Whether no part's control failed to do its work."""
        return not self.control_faults


def judge_case(claim: Claim, measured: Mapping[str, Sample], controls: Mapping[str, Sample]) -> CaseJudgement:
    """Apply the claim's rules to what a case measured and to its control.

    Raises:
        NothingMeasured, ControlMissing: when the function left out what the declaration promises.
    """
    unknown = {*measured, *controls} - set(claim.rules) if len(claim.rules) > 1 else set()
    missing = set(claim.rules) - set(measured) if len(claim.rules) > 1 else set()
    if not measured or missing or unknown:
        wrong = f"missing: {sorted(missing)}, unknown: {sorted(unknown)}" if missing or unknown else "nothing at all"
        raise NothingMeasured(f"{claim.origin}: {claim.id} measured not what its rules name ({wrong})")
    if not controls:
        raise ControlMissing(f"{claim.origin}: {claim.id} passed nothing to lab.control ({claim.control})")
    parts = dict(zip(measured, holm(list(_judge(claim, measured).values())), strict=True))
    verdict = conjunction(judgement.verdict for judgement in parts.values())
    control_parts = _judge(claim, controls)  # uncorrected: a correction would make failing the rule easier
    control = conjunction(judgement.verdict for judgement in control_parts.values())
    if claim.erratum:
        verdict = printed_statement(verdict)
    faults, open_parts = _control_faults(claim, parts, control_parts)
    reason = _reason(claim, verdict, parts)
    if open_parts and verdict is Verdict.SUPPORTED:
        verdict = Verdict.INCONCLUSIVE
        reason = f"control undecided{_of_parts(claim, open_parts)}, so that nothing shows that the rule can tell"
    return CaseJudgement(verdict, reason, parts, control, control_parts, faults, open_parts)


def _control_faults(
    claim: Claim, parts: Iterable[str], controls: Mapping[str, Judgement]
) -> tuple[dict[str, str], tuple[str, ...]]:
    """What is wrong with the controls by part, and the parts that the runs of a trained claim leave undecided."""
    required = Verdict.SUPPORTED if claim.erratum else Verdict.REFUTED
    faults: dict[str, str] = {}
    undecided: list[str] = []
    for part in parts:
        if part in claim.uncontrolled:
            continue
        if part not in controls:
            faults[part] = "has no control"
        elif (verdict := controls[part].verdict) is not required:
            if claim.runs is not None and not claim.erratum and verdict is Verdict.INCONCLUSIVE:
                undecided.append(part)
            else:  # without runs the control's data can be as plain as it takes: undecided shows nothing
                faults[part] = str(verdict)
    return faults, tuple(undecided)


def _of_parts(claim: Claim, parts: Sequence[str]) -> str:
    return f" of {', '.join(parts)}" if list(parts) != [SINGLE] else ""


def _judge(claim: Claim, samples: Mapping[str, Sample]) -> dict[str, Judgement]:
    return {part: _rule(claim, part).judge(sample) for part, sample in samples.items()}


def _rule(claim: Claim, part: str) -> Rule:
    return claim.rules[part] if len(claim.rules) > 1 else next(iter(claim.rules.values()))


def printed_statement(verdict: Verdict) -> Verdict:
    """An erratum is confirmed when the printed statement fails the rule that it would satisfy were it true."""
    return {Verdict.REFUTED: Verdict.ERRATUM, Verdict.SUPPORTED: Verdict.REFUTED}.get(verdict, verdict)


def _reason(claim: Claim, verdict: Verdict, parts: Mapping[str, Judgement]) -> str:
    if claim.erratum:
        return "the printed statement fails, the corrected one holds" if verdict is Verdict.ERRATUM else ""
    deciding = [
        (part, judgement) for part, judgement in parts.items() if judgement.verdict is verdict and judgement.reason
    ]
    named = len(parts) > 1
    return "; ".join(f"{part}: {judgement.reason}" if named else judgement.reason for part, judgement in deciding)


def across_cases(cases: Sequence[Mapping[str, Judgement]]) -> list[dict[str, Judgement]]:
    """The same judgements after Holm's correction over all parts of all cases of one claim."""
    flat = [judgement for case in cases for judgement in case.values()]
    corrected = iter(holm(flat))
    return [{part: next(corrected) for part in case} for case in cases]


def least_favourable(judgements: Sequence[Judgement]) -> Judgement:
    """The judgement that decides a conjunction: refuted before undecided before supported, then the largest p."""
    order = [Verdict.REFUTED, Verdict.INCONCLUSIVE, Verdict.SUPPORTED]
    return min(judgements, key=lambda judgement: (order.index(judgement.verdict), -(judgement.p or 0.0)))


def to_json(judgement: Judgement) -> dict[str, object]:
    """A judgement as plain JSON values (no subclasses of float or str, which do not travel between processes)."""
    values = dataclasses.asdict(judgement)
    plain = {name: float(value) for name, value in values.items() if isinstance(value, float)}
    return {**values, **plain, "verdict": str(judgement.verdict)}


def from_json(values: Mapping[str, object]) -> Judgement:
    """The judgement that `to_json` wrote."""
    return Judgement(**{**values, "verdict": Verdict(values["verdict"])})  # type: ignore[arg-type]
