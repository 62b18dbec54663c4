"""What a paper is known for, as paper.toml declares it."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.claims.papers import Headline, all_papers, read
from harness.tests.suite import PAPER


def paper(folder: Path, headlines: str):
    (folder / "paper.toml").write_text(PAPER + headlines)
    return read(folder)


def test_headlines_are_questions_with_the_claims_that_answer_them(tmp_path):
    told = paper(tmp_path, '[[headlines]]\nquestion = "Is it?"\nclaims = ["XX-02", "XX-01"]\n')
    assert told.headlines == (Headline("Is it?", ("XX-02", "XX-01")),)


@pytest.mark.parametrize(
    ("headlines", "error", "names"),
    [
        ('[[headlines]]\nquestion = "Is it?"\nclaims = ["YY-01"]\n', KeyError, "YY-01 is no id"),
        ('[[headlines]]\nquestion = "Is it?"\n', KeyError, "claims"),
        ('[[headlines]]\nquestion = "Is it?"\nclaims = ["XX-01"]\ncolour = "red"\n', TypeError, "colour"),
    ],
)
def test_a_headline_of_another_shape_is_told(tmp_path, headlines, error, names):
    with pytest.raises(error, match=names):
        paper(tmp_path, headlines)


def test_the_ids_of_a_paper_are_written_out_once_however_many_claims_ask(tmp_path):
    told = paper(tmp_path, "")
    assert {"XX-01", "E-XX1", "N-XX1"} <= told.ids
    assert told.ids is told.ids


def test_the_suites_papers_have_six():
    told = [one for paper in all_papers(Path(__file__).parents[2] / "claims") for one in paper.headlines]
    assert len(told) == 6
    assert all(one.question.endswith("?") for one in told)
