"""What counts of a module's source for the digest of the code: what it does, not how it is written.

That is what is left of its syntax tree without docstrings, comments, annotations, imports, `__all__` and blocks for
type checkers; in a file of claims, classes and functions that are no claims, with what they use.  A name that stands
for something of the project is written as a reference, so that neither a module's path nor a definition's name counts.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from harness.runs.project import Project, absolute, children, executed, is_apart, is_for_checkers

REFERENCE = re.compile(r"⟨([\w.]+)\|(\w*)⟩")
"""To what a name stands for: its module, and what it is called there, empty for the module itself."""

_Function = ast.FunctionDef | ast.AsyncFunctionDef
_Scopes = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)
_Comprehensions = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


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


def normalised(name: str, file: Path, project: Project) -> Source:
    """What counts of a module of the project."""
    tree = ast.parse(file.read_bytes())
    imports = _imports(executed(tree), name, file, project)
    body = [statement for statement in tree.body if not (_is_registration(statement) or _is_all(statement))]
    kept = [statement for statement in body if not _is_claim(statement, imports)]
    claims = len(kept) < len(body)
    tree.body = _needed(kept) if claims else kept
    every = {} if claims else dict.fromkeys(_imported(tree, name, file, project))
    names = tuple(_bound(tree.body))
    text = ast.unparse(ast.fix_missing_locations(_Normal(name, file, project, names).visit(tree)))
    used = dict.fromkeys(module for module, _ in REFERENCE.findall(text))
    leads = tuple(module for module in used | every if project.file(module) and module != name and not is_apart(module))
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


def _imports(nodes: Iterable[ast.AST], module: str, file: Path, project: Project) -> dict[str, tuple[str, str]]:
    """What each imported name stands for: a module, and a name in it (empty for the module itself)."""
    found: dict[str, tuple[str, str]] = {}
    for node in nodes:
        if isinstance(node, ast.Import):
            for alias in node.names:
                first = alias.name.split(".")[0]
                found[alias.asname or first] = (alias.name if alias.asname else first, "")
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                found[alias.asname or alias.name] = project.home(absolute(node, module, file), alias.name)
    return found


def _imported(tree: ast.Module, module: str, file: Path, project: Project) -> Iterator[str]:
    """Every module that is imported, whether or not anything of it is used."""
    for node in executed(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (project.home(absolute(node, module, file), alias.name)[0] for alias in node.names)


class _Scope(NamedTuple):
    bound: frozenset[str]
    imports: dict[str, tuple[str, str]]
    is_class: bool = False


class _Normal(ast.NodeTransformer):
    """Takes out what does nothing, and writes what is the project's as references."""

    def __init__(self, module: str, file: Path, project: Project, names: Iterable[str]) -> None:
        self._module, self._file, self._project, self._names = module, file, project, frozenset(names)
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
        if not is_for_checkers(node):
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
        while chain and self._project.has(f"{module}.{chain[0]}"):
            module = f"{module}.{chain.pop(0)}"
        if not self._project.file(module):
            return self.generic_visit(node)
        if chain:
            module, name = self._project.home(module, chain.pop(0))
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
            if self._project.file(module):
                return ast.Name(self._reference(module, name), ast.Load())
        return node

    def _reference(self, module: str, name: str) -> str:
        if is_apart(module):
            return name or "apart"
        if self._project.file(module) or module == self._module:
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
        imports = _imports(nodes, self._module, self._file, self._project)
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
            yield from _own(children(node))
