"""Every number and word of a card comes from its claim: tables, chips, pictures."""

from __future__ import annotations

import re
from typing import Any

import pytest

from harness.claims.papers import Paper
from harness.judging.claims import judge_claims
from harness.report.document import document
from harness.report.forest import forest
from harness.report.page import interval, render
from harness.rules import Estimate, Exact, greater_than
from harness.tests.made_up_cases import VERDICTS, case, estimate, judgement
from harness.tests.test_report import PAPER, described, documented, text_of
from harness.verdicts import Evidence, Verdict

REFUTED = VERDICTS[Verdict.REFUTED]


def test_a_row_of_the_table_has_the_judgements_numbers_and_the_controls():
    judged = greater_than(0.0).judge(Estimate(1.25, 0.5, 17, 16, "points"))
    text = text_of(described(), case("mnist", judged=judgement({"x": judged}, controls={"x": REFUTED})))
    p, detectable = f"{judged.p:.4g}", f"{judged.detectable:.4g}"
    row = f"mnist x supported 1.25 points [{judged.low:.4g}, {judged.high:.4g}] 17 {p} {detectable} -5 refuted"
    assert row in text


def test_a_card_shows_reason_evidence_readings_notes_and_discussion():
    readings = [
        case(how, judged=judgement({"x": estimate(value)}), parameters={"how": how}, notes=[f"note of {how}"])
        for how, value in (("one", 5), ("two", -5))
    ]
    proxies = [one.__class__(**{**vars(one), "evidence": Evidence.PROXY}) for one in readings]
    text = text_of(described(discussion="Some more.", rules={"p": "is p", "q": "is q"}), *proxies)
    assert "XX-01 inconclusive (proxy)" in text
    assert "the verdict depends on the reading: supported under how: one; refuted under how: two" in text
    assert "how: one: supported how: two: refuted" in text
    assert "note of one" in text
    assert "note of two" in text
    assert "Some more." in text
    assert "p: is p; q: is q" in text


def test_chips_and_counts_are_the_verdicts():
    page = render(documented(described(), case(judged=judgement({"x": REFUTED}), evidence=Evidence.REDUCED)))
    assert 'class="chip refuted reduced" href="#XX-01"' in page
    assert re.findall(r"<td>(\d+)</td>", page.partition("</table>")[0]) == ["0", "1", "0", "0", "0", "1"]


def test_each_papers_section_has_its_own_claims_and_open_rows_of_papers_that_were_not_judged_are_left_out():
    other = Paper("other2021", "YY", "Another paper", "Nobody", 2021, "Nowhere", 9, 0, PAPER.open)
    verdicts = judge_claims([case()])
    environment = {"python": "3", "packages": {}, "platform": "Linux", "cores": 2, "device": "cpu"}
    given: dict[str, Any] = {"tier": "smoke", "environment": environment, "outside": []}
    written = document(verdicts, {"XX-01": described()}, [PAPER, other], **given)
    assert [row["paper"] for row in written["outside"]] == ["paper2020"]
    page = render({**written, "outside": [*written["outside"], {**written["outside"][0], "paper": "other2021"}]})
    assert page.count('<article id="XX-01">') == 1
    assert "Another paper" in page


def test_seconds_add_up_and_the_judgements_unit_goes_before_the_claims():
    points = judgement({"x": greater_than(0.0).judge(Estimate(2.0, 0.1, 9, 8, "points"))})
    (entry,) = documented(described(unit="pixels"), case("a", judged=points), case("b", judged=points))["claims"]
    assert entry["seconds"] == pytest.approx(0.2)
    assert entry["measured"]["unit"] == "points"
    assert documented(described(unit="pixels"), case())["claims"][0]["measured"]["unit"] == "pixels"


def test_the_picture_has_a_row_a_case_with_its_verdict_interval_and_the_papers_number():
    cases = [case(name, judged=judgement({"x": estimate(value)})) for name, value in (("a", 5), ("b", -5))]
    (entry,) = documented(described(paper_value=1.0), *cases)["claims"]
    drawn = forest(entry)
    assert [(row.label, row.verdict) for row in drawn.rows] == [("a", "supported"), ("b", "refuted")]
    assert all(row.low < row.point < row.high for row in drawn.rows)
    assert drawn.rows[1].point < drawn.paper < drawn.rows[0].point
    two = case(judged=judgement({"p": estimate(5), "q": estimate(4)}))
    assert forest(documented(described(paper_value=1.0), two)["claims"][0]).paper is None
    assert forest(documented(described(), case())["claims"][0]) is None


def test_what_was_computed_has_no_interval():
    judged = greater_than(0.0).judge(Exact(2.0))
    assert interval({"low": judged.low, "high": judged.high}) == ""
    assert interval({"low": 1.0, "high": 2.0}) == "[1, 2]"
