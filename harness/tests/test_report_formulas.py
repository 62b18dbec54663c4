"""Formulas of quotations on the page."""

from __future__ import annotations

import pytest

from harness.report.formulas import FORMULA, typeset
from harness.tests.test_printed import PAPERS, quotations


def test_what_stands_between_dollar_signs_is_set_and_the_rest_escaped():
    page = typeset(r"a < b, where $\frac{F}{2^F}$ & so on")
    assert page.startswith("a &lt; b, where <math ")
    assert "<mfrac>" in page
    assert page.endswith("</math> &amp; so on")
    assert "frac{" not in page


@pytest.mark.parametrize("latex", ["a_b_c", "</math><script>", r"\frac{<b>}{2}"])
def test_a_formula_brings_no_markup_of_its_own(latex):
    page = typeset(f"${latex}$")
    assert "<script" not in page
    assert "<b>" not in page


def test_what_is_no_latex_stays_as_it_is_written():
    assert typeset("$a_b_c$ < 1") == "$a_b_c$ &lt; 1"


def test_a_lone_dollar_sign_is_one():
    assert typeset("5 $") == "5 $"


@pytest.mark.parametrize("paper", PAPERS)
def test_every_formula_that_a_claim_quotes_is_set(paper):
    for id, printed in quotations(paper).items():
        assert not set("\\$") & set(FORMULA.sub("", printed)), f"{id} quotes a formula outside of dollar signs"
        assert "\\" not in typeset(printed), f"{id} quotes a formula that cannot be set"
