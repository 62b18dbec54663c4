from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from harness.plugin.preparing import shared


def orders(count, workers):
    numbered: list[Any] = list(range(count))
    return [shared(numbered, {"workerid": f"gw{number}", "workercount": workers}) for number in range(workers)]


def test_a_single_process_keeps_the_order():
    runs: list[Any] = [3, 1, 2]
    assert shared(runs, None) == [3, 1, 2]


@settings(deadline=None, max_examples=40)
@given(count=st.integers(0, 20), workers=st.integers(1, 5))
def test_each_worker_takes_all_and_begins_with_its_own(count, workers):
    for number, order in enumerate(orders(count, workers)):
        own = len(range(number, count, workers))
        assert sorted(order) == list(range(count))
        assert order[:own] == list(range(number, count, workers))


def test_seeds_of_one_recipe_are_shared_out():
    assert [order[:2] for order in orders(4, 2)] == [[0, 2], [1, 3]]
