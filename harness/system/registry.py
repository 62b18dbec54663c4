"""Things that a recipe names instead of holding them: networks, losses, data sets.

A name is an identity: records hold it, so it outlives a move of the code that it leads to.  Registering loads nothing;
a target, "package.module:attribute", is imported at first use.
"""

from __future__ import annotations

import importlib
import importlib.util
from typing import Any, ClassVar


class UnknownName(ValueError):
    """Nothing is registered under a name."""


class Registry:
    """What can be found by name among things of one kind.

    Every registry is listed in `Registry.all`, so that a worker process can be told what its parent knows.
    """

    all: ClassVar[dict[str, Registry]] = {}

    def __init__(self, kind: str, **targets: str) -> None:
        """Make a registry of things of this kind, in words for messages, with its first entries."""
        self.kind = kind
        earlier = Registry.all.get(
            kind
        )  # a worker may be told names before it imports the module that has their registry
        self._targets: dict[str, str] = earlier._targets if earlier else {}
        Registry.all[kind] = self
        for name, target in targets.items():
            self.register(name, target)

    def register(self, name: str, target: str) -> None:
        """Let `name` stand for the attribute of a module, given as "package.module:attribute".

        Raises:
            ValueError: the target is not of that form, or the name stands for another one already.
        """
        module, _, attribute = target.partition(":")
        if not (attribute.isidentifier() and all(part.isidentifier() for part in module.split("."))):
            raise ValueError(f"{self.kind} {name!r}: a target is 'package.module:attribute', not {target!r}")
        first = self._targets.setdefault(name, target)
        if first != target:
            raise ValueError(f"{self.kind} {name!r} is {first} already; {target} needs another name")

    def names(self) -> tuple[str, ...]:
        """All names, in order of registration."""
        return tuple(self._targets)

    def target(self, name: str) -> str:
        """What a name stands for.

        Raises:
            UnknownName: nothing; the message lists all names.
        """
        try:
            return self._targets[name]
        except KeyError:
            raise UnknownName(f"there is no {self.kind} {name!r}; there are {', '.join(self._targets)}") from None

    def module(self, name: str) -> str:
        """The module that holds what a name stands for; errors as in `target`."""
        return self.target(name).partition(":")[0]

    def load(self, name: str) -> Any:
        """What a name stands for, imported.

        Raises:
            UnknownName: nothing is registered under it, or what is registered is not there.
        """
        module, _, attribute = self.target(name).partition(":")
        try:
            return getattr(importlib.import_module(module), attribute)
        except (ModuleNotFoundError, AttributeError) as error:
            raise UnknownName(f"{self.kind} {name!r} is {module}:{attribute}, which is not there: {error}") from error


def registered() -> dict[str, dict[str, str]]:
    """Every target by kind and name: what `register_all` takes in another process."""
    return {kind: dict(registry._targets) for kind, registry in Registry.all.items()}


def register_all(targets: dict[str, dict[str, str]]) -> None:
    """Register what another process has registered."""
    for kind, named in targets.items():
        registry = Registry.all.get(kind) or Registry(kind)
        for name, target in named.items():
            registry.register(name, target)
