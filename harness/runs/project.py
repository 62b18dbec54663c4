"""Which modules are the project's, and what a name leads to that one of them imports.

The project is all that is neither the standard library nor installed: this package, a checkout's `claims/`, a paper's
folder elsewhere.  Sources are read, never executed.
"""

from __future__ import annotations

import ast
import importlib.util
import sys
import sysconfig
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

PACKAGE = Path(__file__).resolve().parents[1]

APART = (
    # The machine: how processors are counted, libraries loaded, names registered (what a name leads to counts).
    "harness.system",
    # How runs are scheduled, watched, cut and kept.  A change of what they do to results is a new `FORMAT`.
    "harness.runs",
    "harness.store",
    "harness.training.checkpoint",
    # How bytes are found, fetched, verified, decoded or generated that are digested by content, in "data" of the key.
    # Not among them: pretrained weights and annotated images, which no such digest covers in full.
    *(
        f"harness.data.{name}"
        for name in (
            "batches", "built_in", "catalogue", "contents", "digest", "download", "embedded", "errors", "files",
            "folders", "generated", "idx", "image_set", "loading", "packed", "pickles", "published", "spec", "sums",
        )
    ),
)  # fmt: skip
"""What is no part of a result: these modules and all below them are in no digest, and neither is what they import."""


def is_apart(module: str) -> bool:
    """Whether a module is declared to be no part of a result."""
    return any(module == one or module.startswith(f"{one}.") for one in APART)


class Project:
    """The modules of the project, found by their names."""

    def __init__(self, roots: Sequence[Path] | None = None) -> None:
        """Look into these folders; by default where this package stands, and what Python's path has of the project."""
        self.roots = tuple(project_roots() if roots is None else roots)
        self._files: dict[str, Path | None] = {}
        self._trees: dict[Path, ast.Module] = {}
        self._homes: dict[tuple[str, str], tuple[str, str]] = {}

    def file(self, module: str) -> Path | None:
        """The file of a module of the project; None for what is none."""
        if module not in self._files:
            parts = module.split(".")
            places = (root.joinpath(*parts) for root in self.roots) if all(map(str.isidentifier, parts)) else ()
            files = (file for place in places for file in (place.with_suffix(".py"), place / "__init__.py"))
            self._files[module] = next((file for file in files if file.is_file()), None)
        return self._files[module]

    def home(self, source: str, name: str) -> tuple[str, str]:
        """What `from source import name` leads to: a module, and a name in it (empty for the module itself)."""
        if (source, name) not in self._homes:
            self._homes[source, name] = self._home(source, name)
        return self._homes[source, name]

    def _home(self, source: str, name: str) -> tuple[str, str]:
        if self.file(f"{source}.{name}"):
            return f"{source}.{name}", ""
        file = self.file(source)
        if file is not None and file.name == "__init__.py" and not is_apart(source):
            for node in executed(self._tree(file)):
                if isinstance(node, ast.ImportFrom):
                    for alias in node.names:
                        if name == (alias.asname or alias.name):
                            return self.home(absolute(node, source, file), alias.name)
        return source, name

    def has(self, module: str) -> bool:
        """Whether this is a module of the project, or a folder of such without a file of its own."""
        parts = module.split(".")
        return self.file(module) is not None or any(root.joinpath(*parts).is_dir() for root in self.roots)

    def _tree(self, file: Path) -> ast.Module:
        if file not in self._trees:
            self._trees[file] = ast.parse(file.read_bytes())
        return self._trees[file]


def project_roots() -> list[Path]:
    """Folders whose modules are the project's: those of Python's path that hold no installed distributions."""
    standard = {Path(sysconfig.get_path(name)).resolve() for name in ("stdlib", "platstdlib")}
    roots = [PACKAGE.parent]
    for entry in sys.path:
        root = Path(entry).resolve()
        library = standard & {root, *root.parents} or any(root.glob("*.dist-info")) if root.is_dir() else True
        if not library and root not in roots:
            roots.append(root)
    return roots


def executed(node: ast.AST) -> Iterator[ast.AST]:
    """Every node below, but for blocks that only a type checker reads."""
    for child in children(node):
        yield child
        yield from executed(child)


def children(node: Any) -> Iterable[ast.AST]:
    """The nodes right below, but for blocks that only a type checker reads."""
    return node.orelse if is_for_checkers(node) else ast.iter_child_nodes(node)


def is_for_checkers(node: ast.AST) -> bool:
    """Whether it is an `if TYPE_CHECKING`."""
    if not isinstance(node, ast.If):
        return False
    name = node.test.attr if isinstance(node.test, ast.Attribute) else getattr(node.test, "id", None)
    return name == "TYPE_CHECKING"


def absolute(node: ast.ImportFrom, module: str, file: Path) -> str:
    """The full name of the module that an import in `module` names."""
    parent = module if file.name == "__init__.py" else module.rpartition(".")[0]
    return importlib.util.resolve_name("." * node.level + (node.module or ""), parent)
