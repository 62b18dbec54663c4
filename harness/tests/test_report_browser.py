"""The page in a real browser, where there is one: Chromium, without a head."""

from __future__ import annotations

import re
import shutil
import subprocess

import pytest

from harness.claims.papers import Headline
from harness.judging.claims import judge_claims
from harness.report.document import document
from harness.report.page import render
from harness.rules import Estimate, greater_than
from harness.tests.made_up_cases import VERDICTS, case, judgement
from harness.tests.test_report import HOSTILE, OPTIONS, PAPER, described
from harness.verdicts import Evidence, Verdict

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="needs chromium")

WIDTH = 390


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """Three claims, two supported and one refuted, with hostile text, long words, a figure, curves and a headline."""
    told = PAPER.__class__(**{**vars(PAPER), "headlines": (Headline("Is one one?", ("XX-01",)),)})
    sample = Estimate.from_replicates([4.0, 5.0, 6.0, 5.5, 4.5], "points")
    curves = {"ours": {"x": [1.0, 2.0], "y": [1.0, 4.0]}}
    cases = [
        case("a" * 90, sample, greater_than(1.0), series=curves, parameters={"how": "b" * 90}),
        *(case(judged=judgement({"measured": VERDICTS[verdict]}), evidence=Evidence.PROXY)
          for verdict in (Verdict.REFUTED, Verdict.SUPPORTED)),
    ]  # fmt: skip
    verdicts = judge_claims(
        one.__class__(**{**vars(one), "id": f"XX-0{number}"}) for number, one in enumerate(cases, start=1)
    )
    statements = ("One is one.", HOSTILE, "Three is three; " + "c" * 120)
    entries = {
        id: described(id=id, statement=text, where=HOSTILE, discussion="d" * 200)
        for id, text in zip(verdicts, statements, strict=True)
    }
    file = tmp_path_factory.mktemp("report") / "index.html"
    file.write_text(render(document(verdicts, entries, [told], **OPTIONS)), encoding="utf-8")
    return file


def browse(url, *options):
    """The page's elements after its script has run, and what the browser said."""
    how = ["--headless", "--no-sandbox", "--disable-gpu", "--allow-file-access-from-files", "--enable-logging=stderr"]
    done = subprocess.run(
        [CHROMIUM, *how, *options, "--dump-dom", url], capture_output=True, text=True, check=True, timeout=120
    )
    return done.stdout, [line for line in done.stderr.splitlines() if "CONSOLE" in line]


def shown_rows(dom):
    body = dom.partition('<table id="all">')[2].partition("</table>")[0].partition("<tbody>")[2]
    return re.findall(r'<tr(?! [^>]*hidden)[^>]*><th scope="row"><a href="#([^"]+)"', body)


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ("", ["XX-01", "XX-02", "XX-03"]),
        ("?verdict=refuted", ["XX-02"]),
        ("?evidence=proxy&verdict=supported", ["XX-03"]),
        ("?q=THREE+is", ["XX-03"]),
        ("?q=no+such+words", []),
        ("?paper=paper2020&sort=0-", ["XX-03", "XX-02", "XX-01"]),
        ("?verdict=<b>&sort=99", ["XX-01", "XX-02", "XX-03"]),
    ],
)
def test_filters_search_and_order_are_read_from_the_address(page, query, ids):
    dom, console = browse(f"{page.as_uri()}{query}")
    assert shown_rows(dom) == ids
    assert f"{len(ids)} of 3 claims" in dom
    assert console == []


def test_a_link_to_a_claim_opens_its_card_and_no_other(page):
    dom, console = browse(f"{page.as_uri()}#XX-02")
    cards = re.findall(r'<details class="card"( open="")?>.*?<article id="([^"]+)"', dom, re.S)
    assert cards == [("", "XX-01"), (' open=""', "XX-02"), ("", "XX-03")]
    assert console == []


def test_a_phone_scrolls_up_and_down_only(page):
    """In a frame of its width, with every card open."""
    frame = page.with_name("frame.html")
    frame.write_text(
        f"""<iframe src="index.html" style="border:0; width:{WIDTH}px; height:800px"></iframe><p></p><script>
        addEventListener("load", () => {{
          const inside = document.querySelector("iframe").contentDocument;
          for (const one of inside.querySelectorAll("details")) one.open = true;
          document.querySelector("p").textContent = `width ${{inside.documentElement.scrollWidth}}`;
        }});</script>"""
    )
    dom, _ = browse(frame.as_uri())
    assert int(re.search(r"width (\d+)", dom).group(1)) <= WIDTH
