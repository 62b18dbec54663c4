"""What the claims on trained kernels would say of trainings that came out one way or another, on made-up records."""

from __future__ import annotations

import dataclasses
import functools
import zlib
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch

from claims.ghosh2019.methods.kernel_orderness import readings
from claims.ghosh2019.methods.tests import (
    test_table_1_again,
    test_trained_arms,
    test_trained_causes,
    test_trained_depths,
    test_trained_maps,
)
from harness.judging.cases import judge_case
from harness.tests.made_up_records import cases_of, judge_by_name, lab_of, names_of_runs, trained_claims_of
from harness.verdicts import Evidence, Verdict

PAPER = "ghosh2019"


class Trainings(NamedTuple):
    """How the trainings of one claim come out: by arm, how much of a kernel is order (the rest is noise)."""

    supported: Mapping[int, float]
    refuted: Mapping[int, float]
    undecided: Mapping[int, float]


MADE_UP = {
    "SO-33": Trainings(
        supported={0: 0.9, 25: 0.7, 50: 0.5, 100: 0.2},
        refuted={0: 0.2, 25: 0.5, 50: 0.7, 100: 0.9},
        undecided={0: 0.0, 25: 0.0, 50: 0.0, 100: 0.0},
    ),
    "SO-37": Trainings(
        supported={3: 0.8, 7: 0.7, 15: 0.6, 27: 0.52},
        refuted={3: 0.8, 7: 0.8, 15: 0.8, 27: 0.8},
        undecided={3: 0.0, 7: 0.0, 15: 0.0, 27: 0.0},
    ),
    "SO-40": Trainings(
        supported={3: 0.8, 7: 0.7, 15: 0.6, 27: 0.52},
        refuted={3: 0.2, 7: 0.5, 15: 0.7, 27: 0.9},
        undecided={3: 0.0, 7: 0.0, 15: 0.0, 27: 0.0},
    ),
}
"""By claim: all that rest on trainings must be here or in one of the modules that this one imports."""


def trained(share: float, size: int, seed: int) -> np.ndarray:
    """64 kernels `(64, 1, size, size)`: a slope in a random direction, and noise; `share` of the variance of a step."""
    rng = np.random.default_rng(zlib.crc32(repr((share, size, seed)).encode()))
    kernels = rng.normal(size=(64, 1, size, size))
    slopes = rng.normal(size=(64, 2, 1, 1, 1))
    places = np.arange(size) - (size - 1) / 2
    order = slopes[:, 0] * places[:, None] + slopes[:, 1] * places
    return np.sqrt(share) * order + np.sqrt(1 - share) * kernels


@functools.cache
def readings_of(share: float, size: int, seed: int) -> Any:
    """What is read off such kernels, and off untrained ones."""
    untrained, ordered = (torch.from_numpy(trained(*of)) for of in ((0.0, size, seed + 100), (share, size, seed)))
    return readings(untrained, ordered, seed)


def made_of(id: str, shares: Mapping[int, float]) -> Callable[[int, int], dict[str, Any]]:
    """What trainings found out whose kernels have these shares of order, by arm and seed."""

    def made(arm: int, seed: int) -> dict[str, Any]:
        size = arm if id in ("SO-37", "SO-40") else 3
        return {"final_validation_accuracy": 0.9, "orderness": readings_of(shares[arm], size, seed)}

    return made


def judged(id: str, shares: Mapping[int, float], parameters: Mapping[str, Any], tier: str = "laptop") -> Any:
    """The judgement of one case, of trainings whose kernels have these shares of order."""
    return judge_by_name(TRAINED[id], made_of(id, shares), tier=tier, **parameters)


TRAINED = {id: claim for id, claim in trained_claims_of(PAPER).items() if claim.trained}
CASES = [
    pytest.param(id, parameters, id=f"{id}-{'-'.join(parameters.values())}")
    for id in sorted(MADE_UP)
    for parameters in cases_of(TRAINED[id])
]


def test_every_claim_on_trainings_has_made_up_records():
    elsewhere = (test_trained_maps, test_trained_depths, test_trained_arms, test_trained_causes, test_table_1_again)
    assert {*MADE_UP, *(id for module in elsewhere for id in module.IDS)} == set(TRAINED)


@pytest.mark.parametrize(("id", "parameters"), CASES)
def test_trainings_with_the_effect_support_the_claim_and_every_part_of_its_control_is_refuted(id, parameters):
    found = judged(id, MADE_UP[id].supported, parameters)
    assert found.verdict is Verdict.SUPPORTED
    assert {part: judgement.verdict for part, judgement in found.control_parts.items()} == dict.fromkeys(
        TRAINED[id].rules, Verdict.REFUTED
    )
    assert found.control_holds
    assert found.control_undecided == ()


@pytest.mark.parametrize(("id", "parameters"), CASES)
def test_trainings_with_the_opposite_refute_it(id, parameters):
    found = judged(id, MADE_UP[id].refuted, parameters)
    assert (found.verdict, found.control_faults) == (Verdict.REFUTED, {})


@pytest.mark.parametrize(("id", "parameters"), CASES)
def test_kernels_of_chance_do_not_support_it(id, parameters):
    found = judged(id, MADE_UP[id].undecided, parameters)
    assert found.verdict is not Verdict.SUPPORTED
    assert found.control_undecided or found.control_faults or found.control is Verdict.REFUTED


@pytest.mark.parametrize("evidence", [Evidence.PROXY, Evidence.REDUCED])
@pytest.mark.parametrize(("id", "decides"), [("SO-33", True), ("SO-37", False), ("SO-40", True)])
def test_only_the_papers_own_recipe_decides_by_how_much_orderness_falls(id, decides, evidence):
    claim, parameters = TRAINED[id], next(cases_of(TRAINED[id]))
    names = names_of_runs(claim, "laptop", parameters)

    def verdict(shares: Mapping[int, float]) -> Verdict:
        made = made_of(id, shares)
        lab = lab_of(claim, lambda recipe, seed: made(names[recipe], seed), **parameters)
        standing = dataclasses.replace(lab.standing(), evidence=evidence)
        return judge_case(claim, lab.measured, lab.controls, standing).verdict

    found = (verdict(MADE_UP[id].supported), verdict(MADE_UP[id].refuted))
    assert found == ((Verdict.SUPPORTED, Verdict.REFUTED) if decides else (Verdict.OUT_OF_REACH,) * 2)


def test_nightly_trainings_are_read_in_the_same_way():
    parameters = next(cases_of(TRAINED["SO-33"], "nightly"))
    assert judged("SO-33", MADE_UP["SO-33"].supported, parameters, "nightly").verdict is Verdict.SUPPORTED
