"""What can be wrong with the claims as declared; all of it is said at once, each with its file and line."""

from __future__ import annotations

import inspect
import itertools
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from harness.claims import about, kinds, papers
from harness.claims.about import About
from harness.claims.claim import Claim
from harness.claims.controls import coverage
from harness.claims.tiers import TIERS, reaches
from harness.runs.key import faults
from harness.verdicts import Evidence

if TYPE_CHECKING:
    from harness.runs.recipe import Recipe


FIRST_OF_DEVELOPMENT = 100
"""Seeds from here on are for trying recipes out: `harness.evidence` refuses their records."""


def problems(claims: Sequence[Claim], earlier: Sequence[Claim], known_data: Iterable[str]) -> list[str]:
    """Every problem of these claims, as `file:line: id: what is wrong`.

    Args:
        claims: the claims of one module.
        earlier: those of the modules that were collected before it.
        known_data: names of the data sets that there are.
    """
    known = set(known_data)
    looked_at: dict[Recipe, list[str]] = {}
    found = [
        f"{claim.origin}: {claim.id}: {problem}" for claim in claims for problem in _problems(claim, known, looked_at)
    ]
    return found + list(_repeated(claims, earlier))


def _repeated(claims: Sequence[Claim], earlier: Sequence[Claim]) -> Iterator[str]:
    ids = {claim.id: claim for claim in earlier}
    for claim in claims:
        for former in claim.formerly:
            if former in ids or former in {other.id for other in claims}:
                yield f"{claim.origin}: {claim.id}: was {former} formerly, but a claim is declared under that id"
    names: dict[str, Claim] = {}
    for claim in claims:
        first = ids.setdefault(claim.id, claim)
        if first is not claim:
            yield f"{claim.origin}: {claim.id}: declared before at {first.origin}"
        name = claim.function.__qualname__
        hidden = names.setdefault(name, claim)
        if hidden is not claim:
            yield f"{claim.origin}: {claim.id}: a second function {name}; the first, at {hidden.origin}, is lost"


def _problems(claim: Claim, known_data: set[str], looked_at: dict[Recipe, list[str]]) -> Iterator[str]:
    yield from _identity(claim)
    yield from _rules(claim)
    yield from _controls(claim)
    yield from _kind(claim)
    yield from _about(claim)
    if claim.runs is not None and not (callable(claim.runs) or isinstance(claim.runs, Mapping)):
        yield f"runs is a {type(claim.runs).__name__}; give recipes by name for each tier, or a function that does"
        return
    yield from _cases(claim, known_data)
    yield from _tiers(claim)
    yield from _seeds(claim)
    yield from _runs(claim, known_data, looked_at)


def _identity(claim: Claim) -> Iterator[str]:
    try:
        paper = papers.read(claim.file.parent)
    except FileNotFoundError:
        yield f"no paper.toml beside it in {claim.file.parent}"
    except (KeyError, TypeError, ValueError) as error:
        yield f"paper.toml beside it cannot be read: {error}"
    else:
        if claim.id not in paper.ids:
            yield (
                f"unknown id; this folder's run from {paper.prefix}-01 to {paper.prefix}-{paper.claims:02d} "
                f"and E-{paper.prefix}1 or N-{paper.prefix}1 to {paper.prefix}{paper.errata} (paper.toml counts them)"
            )
        if any(row.id == claim.id for row in paper.open):
            yield "paper.toml lists it as open, but here it is"
    if not claim.statement:
        yield "no statement: its docstring is the claim in one sentence"
    if not claim.where:
        yield "no place in the paper (`where`)"
    if not claim.control:
        yield "no control: say for which data the claim is false, and give them to lab.control"
    numbers = claim.paper.values() if isinstance(claim.paper, Mapping) else [claim.paper]
    if any(isinstance(number, float) and not math.isfinite(number) for number in numbers):
        yield "the paper's number is not finite"


def _rules(claim: Claim) -> Iterator[str]:
    for part, rule in claim.rules.items():
        where = "" if len(claim.rules) == 1 else f" (part {part})"
        if not hasattr(rule, "judge"):
            yield f"its rule{where} is {rule!r}, which cannot judge"
            continue
        for problem in rule.problems():
            yield f"{problem}{where}"
    if not claim.rules:
        yield "no rule"


def _kind(claim: Claim) -> Iterator[str]:
    if claim.erratum and claim.remark:
        yield "it is an erratum and a remark at once"
    elif claim.erratum and claim.kind not in kinds.OF_ERRATUM:
        yield f"an erratum is an error, not {str(claim.kind)!r}"
    elif claim.remark and claim.kind not in kinds.OF_REMARK:
        yield f"a remark is one of {', '.join(sorted(kinds.OF_REMARK))}, not {str(claim.kind)!r}"
    elif not (claim.erratum or claim.remark) and claim.kind not in kinds.OF_NEITHER:
        others = ", ".join(sorted(kinds.OF_NEITHER))
        yield f"kind {str(claim.kind)!r}; without an erratum or a remark it is one of {others}"
    letter = "E-" if claim.erratum else "N-" if claim.remark else ""
    called = claim.id[:2] if claim.id[:2] in ("E-", "N-") else ""
    if called != letter:
        yield "errata are called E-..., remarks N-..., and nothing else is"


def _about(claim: Claim) -> Iterator[str]:
    if claim.about is None:
        if claim.trained:
            yield f"rests on trained networks: say what it is `about`: {', '.join(About)}"
        return
    if claim.about not in list(About):
        yield f"about {claim.about!r}; it is one of {', '.join(About)}"
        return
    for part, rule in claim.rules.items():
        for problem in about.problems(claim.about, rule):
            yield problem + ("" if len(claim.rules) == 1 else f" (part {part})")
    if (claim.about is About.REGIME) != (claim.gate is not None):
        yield "a sentence about a regime has a `gate`, fixed beforehand, and no other has"
    if claim.baseline is not None and claim.about is not About.SIZE:
        yield "a `baseline` is of a sentence about a size"


def _controls(claim: Claim) -> Iterator[str]:
    if len(claim.rules) > 1 and (left_out := coverage(claim).left_out):
        yield (
            f"its control leaves out {', '.join(left_out)}: give lab.control data for which each part is false, or say "
            "in `uncontrolled` why there are none"
        )
    for part in claim.mirrored:
        if part not in claim.rules:
            yield f"mirrored part {part!r} has no rule"
        if claim.erratum or part in claim.uncontrolled:
            yield f"part {part!r} has no control of a claim that could mirror it"
    for part, reason in claim.uncontrolled.items():
        if len(claim.rules) > 1 and part not in claim.rules:
            yield f"uncontrolled part {part!r} has no rule"
        if not reason.strip():
            yield f"part {part!r} is left without a control, and no reason is given"


def _cases(claim: Claim, known_data: set[str]) -> Iterator[str]:
    parameters = [*claim.readings, *(["data"] if claim.data else [])]
    by_tier = {**_by_tier("data", claim.data), **_by_tier("seeds", claim.seeds)}
    for name, values in {**claim.readings, "proxies": claim.proxies, **by_tier}.items():
        if not isinstance(values, (tuple, list, range)):
            yield f"{name} is a {type(values).__name__}; its order may differ between processes: give a tuple"
        elif len({repr(value) for value in values}) < len(values):
            yield f"{name} repeats a value"
        elif len({str(value) for value in values}) < len(values):
            yield f"{name} has two values that print alike, so that nothing would tell their cases apart"
        elif name in claim.readings and not values:
            yield f"reading {name} has no values"
    spoken_of = [name for names in _by_tier("data", claim.data).values() for name in names]
    for name in [*spoken_of, *claim.proxies]:
        if name not in known_data:
            yield f"unknown data set {name!r}; there are {', '.join(sorted(known_data))}"
    if claim.data and not claim.proxies and claim.tier == "smoke":
        yield "judged at tier smoke, which has no real data, but no `proxies` stand in for it"
    takes = list(inspect.signature(claim.function).parameters)
    gives = ["lab", *parameters]
    if sorted(takes) != sorted(gives):
        yield f"its function takes ({', '.join(takes)}), its cases give ({', '.join(gives)})"


def _by_tier(what: str, given: Sequence[Any] | Mapping[str, Sequence[Any]]) -> dict[str, Sequence[Any]]:
    """What a claim gives for some tiers, by a name for messages; or for all."""
    return {f"{what} {tier}": values for tier, values in given.items()} if isinstance(given, Mapping) else {what: given}


def _tiers(claim: Claim) -> Iterator[str]:
    declared = {"runs": claim.runs, "seeds": claim.seeds, "data": claim.data}
    by_tier = {what: given for what, given in declared.items() if isinstance(given, Mapping)}
    given = [claim.tier, *claim.reach, *(tier for tiers in by_tier.values() for tier in tiers)]
    for tier in given:
        if tier not in TIERS:
            yield f"unknown tier {tier!r}; there are {', '.join(TIERS)}"
    for what, tiers in by_tier.items():
        first = "laptop" if what == "data" and claim.tier == "smoke" else claim.tier  # smoke has proxies
        if first in TIERS and not any(tier in TIERS and reaches(first, tier) for tier in tiers):
            yield f"judged from tier {claim.tier} on, but no {what} are given for it"
    for reach in claim.reach.values():
        if reach not in list(Evidence):
            yield f"unknown reach of evidence {reach!r}; there are {', '.join(Evidence)}"


def _seeds(claim: Claim) -> Iterator[str]:
    each = list(_by_tier("seeds", claim.seeds).values())
    if claim.trained and any(seeds and max(seeds) >= FIRST_OF_DEVELOPMENT for seeds in each):
        yield f"its seeds reach those of development, {FIRST_OF_DEVELOPMENT} and above"
    if claim.most_seeds is None:
        return
    if not claim.trained:
        yield "most_seeds is for claims on trained networks"
    if type(claim.most_seeds) is not int or claim.most_seeds <= min(map(len, each), default=0):
        yield f"most_seeds is {claim.most_seeds!r}; it is a whole number above that of its seeds"
    elif any(seeds and max(seeds) + claim.most_seeds - len(seeds) >= FIRST_OF_DEVELOPMENT for seeds in each):
        yield f"its seeds up to most_seeds reach those of development, {FIRST_OF_DEVELOPMENT} and above"


def _runs(claim: Claim, known_data: set[str], looked_at: dict[Recipe, list[str]]) -> Iterator[str]:
    """Recipes that cannot be made or kept, or name what nothing is registered under; at any tier, in any case.

    What is wrong with a recipe is found once, and kept in `looked_at`.
    """
    if claim.runs is None or claim.tier not in TIERS:
        return

    def found_once(recipe: Recipe) -> list[str]:
        try:
            if recipe not in looked_at:
                looked_at[recipe] = list(_wrong_recipe(recipe, known_data))
            return looked_at[recipe]
        except TypeError:  # it has no hash, for what is wrong with it
            return list(_wrong_recipe(recipe, known_data))

    wrong: dict[str, None] = {}
    for tier in dict.fromkeys(claim.tier_within(tier) for tier in TIERS if reaches(tier, claim.tier)):
        data = [*claim.data_within(tier), *claim.proxies]
        axes = {**({"data": data} if data else {}), **claim.readings}
        recipes: list[Recipe] = []
        for values in itertools.product(*axes.values()):
            try:
                recipes += claim.runs_within(tier, dict(zip(axes, values, strict=True))).values()
            except Exception as error:  # whatever stops a recipe from being made would stop the session later
                wrong[f"its runs at tier {tier} cannot be made: {type(error).__name__}: {error}"] = None
        for recipe in recipes:
            wrong |= dict.fromkeys(f"its runs at tier {tier} {what}" for what in found_once(recipe))
    yield from wrong


def _wrong_recipe(recipe: Recipe, known_data: set[str]) -> Iterator[str]:
    try:
        names = [name for name, _ in recipe.data_sets()]
        recipe.modules()  # looks networks up, also those of recipes inside others
    except Exception as error:  # as above
        yield f"cannot be made: {type(error).__name__}: {error}"
        return
    for name in names:
        if name not in known_data:
            yield f"take an unknown data set {name!r}"
    for problem in faults(recipe):
        yield f"cannot be kept: {problem}"
