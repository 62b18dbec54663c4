"""A recheck tells mistakes in the training code from the rounding of another processor."""

from __future__ import annotations

import contextlib
import copy
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import torch

from harness.benchmarks.rounding import EPOCHS, MISTAKES, _of_weights
from harness.evidence.recheck import Comparison, compare, precision_of, same_machine
from harness.runs import Bench
from harness.training import SHIFT_AND_FLIP, Cosine, Data, Network, Sgd, Steps
from harness.training.training import Training

NETWORKS = {
    "batch norm": Network.of("vgg16", classes=4, width=4, channels=1),
    "plain": Network.of("mlp", inputs=32 * 32, width=16, depth=2, classes=4),
}
IMAGES = Data("textures", count=120, held_out=60)


def training(kind: str = "plain", precision: str = "float32") -> Training:
    return Training(
        network=NETWORKS[kind],
        data=IMAGES,
        optimiser=Sgd(0.05, 0.9, 5e-3),
        schedule=Cosine(4),
        epochs=2,
        batch_size=20,
        augmentation=SHIFT_AND_FLIP,
        precision=precision,
    )


def metrics(recipe: Training, seed: int = 3) -> dict:
    return dict(recipe.compute(seed, Bench()).metrics)


def made_of(recipe: Training) -> dict:
    return {"recipe": {"name": "training", "fields": {"precision": recipe.precision}}}


def rechecked(recipe: Training, now: dict, **how: bool) -> Comparison:
    return compare(metrics(recipe), now, made_of(recipe), **how)


@pytest.mark.parametrize("precision", ["float32", "bf16"])
@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_in_the_training_code_is_caught(mistake, precision):
    recipe = training(precision=precision)
    with MISTAKES[mistake](recipe.with_(epochs=1)) as mistaken:
        now = metrics(mistaken)
    differences = rechecked(recipe, now).differences
    assert differences
    assert all(difference.metric in str(difference) for difference in differences)


def test_a_schedule_whose_steps_come_an_epoch_late_is_caught_by_a_whole_run():
    recipe = training().with_(schedule=Steps((1,)))
    (difference,) = [
        one
        for one in rechecked(recipe, metrics(recipe.with_(schedule=Steps((2,)))), whole=True).differences
        if one.metric == "rate"
    ]
    assert (difference.place, str(difference)) == ((1,), "rate [epoch 1]: recorded 0.005, now 0.05")


@contextlib.contextmanager
def two_threads():
    threads = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


@contextlib.contextmanager
def channels_first():
    plain = torch.channels_last
    torch.channels_last = torch.contiguous_format
    try:
        yield
    finally:
        torch.channels_last = plain


@pytest.mark.parametrize("elsewhere", [two_threads, channels_first])
@pytest.mark.parametrize("kind", NETWORKS)
def test_rounding_as_on_another_machine_is_none(kind, elsewhere):
    recipe = training(kind)
    with elsewhere():
        first, whole = metrics(recipe.with_(epochs=1)), metrics(recipe)
    comparison = rechecked(recipe, first)
    assert not comparison.differences
    assert comparison.compared >= 8
    assert not rechecked(recipe, whole, whole=True).differences


def test_the_first_epoch_begins_as_the_whole_run_to_the_bit():
    recipe = training("batch norm")
    opening = recipe.opening()
    assert opening is not None
    comparison = rechecked(recipe, metrics(opening), to_the_bit=True)
    assert comparison.exact
    assert not comparison.differences
    assert recipe.with_(epochs=1).opening() is None


def test_on_the_same_machine_nothing_may_differ():
    recipe = training()
    now = metrics(recipe)
    now["train_loss"] = [loss * (1 + 1e-7) for loss in now["train_loss"]]
    for whole in (False, True):
        assert not rechecked(recipe, now, whole=whole).differences
        found = rechecked(recipe, now, whole=whole, to_the_bit=True).differences
        assert {one.metric for one in found} == {"train_loss"}


def test_what_is_missing_differs():
    recipe = training()
    now = {name: value for name, value in metrics(recipe).items() if name != "fingerprints"}
    assert [one.metric for one in rechecked(recipe, now).differences] == ["fingerprints"]


RECORD: dict[str, Any] = {
    "train_loss": [2.0, 1.0, 0.5, 0.1],
    "train_accuracy": [0.25, 0.5, 0.75, 1.0],
    "validation_accuracy": [0.1, 0.3, 0.6, 0.7, 0.74],
    "rate": [0.1, 0.1, 0.01, 0.0],
    "final_validation_accuracy": 0.74,
    "fingerprints": {"initial weights": "12ab", "order of images": "34cd"},
    "shared_images": {"validation": [0, 50], "test": [1, 200]},
    "opening_losses": [2.3, 2.2, 2.1, 2.0],
    "optimiser": [{"momentum": 0.9, "weight_decay": 0.0}],
    "test_accuracy": {"as it is": [0.705, 0.71], "turned": [0.2]},
    "without a layer": {"test": {"0": [0.105, 0.2, 0.3]}},
    "numbers by layer": [[3, 5], [4, 5], [4, 6], [2, 6], [2, 7]],
    "gone": [0.81234, 1.71234, 30.5],
    "correlation": {"first": {"pooled": 0.0123, "each": -0.25}},
    "rows": {"all": {"mean": [31.25, 30.1, None]}},
    "boxes": [[[0.5, 1.5, "thing"], [2.5, 3.5, "cat, 0.51"]], []],
    "named": ["one", "two"],
    "broke": True,
}
"""A made-up record of four epochs, with a metric of each kind that recipes write down."""

OPENING = {
    **{name: RECORD[name] for name in ("fingerprints", "shared_images", "opening_losses", "optimiser")},
    **{name: RECORD[name][:1] for name in ("train_loss", "train_accuracy", "rate")},
    **{name: RECORD[name][:2] for name in ("validation_accuracy", "numbers by layer")},
    "final_validation_accuracy": 0.3,
    "test_accuracy": {"as it is": [0.35]},
    "gone": [0.1, 0.2, 0.9],
}
"""What its first epoch gives."""


def places(value: Any, *above: Any) -> Iterator[tuple[Any, ...]]:
    """Where the single values of nested lists and mappings stand."""
    if not isinstance(value, (dict, list)):
        yield above
        return
    for name, one in value.items() if isinstance(value, dict) else enumerate(value):
        yield from places(one, *above, name)


def put(metrics: dict[str, Any], place: tuple[Any, ...], change: Callable[[Any], Any]) -> tuple[dict[str, Any], Any]:
    """A copy with one value changed, and the value."""
    changed = holder = copy.deepcopy(metrics)
    for name in place[:-1]:
        holder = holder[name]
    holder[place[-1]] = change(holder[place[-1]])
    return changed, holder[place[-1]]


def slightly(value: Any) -> Any:
    """Another value, that only a comparison to the last digit tells from it."""
    if isinstance(value, bool) or value is None:
        return not value
    if isinstance(value, str):
        return value + "'"
    return value + 1 if isinstance(value, int) else value + 1e-6


def beyond(value: Any) -> Any:
    """Another value, that no rounding leads to."""
    return 2 * value + 0.7 if isinstance(value, float) else slightly(value)


COUNTS = ("numbers by layer",)
CHOSEN = ("boxes",)
ROUNDED = (("fingerprints", "initial weights"),)


@pytest.mark.parametrize("place", list(places(RECORD)), ids=lambda place: "-".join(map(str, place)))
def test_any_number_of_a_whole_run_that_changes_is_found_and_named(place):
    now, value = put(RECORD, place, slightly)
    (difference,) = compare(RECORD, now, {}, whole=True, to_the_bit=True).differences
    assert (difference.metric, *difference.place) == place
    assert (difference.recorded, difference.found) != (value, value)
    assert difference.found == value
    assert all(str(part) in str(difference) for part in place)
    elsewhere = compare(RECORD, put(RECORD, place, beyond)[0], {}, whole=True).differences
    untold = place[0] in (*COUNTS, *CHOSEN) or place in ROUNDED
    assert [(one.metric, *one.place) for one in elsewhere] == ([] if untold else [place])


@pytest.mark.parametrize("metric", RECORD)
def test_a_metric_that_one_of_two_whole_runs_lacks_is_found(metric):
    less = {name: value for name, value in RECORD.items() if name != metric}
    for one, other in ((RECORD, less), (less, RECORD)):
        (difference,) = compare(one, other, {}, whole=True, to_the_bit=True).differences
        assert difference.metric == metric
        assert "nothing" in str(difference)
        assert bool(compare(one, other, {}, whole=True).differences) is (metric not in CHOSEN)


def test_a_curve_of_a_whole_run_that_is_cut_or_goes_on_is_found():
    for now in (RECORD["gone"][:-1], [*RECORD["gone"], 1.0]):
        (difference,) = compare(RECORD, {**RECORD, "gone": now}, {}, whole=True).differences
        assert difference.place == (min(len(now), 3),)


def test_whole_runs_on_two_processors_may_differ_as_far_as_rounding_was_seen_to_lead():
    near = {
        "train_loss": [2.01, 1.1, 0.6, 0.2],
        "final_validation_accuracy": 0.6,
        "test_accuracy": {"as it is": [0.6, 0.85], "turned": [0.1]},
        "without a layer": {"test": {"0": [0.3, 0.3, 0.1]}},
        "numbers by layer": [[3, 5], [3, 6], [5, 5], [1, 7], [1, 8]],
        "gone": [0.7, 2.0, 25.5],
        "correlation": {"first": {"pooled": -0.05, "each": -0.3}},
        "boxes": [[], [[0.5, 1.5, "dog, 0.3"]]],
    }
    assert not compare(RECORD, {**RECORD, **near}, {}, whole=True).differences
    for name, value in near.items():
        assert compare(RECORD, {**RECORD, name: value}, {}, whole=True, to_the_bit=True).differences


@pytest.mark.parametrize("place", list(places(OPENING)), ids=lambda place: "-".join(map(str, place)))
def test_of_a_first_epoch_all_is_compared_that_means_the_same_in_the_whole_run(place):
    comparison = compare(RECORD, OPENING, {}, to_the_bit=True)
    assert (comparison.differences, comparison.exact, comparison.compared) == ((), True, 21)
    found = compare(RECORD, put(OPENING, place, slightly)[0], {}, to_the_bit=True).differences
    same = place[0] not in ("final_validation_accuracy", "test_accuracy", "gone")
    assert [(one.metric, *one.place) for one in found] == ([place] if same else [])


def test_the_beginning_of_a_nested_curve_is_named_by_its_epoch():
    now, _ = put(OPENING, ("numbers by layer", 1, 0), slightly)
    (difference,) = compare(RECORD, now, {}, to_the_bit=True).differences
    assert str(difference) == "numbers by layer [epoch 1, 0]: recorded 4, now 5"


def test_a_whole_training_is_compared_by_all_that_it_wrote_down():
    recipe = training()
    recorded = metrics(recipe)
    for place in places(recorded):
        now, _ = put(recorded, place, slightly)
        (difference,) = compare(recorded, now, made_of(recipe), whole=True, to_the_bit=True).differences
        assert (difference.metric, *difference.place) == place


def test_what_is_measured_of_kernels_is_what_claims_read_off_them():
    first = np.ones((4, 2, 3, 3))
    last = first.copy()
    last[0] = -1.0
    last[:, :, 1, 1] = [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0], [7.0, 8.0]]
    last[:, :, 1, 2] = -last[:, :, 1, 1]
    tensors = {"a.weight@0": first, f"a.weight@{EPOCHS}": last, "b.weight@0": np.ones(3)}
    found = _of_weights(tensors)
    moved = np.sqrt(((last - first) ** 2).sum() / 72)
    assert found == {"moved": [pytest.approx(moved)], "alike": [pytest.approx(-1.0)], "below": [0.25]}


def test_machines_are_the_same_that_round_alike():
    here = {"torch": "2.13.0", "cuda": None, "device": "cpu (AVX512)", "processor": "X", "threads": 1, "python": "3.11"}
    assert same_machine(here, {**here, "python": "3.12"})
    for name in ("torch", "device", "processor", "threads"):
        assert not same_machine(here, {**here, name: "other"})


def test_the_precision_is_found_wherever_a_recipe_says_it():
    inner = {"recipe": {"name": "criticality", "fields": {"training": {"name": "t", "fields": {"precision": "bf16"}}}}}
    assert precision_of(inner) == "bf16"
    assert precision_of({"recipe": {"name": "x", "fields": {}}}) == "float32"


def test_measured_spectra_of_filters_are_no_count_of_filters():
    recorded = {"rate": [0.1, 0.1], "filters": {"untrained": [1.0, 0.5], "trained": [2.0, 0.1]}}
    opening = {"rate": [0.1], "filters": {"untrained": [1.0, 0.5]}}
    assert compare(recorded, opening, {}).differences == ()
    assert compare({**recorded, "filters": [64, 64]}, {**opening, "filters": [64, 32]}, {}).differences
