"""The report as a table, as Markdown and as a badge."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
import xml.etree.ElementTree as ET
from dataclasses import replace

import pytest

from harness.judging.claims import judge_claims
from harness.report import frame
from harness.report.document import document
from harness.report.flat import COLUMNS, rows, to_csv
from harness.report.markdown import LIMIT, badge, summary, text
from harness.report.stated import stated
from harness.report.write import add_to_job, write
from harness.rules import equivalent_to
from harness.tests.made_up_cases import VERDICTS, case, judgement, not_run
from harness.tests.test_report import HOSTILE, OPTIONS, PAPER, described, documented
from harness.verdicts import Verdict

RULES = {"p": stated(equivalent_to(5.0, 2.0)), "q": stated(equivalent_to(0.0, 1.0))}
PARTS = {"p": VERDICTS[Verdict.SUPPORTED], "q": VERDICTS[Verdict.REFUTED]}


def two_parts():
    one = case("a", judged=judgement(PARTS), values={"p": {"": [1.0, 2.0]}}, seeds=[3, 4], parameters={"data": "mnist"})
    return documented(described(stated=RULES, paper_value={"p": 5.5}, unit="points"), one, not_run("b", "no data"))


def test_there_is_a_row_for_each_part_of_each_case_and_for_each_case_that_did_not_run():
    p, q, lost = rows(two_parts())
    assert [tuple(row) for row in (p, q, lost)] == [COLUMNS] * 3
    assert (p["case"], p["part"], p["part_verdict"], p["effect"]) == ("a", "p", "supported", 5.0)
    assert (p["paper_value"], p["rule_low"], p["rule_high"], p["rule_margin"]) == (5.5, 3.0, 7.0, 2.0)
    assert (p["seeds"], p["values"], p["parameters"], p["deciding"]) == ([3, 4], [1.0, 2.0], "data=mnist", False)
    assert (q["part"], q["deciding"], q["paper_value"], q["values"], q["control_effect"]) == ("q", True, None, [], 2.0)
    assert (lost["case"], lost["part"], lost["case_verdict"], lost["effect"]) == ("b", None, "not run", None)


def test_the_table_can_be_read_back_and_is_no_formula(tmp_path):
    document = two_parts()
    read = list(csv.DictReader(io.StringIO(to_csv(document))))
    assert [row["part"] for row in read] == ["p", "q", ""]
    assert json.loads(read[0]["values"]) == [1.0, 2.0]
    formula = to_csv(documented(described(statement="=1+1", where=HOSTILE), case()))
    (row,) = csv.DictReader(io.StringIO(formula))
    assert row["statement"] == "'=1+1"
    assert row["where"] == HOSTILE


def test_a_data_frame_has_the_rows(tmp_path):
    pytest.importorskip("pandas")
    document = two_parts()
    write(document, tmp_path, {})
    for path in (tmp_path, tmp_path / "claims.json"):
        found = frame(path)
        assert list(found.columns) == list(COLUMNS)
        assert found["effect"].dropna().tolist() == [5.0, -5.0]


def test_nothing_but_the_data_frame_loads_pandas():
    code = "import sys, harness.report, harness.report.page, harness.report.write; print('pandas' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_two_reports_of_the_same_are_the_same_to_the_byte(tmp_path):
    for name in "ab":
        write(json.loads(json.dumps(two_parts())), tmp_path / name, {})
    names = {file.name for file in (tmp_path / "a").iterdir()}
    assert names == {"claims.json", "claims.csv", "index.html", "badge.svg", "junit.xml"}
    for name in names:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_markdown_has_changes_first_then_counts_then_what_is_against_a_claim():
    told = summary({**two_parts(), "changed": ["XX-01 (smoke): recorded supported, now refuted"]})
    places = [told.index(part) for part in ("## Changed", "recorded supported", "| A paper |", "## Refuted (1)")]
    assert places == sorted(places)
    assert "**XX\\-01** refuted" in told
    assert "Changed" not in summary(two_parts())


def test_markdown_shows_hostile_text_literally():
    document = documented(described(statement=HOSTILE), case(judged=judgement(PARTS)))
    told = summary({**document, "changed": [HOSTILE, "@everyone `x`"]})
    assert told.count("<img") == told.count("\\<img") == 2
    assert "@everyone" not in told
    assert "\n" not in text("a\nb")


@pytest.mark.parametrize("limit", [2000, LIMIT])
def test_markdown_stays_within_its_bytes_and_counts_what_it_leaves_out(limit):
    told = summary({**two_parts(), "changed": [f"change {number} {'ü' * 200}" for number in range(3000)]}, limit)
    assert len(told.encode()) <= limit
    shown = told.count("change ")
    assert 0 < shown < 3000
    assert f"... and {3001 - shown} lines more." in told


def test_three_thousand_claims_that_all_changed_fit_into_a_comment_and_a_jobs_summary(tmp_path):
    refuted = judgement({"x": VERDICTS[Verdict.REFUTED]})
    cases = [replace(case(judged=refuted), id=f"XX-{number:04d}") for number in range(3000)]
    told = {one.id: described(id=one.id, statement="s" * 1000, where=HOSTILE) for one in cases}
    whole = document(judge_claims(cases), told, [PAPER], **OPTIONS)
    changed = {
        **whole,
        "changed": [f"XX-{number:04d} (smoke): recorded supported, now refuted" for number in range(3000)],
    }
    for one, first in ((changed, "## Changed"), (whole, "## Refuted (3000)")):
        said = summary(one)
        assert len(said.encode()) <= LIMIT == 60_000
        lines = said.splitlines()
        assert first in lines
        assert lines[-1].startswith("... and ")
        shown = [line for line in lines if line.startswith("- ")]
        assert shown
        assert {*shown} <= {*summary(one, 10**9).splitlines()}, "whole lines"
    file = tmp_path / "summary.md"
    add_to_job(changed, {"GITHUB_STEP_SUMMARY": str(file)})
    assert file.stat().st_size < 1_000_000


def test_a_job_on_github_gets_its_summary(tmp_path):
    file = tmp_path / "summary.md"
    file.write_text("before\n")
    add_to_job(two_parts(), {"GITHUB_STEP_SUMMARY": str(file)})
    assert file.read_text().startswith("before\n# Claims report")
    add_to_job(two_parts(), {})


def test_the_badge_is_an_svg_that_says_its_counts():
    assert "claims: 0 of 1 supported, 1 refuted" in ET.fromstring(badge(two_parts())).attrib["aria-label"]
