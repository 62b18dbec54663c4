"""The digest of the code that a run executes, so that a change of it makes the run a new one.

It covers the module that defines a recipe and every module of this package that it uses, directly or through others.
What is used is read from the sources, without executing them: imports, and strings that name a module, such as
`"claims.gamba2020.methods.lenet:LeNet"` in a table of builders.  A name that is put together at run time is not seen.
"""

from __future__ import annotations

import ast
import functools
import hashlib
import importlib.util
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1]


def code_digest(modules: Iterable[str]) -> str:
    """SHA-256 over the sources of these modules and of what they import from this package; found once a process."""
    return _digest(tuple(sorted(set(modules))))


@functools.cache
def _digest(modules: tuple[str, ...]) -> str:
    return digest_of(closure(modules))


def digest_of(files: dict[str, Path]) -> str:
    """SHA-256 over names and bytes of modules."""
    lines = [f"{name} {hashlib.sha256(file.read_bytes()).hexdigest()}\n" for name, file in sorted(files.items())]
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def closure(modules: Iterable[str], package: Path = PACKAGE) -> dict[str, Path]:
    """Source files by module name: the modules, and what they use of `package`, as far as that leads.

    A package's `__init__` counts where it defines what is taken from it, not where it hands on a name from elsewhere or
    is only on the way to a submodule.

    Raises:
        ValueError: a module has no source file.
    """
    found = {name: _root_file(name, package) for name in modules}
    waiting = list(found)
    while waiting:
        name = waiting.pop()
        for target in _used(name, found[name], package):
            file = _file(target, package)
            if file is not None and target not in found:
                found[target] = file
                waiting.append(target)
    return found


def _root_file(name: str, package: Path) -> Path:
    file = _file(name, package) or getattr(sys.modules.get(name), "__file__", None)
    if file is None:
        raise ValueError(f"module {name} has no source file: define its recipe in one, for the digest")
    return Path(file)


def _file(module: str, package: Path) -> Path | None:
    """The file of a module of the package; None for what is no module of it."""
    parts = module.split(".")
    if parts[0] != package.name or not all(part.isidentifier() for part in parts):
        return None
    place = package.parent.joinpath(*parts)
    candidates = (place.with_name(f"{place.name}.py"), place / "__init__.py")
    return next((file for file in candidates if file.is_file()), None)


def _used(module: str, file: Path, package: Path) -> Iterator[str]:
    for node in _executed(ast.parse(file.read_bytes())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            source = _source(node, module, file)
            yield from (_home(source, alias.name, package) for alias in node.names)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value.split(":")[0]


def _source(node: ast.ImportFrom, module: str, file: Path) -> str:
    parent = module if file.name == "__init__.py" else module.rpartition(".")[0]
    return importlib.util.resolve_name("." * node.level + (node.module or ""), parent)


def _home(source: str, name: str, package: Path) -> str:
    """The module that `from source import name` leads to: a submodule, or the one that `source` has the name from."""
    if _file(f"{source}.{name}", package):
        return f"{source}.{name}"
    file = _file(source, package)
    if file is None or file.name != "__init__.py":
        return source
    for node in _executed(ast.parse(file.read_bytes())):
        if isinstance(node, ast.ImportFrom):
            for alias in node.names:
                if name == (alias.asname or alias.name):
                    return _home(_source(node, source, file), alias.name, package)
    return source


def _executed(node: ast.AST) -> Iterator[ast.AST]:
    """Every node below, but for blocks that only a type checker reads."""
    children: Iterable[ast.AST] = ast.iter_child_nodes(node)
    if isinstance(node, ast.If) and ast.unparse(node.test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING"):
        children = node.orelse
    for child in children:
        yield child
        yield from _executed(child)
