"""What runs are expected to cost, and how long a set of them still takes."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.runs import Bench, Recipe, Result, Run, ingredients
from harness.runs.cost import GROWTH, MEASURES, UNKNOWN, UNTRAINED, Throughput, rebuilt
from harness.runs.display import duration
from harness.runs.gpu_cost import gpu_cost
from harness.runs.pace import Pace, makespan
from harness.store import Store, content_key
from harness.system.stable_names import stable_name
from harness.tests.fake_recipes import Draw, Part
from harness.training import Data, Network, Sgd
from harness.training.training import Training


@stable_name("fake-layers")
@dataclass(frozen=True)
class Layers:
    kind: str = "wide"
    sizes: tuple[int, ...] = (3, 5)


@stable_name("fake-epochs")
@dataclass(frozen=True)
class Epochs(Recipe):
    """A recipe that says how much it has to do."""

    epochs: int = 10
    layers: Layers = Layers()

    def work(self) -> float:
        if self.epochs == 13:
            raise ValueError("nobody knows")
        return 1000.0 * self.epochs


@dataclass(frozen=True)
class Clock:
    """Stands still until it is set."""

    times: list[float]

    def __call__(self) -> float:
        return self.times[-1]


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "store")


def made_of(recipe, seed=0, **changes):
    return {**ingredients(Run(recipe, seed), Bench()), **changes}


def took(store, seconds, recipe, seed=0, result=None, **changes):
    """A record of a run that took so long."""
    made = made_of(recipe, seed, **changes)
    return store.put(content_key(made), made, result or Result({}), {}, seconds)


def digits(name, **shape):
    return Training(Network.of(name, inputs=64, classes=10, **shape), Data("digits", 400, 100), Sgd(0.1), 2, 20)


def cost(store, recipe):
    return Throughput(store.records()).cost(recipe, made_of(recipe, 99))


def test_a_run_costs_the_median_of_its_recipe_with_other_seeds(store):
    for seed, seconds in enumerate((1.0, 9.0, 2.0)):
        took(store, seconds, Draw(), seed)
    took(store, 50.0, Draw(scale=2.0))
    assert cost(store, Draw()).seconds == 2.0
    assert cost(store, Draw()).basis == "this recipe"


def test_records_of_other_devices_and_diverged_runs_say_nothing(store):
    took(store, 1.0, Draw(), 1, device="NVIDIA H200")
    took(store, 1.0, Draw(), 2, Result({"diverged_at": 3}))
    assert cost(store, Draw()) == UNTRAINED


def test_records_of_this_code_are_preferred_to_older_ones(store):
    took(store, 100.0, Draw(), 1, code="0" * 64)
    assert cost(store, Draw()).seconds == 100.0
    took(store, 1.0, Draw(), 2)
    assert cost(store, Draw()).seconds == 1.0


def test_a_recipe_without_records_costs_what_the_nearest_one_took_for_the_same_work(store):
    took(store, 20.0, Epochs(10))
    took(store, 3.0, Epochs(10, Layers("narrow", (2, 2, 2))))
    assert cost(store, Epochs(30)).seconds == pytest.approx(60.0)
    assert cost(store, Epochs(30)).basis == "scaled by work"
    assert cost(store, Epochs(30, Layers("narrow", (2, 2)))).seconds == pytest.approx(9.0)


def test_a_wider_network_costs_what_a_narrow_one_took_for_less_than_its_operations(store):
    """In proportion to images alone it would cost as much, to operations alone 16 times."""
    narrow = digits("mlp", width=8)
    wide = narrow.with_(network=Network.of("mlp", inputs=64, width=128, classes=10))
    took(store, 10.0, narrow)
    ratio = wide.effort(Bench()).operations / narrow.effort(Bench()).operations
    assert ratio == pytest.approx(16.0)
    assert cost(store, wide).seconds == pytest.approx(10.0 * ratio**GROWTH)
    assert 1.5 * 10.0 < cost(store, wide).seconds < 160.0 / 1.5
    assert cost(store, narrow.with_(epochs=6)).seconds == pytest.approx(30.0)


def test_what_does_not_fit_its_data_set_is_scaled_by_images(store):
    """A network for cropped images, whose operations on whole ones nobody can count."""
    cropped = digits("mlp", width=8).with_(network=Network.of("mlp", inputs=49, width=8, classes=10))
    took(store, 10.0, cropped)
    took(store, 99.0, digits("mlp", width=8))
    assert cost(store, cropped.with_(epochs=6)).seconds == pytest.approx(30.0)


def test_evidence_says_what_no_record_of_the_store_does(store, tmp_path):
    evidence = Store(tmp_path / "as evidence")
    took(evidence, 20.0, Epochs(10))
    recipe, other = Epochs(10), Epochs(30)

    def found(recipe):
        return Throughput(store.records(), evidence.records()).cost(recipe, made_of(recipe, 99))

    assert (found(recipe).seconds, found(recipe).basis) == (20.0, "evidence")
    assert (found(other).seconds, found(other).basis) == (pytest.approx(60.0), "scaled by work")
    took(store, 3.0, Epochs(5))
    assert found(recipe).basis == "evidence"
    assert found(other).seconds == pytest.approx(18.0)
    took(store, 5.0, recipe)
    assert (found(recipe).seconds, found(recipe).basis) == (5.0, "this recipe")


def test_without_comparable_work_the_cost_is_unknown(store):
    took(store, 20.0, Epochs(10))
    took(store, 20.0, Draw())
    assert cost(store, Draw(Part(size=4))) == UNTRAINED
    assert cost(store, Epochs(13)) == UNKNOWN
    assert cost(Store(store.path.parent / "empty"), Epochs(10)) == UNKNOWN


@pytest.mark.parametrize("recipe", [Draw(Part(4, "x"), 2.0), Epochs(7, Layers("narrow", (1, 2, 3)))])
def test_a_recipe_is_read_back_from_what_its_record_says(store, recipe):
    took(store, 1.0, recipe)
    (record,) = store.records()
    assert rebuilt(record.made_of["recipe"]) == recipe


@pytest.mark.parametrize(
    "described",
    [
        {"name": "os.system", "fields": {}},
        {"name": "fake-epochs", "fields": {"renamed": 1}},
        {"name": 3, "fields": {}},
    ],
)
def test_what_is_no_recipe_of_this_process_is_not_read_back(described):
    assert rebuilt(described) is None
    assert [measure(rebuilt(described), Bench()) for measure in MEASURES] == [None, None]


def test_damaged_records_say_nothing_and_stay_where_they_are(store):
    record = took(store, 1.0, Draw(), 1)
    took(store, 2.0, Draw(), 2)
    file, _ = store.files(record.key)
    file.write_bytes(file.read_bytes()[:-3])
    assert [record.seconds for record in store.records()] == [2.0]
    assert file.exists()


@given(st.lists(st.floats(0, 1000), max_size=20), st.integers(1, 5))
@settings(deadline=None, max_examples=60)
def test_several_workers_take_no_less_than_their_share_and_at_most_one_run_more(seconds, workers):
    found = makespan(seconds, workers)
    least = max(sum(seconds) / workers, max(seconds, default=0.0))
    assert least <= found * (1 + 1e-9)
    assert found <= sum(seconds) / workers + max(seconds, default=0.0) + 1e-9
    assert makespan(seconds, 1) == pytest.approx(sum(seconds))


def test_the_pace_learns_from_what_finishes_and_from_progress():
    a, b, c = Run(Draw(), 0), Run(Draw(), 1), Run(Epochs(), 0)
    clock = Clock([0.0])
    pace = Pace({a: None, b: None, c: 30.0}, workers=1, clock=clock)
    assert pace.left() is None
    pace.started(str(a))
    clock.times.append(5.0)
    pace.advanced(str(a), 1, 4)
    assert pace.left() is None
    pace.finished(str(a), 20.0, None)
    assert pace.left() == 50.0
    pace.started(str(c))
    clock.times.append(15.0)
    assert pace.left() == 40.0
    pace.advanced(str(c), 1, 5)
    assert pace.left() == 20.0 + 40.0
    pace.finished(str(c), 50.0, "ValueError: no")
    assert (pace.left(), pace.problems) == (20.0, {str(c): "ValueError: no"})


def test_a_run_may_begin_if_it_is_expected_to_end_in_time_or_if_nobody_knows():
    short, long, unknown = Run(Draw(), 0), Run(Epochs(), 0), Run(Draw(scale=2.0), 0)
    clock = Clock([100.0])
    pace = Pace({short: 10.0, long: 30.0, unknown: None}, workers=1, ends=125.0, clock=clock)
    assert [pace.admits(run) for run in (short, long, unknown)] == [True, False, True]
    clock.times.append(120.0)
    assert [pace.admits(run) for run in (short, long, unknown)] == [False, False, True]
    clock.times.append(125.0)
    assert not pace.admits(unknown)
    assert Pace({long: 1e9}, workers=1).admits(long)


def test_seconds_of_runs_that_take_turns_are_those_of_their_own():
    a, b, c = (Run(Draw(), seed) for seed in range(3))
    clock = Clock([0.0])
    pace = Pace({a: None, b: None, c: 10.0}, workers=1, at_once=2, ends=25.0, clock=clock)
    for run in (a, b):
        pace.started(str(run))
    clock.times.append(5.0)
    for run in (a, b):
        pace.advanced(str(run), 1, 4)
    # Each had 2.5 of the 5 seconds for a quarter of its work.
    assert pace.left() == 7.5 + 7.5 + 10.0
    assert not pace.admits(c)
    clock.times[-1] = 4.9
    assert pace.admits(c)


def test_what_is_left_is_told_with_what_is_known_of_it():
    under_way, known, unknown = Run(Draw(), 0), Run(Epochs(), 0), Run(Draw(scale=2.0), 0)
    clock = Clock([0.0])
    pace = Pace({under_way: None, known: 90.0, unknown: None}, workers=1, clock=clock)
    pace.started(str(under_way))
    clock.times.append(42.0)
    told = [pace.told(str(run)) for run in (under_way, known, unknown)]
    assert told == [" (given up after 42 s)", " (about 90 s)", ""]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.04, "0.0 s"), (9.94, "9.9 s"), (9.96, "10 s"), (99.4, "99 s"), (99.6, "1.7 min"), (7200.0, "2.0 h")],
)
def test_durations_have_two_or_three_digits(seconds, text):
    assert duration(seconds) == text


def test_a_network_for_cropped_images_has_no_cost_on_an_assumed_gpu_and_no_other_loses_its():
    whole = digits("mlp", width=8)
    cropped = whole.with_(network=Network.of("mlp", inputs=49, width=8, classes=10))
    assert gpu_cost(whole, Bench()).seconds > 0
    assert gpu_cost(cropped, Bench()) == UNKNOWN
