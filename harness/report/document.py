"""claims.json: from the cases of one session to one entry a claim.

The keys are a contract that other tools read; `SCHEMA` changes when one of them does.
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from harness.claims.claim import SINGLE, Claim
from harness.claims.papers import Paper
from harness.judging.cases import across_cases, from_json, least_favourable, printed_statement, to_json
from harness.verdicts import Evidence, Verdict, conjunction, weakest

SCHEMA = 1

KEPT = ("id", "paper", "statement", "discussion", "where", "paper_value", "erratum")
"""What an entry takes over from the declaration as it stands."""

Json = dict[str, Any]


def describe(claim: Claim, paper: Paper, file: str) -> Json:
    """What is declared of a claim, as JSON values; `file` is its module's path below the root of the repository."""
    erratum = claim.erratum
    return {
        "id": claim.id,
        "paper": paper.key,
        "statement": claim.statement,
        "discussion": claim.discussion,
        "where": claim.where,
        "paper_value": dict(claim.paper) if isinstance(claim.paper, Mapping) else claim.paper,
        "unit": claim.unit,
        "lowest_tier": claim.tier,
        "rules": {part: rule.sentence for part, rule in claim.rules.items()},
        "control": claim.control,
        "file": file,
        "function": claim.function.__name__,
        "erratum": None
        if erratum is None
        else {
            "printed": erratum.printed,
            "correct": erratum.correct,
            "derivation": erratum.derivation,
            "consequence": erratum.consequence,
        },
    }


def document(
    cases: Iterable[Json],
    described: Mapping[str, Json],
    papers: Sequence[Paper],
    *,
    tier: str,
    environment: Json,
    outside: Sequence[Json],
    partial: bool = False,
) -> Json:
    """The content of claims.json.

    Args:
        cases: what each test of a claim reported.
        described: `describe` of each claim, by id.
        papers: the papers, for their titles and for the claims that are not tests yet.
        tier: the tier that was asked for.
        environment: versions and device.
        outside: declared claims that this tier leaves out, with the reason.
        partial: whether the session was cut short.
    """
    by_claim: dict[str, list[Json]] = defaultdict(list)
    for case in cases:
        by_claim[case["id"]].append(case)
    judged = {described[id]["paper"] for id in by_claim} | {row["paper"] for row in outside}
    return without_nan(
        {
            "schema": SCHEMA,
            "tier": tier,
            "partial": partial,
            "environment": environment,
            "papers": [
                {"key": p.key, "title": p.title, "authors": p.authors, "year": p.year, "venue": p.venue} for p in papers
            ],
            "claims": [entry(described[id], by_claim[id], tier) for id in sorted(by_claim, key=_in_order)],
            "outside": [*outside, *(row for paper in papers if paper.key in judged for row in open_rows(paper))],
        }
    )


def open_rows(paper: Paper) -> list[Json]:
    """The claims of a paper that no test decides, and the errata candidates that did not hold up, with the reasons."""
    rows = [
        {"id": row.id, "paper": paper.key, "where": row.where, "statement": row.statement, "reason": row.reason}
        for row in paper.open
    ]
    dropped = [
        {"id": id, "paper": paper.key, "where": "", "statement": "", "reason": f"not an erratum: {reason}"}
        for id, reason in paper.dropped
    ]
    return rows + dropped


def entry(described: Json, cases: Sequence[Json], tier: str) -> Json:
    """One claim's entry: its cases' judgements, corrected together, and the verdict they come to."""
    cases = corrected(described, sorted(cases, key=lambda case: case["nodeid"]))
    readings = by_reading(cases)
    verdict, reason = overall(cases, readings)
    ran = [case for case in cases if case["parts"]]
    evidence = weakest(Evidence(case["evidence"]) for case in ran) if ran else Evidence.PROXY
    deciding = least_favourable([from_json(part) for case in ran for part in case["parts"].values()]) if ran else None
    rules = described["rules"]
    return {
        **{key: described[key] for key in KEPT},
        "verdict": str(verdict),
        "reason": reason,
        "evidence": str(evidence),
        "stand_in": any(case["stand_in"] for case in cases),
        "tier": cases[0]["tier"],
        "measured": None
        if deciding is None
        else {
            "value": deciding.effect,
            "low": deciding.low,
            "high": deciding.high,
            "n": deciding.n,
            "unit": deciding.unit or described["unit"],
        },
        "rule": rules[SINGLE] if set(rules) == {SINGLE} else "; ".join(f"{part}: {rules[part]}" for part in rules),
        "control": {"text": described["control"], **control_verdict(ran)},
        "readings": readings,
        "depends_on_reading": len({reading["verdict"] for reading in readings}) > 1,
        "data": unique(source for case in cases for source in case["data"]),
        "runs": unique(key for case in cases for key in case["runs"]),
        "seconds": sum(case["seconds"] for case in cases),
        "command": f"pytest {described['file']}::{described['function']} --tier {tier}",
        "cases": cases,
    }


def corrected(described: Json, cases: Sequence[Json]) -> list[Json]:
    """The cases with their judgements after Holm's correction over all of them; `verdict_alone` is from before."""
    together = across_cases([{part: from_json(j) for part, j in case["parts"].items()} for case in cases])
    result = []
    for case, parts in zip(cases, together, strict=True):
        verdict = conjunction(judgement.verdict for judgement in parts.values())
        if described["erratum"]:
            verdict = printed_statement(verdict)
        result.append(
            {
                **case,
                "verdict": str(verdict),
                "verdict_alone": case["verdict"],
                "parts": {part: to_json(judgement) for part, judgement in parts.items()},
            }
        )
    return result


def by_reading(cases: Sequence[Json]) -> list[Json]:
    """The verdict under each reading: over all data sets at once."""
    groups: dict[str, list[Verdict]] = defaultdict(list)
    for case in cases:
        name = ", ".join(f"{key}: {value}" for key, value in case["parameters"].items() if key != "data")
        groups[name].append(Verdict(case["verdict"]))
    return [{"name": name, "verdict": str(conjunction(verdicts))} for name, verdicts in groups.items() if name]


def overall(cases: Sequence[Json], readings: Sequence[Json]) -> tuple[Verdict, str]:
    """The claim's verdict and why: the one that all readings share, over all data sets."""
    broken = [case["case"] for case in cases if case["control"] and not case["control"]["holds"]]
    if broken:
        return Verdict.INCONCLUSIVE, f"the control does not do its work ({', '.join(broken)})"
    verdicts = {Verdict(reading["verdict"]) for reading in readings}
    if len(verdicts) > 1:
        said = "; ".join(f"{reading['verdict']} under {reading['name']}" for reading in readings)
        return Verdict.INCONCLUSIVE, f"the verdict depends on the reading: {said}"
    verdict = conjunction(Verdict(case["verdict"]) for case in cases)
    if verdict in (Verdict.SUPPORTED, Verdict.ERRATUM):
        return verdict, unique(case["reason"] for case in cases)[0]
    other = [case for case in cases if case["verdict"] not in (Verdict.SUPPORTED, Verdict.ERRATUM)]
    return verdict, "; ".join(f"{case['case']}: {case['reason']}" if case["case"] else case["reason"] for case in other)


def control_verdict(ran: Sequence[Json]) -> Json:
    """What the rules say of the controls of all cases."""
    verdicts = [Verdict(case["control"]["verdict"]) for case in ran]
    return {"verdict": str(conjunction(verdicts)), "holds": bool(ran) and all(case["control"]["holds"] for case in ran)}


def unique(values: Iterable[Any]) -> list[Any]:
    """The values without repeats, in order."""
    seen: list[Any] = []
    for value in values:
        if value not in seen:
            seen.append(value)
    return seen


def without_nan(value: Any) -> Any:
    """The same JSON with null for what JSON cannot write: NaN and the infinities."""
    if isinstance(value, Mapping):
        return {str(key): without_nan(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [without_nan(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def _in_order(id: str) -> tuple[bool, list[str | int]]:
    return id.startswith("E-"), [int(piece) if piece.isdigit() else piece for piece in re.split(r"(\d+)", id)]
