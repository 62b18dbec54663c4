"""What the claims on depth and swaps would say of trainings that came out one way or another."""

from __future__ import annotations

import zlib
from typing import Any

import numpy as np
import pytest

from claims.ghosh2019.methods.depth_recipes import DEPTHS, figure_2, table_1
from claims.ghosh2019.methods.triples import NEIGHBOURHOODS
from harness.tests.made_up_records import cases_of, judge_by_name, trained_claims_of
from harness.tests.training_bench import MadeUpBench
from harness.training import Data
from harness.verdicts import Verdict

IDS = ("SO-18", "SO-19", "SO-20", "SO-21", "SO-22", "SO-46", "SO-49", "SO-50", "SO-54", "SO-66")
CLAIMS = {id: claim for id, claim in trained_claims_of("ghosh2019").items() if id in IDS}
CASES = [
    pytest.param(id, parameters, id=f"{id}-{'-'.join(parameters.values())}")
    for id in IDS
    for parameters in cases_of(CLAIMS[id])
]

GAIN = {"as the paper has it": (1.0, 0.6), "the other way": (-1.0, -0.6), "by chance": (0.0, 0.0)}
"""By how many points the second and the third layer lower the error without swaps."""


def made_up(kind: str, repetition: int = 0) -> Any:
    """Networks whose error and orderness go with swaps as the paper has it, the other way, or by chance."""

    def made(arm: tuple[int, int], seed: int) -> dict[str, Any]:
        depth, swaps = arm
        rng = np.random.default_rng(zlib.crc32(repr((kind, arm, seed, repetition)).encode()))
        sign = {"as the paper has it": 1.0, "the other way": -1.0, "by chance": 0.0}[kind]
        second, third = GAIN[kind]
        left = 1 - swaps / 80 if kind != "the other way" else 1 + swaps / 80
        beyond = (0.9 if sign > 0 else 2.7) * sign * swaps / 30 if depth == 3 else 0.0
        error = 5 - left * (second * (depth > 1) + third * (depth > 2)) + beyond + rng.normal(0, 0.05)
        order = [0.5 - 0.1 * layer - sign * 0.002 * swaps + rng.normal(0, 0.004) for layer in range(depth)]
        inputs = [0.8 - 0.1 * layer - 0.003 * swaps + rng.normal(0, 0.004) for layer in DEPTHS]
        looks = [[[0.3, one], [0.3, one]] for one in order]
        return {
            "final_validation_accuracy": 1 - error / 100,
            "orderness": dict.fromkeys(NEIGHBOURHOODS, looks),
            "input_orderness": dict.fromkeys(NEIGHBOURHOODS, inputs),
        }

    return made


def judged(id: str, kind: str, parameters: dict[str, Any], repetition: int = 0) -> Any:
    return judge_by_name(CLAIMS[id], made_up(kind, repetition), **parameters)


@pytest.mark.parametrize(("id", "parameters"), CASES)
def test_trainings_as_the_paper_has_them_support_it_and_every_part_of_its_control_is_refuted(id, parameters):
    found = judged(id, "as the paper has it", parameters)
    assert found.verdict is Verdict.SUPPORTED
    assert {part: judgement.verdict for part, judgement in found.control_parts.items()} == dict.fromkeys(
        CLAIMS[id].rules, Verdict.REFUTED
    )


@pytest.mark.parametrize(("id", "parameters"), CASES)
def test_trainings_that_go_the_other_way_refute_it(id, parameters):
    found = judged(id, "the other way", parameters)
    assert (found.verdict, found.control_faults) == (Verdict.REFUTED, {})


@pytest.mark.parametrize("id", IDS)
def test_networks_of_chance_support_it_no_more_often_than_the_rule_says(id):
    parameters = next(iter(cases_of(CLAIMS[id])))
    verdicts = [judged(id, "by chance", parameters, number).verdict for number in range(100)]
    assert verdicts.count(Verdict.SUPPORTED) <= 12


@pytest.mark.parametrize("runs", [table_1("laptop"), figure_2("laptop", "mnist")], ids=["Table 1", "Fig. 2"])
def test_every_network_fits_its_cropped_images(runs):
    for (depth, swaps), recipe in runs.items():
        data = Data("made-up", 24, 8, interventions=recipe.training.data.interventions)
        short = recipe.with_(training=recipe.training.with_(data=data, epochs=1), probes=6)
        metrics = short.compute(0, MadeUpBench(size=28)).metrics
        assert np.shape(metrics["orderness"]["four"]) == (depth, 2, 2)
        assert recipe.training.data.interventions[0].swaps == swaps
