"""The places that claims name are in their papers: sections, figures, tables, equations, as the texts number them."""

from __future__ import annotations

import re

import pytest

from harness.claims.papers import all_papers
from harness.tests.made_up_records import claims_of
from harness.tests.test_printed import PAPERS, ROOT, TEXTS

NUMBER = r"(?:[A-Z]\.)?\d+(?:\.\d+)*|[A-Z]\b"
NAMED = re.compile(
    rf"\b(?P<kind>section|appendix|fig|eq|table|footnote|theorem|corollary|proposition)(?:es|s)?\.?\s+"
    rf"(?P<numbers>(?:{NUMBER})[a-d]?(?:(?:\s*,\s*|\s+and\s+|\s+to\s+|-)(?:{NUMBER})[a-d]?(?![\w.]*\s+of))*)",
    re.IGNORECASE,
)
HEADING = r"^[#*\s]*{0}\.?\*{{0,2}}\s+\*{{0,2}}(?=[A-Z])|^[A-Z][a-z]+ {0}$"
"""The number before the title, or after it, as one text was extracted."""

FOUND_BY = {
    "section": HEADING,
    "appendix": rf"{HEADING}|^[#*\s]*(?:Appendix|APPENDIX) {{0}}\b",
    "fig": r"\b[Ff]ig(?:ure|s)?\.?\s+{0}(?!\d)",
    "eq": r"(?:^|\$|\s)\({0}\)[.,\s$]*$|\\tag\s*\{{\s*{0}\s*\}}|\b[Ee]q(?:uation)?s?\.?~?\s+\(?{0}(?!\d)",
    "table": r"\b[Tt]able\s+{0}(?!\d)",
    "footnote": r"^\s*(?:⟨{0}⟩|\$[\^{{]+{0}[\}}]+\$)\s*(?=[A-Za-z])",
    "theorem": r"\b[Tt]heorem\W+{0}(?!\.?\d)",
    "corollary": r"\b[Cc]orollary\W+{0}(?!\.?\d)",
    "proposition": r"\b[Pp]roposition\W+{0}(?!\.?\d)",
}
"""How a text numbers what a place names; raised numbers stand in angle brackets."""

RAISED = str.maketrans({raised: f"⟨{number}⟩" for number, raised in enumerate("⁰¹²³⁴⁵⁶⁷⁸⁹")})


def places(where: str) -> list[tuple[str, str]]:
    """What a place names, as kinds and numbers; of "6 to 8" both ends."""
    return [
        (kind, number if kind in ("section", "appendix") else number.rstrip("abcd"))
        for kind, numbers in ((named["kind"].lower(), named["numbers"]) for named in NAMED.finditer(where))
        for number in re.split(r"\s*,\s*|\s+and\s+|\s+to\s+|-", numbers)
    ]


def is_numbered(kind: str, number: str, text: str) -> bool:
    """Whether a text has what a place names."""
    return re.search(FOUND_BY[kind].format(re.escape(number)), text, re.MULTILINE) is not None


def text_of(paper: str) -> str:
    whole = "\n".join(file.read_text(encoding="utf-8") for file in sorted(TEXTS.glob(f"{paper}_*.txt")))
    return whole.translate(RAISED)


@pytest.mark.skipif(not TEXTS.is_dir(), reason="the papers' texts do not lie beside the checkout")
@pytest.mark.parametrize("paper", PAPERS)
def test_every_place_that_a_claim_names_is_in_its_paper(paper):
    text = text_of(paper)
    open_rows = next(one for one in all_papers(ROOT / "claims") if one.key == paper).open
    named = {id: claim.where for id, claim in claims_of(paper).items()} | {row.id: row.where for row in open_rows}
    assert sum(map(len, map(places, named.values()))) > 20
    missing = {
        f"{id}: {kind} {number}"
        for id, where in named.items()
        for kind, number in places(where)
        if not is_numbered(kind, number, text)
    }
    assert not missing


def beyond(paper: str, last: dict[str, int]) -> dict[str, list[int]]:
    """What a paper's text lacks of the last of each kind, or has beyond it; for the tests of each paper."""
    text = text_of(paper)
    found = {
        kind: [number for number in range(number, 100) if is_numbered(kind, str(number), text)]
        for kind, number in last.items()
    }
    return {kind: numbers for kind, numbers in found.items() if numbers != [last[kind]]}


def test_places_are_read_with_all_their_numbers():
    assert places("Sections 3.2 and A.3, Figs. 13 to 15; Eq. 9, Corollary 1.1") == [
        ("section", "3.2"), ("section", "A.3"), ("fig", "13"), ("fig", "15"), ("eq", "9"),
        ("corollary", "1.1"),
    ]  # fmt: skip
    assert places("Section 5.2, Fig. 4b, caption") == [("section", "5.2"), ("fig", "4")]
