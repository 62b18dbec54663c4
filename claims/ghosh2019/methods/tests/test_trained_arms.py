"""What the claims on arms beside the paper's would say of trainings that came out one way or another."""

from __future__ import annotations

import zlib
from typing import Any

import numpy as np
import pytest

from claims.ghosh2019.methods.kernel_orderness import FAR_APART, RANDOM_ORDER, UNTRAINED
from claims.ghosh2019.methods.kernel_orderness import TRAINED as TRAINED_KERNELS
from claims.ghosh2019.methods.kernel_recipes import MASKS
from claims.ghosh2019.methods.orderness import ESTIMATORS
from claims.ghosh2019.methods.triples import NEIGHBOURHOODS
from harness.judging.cases import judge_case
from harness.tests.made_up_records import cases_of, judge_by_name, lab_of, names_of_runs, trained_claims_of
from harness.verdicts import Verdict

IDS = ("SO-42", "SO-43", "SO-45", "SO-56", "SO-65")
CLAIMS = {id: claim for id, claim in trained_claims_of("ghosh2019").items() if id in IDS}
CASES = [
    pytest.param(id, parameters, id=f"{id}-{'-'.join(parameters.values())}")
    for id in IDS
    for parameters in cases_of(CLAIMS[id])
]
SIGN = {"as the paper has it": 1, "the other way": -1, "by chance": 0}


def orderness(trained: float, rng: np.random.Generator) -> dict[str, Any]:
    """Of kernels whose order, beyond none before training, is so much; rearranged they have as much too little."""
    values = {UNTRAINED: 0.0, TRAINED_KERNELS: trained, RANDOM_ORDER: 0.0, FAR_APART: -trained / 2}
    return {
        kernels: {
            estimator: {neighbours: value + rng.normal(0, 0.004) for neighbours in NEIGHBOURHOODS}
            for estimator in ESTIMATORS
        }
        for kernels, value in values.items()
    }


def metrics(id: str, arm: Any, sign: int, rng: np.random.Generator) -> dict[str, Any]:
    """What a training of an arm found out where the effect has this sign."""
    if id == "SO-42":
        spoilt = sign * (arm > 0)
        right = {"trained": 0.96 - 0.05 * spoilt, "untrained": 0.96 - 0.03 * sign}
        heads = {kernels: value + rng.normal(0, 0.004) for kernels, value in right.items()}
        return {"orderness": orderness(0.4 - 0.3 * spoilt, rng), "heads": {"without swaps": heads}}
    if id == "SO-43":
        size, swaps = arm
        return {"orderness": orderness(0.4 - sign * (0.2 * (size > 3) + 0.2 * (swaps > 0)), rng)}
    if id == "SO-45":
        return {"orderness": orderness(0.3 + 0.1 * sign * {"low": 1, "high": -1}.get(arm, 0), rng)}
    if id == "SO-56":
        kind, depth = arm
        slope = -0.3 if kind == "convolutional" else 0.3 if depth else 4
        error = 4 - (2 if kind == "convolutional" else 0) * (sign or 1) + sign * slope * (depth or 1)
        return {"final_validation_accuracy": 1 - (error + rng.normal(0, 0.05)) / 100}
    places = ["none", *MASKS]
    gap = 0.2 - 0.1 * sign * (arm == "low")
    return {"accuracies": [0.9 - gap * (place != arm) + rng.normal(0, 0.004) for place in places]}


def judged(id: str, kind: str, parameters: dict[str, Any], repetition: int = 0) -> Any:
    def made(arm: Any, seed: int) -> dict[str, Any]:
        rng = np.random.default_rng(zlib.crc32(repr((id, kind, arm, seed, repetition)).encode()))
        return metrics(id, arm, SIGN[kind], rng)

    return judge_by_name(CLAIMS[id], made, **parameters)


@pytest.mark.parametrize(("id", "parameters"), CASES)
def test_trainings_as_the_paper_has_them_support_it_and_every_part_of_its_control_is_refuted(id, parameters):
    found = judged(id, "as the paper has it", parameters)
    assert found.verdict is Verdict.SUPPORTED
    assert {part: judgement.verdict for part, judgement in found.control_parts.items()} == dict.fromkeys(
        CLAIMS[id].rules, Verdict.REFUTED
    )


@pytest.mark.parametrize(("id", "parameters"), CASES)
def test_trainings_that_go_the_other_way_refute_it(id, parameters):
    assert judged(id, "the other way", parameters).verdict is Verdict.REFUTED


@pytest.mark.parametrize("id", IDS)
def test_networks_of_chance_support_it_no_more_often_than_the_rule_says(id):
    parameters = next(iter(cases_of(CLAIMS[id])))
    verdicts = [judged(id, "by chance", parameters, number).verdict for number in range(100)]
    assert verdicts.count(Verdict.SUPPORTED) <= 12


@pytest.mark.parametrize("kind", SIGN)
def test_what_another_study_measured_is_out_of_reach_however_ours_come_out(kind):
    claim, parameters = CLAIMS["SO-65"], next(cases_of(CLAIMS["SO-65"]))
    names = names_of_runs(claim, "laptop", parameters)
    lab = lab_of(
        claim,
        lambda recipe, seed: metrics("SO-65", names[recipe], SIGN[kind], np.random.default_rng(seed)),
        **parameters,
    )
    assert judge_case(claim, lab.measured, lab.controls, lab.standing()).verdict is Verdict.OUT_OF_REACH
