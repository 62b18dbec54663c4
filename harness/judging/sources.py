"""The project files that a verdict may come from, found without importing any, and digested byte by byte.

It takes more rather than less, since it costs nothing but a second judging: of a module counts every module that its
text names, in an import or in a string ("claims.toy.methods.net:Net") or by chance, with the `__init__` of every
package on the way and what lies beside them that is no module.  The digest of a run's code (`harness.runs.code`), which
outlives what changes no result, is another matter.

Not seen: names put together at run time, and relative imports out of the folders that Python finds modules in.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

APART = ("harness.benchmarks", "harness.commands", "harness.plugin", "harness.report")
"""What stands around judging: it selects cases, and tells what they came to.  It is not followed."""

_DOTTED = re.compile(r"[^\W\d]\w*(?:\.[^\W\d]\w*)+")
_IMPORT = re.compile(r"^[ \t]*import[ \t]+(\w+)", re.MULTILINE)
_FROM = re.compile(r"^[ \t]*from[ \t]+(\.*)([\w.]*)[ \t]+import[ \t]+(\([^)]*\)|[^\n]*)", re.MULTILINE)
_NO_SOURCES = {".py", ".pyc", ".pyi"}


class Sources:
    """Reads the files of a project, each once."""

    def __init__(self, roots: Sequence[Path]) -> None:
        """Look into these folders, in which the project's modules are found by their full names."""
        self._roots = [root.resolve() for root in roots]
        entries = (entry for root in self._roots if root.is_dir() for entry in root.iterdir())
        self._tops = {entry.name.removesuffix(".py") for entry in entries}
        self._found: dict[str, dict[Path, None]] = {}
        self._leads: dict[Path, frozenset[Path]] = {}
        self._sums: dict[Path, str] = {}

    def files(self, module: str) -> dict[Path, None]:
        """The files that are run when a name is imported: of the packages on the way, and its own; none for others."""
        if module not in self._found:
            self._found[module] = dict.fromkeys(self._files(module))
        return self._found[module]

    def reached(self, files: Iterable[Path]) -> frozenset[Path]:
        """These modules, all that they lead to, and what lies beside them."""
        found: set[Path] = set()
        waiting = [file.resolve() for file in files]
        while waiting:
            file = waiting.pop()
            if file not in found:
                found.add(file)
                waiting += self._led_to(file)
        folders = {file.parent for file in found if file.name != "conftest.py"}  # stands beside all sorts of things
        return frozenset(found.union(*map(self._beside, folders)))

    def digest(self, files: Iterable[Path]) -> str:
        """SHA-256 over the bytes of these files and their places within the project."""
        lines = sorted(f"{os.path.relpath(file, self._roots[0])} {self._sum(file)}\n" for file in files)
        return hashlib.sha256("".join(lines).encode("utf-8", "surrogateescape")).hexdigest()

    def _files(self, module: str) -> Iterator[Path]:
        parts = module.split(".")
        if parts[0] not in self._tops or any(module == one or module.startswith(f"{one}.") for one in APART):
            return
        for root in self._roots:
            for count in range(1, len(parts) + 1):
                place = root.joinpath(*parts[:count])
                file = next((one for one in (place / "__init__.py", place.with_suffix(".py")) if one.is_file()), None)
                if file is not None:
                    yield file
                elif not place.is_dir():
                    break

    def _led_to(self, file: Path) -> frozenset[Path]:
        if file not in self._leads:
            text = file.read_bytes().decode("utf-8", "replace")
            self._leads[file] = frozenset(found for name in self._named(text, file) for found in self.files(name))
        return self._leads[file]

    def _named(self, text: str, file: Path) -> set[str]:
        names = {*_DOTTED.findall(text), *_IMPORT.findall(text)}
        for dots, module, imported in _FROM.findall(text):
            above = self._package(file, len(dots)) if dots else ""
            package = ".".join(part for part in (above, module) if part)
            names |= {package, *(f"{package}.{name}" for name in re.findall(r"\w+", imported))}
        return names

    def _package(self, file: Path, up: int) -> str:
        """The package that so many dots stand for in a module."""
        folder = file.parents[up - 1]
        root = next((root for root in self._roots if folder.is_relative_to(root)), None)
        return ".".join(folder.relative_to(root).parts) if root is not None else ""

    def _beside(self, folder: Path) -> Iterator[Path]:
        for entry in folder.iterdir():
            if entry.is_file() and entry.suffix not in _NO_SOURCES and not entry.name.startswith("."):
                yield entry

    def _sum(self, file: Path) -> str:
        if file not in self._sums:
            self._sums[file] = hashlib.sha256(file.read_bytes()).hexdigest()
        return self._sums[file]
