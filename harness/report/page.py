"""index.html from claims.json: one file, nothing fetched; every value is escaped.

It says all without its script, which filters and sorts the table of claims, and opens the card of a link.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from html import unescape
from pathlib import Path
from typing import Any

import jinja2
import markupsafe
import minify_html

from harness.claims.kinds import Kind
from harness.report.beside import beside as told_beside
from harness.report.claim_review import claim_reviews
from harness.report.curves import on_card
from harness.report.detail import DETAILS, Detail, chosen, fitted
from harness.report.figures import redrawn
from harness.report.forest import forest
from harness.report.formulas import typeset
from harness.report.runs import in_words, trained
from harness.report.sparkline import sparkline
from harness.report.wording import called, ours, spoken, would_refute
from harness.system.plain import visible
from harness.verdicts import Evidence, Verdict

Entry = Mapping[str, Any]

LIMIT = 3_000_000
"""Bytes of a page."""

PLACE = re.compile(r"<!--card ([^>]*)-->")
"""Where a card goes; text of claims has no such comment, since it is escaped."""

COUNTED = (Kind.CLAIM, Kind.ERROR)
"""Kinds of entries that a paper's verdicts are counted over; the others are shown beside them."""


def render(document: Mapping[str, Any], limit: int = LIMIT) -> str:
    """The page that a reader opens, without what HTML may leave out.

    Args:
        document: the content of claims.json, see `harness.report.document`.
        limit: bytes; the longest cards show less where the page would have more.
    """
    frame, card = drawn(document)
    frame = shortened(frame)

    def short(id: str, detail: Detail) -> str:
        return shortened(card(id, detail))

    ids = [entry["id"] for entry in document["claims"]]
    without = whole(frame, dict.fromkeys(ids, ""))
    return whole(frame, fitted(short, ids, limit - _bytes(without), _bytes))


def split(document: Mapping[str, Any]) -> dict[str, bytes]:
    """The page with what it is made of beside it, for servers that allow nothing inside of a page, as Jenkins does.

    Returns:
        The files' contents, by their names below the folder of the report.
    """
    pictures = {
        picture_beside(shown["png"]): base64.b64decode(shown["png"])
        for entry in document["claims"]
        for case in entry["cases"]
        for shown in case["pictures"]
    }
    own_files = {name: own(name).encode() for name in ("page.css", "page.js")}
    frame, card = drawn(document, beside=True)
    cards = {entry["id"]: shortened(card(entry["id"], DETAILS[0])) for entry in document["claims"]}
    return {"index.html": whole(shortened(frame), cards).encode(), **own_files, **pictures}


def shortened(html: str) -> str:
    """A page, or a card, without the tags, quotes and blanks that HTML may leave out; places for cards stay.

    Each card is shortened for itself: of a page with thousands of them it would take hundreds of megabytes.
    """
    return str(minify_html.minify(html, minify_css=False, minify_js=False, keep_comments=True))


def _bytes(html: str) -> int:
    return len(html.encode())


def picture_beside(png: str) -> str:
    """The name of a picture's file, from its content in base64."""
    return f"pictures/{hashlib.sha256(png.encode()).hexdigest()[:16]}.png"


def picture_inside(png: str) -> str:
    """A picture as an address that holds it, from its content in base64."""
    return f"data:image/png;base64,{png}"


def policy(beside: bool) -> str:
    """What the page allows itself, and nothing else: its own style and script, by their content or by their place."""
    if beside:
        allowed = "style-src 'self'; script-src 'self'; img-src 'self'"
    else:
        allowed = f"style-src {digest(own('page.css'))}; script-src {digest(own('page.js'))}; img-src data:"
    return f"default-src 'none'; {allowed}; base-uri 'none'; form-action 'none'"


def draw(document: Mapping[str, Any], beside: bool = False, detail: Detail = DETAILS[0]) -> str:
    """The page with every tag and quote.

    Args:
        document: the content of claims.json.
        beside: whether style, script and pictures lie beside the page.
        detail: how much cards show.
    """
    frame, card = drawn(document, beside)
    return whole(frame, {entry["id"]: card(entry["id"], detail) for entry in document["claims"]})


def whole(frame: str, cards: Mapping[str, str]) -> str:
    """The page with its cards, by id, where the frame has places for them."""
    return PLACE.sub(lambda place: cards[unescape(place[1])], frame)


def drawn(document: Mapping[str, Any], beside: bool = False) -> tuple[str, Callable[[str, Detail], str]]:
    """The page with places for its cards, and what draws the card of an id.

    Args:
        document: the content of claims.json.
        beside: whether style, script and pictures lie beside the page.
    """
    papers = [
        {
            **paper,
            "short": f"{paper['authors'].split(',')[0].split()[-1]} {paper['year']}",
            **by_kind(entry for entry in document["claims"] if entry["paper"] == paper["key"]),
            "outside": [row for row in document["outside"] if row["paper"] == paper["key"]],
        }
        for paper in document["papers"]
    ]
    for paper in papers:
        entries, outside = ({one["id"]: one for one in paper[which]} for which in ("claims", "outside"))
        paper |= {"figures": redrawn(paper, entries, outside), "topics": topics(paper["claims"])}
    shown = [paper for paper in papers if paper["claims"] or paper["outside"]]
    entries = {entry["id"]: (entry, paper) for paper in papers for entry in paper["claims"]}
    lines = document.get("history", {}).get("lines", {})
    picture_of = picture_beside if beside else picture_inside

    def card(id: str, detail: Detail) -> str:
        entry, paper = entries[id]
        told = {"line": lines.get(id, []), "detail": detail, "picture_of": picture_of}
        return template("card.html.j2").render(document=document, entry=entry, paper=paper, **told)

    frame = template("page.html.j2").render(
        document=document,
        papers=shown,
        headlines=headlines(shown),
        overall=overall(shown),
        reviews=claim_reviews(document),
        changes=document["changed"]
        or document["unsteady"]
        or document["base"]
        or document.get("history", {}).get("before"),
        errata=[entry for entry in document["claims"] if entry["verdict"] == Verdict.ERRATUM],
        verdicts=[str(verdict) for verdict in Verdict],
        style=own("page.css"),
        script=own("page.js"),
        beside=beside,
        policy=policy(beside),
        card_of=lambda entry: markupsafe.Markup("<!--card {}-->").format(entry["id"]),
    )
    return frame, card


@functools.cache
def own(name: str) -> markupsafe.Markup:
    """One of the page's own files, which goes into it as it is; the policy's digests hold for exactly this text."""
    return markupsafe.Markup((Path(__file__).parent / name).read_text(encoding="utf-8").strip())


def digest(text: str) -> str:
    """What a content security policy allows exactly this text by."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def headlines(papers: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """What each paper is known for, with the entries that answer it and the ids that have none here.

    Where some claims of a paper were selected, headlines of which none was judged are left out.
    """
    found = []
    for paper in papers:
        entries = {entry["id"]: entry for entry in paper["claims"]}
        for one in paper["headlines"]:
            known = [entries[id] for id in one["claims"] if id in entries]
            missing = [id for id in one["claims"] if id not in entries]
            if known:
                row = {"question": one["question"], "paper": f"{paper['title']}, {paper['short']}"}
                found.append({**row, "entries": known, "missing": missing})
    return found


def overall(papers: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Counts over all papers: of verdicts, by how far the evidence reaches, and what the filters offer."""
    counted = [entry for paper in papers for entry in paper["counted"]]
    verdicts = counts(counted)
    reaches = [*map(str, Evidence), "none"]
    by_evidence = {reach: counts([e for e in counted if (e["evidence"] or "none") == reach]) for reach in reaches}
    return {
        "counted": len(counted),
        "verdicts": {str(verdict): verdicts[verdict] for verdict in Verdict if verdicts[verdict]},
        "by_evidence": {reach: found for reach, found in by_evidence.items() if found},
        "about": sorted({entry["about"] or entry["kind"] for paper in papers for entry in paper["claims"]}),
        "outside": sum(len(paper["outside"]) for paper in papers),
    }


def topics(entries: Sequence[Entry]) -> list[dict[str, Any]]:
    """The entries by what their module is about, each topic where its first entry stands."""
    found: dict[str, list[Entry]] = {}
    for entry in entries:
        found.setdefault(entry["topic"], []).append(entry)
    return [{"title": title, "claims": claims} for title, claims in found.items()]


def by_kind(entries: Iterable[Entry]) -> dict[str, Any]:
    """A paper's entries: all of them, those that are counted as its claims and errors, and the others."""
    claims = list(entries)
    counted = [entry for entry in claims if entry["kind"] in COUNTED]
    return {"claims": claims, "counted": counted, "beside": [one for one in claims if one["kind"] not in COUNTED]}


@functools.cache
def template(name: str) -> jinja2.Template:
    """A template of a page, with everything escaped that a claim, a path or an error says."""
    return _templates().get_template(name)


@functools.cache
def _templates() -> jinja2.Environment:
    loader = jinja2.Environment(
        loader=jinja2.PackageLoader("harness.report", "."),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    loader.filters.update(
        number=number,
        interval=interval,
        counts=counts,
        literal=literal,
        spoken=spoken,
        ours=ours,
        typeset=typeset,
        lines=lines,
        called=called,
        controls=controls,
        by_seed=by_seed,
        would_refute=would_refute,
    )
    loader.globals.update(
        told_beside=told_beside,
        chosen=chosen,
        forest=forest,
        in_words=in_words,
        on_card=on_card,
        sparkline=sparkline,
        trained=trained,
    )
    return loader


def number(value: object) -> str:
    """A number to four digits; words as they are, several numbers by name."""
    if value is None:
        return "–"
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {number(item)}" for key, item in value.items())
    if isinstance(value, float):
        return f"{value:.4g}"
    return str(value)


def interval(judged: Mapping[str, Any]) -> str:
    """An interval, or nothing where the value was computed rather than sampled."""
    low, high = judged["low"], judged["high"]
    return "" if low is None or high is None or low == high else f"[{number(low)}, {number(high)}]"


def controls(entry: Mapping[str, Any]) -> list[tuple[str, str]]:
    """For each part of a claim what its control did, in words; with the part's name where there are several."""
    control = entry["control"]
    good = "holds, as the corrected statement must ✓" if entry["erratum"] else "fails the rule, as it must ✓"
    said = dict.fromkeys(control["parts"], good)
    said |= dict.fromkeys(control["undecided"], "undecided: the runs at hand cannot tell")
    said |= {part: f"not controlled: {reason}" for part, reason in control["uncontrolled"].items()}
    said |= {part: f"it does not do its work: {fault}" for part, fault in control["faults"].items()}
    if len(said) > 1:
        return list(said.items())
    return [("", words) for words in said.values()] or [("", "not run")]


def by_seed(entry: Entry) -> list[tuple[str, str, str]]:
    """The values behind a claim's numbers in words: a row each case, part and place."""
    rows: dict[tuple[str, str], list[str]] = {}
    for row in entry["values"]:
        part = ", ".join(filter(None, [row["part"], row["place"]]))
        told = zip(row["seeds"], row["values"], strict=True)
        said = [f"{'' if seed is None else f'seed {seed}: '}{number(value)}" for seed, value in told]
        rows.setdefault((row["case"], part), []).extend(said)
    return [(case, part, "; ".join(said)) for (case, part), said in rows.items()]


def counts(entries: list[Mapping[str, Any]]) -> Counter[str]:
    """How many claims came to each verdict."""
    return Counter(entry["verdict"] for entry in entries)


def literal(text: object) -> markupsafe.Markup:
    """The same, escaped."""
    return markupsafe.escape(visible(text))


def lines(text: object) -> markupsafe.Markup:
    """The same with its lines, which blanks alone would not keep apart in a page that is `shortened`."""
    return markupsafe.Markup("<br>").join(literal(text).split("\n"))
