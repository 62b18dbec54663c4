"""The papers, as `paper.toml` in the folder of each describes them: below `claims/`, or anywhere else."""

from __future__ import annotations

import functools
import re
import tomllib
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

CHANGES = "CHANGES.md"
"""Of a paper's folder: how its claims changed."""


@dataclass(frozen=True)
class OpenClaim:
    """A claim of the register that is not a test yet, and why."""

    id: str
    where: str
    statement: str
    reason: str


@dataclass(frozen=True)
class Headline:
    """What a paper is known for, as a question that some of its claims answer, the first of them with a figure."""

    question: str
    claims: tuple[str, ...]


@dataclass(frozen=True)
class Figure:
    """A figure or table of the paper that the report redraws from what claims measured.

    Attributes:
        number: as the paper has it, e.g. "Fig. 2".
        shows: what is to be seen there, in words.
        claims: those whose curves and numbers it is redrawn from.
        curves: patterns of the names of curves that belong to it, with stars as in names of files.
        x, y: what the scales of its curves say.
        printed: numbers of the paper's own figure by name: a height, or points `(x, y)`.
        beside: what cannot be redrawn, and why; "" where all can.
    """

    number: str
    shows: str
    claims: tuple[str, ...] = ()
    curves: tuple[str, ...] = ("*",)
    x: str = ""
    y: str = ""
    printed: tuple[tuple[str, float | tuple[tuple[float, float], ...]], ...] = ()
    beside: str = ""


@dataclass(frozen=True)
class Reply:
    """What an author of the paper answers to what the suite says of a claim or an erratum.

    Attributes:
        claim: the id.
        date: when it was given, ISO 8601.
        by: who gives it.
        text: the answer, as it was given.
        link: where it stands in public, or "".
    """

    claim: str
    date: str
    by: str
    text: str
    link: str = ""


@dataclass(frozen=True)
class Paper:
    """One paper.

    Attributes:
        key: name of its folder, e.g. "toy2026".
        prefix: of its claims' ids, e.g. "XX".
        claims, errata: highest number of its claims and of its errata candidates.
        open: its claims that no test decides.
        dropped: errata candidates that did not hold up when they were checked, by id, with the reason.
        headlines: what it is known for; the report begins with it.
        figures: those of the paper that the report redraws.
        replies: what its authors answered; shown on the cards.
        changes: the file that tells how its claims changed and why, below the root of the repository; "" for none.
    """

    key: str
    prefix: str
    title: str
    authors: str
    year: int
    venue: str
    claims: int
    errata: int
    open: tuple[OpenClaim, ...]
    dropped: tuple[tuple[str, str], ...] = ()
    changes: str = ""
    headlines: tuple[Headline, ...] = ()
    figures: tuple[Figure, ...] = ()
    replies: tuple[Reply, ...] = ()

    @functools.cached_property
    def ids(self) -> frozenset[str]:
        """Every id that a claim of the paper may have; `N-XX1` is the remark that the candidate `E-XX1` came to be."""
        numbered = {f"{self.prefix}-{number:02d}" for number in range(1, self.claims + 1)}
        candidates = range(1, self.errata + 1)
        return frozenset(numbered | {f"{letter}-{self.prefix}{number}" for letter in "EN" for number in candidates})

    def owns(self, id: str) -> bool:
        """Whether an id is one of this paper's, though perhaps of a claim that is no more."""
        return id.removeprefix("E-").removeprefix("N-").startswith(self.prefix)


def is_folder(folder: Path) -> bool:
    """Whether a folder is a paper's."""
    return (folder / "paper.toml").is_file()


@functools.cache
def read(folder: Path) -> Paper:
    """The paper that a folder with a `paper.toml` is about.

    Raises:
        FileNotFoundError: when the folder has no `paper.toml`.
        KeyError, TypeError: when a field is missing or unknown; the message names it.
        ValueError: when a reply has no date, or a link that is none.
    """
    described = tomllib.loads((folder / "paper.toml").read_text(encoding="utf-8"))
    rows = described.pop("open", {})
    dropped = tuple(described.pop("dropped", {}).items())
    open_claims = tuple(OpenClaim(id=name, **row) for name, row in rows.items())
    headlines = tuple(
        Headline(question=row.pop("question"), claims=tuple(row.pop("claims")), **row)
        for row in described.pop("headlines", [])
    )
    figures = tuple(_figure(row) for row in described.pop("figures", []))
    replies = tuple(_reply(row) for row in described.pop("replies", []))
    told = folder / CHANGES
    changes = "/".join(told.parts[-3:]) if told.is_file() else ""
    listed: dict[str, Any] = {"headlines": headlines, "figures": figures, "replies": replies}
    paper = Paper(key=folder.name, changes=changes, open=open_claims, dropped=dropped, **listed, **described)
    named = {name: {id for one in listed[name] for id in one.claims} for name in ("headlines", "figures")}
    for name, ids in {**named, "replies": {one.claim for one in replies}}.items():
        if unknown := ids - paper.ids:
            raise KeyError(f"{name}: {', '.join(sorted(unknown))} is no id of the paper")
    return paper


def _figure(row: dict[str, Any]) -> Figure:
    """A figure from its table in `paper.toml`."""
    given: dict[str, Any] = {name: tuple(row.pop(name)) for name in ("claims", "curves") if name in row}
    printed = tuple(
        (name, tuple((float(x), float(y)) for x, y in one) if isinstance(one, list) else float(one))
        for name, one in row.pop("printed", {}).items()
    )
    figure = Figure(printed=printed, **given, **row)
    if not (figure.claims or figure.beside):
        raise KeyError(f"figures: {figure.number} has neither `claims` nor what is `beside`")
    return figure


def _reply(row: dict[str, Any]) -> Reply:
    """A reply from its table in `paper.toml`."""
    reply = Reply(**{**row, "date": str(row.get("date", ""))})
    try:
        date.fromisoformat(reply.date)
    except ValueError as error:
        raise ValueError(f"replies: {reply.claim}: the date {reply.date!r} is none") from error
    if reply.link and not re.fullmatch(r"https://[^\s\"'<>]+", reply.link):
        raise ValueError(f"replies: {reply.claim}: the link {reply.link!r} is no https address")
    return reply


def all_papers(claims: Path) -> list[Paper]:
    """The papers below a `claims/` folder, by folder name."""
    return [read(file.parent) for file in sorted(claims.glob("*/paper.toml"))]
