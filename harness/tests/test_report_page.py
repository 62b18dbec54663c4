"""Every number and word of a card comes from its claim: tables, headlines, pictures."""

from __future__ import annotations

import dataclasses
import re
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from harness.claims.papers import Headline, Paper
from harness.judging.claims import judge_claims
from harness.lab.pictures import picture
from harness.report.axis import axis
from harness.report.curves import on_card
from harness.report.detail import DETAILS, fitted
from harness.report.document import document
from harness.report.forest import FEW, forest
from harness.report.page import draw, drawn, interval, own, render, shortened, whole
from harness.report.stated import stated
from harness.rules import Estimate, Exact, equivalent_to, greater_than
from harness.tests.made_up_cases import VERDICTS, case, estimate, judgement, not_run
from harness.tests.test_report import HOSTILE, OPTIONS, PAPER, Elements, described, documented, text_of
from harness.verdicts import Evidence, Verdict

REFUTED = VERDICTS[Verdict.REFUTED]
FIVE = Estimate.from_replicates([4.0, 5.0, 6.0, 5.5, 4.5], "points")
ABOVE_ONE = greater_than(1.0)


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


def test_the_table_and_the_counts_have_the_verdicts():
    page = draw(documented(described(), case(judged=judgement({"x": REFUTED}), evidence=Evidence.REDUCED)))
    row = 'data-paper="paper2020" data-verdict="refuted" data-evidence="reduced" data-about="claim" data-where="Eq. 1"'
    assert f'<tr {row}><th scope="row"><a href="#XX-01">XX-01</a></th><td>One is one.</td>' in page
    counted = page.partition('<table class="counts">')[2].partition("</table>")[0]
    assert re.findall(r"<td>(\d+)</td>", counted) == ["0", "1", "0", "0", "0", "0", "0", "1"]
    assert "Of 1 claims and errors of 1 paper: 1 refuted." in page
    assert "1 more entries are not judged here" in page


def test_a_headline_is_a_question_with_the_claims_that_answer_it():
    told = dataclasses.replace(
        PAPER, headlines=(Headline("Is one one?", ("XX-01", "XX-02")), Headline("Two?", ("XX-03",)))
    )
    written = document(
        judge_claims([case(sample=FIVE, rule=ABOVE_ONE)]),
        {"XX-01": described(stated={"measured": stated(ABOVE_ONE)})},
        [told],
        **OPTIONS,
    )
    first = draw(written).partition('<section id="headlines">')[2].partition("</section>")[0]
    assert "<h3>Is one one?</h3>" in first
    assert '<a href="#XX-01">XX-01</a> One is one.' in first
    assert "above 1, as the rule asks" in first
    assert '<table class="forest">' in first
    assert "XX-02 is not judged at this tier." in first
    assert "Two?" not in first
    of_claim = described(stated={"measured": stated(ABOVE_ONE)})
    one = case(sample=FIVE, rule=ABOVE_ONE)
    both = judge_claims([one, dataclasses.replace(one, id="XX-02")])
    page = draw(document(both, {"XX-01": of_claim, "XX-02": {**of_claim, "id": "XX-02"}}, [told], **OPTIONS))
    assert page.partition('<section id="headlines">')[2].partition("</section>")[0].count("as the rule asks") == 2
    assert "headlines" not in draw(documented(described(), case())).partition("<main")[2].partition("<script>")[0]


def test_every_header_of_a_table_has_a_scope_and_every_card_can_be_linked_to():
    page = draw(documented(described(), case(sample=FIVE, rule=ABOVE_ONE)))
    headers = re.findall(r"<th(?: [^>]*)?>", page.partition("<main")[2])
    assert headers
    assert all("scope=" in header for header in headers)
    assert re.search(
        r'<details class="card"><summary>(?:(?!</summary>).)*</summary>\s*<article id="XX-01">', page, re.S
    )


def test_the_card_says_that_its_command_spares_the_report_and_what_dir_is():
    text = text_of(described(), not_run("a", "no data"))
    assert "--tier smoke --data DIR --report reports/selection From the root of the repository. DIR is the" in text
    assert "DIR is" not in text_of(described(), case())


def test_a_card_lists_the_values_of_its_seeds():
    one = case(sample=FIVE, rule=ABOVE_ONE, values={"measured": {"": [4.0, 5.5]}}, seeds=[20, 21])
    assert "Values by seed case part values measured seed 20: 4; seed 21: 5.5" in text_of(described(), one)
    assert "Values by seed" not in text_of(described(), case())


def test_a_card_names_the_runs_with_their_seeds():
    runs = [
        {"key": f"{seed}", "title": f"a network, seed {seed}", "seed": seed, "source": "recorded"}
        | {"freshness": "current", "device": "cpu", "date": "2020-02-02", "seconds": 10.0}
        for seed in (3, 4)
    ]
    text = text_of(described(), case("a", runs=runs), case("b", runs=runs[:1]))
    assert "seconds a network 3, 4 recorded, current, 2020-02-02 cpu – 20" in text


def test_curves_are_drawn():
    curves = {"ours": {"x": [1.0, 2.0, 3.0], "y": [1.0, 4.0, 9.0]}, "a point": {"x": [1.0], "y": [1.0]}}
    page = draw(documented(described(), case("mnist", parameters={"data": "mnist"}, series=curves)))
    assert page.count('<path class="c') == 1
    assert "— ours</span>" in page
    assert '<path class="c' not in draw(documented(described(), case()))


def test_each_papers_section_has_its_own_claims_and_open_rows_of_papers_that_were_not_judged_are_left_out():
    other = Paper("other2021", "YY", "Another paper", "Nobody", 2021, "Nowhere", 9, 0, PAPER.open)
    verdicts = judge_claims([case()])
    environment = {"python": "3", "packages": {}, "platform": "Linux", "cores": 2, "device": "cpu"}
    given: dict[str, Any] = {"tier": "smoke", "environment": environment, "outside": []}
    written = document(verdicts, {"XX-01": described()}, [PAPER, other], **given)
    assert [row["paper"] for row in written["outside"]] == ["paper2020"]
    page = draw({**written, "outside": [*written["outside"], {**written["outside"][0], "paper": "other2021"}]})
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
    assert drawn.rows[1].point < drawn.rows[0].paper < drawn.rows[0].point
    assert [text for _, text in drawn.ticks] == ["-5", "0", "5"]
    assert drawn.zero == next(place for place, text in drawn.ticks if text == "0")
    two = case(judged=judgement({"p": estimate(5), "q": estimate(4)}))
    assert not forest(documented(described(paper_value=1.0), two)["claims"][0]).paper
    assert forest(documented(described(), case())["claims"][0]) is None


def test_the_picture_has_the_margin_and_the_seeds():
    rule, values = equivalent_to(5.0, within=2.0), [4.0, 5.0, 6.0, 5.5, 4.5]
    sample = Estimate.from_replicates(values)
    told = described(paper_value=None, stated={"measured": stated(rule)})
    one = case(sample=sample, rule=rule, values={"measured": {"": values}}, seeds=range(5))
    (row,) = forest(documented(told, one)["claims"][0]).rows
    assert row.margin == (2.0, 98.0)
    assert len(row.seeds) == 5
    assert min(row.seeds) < row.low < row.high < max(row.seeds)
    with_more = case(sample=sample, rule=rule, values={"measured": {"": [*values, 5.0]}})
    assert forest(documented(told, with_more)["claims"][0]).rows[0].seeds == ()


def test_a_headlines_picture_has_the_deciding_case_where_there_are_many():
    cases = [case(f"c{number}", judged=judgement({"x": estimate(5 + number)})) for number in range(FEW + 1)]
    (entry,) = documented(described(), *cases)["claims"]
    assert len(forest(entry).rows) == FEW + 1
    few = forest(entry, few=True)
    assert [row.label for row in few.rows] == [entry["deciding"]["case"]]
    assert few.left_out == FEW


@given(st.lists(st.floats(-1e9, 1e9, allow_subnormal=False), min_size=1, max_size=9))
def test_ticks_are_few_and_every_value_lies_on_the_axis_in_its_order(values):
    scale = axis(values)
    assert 1 <= len(scale.ticks) <= 7
    assert all(2 <= scale.place(value) <= 98 for value in values)
    assert sorted(map(scale.place, values)) == [scale.place(value) for value in sorted(values)]


def contrast(*colours):
    """Of two colours, as the Web Content Accessibility Guidelines 2.1 define it."""
    lights = []
    for colour in colours:
        digits = colour[1:] if len(colour) == 7 else "".join(digit * 2 for digit in colour[1:])
        channels = [int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4)]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
        lights.append(0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2])
    return (max(lights) + 0.05) / (min(lights) + 0.05)


def test_text_and_lines_stand_out_in_light_and_dark():
    """4.5 for text, 3 for lines of a figure on its band."""
    assert round(contrast("#000", "#ffffff")) == 21
    css = own("page.css")
    schemes = [dict(re.findall(r"--(\w+): (#\w+);", body)) for body in re.findall(r":root \{([^}]*--ink[^}]*)\}", css)]
    assert len(schemes) == 2
    for colours in schemes:
        for text in ("ink", "soft", "link", "ok", "no", "open", "err", "off"):
            assert min(contrast(colours[text], colours[on]) for on in ("page", "raised")) >= 4.5, text
        for line in ("ink", "soft", "ok", "no", "open"):
            assert contrast(colours[line], colours["band"]) >= 3, line
    marks = re.findall(r"\.mark[^{]*\{[^}]*background: (#\w+)", css)
    assert len(marks) == 5
    assert all(contrast("#fff", mark) >= 4.5 for mark in marks)


def test_what_was_computed_has_no_interval():
    judged = greater_than(0.0).judge(Exact(2.0))
    assert interval({"low": judged.low, "high": judged.high}) == ""
    assert interval({"low": 1.0, "high": 2.0}) == "[1, 2]"


def many_cases(count: int):
    """A report of a claim with so many cases, with curves and values; the last one decides."""
    curves = {"ours": {"x": [1.0, 2.0, 3.0], "y": [1.0, 4.0, 9.0]}}
    verdicts = [Verdict.SUPPORTED] * (count - 1) + [Verdict.REFUTED]
    cases = [
        case(f"c{n:02d}", judged=judgement({"x": VERDICTS[verdict]}), parameters={"n": f"c{n:02d}"}, series=curves,
             values={"x": {"": [1.0, 2.0]}}, seeds=[3, 4])
        for n, verdict in enumerate(verdicts)
    ]  # fmt: skip
    return documented(described(), *cases)


def test_a_card_shows_few_of_many_cases_and_curves_and_the_one_that_decides_among_them():
    whole = many_cases(30)
    (entry,) = whole["claims"]
    drawn, left_out = on_card(entry, 8)
    assert (len(drawn), left_out) == (8, 22)
    assert entry["deciding"]["case"] == "c29" in {panel.title for panel in drawn}
    for detail in DETAILS:
        text = Elements(draw(whole, detail=detail)).text
        shown = {f"c{n:02d}" for n in range(30) if re.search(f"c{n:02d}x(supported|refuted)", text)}
        assert len(shown) == (0 if detail.brief else min(30, detail.cases))
        assert detail.brief or "c29" in shown
        left = "Its 30 cases, readings, ladder" if detail.brief else "The other cases"
        assert (f"{left} and values are in claims.json." in text) == (detail.cases < 30)
        assert text.count("seed 3: 1; seed 4: 2") == min(30, detail.values)


def test_a_card_shows_some_of_its_pictures_however_short_it_is():
    image = torch.zeros(3, 2, 2, dtype=torch.uint8)
    shown = [picture(f"image {number}", image, []) for number in range(9)]
    whole = documented(described(), case(judged=judgement({"x": VERDICTS[Verdict.SUPPORTED]}), pictures=shown))
    for detail in DETAILS:
        page = draw(whole, detail=detail)
        assert page.count("<image ") == min(9, detail.pictures) > 0
        assert (f"{9 - detail.pictures} more are in claims.json." in page) == (detail.pictures < 9)


def test_a_page_shows_as_much_as_its_limit_allows():
    frame, card = drawn(many_cases(30))
    (id,) = (entry["id"] for entry in many_cases(30)["claims"])
    sizes = [len(whole(shortened(frame), {id: shortened(card(id, detail))}).encode()) for detail in DETAILS]
    assert sizes == sorted(sizes, reverse=True)
    for limit, size in ((sizes[0], sizes[0]), (sizes[0] - 1, sizes[1]), (sizes[-1], sizes[-1]), (1, sizes[-1])):
        assert len(render(many_cases(30), limit).encode()) == size


LONG = {"a": 100, "b": 20, "c": 10}
"""Of the cards of three claims the length with all detail; each step down halves it."""


@pytest.mark.parametrize(
    ("room", "steps", "drawn"),
    [
        (130, {"a": 0, "b": 0, "c": 0}, 3),
        (129, {"a": 1, "b": 0, "c": 0}, 4),
        (75, {"a": 3, "b": 0, "c": 0}, 4),
        (1, {"a": 3, "b": 3, "c": 3}, 6),
    ],
)
def test_the_longest_cards_are_shortened_first_and_none_is_drawn_without_need(room, steps, drawn):
    asked = []

    def card(id, detail):
        asked.append(id)
        return f"{id}{DETAILS.index(detail)}"

    cards = fitted(card, list(LONG), room, lambda one: LONG[one[0]] >> int(one[1]))
    assert cards == {id: f"{id}{step}" for id, step in steps.items()}
    assert len(asked) == drawn


def test_text_that_looks_like_the_place_of_a_card_stays_text():
    page = render(documented(described(statement="<!--card XX-01-->", discussion="<!--card XX-02-->"), case()))
    assert page.count("id=XX-01") == 1
    assert "<!--card" not in page
    assert "<!--card XX-02-->" in Elements(page).text


def test_the_page_has_the_elements_and_the_text_of_what_is_drawn():
    curves = {"ours": {"x": [1.0, 2.0, 3.0], "y": [1.0, 4.0, 9.0]}}
    known = documented(
        described(statement=HOSTILE, discussion=HOSTILE), case("mnist", series=curves), not_run("b", HOSTILE)
    )
    whole, short = Elements(draw(known)), Elements(render(known))
    assert len(render(known)) < 0.95 * len(draw(known))
    assert "".join(short.text.split()) == "".join(whole.text.split())
    assert shown(short) == shown(whole)


def shown(page: Elements) -> list[tuple[str | None, ...]]:
    """What matters of a page's elements, without those whose tags HTML lets be left out."""
    left_out = {"html", "head", "body", "tbody", "colgroup"}
    return [
        (tag, *map(given.get, ("id", "class", "href", "hidden", "d", "viewbox", "aria-label")))
        for tag, given in page.tags
        if tag not in left_out
    ]
