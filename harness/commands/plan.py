"""Say which runs the selected claims need, which of them are in the store, and what the others will cost.

Beside those in the store stand those that are kept as evidence, which judging takes in their place.  The cost is the
one of finished runs of the same recipe, in the store or else in the evidence; where there are none, that of the nearest
recipe for as much work, if recipes of its kind say how much they have; otherwise it is unknown, or a matter of seconds
where nothing is trained.  Nothing is computed.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.claims.tiers import TIERS
from harness.commands import selection
from harness.commands.selection import Selection, selected, shown
from harness.commands.set_aside import set_aside
from harness.commands.usage import evidence_folder
from harness.system.places import EVIDENCE

if TYPE_CHECKING:
    from harness.evidence import Archive, Entry, Freshness
    from harness.runs import Outcome
    from harness.runs.cost import Cost

Json = dict[str, Any]

HEADINGS = ("stored", "kept", "each", "together", "tier", "claims", "recipe")

WIDTH = 100
"""Columns that the table takes."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    selection.add_arguments(parser)
    selection.add_fresh_seeds(parser)
    parser.add_argument("--gpu", action="store_true", help="costs on an assumed GPU, for a machine that has none")
    parser.add_argument("--evidence", type=Path, metavar="DIR", help=f"where evidence is kept (default: {EVIDENCE})")
    parser.add_argument("--json", action="store_true", help="for other programs, with an entry for each run")


def run(chosen: argparse.Namespace) -> int:
    """Print the plan; 0 also where runs are missing."""
    from harness.evidence import Archive

    evidence = evidence_folder(chosen.evidence)
    plan = planned(selected(chosen), Archive.read(evidence), gpu=chosen.gpu)
    print(json.dumps(plan, indent=1) if chosen.json else "\n".join(readable(plan)))
    return 0


def looked_up(selection: Selection, archive: Archive | None = None, *, gpu: bool = False) -> list[tuple[Outcome, Cost]]:
    """Every run that is needed, as it stands in the store, and what it costs: here, or on an assumed GPU.

    The archive is asked for costs alone.
    """
    from harness.runs import plan
    from harness.runs.cost import UNKNOWN, Cost, Throughput
    from harness.runs.gpu_cost import gpu_cost

    evidence = [entry.record() for entry in archive.entries.values()] if archive else []
    throughput = Throughput(selection.store.records(), evidence, selection.bench)

    def cost(outcome: Outcome) -> Cost:
        if outcome.record is not None:
            return Cost(outcome.record.seconds, "this run")
        if outcome.made_of is None:
            return UNKNOWN
        recipe = outcome.run.recipe
        return gpu_cost(recipe, selection.bench) if gpu else throughput.cost(recipe, outcome.made_of)

    return [(outcome, cost(outcome)) for outcome in plan(selection.needs, selection.store, selection.bench)]


def planned(selection: Selection, archive: Archive | None = None, *, gpu: bool = False) -> Json:
    """The plan as JSON values; without an archive as if no evidence were kept."""
    from harness.runs import default_workers
    from harness.runs.gpu_cost import BASIS
    from harness.runs.key import device_class

    known = looked_up(selection, archive, gpu=gpu)
    aside = set_aside((outcome for outcome, _ in known), selection.store)
    runs = [
        entry(selection, outcome, cost, kept(outcome, archive), aside.get(str(outcome.run))) for outcome, cost in known
    ]
    workers = 1 if gpu else default_workers(selection.bench)
    by_tier = {tier: [run for run in runs if run["tier"] == tier] for tier in TIERS}
    return {
        "tier": selection.tier,
        "device": BASIS if gpu else device_class(selection.bench.device),
        "store": shown(selection.store.path),
        "workers": workers,
        "total": total(runs, workers),
        "tiers": {tier: total(some, workers) for tier, some in by_tier.items() if some},
        "runs": runs,
    }


def kept(outcome: Outcome, archive: Archive | None) -> tuple[Entry, Freshness] | None:
    """The record of a run that is kept as evidence, as judging finds it: of the data here, of any where there are none.

    None for a run that is in the store, or that cannot be told what it is made of.
    """
    from harness.runs import declared

    if archive is None or outcome.record is not None or not (outcome.missing or outcome.lacks_data):
        return None
    made_of = outcome.made_of
    return archive.find(declared(outcome.run)) if made_of is None else archive.find(made_of, made_of["data"])


def entry(
    selection: Selection,
    outcome: Outcome,
    cost: Cost,
    recorded: tuple[Entry, Freshness] | None = None,
    aside: str | None = None,
) -> Json:
    """What the plan says of one run; `aside` is why it is set aside, if it is."""
    from harness.store.canonical import content_key

    run = outcome.run
    return {
        "recipe": run.recipe.title,
        "recipe_key": None if outcome.made_of is None else content_key({**outcome.made_of, "seed": None}),
        "seed": run.seed,
        "key": outcome.key,
        "tier": selection.tier_of(run),
        "claims": [claim.id for claim in selection.needs[run]],
        "state": state_of(outcome, recorded, aside),
        "freshness": str(recorded[1]) if recorded else None,
        "reason": None if recorded else outcome.failure.message if outcome.failure else aside,
        "seconds": recorded[0].seconds if recorded else cost.seconds,
        "basis": "this run" if recorded else cost.basis,
    }


def state_of(outcome: Outcome, recorded: object, aside: str | None) -> str:
    """Where a run is: in the store, else kept as evidence, else missing, set aside, or not to be had here."""
    if outcome.record:
        return "stored"
    if recorded:
        return "kept"
    if aside:
        return "set aside"
    return "missing" if outcome.missing else "not available"


def total(runs: Iterable[Json], workers: int) -> Json:
    """How many runs are in which state, and what the missing ones will cost.

    `seconds` is the time of one worker, `elapsed` that of several; neither has the runs of `unknown` cost, of which
    `untrained` train nothing.
    """
    from harness.runs.pace import makespan

    entries = list(runs)
    states = Counter(entry["state"] for entry in entries)
    costs = [entry["seconds"] for entry in entries if entry["state"] == "missing"]
    known = [seconds for seconds in costs if seconds is not None]
    return {
        "runs": len(entries),
        "stored": states["stored"],
        "kept": states["kept"],
        "stale": sum(entry["freshness"] == "stale" for entry in entries),
        "missing": states["missing"],
        "set_aside": states["set aside"],
        "not_available": states["not available"],
        "seconds": sum(known),
        "elapsed": makespan(known, workers),
        "unknown": len(costs) - len(known),
        "untrained": sum(is_untrained(entry) for entry in entries),
    }


def is_untrained(run: Json) -> bool:
    """Whether a run is missing of which is known only that it trains nothing."""
    from harness.runs.cost import UNTRAINED

    return bool(run["state"] == "missing" and run["basis"] == UNTRAINED.basis)


def readable(plan: Json) -> list[str]:
    """The plan as lines of text."""
    if not plan["runs"]:
        return ["the selected claims need no runs"]
    lines = [*table([HEADINGS, *map(row, by_recipe(plan["runs"]))]), ""]
    lines += [f"{tier} on {plan['device']}: {said(one, plan['workers'])}" for tier, one in plan["tiers"].items()]
    if len(plan["tiers"]) > 1:
        lines.append(f"all: {said(plan['total'], plan['workers'])}")
    lines += sorted({f"not available: {run['reason']}" for run in plan["runs"] if run["state"] == "not available"})
    lines += [
        f"set aside: {run['recipe']}, seed {run['seed']}: {run['reason']}" for run in plan["runs"] if is_aside(run)
    ]
    return [*lines, f"store: {plan['store']}"]


def is_aside(run: Json) -> bool:
    """Whether the plan has a run as set aside."""
    return bool(run["state"] == "set aside")


def by_recipe(runs: Sequence[Json]) -> list[list[Json]]:
    """The runs that differ in their seeds alone, together."""
    groups: dict[tuple[str, str, str | None], list[Json]] = {}
    for run in runs:
        groups.setdefault((run["tier"], run["recipe"], run["recipe_key"]), []).append(run)
    return list(groups.values())


def row(runs: Sequence[Json]) -> tuple[str, ...]:
    """The line of the table for the runs of one recipe."""
    one, sums = runs[0], total(runs, 1)
    missing = [run for run in runs if run["state"] == "missing"]
    each = estimate(missing[0]["seconds"], missing[0]["basis"]) if missing else ""
    together = estimate(None if sums["unknown"] else sums["seconds"], missing[0]["basis"]) if missing else ""
    if sums["not_available"]:
        each = "n/a"
    first, *others = dict.fromkeys(id for run in runs for id in run["claims"])
    claims = f"{first} +{len(others)}" if len(others) > 1 else ", ".join([first, *others])
    return (
        f"{sums['stored']} of {sums['runs']}",
        str(sums["kept"] or ""),
        each,
        together,
        one["tier"],
        claims,
        one["recipe"],
    )


def estimate(seconds: float | None, basis: str) -> str:
    """A cost as the table has it; one that no run of the recipe has shown has a tilde."""
    from harness.runs.cost import UNTRAINED
    from harness.runs.display import duration

    if seconds is None:
        return "seconds" if basis == UNTRAINED.basis else "unknown"
    return f"{'' if basis == 'this recipe' else '~'}{duration(seconds)}"


def said(sums: Json, workers: int) -> str:
    """Totals in words."""
    from harness.runs.display import duration

    evidence = f"{sums['kept']} kept as evidence, " if sums["kept"] else ""
    if sums["stale"]:
        evidence = f"{evidence[:-2]} ({sums['stale']} of them stale), "
    text = f"{sums['runs']} runs, {sums['stored']} in the store, {evidence}{sums['missing']} missing"
    if sums["set_aside"]:
        text += f", {sums['set_aside']} set aside"
    if sums["not_available"]:
        text += f", {sums['not_available']} not available"
    if sums["missing"] > sums["unknown"]:
        text += f"; about {duration(sums['elapsed'])} with {workers} worker{'s' * (workers > 1)}"
    if sums["untrained"]:
        text += f"; {sums['untrained']} that train nothing, in seconds each"
    if unknown := sums["unknown"] - sums["untrained"]:
        text += f"; {unknown} of unknown cost"
    return text


def table(rows: Sequence[Sequence[str]]) -> list[str]:
    """Rows in columns, in lines of `WIDTH` characters; the last column is cut to what is left."""
    from harness.runs.run import shortened

    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    widths[-1] = max(40, WIDTH - sum(widths[:-1]) - 2 * (len(widths) - 1))
    cut = [[*row[:-1], shortened(row[-1], widths[-1])] for row in rows]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in cut]
