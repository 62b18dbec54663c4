"""Reports of many kinds of things, and of many claims, for tests of all that is written from them."""

from __future__ import annotations

from typing import Any

import torch

from harness.claims.papers import Figure, Headline
from harness.judging.claims import judge_claims
from harness.lab.pictures import Box, picture
from harness.report.document import document
from harness.rules import Estimate, greater_than
from harness.tests.made_up_cases import VERDICTS, case, judgement
from harness.tests.test_report import HOSTILE, OPTIONS, PAPER, described, documented
from harness.verdicts import Evidence, Verdict


def many_sided() -> dict[str, Any]:
    """The content of claims.json: two claims supported and one refuted, with hostile text, long words, a figure."""
    figures = (Figure("Fig. 1", HOSTILE, ("XX-01", "XX-09"), x=HOSTILE, y=HOSTILE, printed=((HOSTILE, 3.0),)),)
    headlines = (Headline("Is one one?", ("XX-01",)),)
    told = PAPER.__class__(**{**vars(PAPER), "headlines": headlines, "figures": figures})
    sample = Estimate.from_replicates([4.0, 5.0, 6.0, 5.5, 4.5], "points")
    curves = {"ours": {"x": [1.0, 2.0], "y": [1.0, 4.0]}}
    seen = picture("seen", torch.zeros(3, 4, 6, dtype=torch.uint8), [Box(0.0, 1.0, 2.0, 3.0, "wrong", "here")])
    cases = [
        case("a" * 90, sample, greater_than(1.0), series=curves, parameters={"how": "b" * 90}, pictures=[seen],
             values={"measured": {"": [4.0, 5.0, 6.0, 5.5, 4.5]}}, seeds=[10, 11, 12, 13, 14], notes=["one", "two"]),
        *(case(judged=judgement({"measured": VERDICTS[verdict]}), evidence=Evidence.PROXY)
          for verdict in (Verdict.REFUTED, Verdict.SUPPORTED)),
    ]  # fmt: skip
    verdicts = judge_claims(
        one.__class__(**{**vars(one), "id": f"XX-0{number}"}) for number, one in enumerate(cases, start=1)
    )
    statements = ("One is one.", HOSTILE, "Three is three; " + "c" * 120)
    entries = {
        id: described(id=id, statement=text, where=HOSTILE, discussion="d" * 200)
        for id, text in zip(verdicts, statements, strict=True)
    }
    return document(verdicts, entries, [told], **OPTIONS)


def crowded(claims: int, cases: int) -> dict[str, Any]:
    """The content of claims.json with so many claims of so many cases each, with five seeds."""
    values = [4.0, 5.0, 6.0, 5.5, 4.5]
    sample, seeds = Estimate.from_replicates(values, "points"), [1, 2, 3, 4, 5]
    each = [
        case(name, sample, greater_than(1.0), parameters={"n": name}, values={"measured": {"": values}}, seeds=seeds)
        for name in (f"c{number}" for number in range(cases))
    ]
    one = documented(described(statement="One is one, whatever others say of it; " * 2), *each)
    return {**one, "claims": [{**one["claims"][0], "id": f"XX-{number:04d}"} for number in range(claims)]}
