"""claims.json and the page drawn from it."""

from __future__ import annotations

import base64
import dataclasses
import io
import json
import subprocess
import sys
from html.parser import HTMLParser
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from harness.claims.about import About
from harness.claims.papers import OpenClaim, Paper
from harness.judging.about import Standing
from harness.judging.claims import judge_claims
from harness.lab.pictures import Box, picture, stacked_bar
from harness.report.document import document, out_of_tier
from harness.report.page import digest, literal, number, own, render
from harness.report.stated import stated
from harness.report.write import to_json
from harness.rules import Estimate, equals, greater_than
from harness.tests.made_up_cases import VERDICTS, WEAK, case, judgement, not_run
from harness.verdicts import Evidence, Verdict

HOSTILE = "<img src=x onerror=alert(1)></script><b>\"'&amp; \u202e \x1b[31m \x00"

PAPER = Paper(
    "paper2020", "XX", "A paper", "Nobody", 2020, "Nowhere", 9, 2, (OpenClaim("XX-09", "§9", "Open.", "dear"),)
)


def described(**changes):
    plain = {
        "id": "XX-01",
        "paper": "paper2020",
        "statement": "One is one.",
        "discussion": "",
        "where": "Eq. 1",
        "paper_value": 1.0,
        "unit": "",
        "lowest_tier": "smoke",
        "rules": {"measured": "is 1"},
        "stated": {"measured": stated(equals(1.0))},
        "about": None,
        "topic": "What one is",
        "trained": False,
        "control": "two",
        "file": "claims/paper2020/test_topic.py",
        "function": "test_one",
        "kind": "claim",
        "erratum": None,
        "remark": None,
        "formerly": [],
        "baseline": None,
        "papers_recipes": [],
        "decides": {"rules": {"measured": "is 1"}, "readings": {}, "control": "two", "seeds": {}},
    }
    return {**plain, **changes}


def page_of(description, *cases):
    return render(documented(description, *cases))


ENVIRONMENT = {"python": "3", "packages": {"torch": "2"}, "platform": "Linux", "cores": 2, "device": "cpu"}
OPTIONS: dict[str, Any] = {"tier": "smoke", "environment": ENVIRONMENT, "outside": []}


def documented(description, *cases, **changes):
    return document(judge_claims(cases), {description["id"]: description}, [PAPER], **{**OPTIONS, **changes})


class Elements(HTMLParser):
    """The names and attributes of a page's elements, and its text."""

    def __init__(self, page):
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.pieces: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.pieces.append(data)

    @property
    def text(self):
        return "".join(self.pieces)


def assert_harmless(page):
    elements = Elements(page)
    assert not {"img", "iframe", "link", "object"} & {tag for tag, _ in elements.tags}
    scripts = [attributes for tag, attributes in elements.tags if tag == "script"]
    assert scripts == [{"type": "application/ld+json"}, {}], "data, which a browser does not run, and the page's own"
    assert page.count(own("page.js")) == page.count(own("page.css")) == 1
    assert not [name for _, attributes in elements.tags for name in attributes if name.startswith("on")]
    policies = [attributes for tag, attributes in elements.tags if tag == "meta" and "http-equiv" in attributes]
    assert policies[0]["content"].startswith("default-src 'none'")
    assert "unsafe" not in policies[0]["content"]
    for name in ("page.js", "page.css"):
        assert digest(own(name)) in policies[0]["content"]
    assert not [name for _, attributes in elements.tags for name in attributes if name == "style"]
    return elements


def test_hostile_text_anywhere_is_shown_and_never_becomes_markup():
    erratum = dict.fromkeys(("printed", "correct", "derivation", "consequence"), HOSTILE)
    texts = dict.fromkeys(("statement", "discussion", "where", "control", "paper_value", "unit", "function"), HOSTILE)
    source = {"name": HOSTILE, "split": HOSTILE, "digest": HOSTILE, "notes": [HOSTILE]}
    image = torch.zeros(3, 4, 6, dtype=torch.uint8)
    shown = picture(HOSTILE, image, [Box(0.0, 1.0, 2.0, 3.0, "wrong", HOSTILE)])
    what = {"notes": [HOSTILE], "data": [source], "parameters": {"how": HOSTILE}, "pictures": [shown]}
    parts = {HOSTILE: VERDICTS[Verdict.SUPPORTED], "other": VERDICTS[Verdict.SUPPORTED]}
    excused = {"uncontrolled": {"other": HOSTILE}, "faults": {HOSTILE: HOSTILE}}
    broken = case(HOSTILE, judged=judgement(parts, **excused), **what)
    page = page_of(described(erratum=erratum, rules={HOSTILE: HOSTILE}, **texts), broken, not_run("b", HOSTILE))
    elements = assert_harmless(page)
    assert "<img src=x onerror=alert(1)></script>" in elements.text
    assert "\u202e" not in page
    assert "\\u202e" in page
    assert "\x00" not in page


def test_a_picture_shows_its_pixels_and_its_boxes():
    image = torch.randint(0, 256, (3, 4, 6), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    shown = picture("a scene", image, [Box(0.5, 1.0, 2.0, 3.0, "correct", "disc, 0.91")])
    png = Image.open(io.BytesIO(base64.b64decode(shown["png"])))
    assert torch.equal(torch.from_numpy(np.array(png)).permute(2, 0, 1), image)
    tags = assert_harmless(page_of(described(), case(pictures=[shown]))).tags
    (drawn,) = [attributes for tag, attributes in tags if tag == "rect"]
    assert drawn == {"class": "correct", "x": "0.5", "y": "1.0", "width": "1.5", "height": "2.0"}
    assert [attributes["href"] for tag, attributes in tags if tag == "image"] == [
        f"data:image/png;base64,{shown['png']}"
    ]
    with pytest.raises(ValueError, match="not guessed"):
        picture("a scene", image, [Box(0, 0, 1, 1, "guessed", "")])


def test_a_stacked_bar_has_its_parts_in_proportion():
    bar = stacked_bar([(0.25, (255, 0, 0)), (0.5, (0, 255, 0)), (0.125, (0, 0, 255))], width=16, height=2)
    assert bar.shape == (3, 2, 16)
    assert [(bar[channel] == 255).sum().item() for channel in range(3)] == [8, 16, 4]
    assert (bar[:, :, :4] == torch.tensor([255, 0, 0])[:, None, None]).all()
    assert (bar[:, :, 14:] == 0).all()


@given(st.text())
@settings(deadline=None, max_examples=50)
def test_any_statement_is_shown_literally(text):
    page = page_of(described(statement=text), case())
    shown = assert_harmless(page).text
    printable = "".join(char for char in text if char.isprintable())
    assert all(char in shown for char in printable)
    page.encode("utf-8")


def test_the_page_shows_the_papers_number_ours_its_interval_rule_control_data_and_command():
    sample = Estimate(0.5, 0.1, 8, 7, "points")
    data = [{"name": "mnist", "split": "train", "digest": "ab" * 32, "notes": ["two images are inexact"]}]
    one = case("mnist", sample, greater_than(0.0), data=data)
    page = page_of(described(paper_value=0.75, unit="points", rules={"measured": "is greater than 0"}), one)
    text = " ".join(Elements(page).text.split())
    for piece in (
        "One is one.",
        "Eq. 1",
        "0.75",
        "0.5 points",
        "[0.3105, 0.6895]",
        "is greater than 0",
        "two",
        "mnist",
    ):
        assert piece in text, piece
    assert "two images are inexact" in text
    assert "pytest claims/paper2020/test_topic.py::test_one --tier smoke --report reports/selection" in text
    assert "<svg" in page


def test_open_claims_and_those_beyond_the_tier_are_listed_with_the_reason():
    outside = [out_of_tier(described(id="XX-05", statement="Later.", lowest_tier="paper"))]
    text = Elements(render(documented(described(), case(), outside=outside))).text
    for piece in ("XX-05", "needs --tier paper", "XX-09", "dear"):
        assert piece in text


def test_what_is_no_claim_of_the_paper_is_counted_beside_it():
    """A slip that holds as it is meant is none of the supported claims; its card says what is meant."""
    slip = {"kind": "slip", "printed": "the smalest", "meant": "the smallest", "derivation": "a letter is missing"}
    one = documented(described(), case())
    (other,) = documented(described(kind="slip", remark=slip), case())["claims"]
    page = render({**one, "claims": [*one["claims"], {**other, "id": "N-XX1"}]})
    text = " ".join(" ".join(Elements(page).pieces).split())
    assert "Nobody, Nowhere 2020 1 0 0 0 0 0 1 1 The same" in text
    assert "N-XX1 supported slip" in text
    assert "Meant the smallest Derivation a letter is missing" in text


def test_errata_and_remarks_stand_behind_the_claims():
    verdicts = judge_claims(dataclasses.replace(case(), id=id) for id in ("N-XX1", "XX-10", "E-XX2", "XX-02"))
    told = document(verdicts, {id: described(id=id) for id in verdicts}, [PAPER], **OPTIONS)
    assert [entry["id"] for entry in told["claims"]] == ["XX-02", "XX-10", "E-XX2", "N-XX1"]


def test_the_page_leads_to_how_the_claims_of_a_paper_changed():
    """From `reports/latest/`, where the page stands unless told otherwise."""
    told = dataclasses.replace(PAPER, changes="claims/paper2020/CHANGES.md")
    one = documented(described(), case())
    page = Elements(render({**one, "papers": document({}, {}, [told], **OPTIONS)["papers"]}))
    assert ("a", {"href": "../../claims/paper2020/CHANGES.md"}) in page.tags
    assert "CHANGES.md" not in render(one)


def test_a_session_that_was_cut_short_says_so():
    assert "PARTIAL" in render(documented(described(), case(), partial=True))
    assert "PARTIAL" not in page_of(described(), case())


def test_the_page_says_how_many_sampled_verdicts_chance_alone_may_have_decided():
    """Two rungs that were tested, one of which decides; one that is out of reach and one that was computed are none."""
    size = Standing(About.SIZE, Evidence.PROXY)
    cases = [
        case(tier="smoke"),
        case(tier="laptop", judged=judgement({"measured": VERDICTS[Verdict.SUPPORTED]}, standing=size)),
        case(tier="nightly", judged=judgement({"measured": VERDICTS[Verdict.INCONCLUSIVE]})),
        case(tier="paper", judged=judgement({"measured": VERDICTS[Verdict.REFUTED]})),
    ]
    assert documented(described(), *cases)["by_chance"] == {"sampled": 2, "decided": 1, "expected": 0.1}
    assert "2 verdicts rest on samples, 1 of them decide" in text_of(described(), *cases)
    assert "chance alone may have decided 0.1 of them on average" in text_of(described(), *cases)
    assert "chance alone" not in text_of(described(), case())


def text_of(description, *cases):
    """What the page says, with a space between its elements."""
    return " ".join(" ".join(Elements(page_of(description, *cases)).pieces).split())


TWO_PARTS = {"p": VERDICTS[Verdict.SUPPORTED], "q": VERDICTS[Verdict.SUPPORTED]}


def test_the_page_says_of_each_part_what_its_control_did():
    excused = judgement(TWO_PARTS, uncontrolled={"q": "true of all data"})
    assert "Control two p: fails the rule, as it must ✓ q: not controlled: true of all data" in text_of(
        described(), case(judged=excused)
    )
    faulty = text_of(described(), case("a", judged=judgement(TWO_PARTS, faults={"q": "has no control"})))
    assert "q: it does not do its work: has no control (a)" in faulty
    assert "Control two fails the rule, as it must ✓ Cost" in text_of(described(), case())
    assert "Control two not run Cost" in text_of(described(), not_run("a", "missing"))


def test_an_undecided_control_is_said_beside_the_verdict():
    text = text_of(described(), case(judged=judgement(TWO_PARTS, undecided=("q",))))
    assert "XX-01 inconclusive control undecided" in text
    assert "q: undecided: the runs at hand cannot tell" in text
    assert "control undecided" not in text_of(described(), case(judged=judgement(TWO_PARTS)))


def test_what_claims_json_says_of_controls():
    judged = judgement(TWO_PARTS, undecided=("p",), uncontrolled={"q": "true of all data"})
    (entry,) = documented(described(), case(judged=judged))["claims"]
    assert entry["control"] == {
        "text": "two",
        "verdict": "refuted",
        "holds": True,
        "parts": {"p": "refuted", "q": "refuted"},
        "faults": {},
        "undecided": ["p"],
        "uncontrolled": {"q": "true of all data"},
    }


def test_the_headline_shows_the_deciding_case_with_its_interval():
    """Its name sorts it last, and it alone is refuted."""
    rule = greater_than(0.0)
    cases = [case(name, Estimate(value, 0.5, 30, 29), rule) for name, value in (("a", 5.0), ("b", 6.0), ("c", -4.0))]
    page = text_of(described(), *cases)
    assert "ours, the least favourable of 3 numbers (c) -4 [-4.85, -3.15]" in page
    (entry,) = documented(described(), *cases)["claims"]
    assert entry["deciding"] == {"case": "c", "part": "measured"}
    assert entry["measured"]["value"] == -4.0
    assert (round(entry["measured"]["low"], 2), round(entry["measured"]["high"], 2)) == (-4.85, -3.15)


def test_a_case_shows_its_own_verdict_and_the_one_within_its_claim_where_they_differ():
    below = dataclasses.replace(WEAK, value=-WEAK.value)
    cases = [case(name, below, greater_than(0.0)) for name in "abc"]
    (entry,) = documented(described(), *cases)["claims"]
    assert entry["verdict"] == "inconclusive"
    assert {one["verdict"] for one in entry["cases"]} == {"refuted"}
    assert {one["within_claim"]["verdict"] for one in entry["cases"]} == {"inconclusive"}
    assert text_of(described(), *cases).count("inconclusive within the claim") == 3
    assert "within the claim" not in text_of(described(), cases[0])


def test_claims_json_has_a_line_a_claim():
    one = documented(described(), case())
    two = {**one, "claims": [*one["claims"], {**one["claims"][0], "id": "XX-99"}]}
    text = to_json(two)
    assert json.loads(text) == two
    assert [entry["id"] for entry in map(readable, text.splitlines()) if entry] == ["XX-01", "XX-99"]


def readable(line: str) -> dict[str, Any] | None:
    """A line that is a claim's entry."""
    try:
        found = json.loads(line.rstrip(","))
    except ValueError:
        return None
    return found if "verdict" in found else None


def test_numbers_that_json_cannot_write_become_null():
    written = documented(described(paper_value=float("nan")), case(seconds=float("inf")))
    assert json.loads(json.dumps(written, allow_nan=False))["claims"][0]["paper_value"] is None


@pytest.mark.parametrize(
    ("value", "shown"),
    [(None, "–"), (0.123456, "0.1235"), (7, "7"), ("abc", "abc"), ({"a": 1.5, "b": 2}, "a 1.5, b 2")],
)
def test_numbers_are_shown_to_four_digits(value, shown):
    assert number(value) == shown


def test_literal_keeps_lines_and_shows_what_is_invisible():
    assert str(literal("a\nb\u200bc<")) == "a\nb\\u200bc&lt;"


def test_the_page_can_be_drawn_again_from_claims_json(tmp_path):
    (tmp_path / "claims.json").write_text(json.dumps(documented(described(), case())))
    command = [sys.executable, "-m", "harness", "report", str(tmp_path)]
    assert subprocess.run(command, check=False).returncode == 0
    assert "One is one." in (tmp_path / "index.html").read_text()
    (tmp_path / "claims.json").unlink()
    refused = subprocess.run(command, check=False, capture_output=True, text=True)
    assert refused.returncode == 2
    assert "claims.json: not there" in refused.stderr
