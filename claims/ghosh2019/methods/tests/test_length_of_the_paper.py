"""At tier `paper` trainings are as long as the paper says, where it says, on all its images and data sets."""

from __future__ import annotations

from typing import Any

import pytest

from claims.ghosh2019.methods.depth_recipes import ON, figure_2, table_1
from claims.ghosh2019.methods.kernel_recipes import sized, swapped
from claims.ghosh2019.methods.map_recipes import progress, two_layers
from claims.ghosh2019.methods.optimisers import OPTIMISERS
from harness.tests.made_up_records import trained_claims_of
from harness.tests.training_bench import MadeUpBench
from harness.training import Data

RUNS: dict[str, dict[Any, Any]] = {
    **{f"Fig. 2, {data}": dict(figure_2("paper", data)) for data in ON["paper"]},
    **{
        f"Fig. 3, {data}": {how: progress("paper", data, how)["network"] for how in OPTIMISERS}
        for data in ("mnist", "fashion-mnist", "cifar10")
    },
    "Fig. 5": {how: two_layers("paper", how)["network"] for how in OPTIMISERS},
    "Table 1": dict(table_1("paper")),
}
WHOLE = {"mnist": 60_000, "fashion-mnist": 60_000, "cifar10": 50_000}


@pytest.mark.parametrize("figure", RUNS)
def test_all_images_are_seen_fifty_times(figure):
    for recipe in RUNS[figure].values():
        training = recipe.training
        assert training.epochs == 50
        assert training.data.count + training.data.held_out == WHOLE[training.data.name]


def test_kernels_are_trained_on_a_thousand_images_from_tier_nightly_on():
    recipes = [runs(tier, how) for runs in (swapped, sized) for tier in ("nightly", "paper") for how in OPTIMISERS]
    for by_arm in recipes:
        for recipe in by_arm.values():
            assert (recipe.training.epochs, recipe.training.data.count) == (50, 1000)


def test_figures_have_the_swaps_and_layers_that_the_paper_names():
    assert {swaps for _, swaps in RUNS["Table 1"]} == {0, 10, 30, 60}
    assert {depth for depth, _ in RUNS["Table 1"]} == {1, 2, 3}
    blocks = {data: RUNS[f"Fig. 2, {data}"][1, 30].training.data.interventions[0].size for data in WHOLE}
    assert blocks == {"mnist": 6, "fashion-mnist": 6, "cifar10": 8}
    assert {swaps for _, swaps in RUNS["Fig. 2, cifar10"]} == {0, 10, 20, 30}
    depth = {data: dict(RUNS[f"Fig. 3, {data}"]["SGD"].training.network.parameters)["depth"] for data in WHOLE}
    assert depth == {"mnist": 3, "fashion-mnist": 3, "cifar10": 4}
    assert set(swapped("nightly")) == {0, 25, 50, 100}


@pytest.mark.parametrize("depth", [1, 6])
def test_networks_on_cifar10_fit_its_images(depth):
    recipe = figure_2("paper", "cifar10")[depth, 30]
    data = Data("made-up", 24, 8, interventions=recipe.training.data.interventions)
    short = recipe.with_(training=recipe.training.with_(data=data, epochs=1), probes=6)
    metrics = short.compute(0, MadeUpBench(size=32, channels=3)).metrics
    assert len(metrics["orderness"]["four"]) == depth


def test_every_claim_on_fig_2_speaks_of_cifar10_at_the_papers_length():
    for id in ("SO-18", "SO-19", "SO-20", "SO-21", "SO-22"):
        claim = trained_claims_of("ghosh2019")[id]
        assert tuple(claim.data_within("paper")) == ON["paper"]
        assert tuple(claim.data_within("laptop")) == ("mnist", "fashion-mnist")
