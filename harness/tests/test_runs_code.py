"""The code digest: a change of what a run executes changes it, a change of anything else does not."""

from __future__ import annotations

import sys
import textwrap

import pytest

from harness.runs.code import PACKAGE, closure, code_digest, digest_of
from harness.training import Adam, Data, Network
from harness.training.training import Training

FILES = {
    "__init__.py": "from house import unrelated\n",
    "recipe.py": """
        from typing import TYPE_CHECKING
        import typing
        import numpy
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
        class Recipe:
            def compute(self):
                from house.late import work
        BUILDERS = {"deep": "house.named:Deep", "text": "house.unrelated is only mentioned"}
        """,
    "direct.py": "import house.indirect",
    "indirect.py": "import house.recipe",
    "sibling.py": "",
    "near.py": "thing = 1",
    "late.py": "work = 1",
    "named.py": "",
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


@pytest.fixture
def house(tmp_path):
    for name, text in FILES.items():
        file = tmp_path / "house" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(textwrap.dedent(text))
    return tmp_path / "house"


def digest(house, module="house.recipe"):
    return digest_of(closure([module], house))


def test_the_closure_is_what_the_module_uses(house):
    assert set(closure(["house.recipe"], house)) == USED


def test_a_name_that_a_package_defines_itself_brings_in_the_package(house):
    (house / "direct.py").write_text("from house.halls import length")
    assert set(closure(["house.direct"], house)) == {"house.direct", "house.halls", "house.halls.grand"}


@pytest.mark.parametrize("name", sorted(FILES))
def test_editing_a_module_changes_the_digest_if_and_only_if_it_is_used(house, name):
    before = digest(house)
    with (house / name).open("a") as file:
        file.write("\n# A comment counts too.\n")
    module = "house." + name.removesuffix(".py").replace("/", ".")
    assert (digest(house) != before) == (module in USED)


def test_the_digest_does_not_depend_on_where_the_package_lies(house, tmp_path):
    before = digest(house)
    moved = tmp_path / "elsewhere"
    moved.mkdir()
    assert digest(house.rename(moved / "house")) == before


def test_names_count_as_well_as_bytes(tmp_path):
    (tmp_path / "a.py").touch()
    assert digest_of({"house.a": tmp_path / "a.py"}) != digest_of({"house.b": tmp_path / "a.py"})


def test_a_recipe_of_this_package_leads_to_its_trainer_and_not_to_the_store():
    used = closure(["harness.training.training"])
    assert "harness.training.loop" in used
    assert "harness.runs.recipe" in used
    assert not [name for name in used if name.startswith(("harness.store", "harness.plugin", "harness.report"))]
    assert all(file.is_relative_to(PACKAGE) for file in used.values())


def test_a_training_leads_to_its_own_network_and_to_no_other():
    recipe = Training(Network.of("gamba-lenet"), Data("mnist"), Adam(1e-3), epochs=1, batch_size=1)
    assert recipe.modules() == ("claims.gamba2020.methods.lenet",)
    assert not [name for name in closure(["harness.training.training"]) if name.startswith("harness.networks.le")]


def test_a_recipe_outside_the_package_counts_with_its_own_file(tmp_path, monkeypatch):
    (tmp_path / "visiting_recipe.py").write_text("import harness.system.lazy\n")
    monkeypatch.syspath_prepend(tmp_path)
    __import__("visiting_recipe")
    assert set(closure(["visiting_recipe"])) == {"visiting_recipe", "harness.system.lazy"}
    del sys.modules["visiting_recipe"]


def test_a_recipe_without_a_file_is_refused():
    with pytest.raises(ValueError, match="no source file"):
        code_digest(["builtins"])
