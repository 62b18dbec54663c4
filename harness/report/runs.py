"""The runs behind claims: each once in claims.json, and their recipes in words beside the paper's own."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from harness.claims.claim import Claim
from harness.claims.tiers import TIERS
from harness.judging.claims import Ladder
from harness.runs.key import known_by
from harness.runs.run import Run
from harness.verdicts import Evidence

Json = dict[str, Any]

TOLD = {
    "network": "network",
    "data": "data",
    "count": "training images",
    "epochs": "epochs",
    "batch_size": "images a step",
    "optimiser": "optimiser",
    "schedule": "schedule",
    "augmentation": "augmentation",
}
"""Fields of recipes that say how a network was trained, and what they are called."""

PHRASES = {
    "batch_norm": "batch normalisation",
    "channels": "{} channels in",
    "classes": "{} classes",
    "flip": "flips",
    "last": "last {} layers",
    "method": "{} shuffle",
    "milestones": "after {} epochs",
    "only": "layer {} alone",
    "period": "over {} epochs",
    "rate": "learning rate {}",
    "shift": "shifts of up to {} pixels",
}
"""What some fields are called in a sentence, with their value."""

NAMES = {"adam": "Adam", "cosine-rate": "cosine", "sgd": "SGD", "step-rate": "steps down"}
"""What some of the harness's own recipes are called."""

MOST = 3
"""Values of a field that are told; of more their number is."""


def tables(ladders: Iterable[Ladder]) -> Json:
    """What claims.json says of runs.

    Returns:
        `runs`: each run of any claim, by its key; its `recipe` is a name in `recipes`, which has each recipe as its
        stable name and those fields that are not at their defaults.
    """
    runs, recipes = {}, {}
    for run in (run for ladder in ladders for rung in ladder.rungs for run in rung.runs):
        described = run.get("recipe")
        name = described and hashlib.sha256(json.dumps(described, sort_keys=True).encode()).hexdigest()[:12]
        runs[run["key"]] = {**{field: value for field, value in run.items() if field != "key"}, "recipe": name}
        if name:
            recipes[name] = described
    return {"runs": dict(sorted(runs.items())), "recipes": dict(sorted(recipes.items()))}


def papers_own(claim: Claim) -> list[Any]:
    """The recipes that a claim declares as the paper's own, described as records have it; none where it has none."""
    tiers = [tier for tier in TIERS if claim.reach.get(tier) == Evidence.PAPER]
    if not claim.runs or not tiers:
        return []
    parameters = {name: values[0] for name, values in claim.readings.items()}
    data = claim.data_within(tiers[0])
    parameters |= {"data": data[0]} if data else {}
    return [known_by(Run(recipe, 0))["recipe"] for recipe in claim.runs_within(tiers[0], parameters).values()]


def in_words(entry: Mapping[str, Any], document: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """How the networks of a claim were trained: a row for each field with what is told of ours, and of the paper's own.

    The latter is "" where no such recipe is declared, or ours is it.  No rows where no network was trained.
    """
    names = dict.fromkeys(document["runs"][key]["recipe"] for key in entry["runs"])
    ours = aspects([document["recipes"][name] for name in names if name])
    papers = aspects(entry["papers_recipes"])
    if "epochs" not in ours:
        return []
    shown = [name for name in TOLD if name in ours or name in papers]
    rows = [(TOLD[name], ours.get(name, "–"), papers.get(name, "–") if papers else "") for name in shown]
    if not any(row[1] != row[2] for row in rows):
        rows = [(what, said, "") for what, said, _ in rows]
    return rows + reached(entry, document, is_beside=any(row[2] for row in rows))


def reached(entry: Mapping[str, Any], document: Mapping[str, Any], is_beside: bool) -> list[tuple[str, str, str]]:
    """The accuracies that the networks of a claim ended with, and what guessing gives, in rows as `in_words` has them.

    Args:
        entry: of the claim.
        document: the content of claims.json.
        is_beside: whether the paper's own recipe stands beside ours.
    """
    runs = [document["runs"][key] for key in entry["runs"]]
    found = [100 * run["accuracy"] for run in runs if run.get("accuracy") is not None]
    if not found:
        return []
    stated = f"{entry['baseline']['paper']:g} %, unmodified" if entry["baseline"] else "–"
    ends = dict.fromkeys(f"{value:.1f} %" for value in (min(found), max(found)))
    rows = [("accuracies reached", " to ".join(ends), stated)]
    ours = guessed([document["recipes"][name] for name in {run["recipe"]: None for run in runs} if name])
    if ours:
        rows.append(("accuracy of guessing", ours, guessed(entry["papers_recipes"]) or "–"))
    return rows if is_beside else [(what, said, "") for what, said, _ in rows]


def guessed(recipes: Sequence[Any]) -> str:
    """The accuracy of a guess among as many classes as the networks tell apart; "" where no recipe says how many."""
    counts = {
        max(held, 2): None  # one output tells two classes apart
        for recipe in recipes
        for name, value in _fields(recipe)
        for part, held in [(name, value), *(value if name == "parameters" else [])]
        if part == "classes" and isinstance(held, int) and held
    }
    return "; ".join(f"{100 / count:.3g} %" for count in counts)


def aspects(recipes: Sequence[Any]) -> dict[str, str]:
    """What the fields of recipes say, by the fields' names; several values where the recipes differ."""
    found: dict[str, dict[str, None]] = {}
    for recipe in recipes:
        fields = dict(reversed(list(_fields(recipe))))  # of several the outermost
        if "data" in fields:
            fields.setdefault("count", "all")
        for name in TOLD.keys() & fields.keys():
            found.setdefault(name, {})[_words(fields[name], name)] = None
    return {name: _one_of(list(values)) for name, values in found.items()}


def _one_of(values: Sequence[str]) -> str:
    return "; ".join(values) if len(values) <= MOST else f"{values[0]}; and {len(values) - 1} others"


def _fields(described: Any) -> Iterator[tuple[str, Any]]:
    """The fields of a recipe and of what it holds, those further inside later."""
    if isinstance(described, Mapping):
        fields = described.get("fields", described)
        if isinstance(fields, Mapping):
            yield from fields.items()
            for held in fields.values():
                yield from _fields(held)


def _words(value: Any, field: str = "") -> str:
    if isinstance(value, Mapping):
        fields = dict(value.get("fields", {}))
        name = str(fields.pop("name", value.get("name", "")))
        if field == "data":
            fields = {name: held for name, held in fields.items() if name not in ("count", "held_out")}
        told = sorted((*fields.pop("parameters", []), *fields.items()))
        said = [_said(part, held) for part, held in told if held is not None]
        return ", ".join([*([] if name == field and said else [NAMES.get(name, name.replace("-", " "))]), *said])
    if isinstance(value, list):
        *first, last = map(_words, value) if value else [""]
        return f"{', '.join(first)} and {last}" if first else last
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _said(part: str, held: Any) -> str:
    phrase = PHRASES.get(part, part.replace("_", " "))
    if isinstance(held, bool):
        return phrase if held else f"no {phrase}"
    return phrase.format(_words(held)) if "{}" in phrase else f"{phrase} {_words(held)}"


def trained(entry: Mapping[str, Any], document: Mapping[str, Any]) -> list[Json]:
    """The runs behind a claim: a row for those that differ in their seed alone, with their seconds in all.

    `accuracy` is the mean over the seeds; None where a run has none.
    """
    rows: dict[tuple[Any, ...], Json] = {}
    for run in (document["runs"][key] for key in entry["runs"]):
        title = run["title"].removesuffix(f", seed {run['seed']}")
        told = ("source", "freshness", "device", "date", "commit")
        same = {"title": title, **{name: run.get(name) for name in told}}
        row = rows.setdefault((*same.values(), run["recipe"]), {**same, "seeds": [], "seconds": 0.0, "reached": []})
        row["seeds"].append(run["seed"])
        row["seconds"] += run["seconds"] or 0.0
        row["reached"].append(run.get("accuracy"))
    return [{**row, "accuracy": _mean(row.pop("reached"))} for row in rows.values()]


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known and len(known) == len(values) else None
