"""The key: it changes with all that a result depends on, and with nothing else."""

from __future__ import annotations

import dataclasses
import enum
import math
import os
import subprocess
import sys
from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.runs import Recipe, Run, ingredients, key
from harness.runs.run import LONGEST, distinct
from harness.store import content_key
from harness.system.registry import Registry
from harness.system.stable_names import stable_name
from harness.tests.fake_recipes import Counted, Draw, Part, Reads
from harness.training import Adam, Data, Network, Sgd
from harness.training.training import Training


def made_up_bench(digest="d1", device="cpu") -> Any:
    """A bench that needs no torch."""
    return SimpleNamespace(
        device_name="cuda",
        device=SimpleNamespace(type=device),
        provenance=lambda name, split: SimpleNamespace(digest=digest),
    )


def key_of(recipe=None, seed=0, bench=None):
    return content_key(ingredients(Run(recipe or Draw(), seed), bench or made_up_bench()))


class Colour(enum.StrEnum):
    RED = "red"


@stable_name("fake-anything")
@dataclass(frozen=True)
class Anything(Recipe):
    value: object = None


@stable_name("fake-other")
@dataclass(frozen=True)
class Other(Recipe):
    value: object = None


def test_equal_runs_have_equal_keys():
    assert key_of(Draw(part=Part(size=4)), 3) == key_of(Draw().with_(part=Part(4)), 3)


@pytest.mark.parametrize(
    ("recipe", "seed"),
    [(Draw(), 1), (Draw(scale=2.0), 0), (Draw(part=Part(size=4)), 0), (Draw(part=Part(kind="x")), 0), (Reads(), 0)],
)
def test_another_recipe_or_seed_has_another_key(recipe, seed):
    assert key_of(recipe, seed) != key_of()


def test_the_recipes_class_counts_though_its_fields_are_the_same():
    assert key_of(Anything(1)) != key_of(Other(1))
    assert key_of(Anything(Part())) != key_of(Anything({"size": 3, "kind": "plain"}))


def test_other_data_have_another_key_for_runs_that_read_them_only():
    assert key_of(Reads(), bench=made_up_bench("d1")) != key_of(Reads(), bench=made_up_bench("d2"))
    assert key_of(Draw(), bench=made_up_bench("d1")) == key_of(Draw(), bench=made_up_bench("d2"))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("FORMAT", 99),
        ("THREADS", 2),
        ("torch_release", lambda: "9.9"),
        ("device_class", lambda device: "NVIDIA H200"),
        ("code_digest", lambda modules: "0" * 64),
    ],
)
def test_every_other_ingredient_counts(monkeypatch, name, value):
    before = key_of()
    monkeypatch.setattr(key, name, value)
    assert key_of() != before


def test_the_code_of_the_parts_of_a_recipe_counts():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(key, "code_digest", lambda modules: ",".join(sorted(modules)))
        asked = ingredients(Run(Anything((Part(),))), made_up_bench())["code"]
    assert set(asked.split(",")) == {__name__, "harness.runs.recipe", "harness.tests.fake_recipes"}


def test_equal_recipes_have_equal_keys_however_their_numbers_are_written():
    assert key_of(Anything(Sgd(1))) == key_of(Anything(Sgd(1.0)))
    assert key_of(Anything((1, 0, 10**20))) == key_of(Anything((1.0, -0.0, 1e20)))
    assert key_of(Anything(1.5)) != key_of(Anything(1))
    assert key_of(Anything(True)) != key_of(Anything(1))
    one: Any = 1
    assert key_of(Anything(Sgd(1, decay_vectors=one))) != key_of(Anything(Sgd(1)))


def test_records_know_recipes_by_stable_names_and_by_what_is_not_the_default():
    described = ingredients(Run(Anything((Part(size=4), Sgd(0.5)))), made_up_bench())["recipe"]
    assert described == {
        "name": "fake-anything",
        "fields": {"value": [{"name": "fake-part", "fields": {"size": 4}}, {"name": "sgd", "fields": {"rate": 0.5}}]},
    }


def test_a_new_field_at_its_default_changes_no_description():
    before = ingredients(Run(Anything(Part(5))), made_up_bench())["recipe"]
    wider: Any = dataclasses.make_dataclass("Wider", [("more", int, 7)], bases=(Part,), frozen=True)
    wider.__stable_name__ = "fake-part"
    assert ingredients(Run(Anything(wider(5))), made_up_bench())["recipe"] == before
    assert ingredients(Run(Anything(wider(5, more=8))), made_up_bench())["recipe"] != before


def test_a_name_for_people_is_no_part_of_a_recipe():
    assert Draw(called="anything") == Draw()
    assert hash(Draw(called="anything")) == hash(Draw())
    assert ingredients(Run(Draw(called="anything")), made_up_bench()) == ingredients(Run(Draw()), made_up_bench())


def test_a_dataclass_without_a_stable_name_is_refused_by_name():
    @dataclass(frozen=True)
    class Nameless(Draw):
        pass

    with pytest.raises(TypeError, match="Nameless has no stable name"):
        key_of(Anything(Nameless()))
    assert key.faults(Anything((Nameless(), Nameless()))) == [
        f'{__name__}.{Nameless.__qualname__} has no stable name for records: decorate it with @stable_name("...")'
    ]
    assert key.faults(Anything(Draw())) == []


def test_two_classes_cannot_have_one_stable_name():
    with pytest.raises(ValueError, match=r"cannot be named 'fake-part': harness.tests.fake_recipes.Part has that name"):
        stable_name("fake-part")(type("Another", (), {}))
    with pytest.raises(ValueError, match="no stable name"):
        stable_name("Not So")


def test_what_a_recipe_names_in_a_registry_is_part_of_its_key():
    registry = Registry("fake thing")
    try:
        registry.register("fake-vgg", "harness.networks.vgg:plain")
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(key, "code_digest", lambda modules: sorted(modules))
            assert "harness.networks.vgg" in ingredients(Run(Anything(("fake-vgg",))), made_up_bench())["code"]
            assert "harness.networks.vgg" not in ingredients(Run(Anything("other")), made_up_bench())["code"]
    finally:
        del Registry.all["fake thing"]


def test_torch_counts_to_its_minor_version():
    import torch

    assert key.torch_release() == ".".join(torch.__version__.split(".")[:2])


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, (1.0, math.nan), {"x": (math.inf,)}])
def test_numbers_that_are_not_finite_are_refused_with_their_place(value):
    with pytest.raises(ValueError, match=r"Anything\.value.* is -?(nan|inf)"):
        key_of(Anything(value))


@pytest.mark.parametrize("value", [{1, 2}, object(), b"bytes", {1: 2}, len, 1j])
def test_what_is_no_json_value_is_refused_with_its_place(value):
    with pytest.raises(TypeError, match=r"Anything\.value is a"):
        key_of(Anything(value))


plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3).map(tuple) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


@settings(deadline=None, max_examples=40)
@given(plain)
def test_any_json_value_has_a_key_that_does_not_depend_on_the_order_of_names(value):
    assert key_of(Anything(value)) == key_of(Anything(value))
    if isinstance(value, dict):
        assert key_of(Anything(value)) == key_of(Anything(dict(reversed(value.items()))))


def test_enumerations_count_by_value():
    assert key_of(Anything(Colour.RED)) == key_of(Anything("red"))


def test_keys_are_the_same_in_every_process():
    script = (
        "from harness.tests.test_runs_key import *\n"
        "print(key_of(Draw(part=Part(5)), 7), key_of(Counted('f', marker=2)), key_of(Reads()))"
    )
    answers = {
        subprocess.run(
            [sys.executable, "-c", script],
            env=os.environ | {"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert answers == {f"{key_of(Draw(part=Part(5)), 7)} {key_of(Counted('f', marker=2))} {key_of(Reads())}\n"}


def test_a_run_reads_as_what_is_not_the_default():
    assert str(Run(Draw())) == "fake-draw, seed 0"
    assert (
        str(Run(replace(Draw(), scale=2.0, part=Part(kind="odd")), 4))
        == "fake-draw, fake-part kind odd, scale 2, seed 4"
    )
    assert str(Run(Draw(called="Odd draws"), 4)) == "Odd draws, seed 4"


def test_a_training_reads_as_its_network_its_data_and_what_differs():
    network = Network.of("mlp", classes=10)
    training = Training(network, Data("mnist", count=1000), Adam(1e-3), epochs=12, batch_size=32, precision="bf16")
    assert (
        training.title == "mlp classes 10, mnist count 1000, adam rate 0.001, epochs 12, batch size 32, precision bf16"
    )


def test_a_long_name_keeps_both_ends_and_the_seed():
    name = str(Run(Draw(called="begins " + 100 * "x" + " ends"), 12))
    assert len(name) == 70
    assert name != str(Run(Draw(called="begins " + 101 * "x" + " ends"), 12))
    assert name.startswith("begins")
    assert name.endswith(" ends, seed 12")


def test_runs_that_would_read_alike_are_numbered_recipe_by_recipe():
    long = "begins " + 100 * "x" + " ends"
    recipes = [Draw(Part(size), called=title) for title in ("draws", long) for size in (3, 4, 5)]
    runs = [Run(recipe, seed) for recipe in (*recipes, Draw(called="draws (2)")) for seed in (0, 1)]
    found = distinct([*runs, runs[0]])
    assert found == [*runs, runs[0]]
    names = [str(run) for run in found]
    assert names[:6] == [f"draws{number}, seed {seed}" for number in ("", " (2)", " (3)") for seed in (0, 1)]
    assert names[-3:] == ["draws (2) (2), seed 0", "draws (2) (2), seed 1", "draws, seed 0"]
    assert len(set(names)) == len(runs)
    assert max(map(len, names)) <= LONGEST
    assert distinct(found) == found
    assert [str(run) for run in distinct(found)] == names


def test_the_modules_that_a_recipe_names_are_part_of_its_key(monkeypatch):
    plain = ingredients(Run(Draw()), made_up_bench())
    monkeypatch.setattr(Draw, "modules", lambda self: ("harness.networks.mlp",))
    assert ingredients(Run(Draw()), made_up_bench())["code"] != plain["code"]
