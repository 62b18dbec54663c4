"""What errata and remarks quote is printed in the paper, word by word: looked up where the papers lie beside."""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path

import pytest

from harness.claims.papers import all_papers
from harness.tests.made_up_records import claims_of

ROOT = Path(__file__).parents[2]
TEXTS = ROOT.parent / "shared" / "papers"
PAPERS = [paper.key for paper in all_papers(ROOT / "claims")]
MARKUP = re.compile(
    r"\\(?:mathbf|mathcal|mathrm|text|left|right|hat|bar|tilde|quad|frac|operatorname)|[^\w=<>()\[\]|+.,;:!?%]|_"
)
"""Commands that set formulas, and signs that are no words, numbers or relations: spaces, hyphens, quotes, braces."""


def plain(text):
    """A text without what depends on how it was set."""
    return MARKUP.sub("", unicodedata.normalize("NFKC", text)).lower()


NEAR, LONG = 200, 12
"""A piece of a quotation of fewer than `LONG` characters follows the one before it within `NEAR`: such a piece alone
would be found anywhere in a paper."""


def is_printed(quotation, text):
    """Whether the pieces of a quotation, between "...", follow each other in a text."""
    first, *others = [piece for piece in map(plain, quotation.split("...")) if piece]
    pattern = re.escape(first)
    for piece in others:
        pattern += (".*?" if len(piece) >= LONG else f".{{0,{NEAR}}}?") + re.escape(piece)
    return re.search(pattern, text, re.DOTALL) is not None


def quotations(paper):
    found = {id: claim.erratum or claim.remark for id, claim in claims_of(paper).items()}
    return {id: said.printed for id, said in found.items() if said}


@pytest.mark.skipif(not TEXTS.is_dir(), reason="the papers' texts do not lie beside the checkout")
@pytest.mark.parametrize("paper", PAPERS)
def test_what_is_quoted_is_printed(paper):
    text = plain("\n".join(file.read_text(encoding="utf-8") for file in sorted(TEXTS.glob(f"{paper}_*.txt"))))
    assert text
    missing = {id: printed for id, printed in quotations(paper).items() if not is_printed(printed, text)}
    assert not missing


def test_a_quotation_is_found_across_lines_and_markup_and_not_when_a_word_is_another():
    text = plain("We see that $\\mathbf{so}(n, 1)$ is non-\nzero in   *all* of “them”, as in Eq. 4.")
    assert is_printed("so(n, 1) is nonzero ... as in Eq. 4", text)
    assert not is_printed("so(n, 1) is zero", text)
    assert not is_printed("as in Eq. 4 ... is nonzero", text)
    far = plain("We see that" + (NEAR + 1) * "x" + "as in equation 4")
    assert not is_printed("We see that ... 4", far)
    assert is_printed("We see that ... as in equation 4", far)
