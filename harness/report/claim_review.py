"""The verdicts in the vocabulary of schema.org, for those who read pages by machine."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import markupsafe

from harness.claims.kinds import Kind
from harness.verdicts import Verdict

CONTEXT = "https://schema.org"


def claim_reviews(document: Mapping[str, Any]) -> markupsafe.Markup:
    """A ClaimReview for each claim of a paper that was judged, as JSON that may stand in a script element of a page.

    Args:
        document: the content of claims.json.
    """
    judged = [one for one in document["claims"] if one["kind"] == Kind.CLAIM and one["verdict"] != Verdict.NOT_RUN]
    told = {entry["paper"] for entry in judged}
    papers = [
        {
            "@type": "ScholarlyArticle",
            "@id": f"#{paper['key']}",
            "headline": paper["title"],
            "author": [{"@type": "Person", "name": name.strip()} for name in paper["authors"].split(",")],
            "datePublished": str(paper["year"]),
            "isPartOf": paper["venue"],
        }
        for paper in document["papers"]
        if paper["key"] in told
    ]
    graph = [*papers, *(_review(entry, document["session"].get("date")) for entry in judged)]
    text = json.dumps({"@context": CONTEXT, "@graph": graph}, separators=(",", ":"))
    return markupsafe.Markup(text.replace("<", r"\u003c"))


def _review(entry: Mapping[str, Any], date: str | None) -> dict[str, Any]:
    reach = f" ({entry['evidence']})" if entry["evidence"] else ""
    return {
        "@type": "ClaimReview",
        "url": f"#{entry['id']}",
        "claimReviewed": entry["statement"],
        **({"datePublished": date} if date else {}),
        "itemReviewed": {"@type": "Claim", "appearance": {"@id": f"#{entry['paper']}"}},
        "reviewRating": {"@type": "Rating", "alternateName": f"{entry['verdict']}{reach}"},
    }
