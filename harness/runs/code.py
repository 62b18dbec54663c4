"""The digest of the code that a run executes: of what it does, not of how it is written or where it stands.

It covers, module by module, what a recipe's classes need of the project, directly or through others.  The project is
all that is neither the standard library nor installed: this package, a checkout's `claims/`, a paper's folder
elsewhere.  Sources are read, never executed: imports, and strings that name a module ("claims.toy.methods.net:Net").

Of a module counts what is left of its syntax tree without docstrings, comments, annotations, imports, `__all__` and
blocks for type checkers.  A name that stands for something of the project is replaced by two numbers, of the module in
the order in which it is met and of the definition in its module: so neither a module's path has any part in the digest,
nor the name of a class, function or constant at the top of a module.  In a file of claims only classes and functions
that are no claims count, with what they use.

Not seen: names put together at run time; what installed libraries do, but for torch's release, which the key has.
Seen, though they change nothing: renamed local variables and attributes, another order of definitions, type aliases.
"""

from __future__ import annotations

import ast
import functools
import hashlib
import importlib.util
import re
import sys
import sysconfig
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

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

_REF = re.compile(r"⟨([\w.]+)\|(\w*)⟩")
_Function = ast.FunctionDef | ast.AsyncFunctionDef
_Scopes = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)
_Comprehensions = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


def is_apart(module: str) -> bool:
    """Whether a module is declared to be no part of a result."""
    return any(module == one or module.startswith(f"{one}.") for one in APART)


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

    texts = [_REF.sub(numbered, reader.source(name).text) for name in order]
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


class Source(NamedTuple):
    """A module as it counts.

    Attributes:
        file: where it is read from.
        text: what is left of it, with `⟨module|name⟩` for what it uses of the project.
        names: what it defines at its top, in order.
        leads: the modules that it needs, first those that `text` names, in its order.
    """

    file: Path
    text: str
    names: tuple[str, ...]
    leads: tuple[str, ...]


class Reader:
    """Reads modules of the project, each once."""

    def __init__(self, roots: Sequence[Path] | None = None) -> None:
        """Look into these folders; by default where this package stands, and what Python's path has of the project."""
        self.roots = tuple(project_roots() if roots is None else roots)
        self._sources: dict[str, Source] = {}
        self._files: dict[str, Path | None] = {}
        self._trees: dict[Path, ast.Module] = {}
        self._homes: dict[tuple[str, str], tuple[str, str]] = {}

    def source(self, name: str) -> Source:
        """A module by its full name; ValueError where it has no source file."""
        if name not in self._sources:
            file = self.file(name) or _loaded_from(name)
            if file is None:
                raise ValueError(f"module {name} has no source file: define its recipe in one, for the digest")
            self._sources[name] = _normalised(name, file, self)
        return self._sources[name]

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
            for node in _executed(self._tree(file)):
                if isinstance(node, ast.ImportFrom):
                    for alias in node.names:
                        if name == (alias.asname or alias.name):
                            return self.home(_absolute(node, source, file), alias.name)
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


def _loaded_from(name: str) -> Path | None:
    file = getattr(sys.modules.get(name), "__file__", None)
    return Path(file) if file else None


def _executed(node: ast.AST) -> Iterator[ast.AST]:
    """Every node below, but for blocks that only a type checker reads."""
    for child in _children(node):
        yield child
        yield from _executed(child)


def _children(node: Any) -> Iterable[ast.AST]:
    return node.orelse if _for_checkers(node) else ast.iter_child_nodes(node)


def _for_checkers(node: ast.AST) -> bool:
    if not isinstance(node, ast.If):
        return False
    name = node.test.attr if isinstance(node.test, ast.Attribute) else getattr(node.test, "id", None)
    return name == "TYPE_CHECKING"


def _absolute(node: ast.ImportFrom, module: str, file: Path) -> str:
    parent = module if file.name == "__init__.py" else module.rpartition(".")[0]
    return importlib.util.resolve_name("." * node.level + (node.module or ""), parent)


def _normalised(name: str, file: Path, reader: Reader) -> Source:
    tree = ast.parse(file.read_bytes())
    imports = _imports(_executed(tree), name, file, reader)
    body = [statement for statement in tree.body if not (_is_registration(statement) or _is_all(statement))]
    kept = [statement for statement in body if not _is_claim(statement, imports)]
    claims = len(kept) < len(body)
    tree.body = _needed(kept) if claims else kept
    every = {} if claims else dict.fromkeys(_imported(tree, name, file, reader))
    names = tuple(_bound(tree.body))
    text = ast.unparse(ast.fix_missing_locations(_Normal(name, file, reader, names).visit(tree)))
    used = dict.fromkeys(module for module, _ in _REF.findall(text))
    leads = tuple(module for module in used | every if reader.file(module) and module != name and not is_apart(module))
    return Source(file, text, names, leads)


def _is_registration(statement: ast.stmt) -> bool:
    """Whether it says what a name stands for; of all that are registered, only those count that a recipe names."""
    call = statement.value if isinstance(statement, ast.Expr) else None
    if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr == "register"):
        return False
    texts = [one.value for one in call.args if isinstance(one, ast.Constant) and isinstance(one.value, str)]
    return any(re.fullmatch(r"[\w.]+:\w+", text) for text in texts)


def _is_all(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Assign) and ast.unparse(statement.targets[0]) == "__all__"


def _is_claim(statement: ast.stmt, imports: dict[str, tuple[str, str]]) -> bool:
    if not isinstance(statement, _Function):
        return False
    roots = (next(n for n in ast.walk(one) if isinstance(n, ast.Name)).id for one in statement.decorator_list)
    return any(imports.get(root, ("", ""))[0].startswith("harness.claims") for root in roots)


def _needed(statements: Sequence[ast.stmt]) -> list[ast.stmt]:
    """Classes and functions, and the statements that define what they use."""
    needed: list[ast.stmt] = [one for one in statements if isinstance(one, ast.ClassDef | _Function)]
    for one in needed:
        used = {node.id for node in ast.walk(one) if isinstance(node, ast.Name)}
        needed += [other for other in statements if other not in needed and used & set(_bound([other]))]
    return [one for one in statements if one in needed or isinstance(one, (ast.Import, ast.ImportFrom))]


def _bound(body: Iterable[ast.AST]) -> dict[str, None]:
    """Names that these statements bind in their own scope, but for imports; in order."""
    found: dict[str, None] = {}
    released: set[str] = set()
    waiting = list(body)[::-1]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Global | ast.Nonlocal):
            released |= set(node.names)
        name = getattr(node, "name", None)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found[node.id] = None
        elif isinstance(name, str) and not isinstance(node, ast.alias):  # functions, classes, handlers, patterns
            found[name] = None
        if not isinstance(node, (*_Scopes, *_Comprehensions)):
            waiting += list(ast.iter_child_nodes(node))[::-1]
    return {name: None for name in found if name not in released}


def _imports(nodes: Iterable[ast.AST], module: str, file: Path, reader: Reader) -> dict[str, tuple[str, str]]:
    """What each imported name stands for: a module, and a name in it (empty for the module itself)."""
    found: dict[str, tuple[str, str]] = {}
    for node in nodes:
        if isinstance(node, ast.Import):
            for alias in node.names:
                first = alias.name.split(".")[0]
                found[alias.asname or first] = (alias.name if alias.asname else first, "")
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                found[alias.asname or alias.name] = reader.home(_absolute(node, module, file), alias.name)
    return found


def _imported(tree: ast.Module, module: str, file: Path, reader: Reader) -> Iterator[str]:
    """Every module that is imported, whether or not anything of it is used."""
    for node in _executed(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (reader.home(_absolute(node, module, file), alias.name)[0] for alias in node.names)


class _Scope(NamedTuple):
    bound: frozenset[str]
    imports: dict[str, tuple[str, str]]
    is_class: bool = False


class _Normal(ast.NodeTransformer):
    """Takes out what does nothing, and writes what is the project's as references."""

    def __init__(self, module: str, file: Path, reader: Reader, names: Iterable[str]) -> None:
        self._module, self._file, self._reader, self._names = module, file, reader, frozenset(names)
        self._scopes: list[_Scope] = []

    def visit(self, node: ast.AST) -> Any:
        found: Any = super().visit(node)
        if getattr(found, "body", None) == [] and not isinstance(found, ast.Module):
            found.body = [ast.Pass()]
        return found

    def visit_Module(self, node: ast.Module) -> ast.AST:
        return self._within(node, self._scope(node.body, ()), lambda: self.generic_visit(node))

    def visit_FunctionDef(self, node: _Function) -> ast.AST:
        node.returns = None
        node.name = self._top(node.name)
        node.decorator_list = [self.visit(one) for one in node.decorator_list]
        node.args = self.visit(node.args)
        parameters = [one.arg for one in ast.walk(node.args) if isinstance(one, ast.arg)]
        self._within(node, self._scope(node.body, parameters), lambda: self._statements(node))
        return node

    visit_AsyncFunctionDef = visit_FunctionDef  # noqa: N815

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        node.name = self._top(node.name)
        for field in ("decorator_list", "bases", "keywords"):
            setattr(node, field, [self.visit(one) for one in getattr(node, field)])
        scope = self._scope(node.body, ())._replace(is_class=True)
        self._within(node, scope, lambda: self._statements(node))
        return node

    def visit_Lambda(self, node: ast.Lambda) -> ast.AST:
        node.args = self.visit(node.args)
        parameters = [one.arg for one in ast.walk(node.args) if isinstance(one, ast.arg)]
        scope = self._scope([], parameters)
        return self._within(node, scope, lambda: self._set(node, "body", self.visit(node.body)))

    def _comprehension(self, node: ast.AST) -> ast.AST:
        targets = [generator.target for generator in node.generators]  # type: ignore[attr-defined]
        return self._within(node, self._scope(targets, ()), lambda: self.generic_visit(node))

    visit_ListComp = visit_SetComp = visit_DictComp = visit_GeneratorExp = _comprehension  # noqa: N815

    def visit_arg(self, node: ast.arg) -> ast.AST:
        node.annotation = None
        return node

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST | None:
        if self._scopes[-1].is_class:  # a field of a dataclass; what is none, stays none
            kind = re.search(r"ClassVar|InitVar|KW_ONLY", ast.unparse(node.annotation))
            node.annotation = ast.Name(kind.group() if kind else "Field", ast.Load())
            node.value = self.visit(node.value) if node.value else None
            return node
        if node.value is None:
            return None
        assigned = ast.Assign([node.target], node.value)
        return self.generic_visit(ast.copy_location(assigned, node))

    def visit_Expr(self, node: ast.Expr) -> ast.AST | None:
        return None if isinstance(node.value, ast.Constant) else self.generic_visit(node)

    def visit_If(self, node: ast.If) -> ast.AST | list[ast.AST] | None:
        if not _for_checkers(node):
            return self.generic_visit(node)
        node.body = [ast.Pass()]
        node.orelse = self._list(node.orelse)
        return list(node.orelse)

    def visit_Import(self, node: ast.Import | ast.ImportFrom) -> None:
        return None

    visit_ImportFrom = visit_Import  # noqa: N815

    def visit_Global(self, node: ast.Global) -> ast.AST:
        node.names = [f"⟨{self._module}|{name}⟩" for name in node.names]
        return node

    def visit_Name(self, node: ast.Name) -> ast.AST:
        standing = self._standing(node.id)
        if standing is not None:
            node.id = self._reference(*standing)
        return node

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        chain: list[str] = []
        inner: ast.AST = node
        while isinstance(inner, ast.Attribute):
            chain.insert(0, inner.attr)
            inner = inner.value
        standing = self._standing(inner.id) if isinstance(inner, ast.Name) else None
        if standing is None or standing[1]:
            return self.generic_visit(node)
        module, name = standing
        while chain and self._reader.has(f"{module}.{chain[0]}"):
            module = f"{module}.{chain.pop(0)}"
        if not self._reader.file(module):
            return self.generic_visit(node)
        if chain:
            module, name = self._reader.home(module, chain.pop(0))
        found: ast.expr = ast.Name(self._reference(module, name), ast.Load())
        for attribute in chain:
            found = ast.Attribute(found, attribute, node.ctx)
        return found

    def visit_JoinedStr(self, node: ast.JoinedStr) -> ast.AST:
        node.values = [one if isinstance(one, ast.Constant) else self.visit(one) for one in node.values]
        return node

    def visit_Constant(self, node: ast.Constant) -> ast.AST:
        if isinstance(node.value, str) and re.fullmatch(r"[^\W\d][\w.]*\.\w+(:\w+)?", node.value):
            module, _, name = node.value.partition(":")
            if self._reader.file(module):
                return ast.Name(self._reference(module, name), ast.Load())
        return node

    def _reference(self, module: str, name: str) -> str:
        if is_apart(module):
            return name or "apart"
        if self._reader.file(module) or module == self._module:
            return f"⟨{module}|{name}⟩"
        return f"{module}.{name}" if name else module

    def _standing(self, name: str) -> tuple[str, str] | None:
        """What a name stands for, if it is imported or defined at the top of the module."""
        for depth, scope in enumerate(reversed(self._scopes)):
            if scope.is_class and depth:  # methods do not see the names of their class
                continue
            outermost = depth == len(self._scopes) - 1
            if name in scope.imports:
                return scope.imports[name]
            if name in scope.bound:
                return (self._module, name) if outermost else None
        return None

    def _top(self, name: str) -> str:
        return f"⟨{self._module}|{name}⟩" if len(self._scopes) == 1 else name

    def _scope(self, body: Sequence[ast.AST], parameters: Iterable[str]) -> _Scope:
        nodes = _own(body)
        imports = _imports(nodes, self._module, self._file, self._reader)
        return _Scope(frozenset(_bound(body)) | frozenset(parameters), imports)

    def _within(self, node: ast.AST, scope: _Scope, visit: Callable[[], object]) -> ast.AST:
        self._scopes.append(scope)
        visit()
        self._scopes.pop()
        return node

    def _statements(self, node: _Function | ast.ClassDef) -> None:
        node.body = self._list(node.body)

    def _list(self, statements: Iterable[ast.stmt]) -> list[Any]:
        found: list[Any] = []
        for one in statements:
            visited = self.visit(one)
            found += visited if isinstance(visited, list) else [visited] if visited is not None else []
        return found

    @staticmethod
    def _set(node: ast.AST, field: str, value: object) -> None:
        setattr(node, field, value)


def _own(body: Iterable[ast.AST]) -> Iterator[ast.AST]:
    """The nodes of a scope without those of scopes within it, and without what type checkers read."""
    for node in body:
        yield node
        if not isinstance(node, _Scopes):
            yield from _own(_children(node))
