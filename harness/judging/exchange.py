"""Cases and verdicts as JSON values: between processes, and in claims.json.  Nothing else in the package knows JSON.

What travels between processes or into a file is made `harness.system.plain.plain` there, once.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from typing import Any

from harness.claims.about import About
from harness.judging.about import Standing
from harness.judging.cases import CaseJudgement
from harness.judging.claims import CaseResult, ClaimVerdict, ControlVerdict, Ladder, Share
from harness.judging.correction import Parts
from harness.rules import Judgement
from harness.verdicts import Evidence, Verdict

Json = dict[str, Any]

CARRIED = ("id", "case", "nodeid", "siblings", "tier", "stand_in", "seeds_to_decide", "seconds")
"""What a case has in JSON as it stands."""

MAPPINGS, LISTS = ("parameters", "series", "values"), ("data", "runs", "failed", "notes", "pictures", "seeds")
"""What is copied into a dict or a list."""


_OF_JUDGEMENT = tuple(field.name for field in dataclasses.fields(Judgement))


def judgement_to_json(judgement: Judgement) -> Json:
    """A judgement."""
    values = {name: getattr(judgement, name) for name in _OF_JUDGEMENT}
    numbers = {name: float(value) for name, value in values.items() if isinstance(value, float)}
    return {**values, **numbers, "verdict": str(judgement.verdict)}


def judgement_from_json(values: Json) -> Judgement:
    """What `judgement_to_json` wrote."""
    return Judgement(**{**values, "verdict": Verdict(values["verdict"])})


def case_to_json(case: CaseResult) -> Json:
    """A case with its own verdict; what its function gave is in it as it is, see `plain`."""
    return {
        **{name: getattr(case, name) for name in CARRIED},
        **{name: dict(getattr(case, name)) for name in MAPPINGS},
        **{name: list(getattr(case, name)) for name in LISTS},
        "evidence": str(case.evidence),
        "verdict": str(case.verdict),
        "reason": case.reason,
        "parts": _parts_to_json(case.judged.parts) if case.judged else {},
        "control": _control_to_json(case.judged) if case.judged else None,
    }


def case_from_json(values: Json) -> CaseResult:
    """What `case_to_json` wrote."""
    given = {name: values[name] for name in (*CARRIED, *MAPPINGS, *LISTS)}
    judged = None if values["control"] is None else _judged_from_json(values)
    failure = values["reason"] if judged is None else ""
    return CaseResult(**given, evidence=Evidence(values["evidence"]), judged=judged, failure=failure)


def ladder_to_json(ladder: Ladder, *, unit: str, control: str) -> Json:
    """A claim's entry: its best rung in full, and every rung in short; arguments as in `claim_to_json`."""
    return {
        **claim_to_json(ladder.best, unit=unit, control=control),
        "ladder": [rung_to_json(rung, unit) for rung in ladder.rungs],
        "rungs_disagree": ladder.disagrees,
    }


def rung_to_json(rung: ClaimVerdict, unit: str) -> Json:
    """One rung in short."""
    return {
        "tier": rung.tier,
        "reach": str(rung.evidence) if rung.ran else None,
        "verdict": str(rung.verdict),
        "reason": rung.reason,
        "measured": _measured(rung, unit),
        **provenance_to_json(rung),
        "cases": {share.case.case: str(share.case.verdict) for share in rung.shares},
        "nodeids": [share.case.nodeid for share in rung.shares],
        "runs": [run["key"] for run in rung.runs],
    }


def provenance_to_json(rung: ClaimVerdict) -> Json:
    """Where a rung's runs come from, in short: the least fresh, the oldest date, every device."""
    fresh = ["current", "confirmed", "stale"]
    carried = [run for run in rung.runs if run["source"] == "recorded"]
    return {
        "source": "recorded" if carried else "computed",
        "freshness": max((run["freshness"] for run in rung.runs), key=fresh.index, default="current"),
        "device": ", ".join(sorted({run["device"] for run in rung.runs})) or None,
        "date": min((run["date"] for run in carried if run["date"]), default=None),
        "recorded": len(carried),
    }


def _measured(claim: ClaimVerdict, unit: str) -> Json | None:
    if claim.deciding is None:
        return None
    judgement = claim.deciding.judgement
    numbers = {name: float(getattr(judgement, source)) for name, source in _NUMBERS.items()}
    return {**numbers, "n": judgement.n, "unit": judgement.unit or unit}


_NUMBERS = {"value": "effect", "low": "low", "high": "high"}


def claim_to_json(claim: ClaimVerdict, *, unit: str, control: str) -> Json:
    """A claim's verdict with all that it comes from.

    Args:
        claim: the verdict.
        unit: the claim's, for a judgement that has none.
        control: what the control is, in words.
    """
    cases = [share.case for share in claim.shares]
    return {
        "verdict": str(claim.verdict),
        "reason": claim.reason,
        "complete": claim.complete,
        "evidence": str(claim.evidence) if claim.ran else None,
        "stand_in": claim.stand_in,
        "tier": claim.tier,
        "measured": _measured(claim, unit),
        "deciding": None if claim.deciding is None else {"case": claim.deciding.case, "part": claim.deciding.part},
        "control": {"text": control, **_control_verdict_to_json(claim.control)},
        "readings": [{"name": reading.name, "verdict": str(reading.verdict)} for reading in claim.readings],
        "depends_on_reading": claim.depends_on_reading,
        "data": _unique(source for case in cases for source in case.data),
        "runs": [run["key"] for run in claim.runs],
        "values": [row for case in cases for row in values_to_json(case)],
        "provenance": provenance_to_json(claim),
        "seconds": sum(case.seconds for case in cases),
        "cases": [_share_to_json(share) for share in claim.shares],
    }


def values_to_json(case: CaseResult) -> list[Json]:
    """The values of a case, a row for each part and place; seeds are null where replicates are no runs."""
    return [
        {
            "case": case.case,
            "part": part,
            "place": place,
            "seeds": list(case.seeds) if len(case.seeds) == len(values) else [None] * len(values),
            "values": list(values),
        }
        for part, places in case.values.items()
        for place, values in places.items()
    ]


def _share_to_json(share: Share) -> Json:
    """A case of claims.json: `verdict` is its own, `within_claim` the one after the correction over all cases.

    Its values are those of the claim's entry, and of its runs it has the keys.
    """
    case = case_to_json(share.case)
    del case["values"]
    case |= {"runs": [run["key"] for run in share.case.runs]}
    return {**case, "within_claim": {"verdict": str(share.verdict), "reason": share.reason}}


def _control_verdict_to_json(control: ControlVerdict) -> Json:
    return {
        "verdict": str(control.verdict),
        "holds": control.holds,
        "parts": {part: str(verdict) for part, verdict in control.parts.items()},
        "faults": dict(control.faults),
        "undecided": list(control.undecided),
        "uncontrolled": dict(control.uncontrolled),
    }


def _control_to_json(judged: CaseJudgement) -> Json:
    return {
        "verdict": str(judged.control),
        "holds": judged.control_holds,
        "erratum": judged.erratum,
        "parts": _parts_to_json(judged.control_parts),
        "faults": dict(judged.control_faults),
        "undecided": list(judged.control_undecided),
        "uncontrolled": dict(judged.uncontrolled),
        "standing": _standing_to_json(judged.standing),
    }


def _standing_to_json(standing: Standing) -> Json:
    values = {field.name: _plain(getattr(standing, field.name)) for field in dataclasses.fields(standing)}
    return {**values, "evidence": str(standing.evidence)}


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, str) else float(value) if isinstance(value, float) else value


def _standing_from_json(values: Json) -> Standing:
    about = values["about"]
    return Standing(
        **{**values, "about": None if about is None else About(about), "evidence": Evidence(values["evidence"])}
    )


def _judged_from_json(values: Json) -> CaseJudgement:
    control = values["control"]
    return CaseJudgement(
        verdict=Verdict(values["verdict"]),
        reason=values["reason"],
        parts=_parts_from_json(values["parts"]),
        control=Verdict(control["verdict"]),
        control_parts=_parts_from_json(control["parts"]),
        control_faults=control["faults"],
        control_undecided=tuple(control["undecided"]),
        uncontrolled=control["uncontrolled"],
        erratum=control["erratum"],
        standing=_standing_from_json(control["standing"]),
    )


def _parts_to_json(parts: Parts) -> Json:
    return {part: judgement_to_json(judgement) for part, judgement in parts.items()}


def _parts_from_json(parts: Mapping[str, Json]) -> dict[str, Judgement]:
    return {part: judgement_from_json(values) for part, values in parts.items()}


def _unique(values: Iterable[Any]) -> list[Any]:
    seen: list[Any] = []
    for value in values:
        if value not in seen:
            seen.append(value)
    return seen
