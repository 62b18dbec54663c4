"""All that a run's result depends on; the digest of it is the run's key."""

from __future__ import annotations

import dataclasses
import enum
import functools
import importlib.metadata
import math
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from harness.runs.code import code_digest
from harness.runs.conditions import THREADS
from harness.runs.recipe import Recipe
from harness.runs.run import Run
from harness.store.record import FORMAT

if TYPE_CHECKING:
    import torch

    from harness.runs.bench import Bench


def ingredients(run: Run, bench: Bench) -> dict[str, Any]:
    """What a run is made of, as JSON values.

    Raises:
        TypeError, ValueError: a field of the recipe is no JSON value, or not finite.
    """
    return {
        "format": FORMAT,
        "recipe": _described(run.recipe, type(run.recipe).__name__),
        "seed": run.seed,
        "data": {f"{name}/{split}": bench.provenance(name, split).digest for name, split in run.recipe.data_sets()},
        "code": code_digest(_modules(run.recipe) | set(run.recipe.modules())),
        "device": device_class(bench.device),
        "threads": THREADS,
        "torch": torch_release(),
    }


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


def _described(value: Any, where: str) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        names = [item.name for item in dataclasses.fields(value)]
        fields = {name: _described(getattr(value, name), f"{where}.{name}") for name in names}
        return {"class": f"{type(value).__module__}.{type(value).__qualname__}", "fields": fields}
    if isinstance(value, enum.Enum):
        return _described(value.value, where)
    if isinstance(value, (tuple, list)):
        return [_described(one, f"{where}[{index}]") for index, one in enumerate(value)]
    if isinstance(value, Mapping) and all(isinstance(name, str) for name in value):
        return {name: _described(one, f"{where}[{name!r}]") for name, one in value.items()}
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"{where} is {value}: a recipe's numbers are finite")
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    raise TypeError(f"{where} is a {type(value).__name__}: a recipe holds JSON values, tuples and dataclasses of them")


def _modules(recipe: Recipe) -> set[str]:
    """Modules of the recipe's class, of its bases, and of the dataclasses that it holds."""
    return {base.__module__ for part in _parts(recipe) for base in type(part).__mro__ if base is not object}


def _parts(value: Any) -> Iterator[Any]:
    if dataclasses.is_dataclass(value):
        yield value
        for item in dataclasses.fields(value):
            yield from _parts(getattr(value, item.name))
    elif isinstance(value, (tuple, list)):
        for one in value:
            yield from _parts(one)
    elif isinstance(value, Mapping):
        for one in value.values():
            yield from _parts(one)
