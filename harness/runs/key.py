"""All that a run's result depends on; the digest of it is the run's key."""

from __future__ import annotations

import dataclasses
import enum
import functools
import importlib.metadata
import importlib.util
import inspect
import math
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from harness.runs.code import code_digest
from harness.runs.conditions import THREADS
from harness.runs.recipe import Recipe
from harness.runs.run import Run
from harness.store.record import FORMAT
from harness.system.registry import Registry
from harness.system.stable_names import name_of

if TYPE_CHECKING:
    import torch

    from harness.runs.bench import Bench


def ingredients(run: Run, bench: Bench) -> dict[str, Any]:
    """What a run is made of, as JSON values.

    Raises:
        TypeError, ValueError: a field of the recipe is no JSON value, or not finite, or a class has no stable name.
    """
    return {
        "format": FORMAT,
        **declared(run),
        "data": {f"{name}/{split}": bench.provenance(name, split).digest for name, split in run.recipe.data_sets()},
        "device": "cpu" if bench.device_name == "cpu" else device_class(bench.device),  # torch is not needed for that
        "threads": THREADS,
        "torch": torch_release(),
    }


def declared(run: Run) -> dict[str, Any]:
    """What a run is made of wherever it is done, known without its data: recipe, seed and code; errors as above."""
    return {**known_by(run), "code": code_digest(_modules(run.recipe))}


def known_by(run: Run) -> dict[str, Any]:
    """What a run is known by, whatever the code is: its recipe and its seed; errors as above."""
    try:
        recipe = _recipe(name_of(type(run.recipe)), run.recipe, repr(run.recipe))
    except TypeError:  # it has lists, which have no hash, or what is refused with its place
        recipe = _described(run.recipe, type(run.recipe).__name__)
    return {"recipe": recipe, "seed": run.seed}


def device_class(device: torch.device) -> str:
    """What is the same for devices that give the same numbers: `cpu`, or the model of the GPU."""
    if device.type == "cpu":
        return "cpu"
    import torch

    return torch.cuda.get_device_name(device)


@functools.cache
def torch_release() -> str:
    """Major and minor version of torch, found without loading it."""
    return ".".join(importlib.metadata.version("torch").split(".")[:2])


def faults(recipe: Recipe) -> list[str]:
    """Why a recipe's records could not be kept or found again, what it is made of named; for checks at collection."""
    found = [f"{where} is a list, which may change: give a tuple" for where in _lists(recipe, type(recipe).__name__)]
    for part in parts(recipe):
        if dataclasses.is_dataclass(part):
            try:
                name_of(type(part))
            except TypeError as error:
                found.append(str(error))
    found += [
        f"{what}, and there is no such module" for what, module in _named(recipe).items() if not _is_there(module)
    ]
    try:
        known_by(Run(recipe, seed=0))
    except (TypeError, ValueError) as error:
        found.append(str(error))
    return list(dict.fromkeys(found))


def _lists(value: Any, where: str) -> Iterator[str]:
    """Where there are lists in what a recipe is made of."""
    if isinstance(value, list):
        yield where
    elif dataclasses.is_dataclass(value):
        for item in identity_fields(value):
            yield from _lists(getattr(value, item.name), f"{where}.{item.name}")
    elif isinstance(value, (tuple, Mapping)):
        items = value.items() if isinstance(value, Mapping) else enumerate(value)
        for name, one in items:
            yield from _lists(one, f"{where}[{name!r}]")


def _is_there(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except (ImportError, ValueError):  # a package above it is not there, or is none
        return False


def identity_fields(kind: Any) -> list[dataclasses.Field[Any]]:
    """The fields of a dataclass that its objects are compared by, and known by."""
    return [item for item in dataclasses.fields(kind) if item.compare]


def default_of(item: dataclasses.Field[Any]) -> Any:
    """The default of a field; `dataclasses.MISSING` where it has none."""
    return item.default_factory() if item.default_factory is not dataclasses.MISSING else item.default


@functools.lru_cache(maxsize=4096)
def _recipe(name: str, recipe: Recipe, told: str) -> Any:
    """Its description, found once; name and text set apart what is equal in Python and not in JSON: 1 and True."""
    return _described(recipe, type(recipe).__name__)


def _described(value: Any, where: str) -> Any:
    """JSON values, equal for equal ones.

    Of a dataclass those fields count that are not at their default, so that a field that is added changes no
    description; what the defaults are is in the digest of the code.
    """
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = {
            item.name: _described(getattr(value, item.name), f"{where}.{item.name}")
            for item in identity_fields(value)
            if not _same(getattr(value, item.name), default_of(item))
        }
        return {"name": name_of(type(value)), "fields": fields}
    if isinstance(value, enum.Enum):
        return _described(value.value, where)
    if isinstance(value, (tuple, list)):
        return [_described(one, f"{where}[{index}]") for index, one in enumerate(value)]
    if isinstance(value, Mapping) and all(isinstance(name, str) for name in value):
        return {name: _described(one, f"{where}[{name!r}]") for name, one in value.items()}
    if isinstance(value, float):
        if not math.isfinite(value):
            raise ValueError(f"{where} is {value}: a recipe's numbers are finite")
        return int(value) if value.is_integer() else value  # 1 == 1.0, but JSON writes them differently
    if value is None or isinstance(value, (bool, int, str)):
        return value
    raise TypeError(f"{where} is a {type(value).__name__}: a recipe holds JSON values, tuples and dataclasses of them")


def _same(value: Any, default: Any) -> bool:
    """Whether a field is at its default; `True` is not 1 here, as it is not in JSON."""
    return bool(value == default) and isinstance(value, bool) == isinstance(default, bool)


def _modules(recipe: Recipe) -> set[str]:
    """Modules that a recipe needs.

    Those of its class, of its bases, and of the dataclasses that it holds; those that it says itself; and those of what
    its strings name in some registry: an architecture, a loss.  A data set is known by its content, not by its code.
    """
    classes = {
        base
        for part in parts(recipe)
        if dataclasses.is_dataclass(part)
        for base in inspect.getmro(type(part))
        if base is not object
    }
    return {kind.__module__ for kind in classes} - {"typing", "abc"} | {*_named(recipe).values()} | {*recipe.modules()}


def _named(recipe: Recipe) -> dict[str, str]:
    """The modules of what a recipe's strings name in some registry, by what is named, in words."""
    names = {part for part in parts(recipe) if isinstance(part, str)} - {name for name, _ in recipe.data_sets()}
    return {
        f"{registry.kind} {name!r} is {registry.target(name)}": registry.module(name)
        for registry in Registry.all.values()
        for name in registry.names()
        if name in names
    }


def parts(value: Any) -> Iterator[Any]:
    """What a recipe is made of, at any depth: dataclasses and plain values."""
    yield value
    if dataclasses.is_dataclass(value):
        for item in identity_fields(value):
            yield from parts(getattr(value, item.name))
    elif isinstance(value, (tuple, list)):
        for one in value:
            yield from parts(one)
    elif isinstance(value, Mapping):
        for one in value.values():
            yield from parts(one)
