"""From what a case of a claim measured to its verdict, which is also the outcome of its test."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from harness.claims.claim import SINGLE, Claim
from harness.judging.about import UNLIMITED, Standing
from harness.judging.correction import Parts, corrected
from harness.judging.looks import Look, at_look
from harness.rules import Judgement, Rule
from harness.rules.sample import Sample
from harness.verdicts import Verdict, conjunction

Name = TypeVar("Name")


class ControlMissing(Exception):
    """A claim's function gave its control nothing to judge."""


class NothingMeasured(Exception):
    """A claim's function measured nothing, or not every part that its rule names."""


@dataclass(frozen=True)
class CaseJudgement:
    """The verdict on one case, the judgements it comes from, and what the same rules say of the control.

    Attributes:
        verdict: of this case by itself, whatever other cases the claim has.
        reason: why, from the parts that decide; may be empty.
        parts: by part, corrected for their number within the case.
        control, control_parts: of the control's data, all in all and by part, uncorrected.
        control_faults: for each part whose control did not do what a control must, what it did instead.  The control
            of a claim must be refuted, but where it mirrors a measurement that is refuted itself; that of an erratum,
            the corrected statement, must be supported.
        control_undecided: parts of a trained claim whose control the runs at hand cannot decide; the verdict is then at
            most inconclusive.
        uncontrolled: parts that are declared to have no control, with the reason.
        erratum: whether the rules judge a statement that is held to be wrong as printed.
        standing: what the case's evidence may decide.
    """

    verdict: Verdict
    reason: str
    parts: Parts
    control: Verdict
    control_parts: Parts
    control_faults: Mapping[str, str]
    control_undecided: tuple[str, ...] = ()
    uncontrolled: Mapping[str, str] = field(default_factory=dict)
    erratum: bool = False
    standing: Standing = UNLIMITED

    @property
    def control_holds(self) -> bool:
        """Whether no part's control failed to do its work."""
        return not self.control_faults


def judge_case(
    claim: Claim,
    measured: Mapping[str, Sample],
    controls: Mapping[str, Sample],
    standing: Standing = UNLIMITED,
    look: Look | None = None,
) -> CaseJudgement:
    """Apply the claim's rules to what a case measured and to its control; then take what its evidence cannot decide.

    Args:
        claim: whose rules they are.
        measured: samples by part.
        controls: those of the control's data.
        standing: what the evidence may decide.
        look: which of several looks at the claim this is; None where it is judged once.

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
    plain = _judge(claim, measured)
    (parts,) = corrected([{part: at_look(judgement, look) for part, judgement in plain.items()}])
    control_parts = _judge(claim, controls)  # uncorrected: a correction would make failing the rule easier
    faults, undecided = _control_faults(claim, plain, control_parts)
    erratum = claim.erratum is not None
    verdict, reason = verdict_of(parts, undecided, standing, erratum=erratum)
    control = conjunction(judgement.verdict for judgement in control_parts.values())
    left_out = {part: reason for part, reason in claim.uncontrolled.items() if part in parts}
    return CaseJudgement(verdict, reason, parts, control, control_parts, faults, undecided, left_out, erratum, standing)


def verdict_of(
    parts: Parts, control_undecided: Sequence[str], standing: Standing, *, erratum: bool
) -> tuple[Verdict, str]:
    """The verdict that the parts of a case come to together, and why; the same before and after any correction."""
    return standing.limit(*_by_rules(parts, control_undecided, erratum=erratum))


def _by_rules(parts: Parts, control_undecided: Sequence[str], *, erratum: bool) -> tuple[Verdict, str]:
    verdict = conjunction(judgement.verdict for judgement in parts.values())
    if erratum:
        confirmed = printed_statement(verdict)
        return confirmed, "the printed statement fails, the corrected one holds" if confirmed is Verdict.ERRATUM else ""
    if control_undecided and verdict is Verdict.SUPPORTED:
        of_parts = "" if list(control_undecided) == [SINGLE] else f" of {', '.join(control_undecided)}"
        return Verdict.INCONCLUSIVE, f"control undecided{of_parts}, so that nothing shows that the rule can tell"
    deciding = {part: judgement.reason for part, judgement in parts.items() if judgement.verdict is verdict}
    reasons = [f"{part}: {why}" if len(parts) > 1 else why for part, why in deciding.items() if why]
    return verdict, "; ".join(reasons)


def printed_statement(verdict: Verdict) -> Verdict:
    """An erratum is confirmed when the printed statement fails the rule that it would satisfy were it true."""
    return {Verdict.REFUTED: Verdict.ERRATUM, Verdict.SUPPORTED: Verdict.REFUTED}.get(verdict, verdict)


def least_favourable(parts: Mapping[Name, Judgement]) -> Name:
    """The part that decides a conjunction: refuted before undecided before supported, then the largest p."""
    order = [Verdict.REFUTED, Verdict.INCONCLUSIVE, Verdict.SUPPORTED]
    return min(parts, key=lambda part: (order.index(parts[part].verdict), -(parts[part].p or 0.0)))


def _control_faults(
    claim: Claim, parts: Mapping[str, Judgement], controls: Mapping[str, Judgement]
) -> tuple[dict[str, str], tuple[str, ...]]:
    """What is wrong with the controls by part, and the parts that the runs of a trained claim leave undecided."""
    faults: dict[str, str] = {}
    undecided: list[str] = []
    for part, judgement in parts.items():
        if part in claim.uncontrolled:
            continue
        if part not in controls:
            faults[part] = "has no control"
        elif (verdict := controls[part].verdict) not in _allowed(claim, part, judgement.verdict):
            if claim.runs is not None and not claim.erratum and verdict is Verdict.INCONCLUSIVE:
                undecided.append(part)
            else:  # without runs the control's data can be as plain as it takes: undecided shows nothing
                why = controls[part].reason if verdict is Verdict.INCONCLUSIVE else ""
                faults[part] = ", ".join(filter(None, (str(verdict), why)))
    return faults, tuple(undecided)


def _allowed(claim: Claim, part: str, measured: Verdict) -> set[Verdict]:
    """What the control of a part may come to, where the part itself came to `measured` before any correction.

    A measurement with its sides exchanged has what the claim says where the measurement has the opposite: were that a
    fault, no claim with such a control could be refuted.
    """
    if claim.erratum:
        return {Verdict.SUPPORTED}
    opposite = part in claim.mirrored and measured is Verdict.REFUTED
    return {Verdict.REFUTED, Verdict.SUPPORTED} if opposite else {Verdict.REFUTED}


def _judge(claim: Claim, samples: Mapping[str, Sample]) -> dict[str, Judgement]:
    return {part: _rule(claim, part).judge(sample) for part, sample in samples.items()}


def _rule(claim: Claim, part: str) -> Rule:
    return claim.rules[part] if len(claim.rules) > 1 else next(iter(claim.rules.values()))
