"""The values behind a sample: of each seed and place."""

from __future__ import annotations

from harness.judging.claims import judge_claims
from harness.judging.exchange import ladder_to_json
from harness.judging.values import MOST, values_by_part, values_of
from harness.rules import Count, Curve, Estimate, Exact
from harness.rules.sample import Several
from harness.tests.made_up_cases import case


def test_every_kind_of_sample_gives_what_it_has():
    assert values_of(Estimate.from_replicates([1.0, 2.0])) == {"": [1.0, 2.0]}
    assert values_of(Estimate(1.0, 0.5, 30, 29)) == {}
    assert values_of(Exact(1.0)) == values_of(Count(3, 4)) == {}
    assert values_of(Several.of([[1.0, 2.0], [3.0, 4.0]], "layer")) == {"layer 1": [1.0, 3.0], "layer 2": [2.0, 4.0]}
    assert values_of(Curve.of([1, 2], [[5.0, 6.0], [7.0, 8.0]])) == {"1": [5.0, 6.0], "2": [7.0, 8.0]}
    assert values_of(Estimate.from_replicates(range(MOST + 1))) == {}
    assert values_by_part({"p": Exact(1.0), "q": Estimate.from_replicates([1.0, 2.0])}) == {"q": {"": [1.0, 2.0]}}


def test_an_entry_has_a_row_for_each_place_with_the_seeds_where_replicates_are_runs():
    values = {"p": {"layer 1": [1.0, 2.0], "layer 2": [3.0, 4.0, 5.0]}}
    ladder = judge_claims([case("a", values=values, seeds=[20, 21])])["XX-01"]
    rows = ladder_to_json(ladder, unit="", control="")["values"]
    assert rows == [
        {"case": "a", "part": "p", "place": "layer 1", "seeds": [20, 21], "values": [1.0, 2.0]},
        {"case": "a", "part": "p", "place": "layer 2", "seeds": [None] * 3, "values": [3.0, 4.0, 5.0]},
    ]
