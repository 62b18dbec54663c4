"""The digest of the code that a run executes: of what it does, not of how it is written or where it stands.

It covers, module by module, what a recipe's classes need of the project, directly or through others: imports, and
strings that name a module ("claims.toy.methods.net:Net").

Of a module counts its normal form (`harness.runs.normal_form`), in which a name that stands for something of the
project is replaced by two numbers, of the module in the order in which it is met and of the definition in its module.
So neither a module's path has any part in the digest, nor the name of a class, function or constant at its top.

Not seen: names put together at run time; what installed libraries do, but for torch's release, which the key has.
Seen, though they change nothing: renamed local variables and attributes, another order of definitions, type aliases.
"""

from __future__ import annotations

import functools
import hashlib
import re
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from harness.runs.normal_form import REFERENCE, Source, normalised
from harness.runs.project import Project, is_apart


def code_digest(modules: Iterable[str]) -> str:
    """SHA-256 of what these modules do and what they need of the project; found once a process."""
    return _digest(tuple(sorted(set(modules))), tuple(sys.path))


@functools.cache
def _digest(modules: tuple[str, ...], path: tuple[str, ...]) -> str:
    return digest(modules, _reader(path))


@functools.cache
def _reader(path: tuple[str, ...]) -> Reader:
    return Reader()


def digest(modules: Iterable[str], reader: Reader) -> str:
    """The same, of what a reader reads.  Each module gives a digest with what it leads to; their order is none."""
    each = {_digest_from(name, reader) for name in modules if not is_apart(name)}
    return hashlib.sha256("".join(sorted(each)).encode()).hexdigest()


def closure(modules: Iterable[str]) -> dict[str, Path]:
    """Source files by module name: the modules, and what they need of the project, as far as that leads.

    A package's `__init__` counts where it defines what is taken from it, not where it hands on a name from elsewhere or
    is only on the way to a submodule.

    Raises:
        ValueError: a module has no source file.
    """
    reader, found = Reader(), dict[str, Path]()
    for root in (name for name in modules if not is_apart(name)):
        found |= {name: reader.source(name).file for name in _reached(root, reader) if not is_apart(name)}
    return found


def _digest_from(root: str, reader: Reader) -> str:
    order = _reached(root, reader)
    numbers = {name: number for number, name in enumerate(order)}
    places = {name: {top: place for place, top in enumerate(reader.source(name).names)} for name in order}

    def numbered(reference: re.Match[str]) -> str:
        module, name = reference.groups()
        if module not in numbers:
            return name
        return f"⟨{numbers[module]}.{places[module].get(name, name)}⟩"

    texts = [REFERENCE.sub(numbered, reader.source(name).text) for name in order]
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()


def _reached(root: str, reader: Reader) -> list[str]:
    """The root and all modules that it leads to, in the order in which they are met, depth first."""
    order: dict[str, None] = {}
    waiting = [root]
    while waiting:
        name = waiting.pop()
        if name not in order:
            order[name] = None
            waiting += reversed(reader.source(name).leads)
    return list(order)


class Reader(Project):
    """Reads modules of the project in their normal form, each once."""

    def __init__(self, roots: Sequence[Path] | None = None) -> None:
        """Look into these folders; by default where `Project` does."""
        super().__init__(roots)
        self._sources: dict[str, Source] = {}

    def source(self, name: str) -> Source:
        """A module by its full name; ValueError where it has no source file."""
        if name not in self._sources:
            file = self.file(name) or _loaded_from(name)
            if file is None:
                raise ValueError(f"module {name} has no source file: define its recipe in one, for the digest")
            self._sources[name] = normalised(name, file, self)
        return self._sources[name]


def _loaded_from(name: str) -> Path | None:
    file = getattr(sys.modules.get(name), "__file__", None)
    return Path(file) if file else None
