"""What of a report is kept to compare later ones with: of each claim what it asks, what it came to, and from what."""

from __future__ import annotations

import hashlib
import json
import textwrap
from collections.abc import Mapping
from typing import Any

from harness.verdicts import Verdict

Json = dict[str, Any]

SCHEMA = 1

LONGEST = 300
"""Characters of a reason that are kept."""

OF_SESSION = ("date", "commit", "selection")

OF_MARGIN = ("margin", "low", "high", "refuted_beyond")
"""The fields of a rule that follow from its margin."""


def snapshot(document: Mapping[str, Any], at: str) -> Json:
    """What is kept of a report.

    Args:
        document: the content of claims.json.
        at: when its session ended, ISO 8601 in UTC; snapshots are ordered by it.
    """
    session = document["session"]
    return {
        "schema": SCHEMA,
        "at": at,
        **{name: session.get(name) for name in OF_SESSION},
        "partial": document["partial"],
        "tier": document["tier"],
        "claims": {entry["id"]: of_claim(entry, document) for entry in document["claims"]},
    }


def of_claim(entry: Mapping[str, Any], document: Mapping[str, Any]) -> Json:
    """What is kept of a claim; one without runs has the session's device."""
    measured = entry["measured"] or {}
    runs = [document["runs"][key] for key in entry["runs"]]
    return {
        **{name: entry[name] for name in ("verdict", "evidence", "tier", "formerly")},
        **{name: short(measured.get(name)) for name in ("value", "low", "high")},
        "unit": measured.get("unit", ""),
        "reason": textwrap.shorten(entry["reason"], LONGEST, placeholder=" ...")
        if entry["verdict"] == Verdict.NOT_RUN
        else "",
        "parts": parts(entry),
        "asks": asks(entry),
        "made_of": {
            "data": digest([entry["data"], sorted({json.dumps(run.get("data"), sort_keys=True) for run in runs})]),
            "code": digest(sorted({run.get("code", "") for run in runs})),
            "device": ", ".join(sorted({run["device"] for run in runs})) or document["environment"]["device"],
            "seeds": digest(sorted({run["seed"] for run in runs})),
        },
    }


def asks(entry: Mapping[str, Any]) -> dict[str, str]:
    """Digests of what makes a claim the question that it is; a margin changes the sentence of its rule too."""
    decides = entry["decides"]
    rules = {
        part: {name: value for name, value in rule.items() if name not in OF_MARGIN}
        for part, rule in entry["rules"].items()
    }
    margins = {part: [rule[name] for name in OF_MARGIN] for part, rule in entry["rules"].items()}
    beside = {name: decides.get(name) for name in ("about", "gate", "baseline")}
    return {
        "statement": digest(entry["statement"]),
        "rule": digest([rules, beside]),
        "margin": digest([margins, decides["rules"]]),
        "readings": digest(decides["readings"]),
        "control": digest([decides["control"], decides.get("mirrored"), decides.get("uncontrolled")]),
    }


def parts(entry: Mapping[str, Any]) -> dict[str, list[float | None]]:
    """Value and interval of each part of each case, by their names."""
    return {
        " ".join(filter(None, (case["case"], part))): [short(judged[name]) for name in ("effect", "low", "high")]
        for case in entry["cases"]
        for part, judged in case["parts"].items()
    }


def digest(value: Any) -> str:
    """A short digest of JSON values."""
    return hashlib.sha256(json.dumps(value, sort_keys=True, ensure_ascii=False).encode()).hexdigest()[:12]


def short(value: float | None) -> float | None:
    """A number to six digits."""
    return None if value is None else float(f"{value:.6g}")
