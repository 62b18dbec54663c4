"""A claim's line through earlier reports, on its card."""

from __future__ import annotations

import json

from harness.report.claim_review import claim_reviews
from harness.report.page import render
from harness.report.since import told
from harness.report.snapshot import snapshot
from harness.report.sparkline import HEIGHT, WIDTH, sparkline
from harness.report.stated import stated
from harness.rules import equivalent_to
from harness.tests.made_up_cases import VERDICTS, case, judgement, not_run
from harness.tests.test_report import HOSTILE, Elements, described, documented
from harness.tests.test_report_history import AT, REFUTED, SUPPORTED, judged, taken
from harness.verdicts import Verdict


def point(day, value, verdict="supported", cut=()):
    return {"at": f"2026-11-0{day}", "verdict": verdict, "value": value, "low": None, "high": None, "cut": list(cut)}


def test_one_report_or_the_same_twice_makes_no_line():
    assert sparkline([]) is sparkline([point(1, 1.0)]) is sparkline([point(1, 1.0), point(2, 1.0)]) is None
    assert sparkline([point(1, 1.0), point(2, 1.0, "refuted")]) is not None


def test_values_are_places_and_verdicts_are_dots_within_the_drawing():
    line = sparkline([point(1, 1.0), point(2, 3.0), point(3, 2.0, "refuted")])
    assert line.pieces == (f"M{line.dots[0][0]:g} {line.dots[0][1]:g}l{line.pieces[0].partition('l')[2]}",)
    (_, low, _), (_, top, _), (_, middle, verdict) = line.dots
    assert verdict == "refuted"
    assert low > middle > top, "a screen counts downwards"
    assert abs(middle - (low + top) / 2) < 0.11
    assert all(0 < x < WIDTH and 0 < y < HEIGHT for x, y, _ in line.dots)
    assert line.words[2] == "2026-11-03 refuted 2"


def test_the_line_is_cut_where_the_question_changed_and_where_there_was_no_number():
    points = [point(1, 1.0), point(2, 2.0), point(3, 1.0, cut=["rule"]), point(4, 2.0), point(5, None, "not run")]
    line = sparkline([*points, point(6, 1.0), point(7, 1.0)])
    assert len(line.pieces) == 3
    assert line.words[2] == "2026-11-03 supported 1 (changed: rule)"
    assert line.words[4] == "2026-11-05 not run"
    assert sparkline([point(1, None), point(2, None, "not run")]).pieces == ()


def test_a_card_shows_its_line():
    past = [taken(judged(SUPPORTED)), taken(judged(REFUTED), day=2)]
    other = documented(described(stated={"measured": stated(equivalent_to(0.0, within=9.0))}), judged(SUPPORTED))
    now = documented(described(), judged(REFUTED))
    page = Elements(render({**now, "history": told(past, snapshot(now, AT.format(3)))}))
    assert "2026-11-01 supported 5; 2026-11-02 refuted -5" in page.text
    assert "spark" in {given.get("class") for _, given in page.tags}
    first = Elements(render({**other, "history": told([], snapshot(other, AT.format(3)))}))
    assert "spark" not in {given.get("class") for _, given in first.tags}


def test_the_page_has_a_claim_review_of_each_claim_that_was_judged():
    refuted = case(judged=judgement({"x": VERDICTS[Verdict.REFUTED]}))
    document = documented(described(statement=HOSTILE), refuted, session={"date": "2026-11-26"})
    text = str(claim_reviews(document))
    assert "<" not in text
    paper, review = json.loads(text)["@graph"]
    assert (paper["@type"], paper["headline"]) == ("ScholarlyArticle", "A paper")
    assert review["claimReviewed"] == HOSTILE
    assert review["itemReviewed"]["appearance"] == {"@id": paper["@id"]}
    assert review["reviewRating"] == {"@type": "Rating", "alternateName": "refuted (exact)"}
    assert review["datePublished"] == "2026-11-26"
    assert text in render(document)
    assert json.loads(claim_reviews(documented(described(), not_run("a", "dear"))))["@graph"] == []
    assert json.loads(claim_reviews(documented(described(kind="definition"), case())))["@graph"] == []
