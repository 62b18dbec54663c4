"""The house: the harness knows no paper, its packages form no cycle, papers know the harness and not each other."""

from __future__ import annotations

import ast
import re
import tomllib
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[2]
HARNESS, TESTS, CLAIMS = ROOT / "harness", ROOT / "harness" / "tests", ROOT / "claims"
PAPERS = {file.parent.name: tomllib.loads(file.read_text("utf-8")) for file in sorted(CLAIMS.glob("*/paper.toml"))}


class Import(NamedTuple):
    file: Path
    line: int
    module: str

    def __str__(self) -> str:
        return f"{self.file.relative_to(ROOT)}:{self.line} imports {self.module}"


def names_of_papers() -> re.Pattern[str]:
    """Folders, first authors, and the registered names and adjectives that begin with an author ("author-net").

    An author's name in small letters is none where it is a word of the trade: fan-in, fan_out.
    """
    authors = [paper["authors"].partition(",")[0].split()[-1] for paper in PAPERS.values()]
    words = [rf"\b{author}\b" for author in authors]
    words += [rf"\b{author.lower()}(?![a-z]|[-_ ]?(?:in|out)\b)" for author in authors]
    return re.compile("|".join([*words, *PAPERS]))


def ids_of_claims() -> re.Pattern[str]:
    prefixes = "|".join(paper["prefix"] for paper in PAPERS.values())
    return re.compile(rf"\b(?:{prefixes})-\d+|\bE-(?:{prefixes})\d+")


def sources(folder: Path) -> list[Path]:
    return [file for file in sorted(folder.rglob("*")) if file.suffix in (".py", ".j2", ".css", ".toml", ".json")]


def imports(file: Path) -> Iterator[Import]:
    """What a module imports when it is loaded or run; what only a type checker reads is left out."""
    waiting: list[ast.AST] = [ast.parse(file.read_text("utf-8"))]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            waiting += node.orelse
            continue
        if isinstance(node, ast.Import):
            yield from (Import(file, node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}:{node.lineno} has a relative import"
            yield from (Import(file, node.lineno, f"{node.module}.{alias.name}") for alias in node.names)
        waiting += ast.iter_child_nodes(node)


def package(module: str) -> str:
    """The package of the harness that a module belongs to; a module that stands directly in it is one of its own."""
    return ".".join(module.split(".")[:2])


def cycles(edges: dict[str, set[str]]) -> list[tuple[str, ...]]:
    """Groups of nodes that reach each other."""

    def reached(start: str) -> set[str]:
        found: set[str] = set()
        waiting = [start]
        while waiting:
            new = edges.get(waiting.pop(), set()) - found
            found |= new
            waiting += new
        return found

    ways = {node: reached(node) for node in edges}
    return sorted({tuple(sorted(o for o in ways if o in ways[n] and n in ways[o])) for n in ways if n in ways[n]})


def test_there_are_papers_to_look_for():
    assert len(PAPERS) >= 4
    said = names_of_papers()
    for folder, paper in PAPERS.items():
        author = paper["authors"].partition(",")[0].split()[-1]
        for text in (folder, f"as {author} et al. say", f'"{author.lower()}-net"', f"{author.lower()}2019"):
            assert said.search(text), text
    assert not any(said.search(text) for text in ("fan-in", "fan_out", "1 / sqrt(fan-in)", "fancy"))


@pytest.mark.parametrize("file", sources(HARNESS), ids=lambda file: str(file.relative_to(ROOT)))
def test_the_harness_names_no_paper(file):
    """Neither in code nor in strings, comments and names of files; ids of claims stand in tests only."""
    if file == Path(__file__):
        return
    place = str(file.relative_to(ROOT))
    patterns = [names_of_papers()] if file.is_relative_to(TESTS) else [names_of_papers(), ids_of_claims()]
    for number, line in enumerate([place, *file.read_text("utf-8").splitlines()]):
        for pattern in patterns:
            assert not (said := pattern.search(line)), f"{place}:{number} names {said.group()}: {line.strip()}"


def test_the_harness_imports_no_paper():
    wrong = [
        str(one) for file in HARNESS.rglob("*.py") for one in imports(file) if one.module.split(".")[0] == "claims"
    ]
    assert wrong == []


@pytest.mark.parametrize("paper", PAPERS)
def test_a_paper_imports_no_other(paper):
    wrong = [
        str(one)
        for file in (CLAIMS / paper).rglob("*.py")
        for one in imports(file)
        if one.module.split(".")[0] == "claims" and one.module.split(".")[1] != paper
    ]
    assert wrong == []


def test_packages_of_the_harness_form_no_cycle():
    edges: dict[str, set[str]] = defaultdict(set)
    places: dict[tuple[str, str], list[str]] = defaultdict(list)
    for file in HARNESS.rglob("*.py"):
        here = package(".".join(file.relative_to(ROOT).with_suffix("").parts))
        for one in imports(file):
            there = package(one.module)
            if not file.is_relative_to(TESTS) and there.split(".")[0] == "harness" and there != here:
                edges[here].add(there)
                places[here, there].append(str(one))
    assert len(edges) > 10
    found = cycles(edges)
    inside = [said for (a, b), said in places.items() for group in found if a in group and b in group]
    assert found == [], inside


def test_a_cycle_would_be_found():
    assert cycles({"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}}) == [("a", "b", "c")]
    assert cycles({"a": {"b", "c"}, "b": {"c"}}) == []


def test_imports_are_read_wherever_they_stand(tmp_path):
    file = tmp_path / "module.py"
    file.write_text(
        "from typing import TYPE_CHECKING\n"
        "if TYPE_CHECKING:\n    import for_types\nelse:\n    import otherwise\n"
        "def f():\n    from harness import verdicts\n    import numpy.linalg\n"
    )
    assert {one.module for one in imports(file)} == {
        "typing.TYPE_CHECKING", "otherwise", "harness.verdicts", "numpy.linalg",
    }  # fmt: skip


def test_no_name_of_a_file_occurs_three_times():
    names = Counter(
        file.name for file in HARNESS.rglob("*.py") if not file.is_relative_to(TESTS) and file.name != "__init__.py"
    )
    assert [name for name, count in names.items() if count > 2] == []
