"""What authors answer stands on the card that it is about, as they gave it."""

from __future__ import annotations

import dataclasses

import pytest

from harness.claims.papers import Reply, read
from harness.report.document import paper_to_json
from harness.report.page import render
from harness.tests.made_up_cases import case
from harness.tests.suite import PAPER as TOML
from harness.tests.test_report import HOSTILE, PAPER, Elements, described, documented

GIVEN = '[[replies]]\nclaim = "XX-01"\ndate = 2026-11-26\nby = "Nobody"\ntext = "It is one."\nlink = "https://example.org/1"\n'


def page(*replies: Reply) -> str:
    paper = paper_to_json(dataclasses.replace(PAPER, replies=replies))
    return render({**documented(described(), case()), "papers": [paper]})


def test_a_reply_is_a_few_lines_of_the_papers_file(tmp_path):
    (tmp_path / "paper.toml").write_text(TOML + GIVEN)
    assert read(tmp_path).replies == (Reply("XX-01", "2026-11-26", "Nobody", "It is one.", "https://example.org/1"),)


@pytest.mark.parametrize(
    ("right", "wrong", "error", "names"),
    [
        ("XX-01", "YY-01", KeyError, "replies: YY-01 is no id"),
        ("2026-11-26", '"soon"', ValueError, "the date 'soon' is none"),
        ("https://example.org/1", "javascript:alert(1)", ValueError, "is no https address"),
        ('text = "It is one."', "", TypeError, "text"),
    ],
)
def test_a_reply_of_another_shape_is_told(tmp_path, right, wrong, error, names):
    (tmp_path / "paper.toml").write_text(TOML + GIVEN.replace(right, wrong))
    with pytest.raises(error, match=names):
        read(tmp_path)


def test_it_stands_on_its_card_alone_and_is_text():
    assert "blockquote" not in page()
    assert "blockquote" not in page(Reply("XX-02", "2026-11-26", "Nobody", "It is two."))
    told = Elements(page(Reply("XX-01", "2026-11-26", HOSTILE, HOSTILE, "https://example.org/1")))
    assert "2026-11-26" in told.text
    assert "https://example.org/1" in told.text
    assert "img" not in {tag for tag, _ in told.tags}
    assert told.text.count("onerror=alert(1)") == 2


def test_a_card_names_the_text_that_was_judged_and_what_would_refute_the_claim():
    text = Elements(page()).text
    assert "Eq. 1, in the text of Nowhere 2020" in text
    assert "It would refute the claim, if the evidence reaches far enough: another value than 1." in text
