"""The code digest: a change of what a run executes changes it, a change of anything else does not."""

from __future__ import annotations

import importlib
import pkgutil
import sys
import textwrap
from pathlib import Path

import pytest

from harness.runs import Recipe
from harness.runs.code import Reader, closure, code_digest, digest
from harness.runs.project import PACKAGE, is_apart
from harness.training import Adam, Data, Network
from harness.training.training import Training

FILES = {
    "__init__.py": "from house import unrelated\n",
    "recipe.py": '''
        """What it is for."""
        from dataclasses import dataclass
        from typing import TYPE_CHECKING
        import typing
        import numpy as np
        import house.direct
        from house import sibling
        from house.rooms import small
        from house.rooms.big import size
        from .near import thing
        if TYPE_CHECKING:
            from house import for_checkers
        if typing.TYPE_CHECKING:
            from house import for_checkers
        else:
            from house import otherwise
        SCALE = 2
        @dataclass
        class Recipe:
            """A recipe."""
            rate: float = 1.0
            """How fast."""
            def compute(self, seed: int) -> float:
                """Compute."""
                from house.late import work
                total: float = np.sqrt(seed) * SCALE
                return work(total) + thing * size * house.direct.base(small)
        BUILDERS = {"deep": "house.named:Deep", "text": "house.unrelated is only mentioned"}
        ''',
    "direct.py": "import house.indirect\nbase = abs",
    "indirect.py": "import house.recipe",
    "sibling.py": "",
    "near.py": "thing = 1",
    "late.py": "def work(x): return x",
    "named.py": "class Deep: pass",
    "otherwise.py": "",
    "for_checkers.py": "",
    "unrelated.py": "",
    "rooms/__init__.py": "from house.rooms.tiny import small\nfrom house import unrelated",
    "rooms/tiny.py": "small = 1",
    "rooms/big.py": "size = 1",
    "halls/__init__.py": "from house.halls.grand import *\nlength = 1",
    "halls/grand.py": "",
}
USED = {
    "house.recipe",
    "house.direct",
    "house.indirect",
    "house.sibling",
    "house.near",
    "house.late",
    "house.named",
    "house.otherwise",
    "house.rooms.tiny",
    "house.rooms.big",
}
CLAIMS = '''
    from harness.claims.claim import claim
    from harness.rules import less_than
    from house.near import thing
    from house.late import work

    RULE = less_than(2)
    FACTOR = 3

    class Recipe:
        def compute(self):
            return FACTOR * thing

    @claim("XX-01", RULE, where="section 1")
    def test_claim(lab):
        """The claim."""
        return work(1)
    '''


@pytest.fixture
def house(tmp_path):
    for name, text in FILES.items():
        write(tmp_path / "house" / name, text)
    return tmp_path / "house"


def write(file, text):
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(textwrap.dedent(text))


def of(house, module="house.recipe"):
    """The digest, read anew."""
    return digest([module], Reader([house.parent, PACKAGE.parent]))


def edit(file, old, new):
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))


def test_the_closure_is_what_the_module_uses(house, monkeypatch):
    monkeypatch.syspath_prepend(house.parent)
    assert set(closure(["house.recipe"])) == USED


def test_a_name_that_a_package_defines_itself_brings_in_the_package(house, monkeypatch):
    monkeypatch.syspath_prepend(house.parent)
    (house / "direct.py").write_text("from house.halls import length")
    assert set(closure(["house.direct"])) == {"house.direct", "house.halls", "house.halls.grand"}


@pytest.mark.parametrize("name", sorted(FILES))
def test_editing_a_module_changes_the_digest_if_and_only_if_it_is_used(house, name):
    before = of(house)
    with (house / name).open("a") as file:
        file.write("\nadded = 1\n")
    module = "house." + name.removesuffix(".py").replace("/", ".")
    assert (of(house) != before) == (module in USED)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("What it is for.", "Something else."),
        ('"""A recipe."""', ""),
        ("How fast.", "How slow."),
        ('"""Compute."""', '"""Compute."""  # in a way'),
        ("rate: float = 1.0", "rate: int | float = 1.0"),
        ("seed: int) -> float", "seed) -> 'object'"),
        ("total: float = ", "total = "),
        ("np.sqrt(seed) * SCALE", "np.sqrt(\n            seed\n        )*SCALE"),
        ("from .near import thing", "from house.near import thing"),
        ("from house.rooms import small", "from house.rooms.tiny import small"),
        ("SCALE", "FACTOR"),
        ("Recipe", "Formula"),
        ("from house import for_checkers", "from house import unrelated"),
    ],
)
def test_what_does_nothing_is_not_in_the_digest(house, old, new):
    before = of(house)
    edit(house / "recipe.py", old, new)
    assert of(house) == before


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("SCALE = 2", "SCALE = 3"),
        ("rate: float = 1.0", "rate: float = 2.0"),
        ("rate: float = 1.0", "pace: float = 1.0"),
        ("rate: float = 1.0", "rate: typing.ClassVar[float] = 1.0"),
        ("np.sqrt", "np.cbrt"),
        ("thing * size", "thing + size"),
        ("thing * size", "size * size"),
        ("thing * size", "thing * SCALE"),
        ("import numpy as np", "import math as np"),
        ("house.named:Deep", "house.near:thing"),
    ],
)
def test_what_does_something_is_in_the_digest(house, old, new):
    before = of(house)
    edit(house / "recipe.py", old, new)
    assert of(house) != before


def test_a_local_name_is_not_taken_for_one_at_the_top(house):
    file = house / "near.py"
    file.write_text("x = 1\ndef f(y): return x")
    before = of(house, "house.near")
    file.write_text("y = 1\ndef f(y): return y")
    assert of(house, "house.near") != before
    file.write_text("z = 1\ndef f(y): return z")
    assert of(house, "house.near") == before


def test_a_change_of_which_name_is_taken_from_a_module_counts(house):
    (house / "near.py").write_text("thing = 1\nother = 2")
    for text in ("from house.near import {0}\nresult = {0}", "import house.near as n\nresult = n.{0}"):
        (house / "late.py").write_text(text.format("thing"))
        before = of(house, "house.late")
        (house / "late.py").write_text(text.format("other"))
        assert of(house, "house.late") != before
        (house / "near.py").write_text("other = 1\nthing = 2")  # the two have changed their names
        assert of(house, "house.late") == before
        (house / "near.py").write_text("thing = 1\nother = 2")


def test_the_digest_does_not_depend_on_names_of_modules_and_packages(house):
    before = of(house)
    moved = house.parent / "elsewhere" / "palace"
    moved.parent.mkdir()
    house.rename(moved)
    (moved / "near.py").rename(moved / "zzz.py")
    (moved / "rooms" / "big.py").rename(moved / "large.py")
    (moved / "recipe.py").rename(moved / "a.py")
    for file in moved.rglob("*.py"):
        text = file.read_text().replace("house.rooms.big", "house.large").replace("house.recipe", "house.a")
        file.write_text(text.replace(".near", ".zzz").replace("house", "palace"))
    edit(moved / "a.py", "palace.unrelated is only", "house.unrelated is only")  # text is text
    assert of(moved, "palace.a") == before


def test_claims_beside_a_recipe_are_no_part_of_it_and_what_it_uses_is(house):
    file = house / "test_claims.py"
    write(file, CLAIMS)
    before = of(house, "house.test_claims")
    edit(file, "The claim.", "Another statement.")
    edit(file, "less_than(2)", "less_than(3)")
    edit(file, "work(1)", "work(2)")
    edit(house / "late.py", "return x", "return 2 * x")
    assert of(house, "house.test_claims") == before
    edit(file, "FACTOR = 3", "FACTOR = 4")
    changed = of(house, "house.test_claims")
    assert changed != before
    edit(house / "near.py", "thing = 1", "thing = 2")
    assert of(house, "house.test_claims") not in (before, changed)


def test_a_constant_in_a_helper_beside_the_claims_counts(tmp_path, monkeypatch):
    """A helper in a paper's folder that stands outside this checkout."""
    write(tmp_path / "toy2026" / "helper.py", "FACTOR = 2")
    write(tmp_path / "toy2026" / "recipes.py", "from toy2026.helper import FACTOR\ndef compute(): return FACTOR")
    monkeypatch.syspath_prepend(tmp_path)
    assert set(closure(["toy2026.recipes"])) == {"toy2026.recipes", "toy2026.helper"}
    before = digest(["toy2026.recipes"], Reader())
    edit(tmp_path / "toy2026" / "helper.py", "2", "3")
    assert digest(["toy2026.recipes"], Reader()) != before


def test_what_is_registered_counts_only_where_it_is_named(house):
    (house / "near.py").write_text("from house.rooms import small as REGISTRY\nthing = 1")
    before = of(house)
    with (house / "near.py").open("a") as file:
        file.write('\nREGISTRY.register("unrelated", "house.unrelated:nothing")')
    assert of(house) == before


def test_installed_libraries_are_not_the_projects(tmp_path, monkeypatch):
    write(tmp_path / "library" / "lib.py", "")
    (tmp_path / "library" / "lib-1.0.dist-info").mkdir()
    monkeypatch.syspath_prepend(tmp_path / "library")
    assert Reader().file("lib") is None
    assert Reader().file("numpy") is None
    assert Reader().file("json") is None


def test_a_recipe_of_this_package_leads_to_its_trainer_and_not_to_what_brings_bytes():
    used = closure(["harness.training.training"])
    assert {"harness.training.loop", "harness.training.labelled"} <= set(used)
    assert not [name for name in used if is_apart(name)]
    assert all(file.is_relative_to(PACKAGE) for file in used.values())


@pytest.mark.parametrize(
    "name",
    ["system.processors", "system.torchvision_compat", "data.folders", "data.download", "runs.workers", "store.store"],
)
def test_how_cores_are_counted_and_files_found_is_no_part_of_a_result(name):
    assert is_apart(f"harness.{name}")
    assert Reader().file(f"harness.{name}"), "it is there under this name"


@pytest.mark.parametrize("name", ["training.loop", "networks.vgg", "interventions.pixels", "statistics.resampling"])
def test_training_networks_interventions_and_measures_are_part_of_it(name):
    assert not is_apart(f"harness.{name}")


def test_a_training_leads_to_its_own_network_and_to_no_other():
    recipe = Training(Network.of("mlp"), Data("mnist"), Adam(1e-3), epochs=1, batch_size=1)
    assert recipe.modules() == ("harness.networks.mlp", "harness.training.loss")
    others = ("harness.networks.vgg", "harness.networks.mlp", "harness.networks.alexnet")
    assert not [name for name in closure(["harness.training.training"]) if name in others]


def test_a_recipe_outside_the_package_counts_with_its_own_file(tmp_path, monkeypatch):
    (tmp_path / "visiting_recipe.py").write_text("import harness.verdicts\n")
    monkeypatch.syspath_prepend(tmp_path)
    __import__("visiting_recipe")
    assert set(closure(["visiting_recipe"])) == {"visiting_recipe", "harness.verdicts"}
    del sys.modules["visiting_recipe"]


def test_a_recipe_without_a_file_is_refused():
    with pytest.raises(ValueError, match="no source file"):
        code_digest(["builtins"])


def recipes():
    """The modules of all kinds of recipes of this checkout, by their papers' packages (empty for the harness)."""
    claims = PACKAGE.parent / "claims"
    packages = [f"claims.{folder.parent.name}.methods" for folder in sorted(claims.glob("*/methods"))]
    for package in ["harness.training", *packages]:
        for module in pkgutil.iter_modules(importlib.import_module(package).__path__, f"{package}."):
            if not module.ispkg:
                importlib.import_module(module.name)
    kinds = [Recipe]
    for kind in kinds:
        kinds += kind.__subclasses__()
    return sorted(
        {kind.__module__ for kind in kinds if kind.__module__.startswith(tuple(packages))} | {Training.__module__}
    )


def test_an_independent_import_graph_finds_nothing_that_the_digest_lacks():
    """grimp needs packages with `__init__`: so one graph over the harness and each paper's methods as a root of it."""
    grimp = pytest.importorskip("grimp")
    names = recipes()
    assert len(names) > 5
    papers = sorted({".".join(name.split(".")[:3]) for name in names if name.startswith("claims.")})
    graph = grimp.build_graph("harness", *papers, exclude_type_checking_imports=True, cache_dir=None)
    for root in names:
        covered, waiting = set(closure([root])), [root]
        seen = set(waiting)
        while waiting:
            module = waiting.pop()
            for target in sorted(graph.find_modules_directly_imported_by(module) - seen):
                seen.add(target)
                if is_apart(target) or _hands_on(module, target, covered, graph):
                    continue
                assert target in covered, f"{root} needs {target}, which {module} imports"
                waiting.append(target)


def _hands_on(module, target, covered, graph):
    """Whether an import of a package only takes what the package has from modules of its own, which are covered."""
    is_package = Path(sys.modules[target].__file__ if target in sys.modules else "").name == "__init__.py"
    return is_package and target not in covered and bool(graph.find_modules_directly_imported_by(target) & covered)
