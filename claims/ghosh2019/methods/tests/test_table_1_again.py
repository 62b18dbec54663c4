"""What the claim on Table 1's own numbers would say of networks that have them, and of others."""

from __future__ import annotations

import dataclasses
import zlib
from typing import Any

import numpy as np
import pytest

from claims.ghosh2019.methods.printed_table import PRINTED_GAINS, PRINTED_ORDERNESS
from claims.ghosh2019.methods.triples import NEIGHBOURHOODS
from harness.judging.cases import judge_case
from harness.tests.made_up_records import cases_of, judge_by_name, lab_of, names_of_runs, trained_claims_of
from harness.verdicts import Evidence, Verdict

IDS = ("SO-63",)
CLAIM = trained_claims_of("ghosh2019")["SO-63"]
SWAPS = (0, 10, 30, 60)


def made_up(arm: tuple[int, int], seed: int, beyond: float = 0.0) -> dict[str, Any]:
    """A network that has the table's numbers, but for chance and what is added to each of them."""
    depth, swaps = arm
    rng = np.random.default_rng(zlib.crc32(repr((arm, seed)).encode()))
    column = SWAPS.index(swaps)
    gained = sum(PRINTED_GAINS[row][column] + beyond for row in list(PRINTED_GAINS)[: depth - 1])
    order = [*(PRINTED_ORDERNESS[row][column] + beyond for row in PRINTED_ORDERNESS), 0.05][:depth]
    looks = [[[0.3, one + rng.normal(0, 0.004)]] * 2 for one in order]
    return {
        "final_validation_accuracy": 1 - (2 - gained + rng.normal(0, 0.02)) / 100,
        "orderness": dict.fromkeys(NEIGHBOURHOODS, looks),
    }


@pytest.mark.parametrize("parameters", list(cases_of(CLAIM)), ids=str)
def test_networks_with_the_printed_numbers_support_it_and_its_control_is_refuted(parameters):
    found = judge_by_name(CLAIM, made_up, **parameters)
    assert found.verdict is Verdict.SUPPORTED
    assert {judgement.verdict for judgement in found.control_parts.values()} == {Verdict.REFUTED}


def test_networks_with_others_refute_it():
    parameters = next(cases_of(CLAIM))
    assert judge_by_name(CLAIM, lambda arm, seed: made_up(arm, seed, 0.3), **parameters).verdict is Verdict.REFUTED


@pytest.mark.parametrize("beyond", [0.0, 0.3])
def test_a_shorter_recipe_decides_nothing(beyond):
    parameters = next(cases_of(CLAIM))
    names = names_of_runs(CLAIM, "laptop", parameters)
    lab = lab_of(CLAIM, lambda recipe, seed: made_up(names[recipe], seed, beyond), **parameters)
    standing = dataclasses.replace(lab.standing(), evidence=Evidence.REDUCED)
    assert judge_case(CLAIM, lab.measured, lab.controls, standing).verdict is Verdict.OUT_OF_REACH
