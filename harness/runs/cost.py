"""What runs will cost, from what finished ones did."""

from __future__ import annotations

import statistics
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness.runs.bench import Bench
from harness.runs.key import parts
from harness.runs.recipe import Recipe
from harness.store.record import Record
from harness.system.stable_names import kind_of


@dataclass(frozen=True)
class Cost:
    """What a run is expected to take.

    Attributes:
        seconds: on one worker; None where nothing comparable has been done.
        basis: where the number comes from.
    """

    seconds: float | None
    basis: str


UNKNOWN = Cost(None, "unknown")

UNTRAINED = Cost(None, "trains nothing")
"""Of a run that measures without training: seconds rather than minutes, which no record of its kind has told yet."""


class Throughput:
    """What finished runs took, to say what others will.

    A run costs the median of the records of its recipe, with whatever seed, on the same kind of device.  Where there is
    none, those of the evidence, which another machine may have recorded.  Where there are none either, and the recipe
    says how much there is to do (`MEASURES`), it costs what the recipe that differs in the fewest fields took for the
    same amount.  Records of the code as it is now are preferred to those of earlier versions.  Of others is told
    whether they train anything.
    """

    def __init__(self, records: Iterable[Record], evidence: Iterable[Record] = (), bench: Bench | None = None) -> None:
        self._sources = {"this recipe": _by_kind(records), "evidence": _by_kind(evidence)}
        self._bench = bench or Bench()

    def cost(self, recipe: Recipe, made_of: Mapping[str, Any]) -> Cost:
        """The cost of a run of this recipe, whose key is made of these things (`harness.runs.ingredients`)."""
        described, code = made_of["recipe"], made_of["code"]
        kind = made_of["device"], described["name"]
        for basis, records in self._sources.items():
            same = [(record, record.seconds) for record in records[kind] if record.made_of["recipe"] == described]
            if same:
                return Cost(_median(same, code), basis)
        told = ((measure, measure(recipe, self._bench)) for measure in MEASURES)
        known = [(measure, amount) for measure, amount in told if amount is not None]
        for measure, amount in known:
            for records in self._sources.values():
                nearest = self._nearest(described, records[kind], measure)
                if nearest:
                    return Cost(amount * _median(nearest, code), "scaled by work")
        return UNKNOWN if known or trains(recipe) else UNTRAINED

    def _nearest(self, described: Any, peers: Sequence[Record], measure: Measure) -> list[tuple[Record, float]]:
        """Those records whose recipe differs least from the described one, with their seconds for each of its amount.

        Recipes that do not say how much there is to do are passed over.
        """
        rated: dict[int, list[Record]] = defaultdict(list)
        for record in peers:
            rated[_differences(described, record.made_of["recipe"])].append(record)
        for _, records in sorted(rated.items()):
            amounts = ((record, measure(rebuilt(record.made_of["recipe"]), self._bench)) for record in records)
            found = [(record, record.seconds / amount) for record, amount in amounts if amount is not None]
            if found:
                return found
        return []


GROWTH = 2 / 3
"""With which power of a training step's operations the time of a run grows on a CPU.

Narrow networks wait for memory: between a batch-norm VGG-11 an eighth as wide and the whole one 61 times the operations
took 33 times as long, a power of 0.85.  What a run measures after its training grows less.
"""


def trains(recipe: Recipe) -> bool:
    """Whether a recipe, or anything that it is made of, goes through its data in epochs."""
    return any(hasattr(part, "epochs") for part in parts(recipe))


def _by_kind(records: Iterable[Record]) -> dict[tuple[Any, Any], list[Record]]:
    """Records by device and kind of recipe, but for those that diverged."""
    found: dict[tuple[Any, Any], list[Record]] = defaultdict(list)
    for record in records:
        recipe = record.made_of.get("recipe")
        if isinstance(recipe, dict) and not record.diverged:
            found[record.made_of.get("device"), recipe.get("name")].append(record)
    return found


def _median(values: Sequence[tuple[Record, float]], code: str) -> float:
    """The median over the records of this code, or over all where it has none."""
    now = [value for record, value in values if record.made_of.get("code") == code]
    return statistics.median(now or [value for _, value in values])


Measure = Callable[[Any, Bench], float | None]
"""How much there is to do; None where the recipe does not say, for one that does not fit, and for what is no recipe."""

_UNFIT = (TypeError, ValueError, LookupError, AttributeError, RuntimeError)
"""What a recipe may raise that is rebuilt from an old record; the last is torch's for shapes."""


def steps_of(recipe: Any, bench: Bench) -> float | None:
    """The steps of a training (`Recipe.effort`), each by its operations to the power of `GROWTH`."""
    try:
        effort = recipe.effort(bench) if isinstance(recipe, Recipe) else None
    except _UNFIT:
        return None
    return effort.steps * (effort.operations / effort.steps) ** GROWTH if effort and min(effort) > 0 else None


def work_of(recipe: Any, _: Bench) -> float | None:
    """What the recipe says itself (`Recipe.work`), in a unit of its class."""
    try:
        amount = recipe.work() if isinstance(recipe, Recipe) else None
    except _UNFIT:
        return None
    return amount if amount is not None and amount > 0 else None


MEASURES: tuple[Measure, ...] = (steps_of, work_of)
"""The one that says more first."""


def rebuilt(described: Any) -> Any:
    """The recipe that a record's JSON describes, from classes that are loaded already; None where that cannot be."""
    if isinstance(described, list):
        return tuple(rebuilt(one) for one in described)
    if not isinstance(described, dict):
        return described
    if described.keys() != {"name", "fields"}:
        return {name: rebuilt(one) for name, one in described.items()}
    kind = kind_of(str(described["name"]))
    if kind is None:
        return None
    try:
        return kind(**{name: rebuilt(one) for name, one in described["fields"].items()})
    except (TypeError, ValueError, LookupError, AttributeError):
        return None


def _differences(one: Any, other: Any) -> int:
    """In how many fields two descriptions differ."""
    mine, theirs = dict(_leaves(one)), dict(_leaves(other))
    return sum(name not in mine or name not in theirs or mine[name] != theirs[name] for name in mine | theirs)


def _leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, (dict, list)):
        for name, one in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _leaves(one, f"{path}/{name}")
    else:
        yield path, value
