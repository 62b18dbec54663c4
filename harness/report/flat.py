"""The claims as one flat table, a row a case and part: claims.csv, and a data frame of pandas."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.report.wording import replicates, rule_of

if TYPE_CHECKING:
    import pandas

OF_CLAIM = ("paper", "id", "kind", "about", "statement", "where", "verdict", "evidence")
OF_RULE = ("kind", "over", "target", "margin", "side", "low", "high", "refuted_beyond", "alpha")
OF_JUDGEMENT = ("effect", "low", "high", "n", "p", "p_refute", "detectable", "unit")

COLUMNS = (
    *OF_CLAIM,
    "paper_value",
    "tier",
    "case",
    "parameters",
    "part",
    "deciding",
    "case_verdict",
    "part_verdict",
    *OF_JUDGEMENT,
    *(f"rule_{name}" for name in OF_RULE),
    "control_verdict",
    "control_effect",
    "seeds",
    "values",
    "seconds",
)
"""Of the table; `low` and `high` are the interval's, `rule_low` and `rule_high` where a value is supported."""


def rows(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The rows of a claims.json, by column; None where there is nothing to say.

    A case that did not run has one row, without a part.  `values` are those of the seeds, where a part has one row of
    them; by place they are in claims.json.
    """
    return [
        {**dict.fromkeys(COLUMNS), **_row(entry, case, part)}
        for entry in document["claims"]
        for case in entry["cases"]
        for part in case["parts"] or [None]
    ]


def _row(entry: Mapping[str, Any], case: Mapping[str, Any], part: str | None) -> dict[str, Any]:
    row = {
        **{name: entry[name] for name in OF_CLAIM},
        "tier": case["tier"],
        "case": case["case"],
        "parameters": "; ".join(f"{name}={value}" for name, value in case["parameters"].items()),
        "case_verdict": case["verdict"],
        "deciding": entry["deciding"] == {"case": case["case"], "part": part},
        "seconds": case["seconds"],
    }
    given = entry["paper_numbers"]
    number = given.get(part) or (given.get("") if len(given) == 1 else None)
    row["paper_value"] = number and (number["text"] if number["value"] is None else number["value"])
    if part is None:
        return row
    judged, control = case["parts"][part], (case["control"] or {"parts": {}})["parts"].get(part, {})
    rule = rule_of(entry, part)
    return {
        **row,
        "part": part,
        "part_verdict": judged["verdict"],
        **{name: judged[name] for name in OF_JUDGEMENT},
        **{f"rule_{name}": rule.get(name) for name in OF_RULE},
        "control_verdict": control.get("verdict"),
        "control_effect": control.get("effect"),
        "seeds": list(case["seeds"]),
        "values": replicates(entry, case, part),
    }


def to_csv(document: Mapping[str, Any]) -> str:
    """claims.csv: the rows with a header, lists as JSON; a quote goes before what a spreadsheet takes for a formula."""
    written = io.StringIO()
    writer = csv.DictWriter(written, COLUMNS, lineterminator="\n")
    writer.writeheader()
    for row in rows(document):
        writer.writerow({name: _cell(value) for name, value in row.items()})
    return written.getvalue()


def _cell(value: Any) -> Any:
    if isinstance(value, list):
        return json.dumps(value)
    return f"'{value}" if isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r")) else value


def frame(path: Path | str) -> pandas.DataFrame:
    """The rows of a report as a data frame.

    Args:
        path: a claims.json, or the folder of a report.

    Raises:
        ImportError: pandas is not installed (`pip install 'spatial-claims[frame]'`).
    """
    import pandas

    file = Path(path) / "claims.json" if Path(path).is_dir() else Path(path)
    return pandas.DataFrame(rows(json.loads(file.read_text(encoding="utf-8"))), columns=list(COLUMNS))
