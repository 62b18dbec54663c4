"""What the claims on maps through training would say of trainings that came out one way or another."""

from __future__ import annotations

import zlib
from typing import Any

import numpy as np
import pytest

from claims.ghosh2019.methods.map_progress import MapProgress, steps_of
from claims.ghosh2019.methods.map_readings import GRIDS, Progress
from claims.ghosh2019.methods.map_recipes import progress
from claims.ghosh2019.methods.triples import NEIGHBOURHOODS
from harness.tests.made_up_records import as_record, cases_of, judge, trained_claims_of
from harness.verdicts import Verdict

IDS = ("SO-24", "SO-25", "SO-26", "SO-27", "SO-28", "SO-47", "SO-48", "SO-55", "SO-64")
CLAIMS = {id: claim for id, claim in trained_claims_of("ghosh2019").items() if id in IDS}
CASES = [
    pytest.param(id, parameters, id=f"{id}-{'-'.join(parameters.values())}")
    for id in IDS
    for parameters in cases_of(CLAIMS[id])
]
NOISE = 0.004


def made_up(kind: str, repetition: int = 0) -> Any:
    """Trainings whose orderness and accuracy go as the paper has it, the other way, or by chance."""

    def made(recipe: MapProgress, seed: int) -> dict[str, Any]:
        every = steps_of(recipe.training)
        steps = [0, *recipe.steps, every]
        t = np.array(steps) / every
        layers = int(dict(recipe.training.network.parameters)["depth"])
        rng = np.random.default_rng(zlib.crc32(repr((kind, layers, seed, repetition)).encode()))
        falls = np.array([*[0.1] * (layers - 1), 0.2])
        if kind == "as the paper has it":
            means = np.stack([np.interp(t, (0, 0.15, 1), (0.3, 0.5, 0.5 - fall)) for fall in falls])
            accuracy = np.interp(t, (0, 0.15, 0.4, 1), (0.1, 0.11, 0.9, 0.91))
        elif kind == "the other way":
            inside = (t > 0) & (t < 1)
            means = np.stack([np.where(inside, 0.3, 0.3 + fall) for fall in falls])
            accuracy = np.where(t > 0, 0.9, 0.1) + 1e-4 * t
        else:
            means = np.full((layers, len(t)), 0.4)
            accuracy = t + rng.normal(0, 0.3, len(t))
        if kind != "by chance":
            accuracy = accuracy + rng.normal(0, NOISE, len(t))
        curves = means[:, None] + rng.normal(0, NOISE, (layers, 2, len(t)))
        medians = means[-1] + rng.normal(0, NOISE, (3, len(t)))
        return {
            "look_steps": steps,
            "look_accuracy": accuracy.tolist(),
            "orderness": dict.fromkeys(NEIGHBOURHOODS, curves.tolist()),
            "last_layer": dict.fromkeys(NEIGHBOURHOODS, medians.tolist()),
            "dead_maps": [[0] * len(t)] * layers,
        }

    return made


@pytest.mark.parametrize(("id", "parameters"), CASES)
def test_trainings_as_the_paper_has_them_support_it_and_every_part_of_its_control_is_refuted(id, parameters):
    found = judge(CLAIMS[id], made_up("as the paper has it"), **parameters)
    assert found.verdict is Verdict.SUPPORTED
    assert {part: judgement.verdict for part, judgement in found.control_parts.items()} == dict.fromkeys(
        CLAIMS[id].rules, Verdict.REFUTED
    )


@pytest.mark.parametrize(("id", "parameters"), CASES)
def test_trainings_that_go_the_other_way_refute_it(id, parameters):
    found = judge(CLAIMS[id], made_up("the other way"), **parameters)
    assert (found.verdict, found.control_faults) == (Verdict.REFUTED, {})


@pytest.mark.parametrize("looks", GRIDS)
@pytest.mark.parametrize("id", IDS)
def test_curves_of_chance_support_it_no_more_often_than_the_rule_says(id, looks):
    """In 5 % of 200 repetitions: more than 19 of them, with two layers or more, happen once in a thousand times."""
    parameters = next(case for case in cases_of(CLAIMS[id]) if case.get("looks", looks) == looks)
    verdicts = [judge(CLAIMS[id], made_up("by chance", number), **parameters).verdict for number in range(200)]
    assert verdicts.count(Verdict.SUPPORTED) <= 19


def read(neighbours: str = "four", grid: str = "all looks", kind: str = "as the paper has it") -> Progress:
    recipe = progress("laptop", "mnist", "SGD")["network"]
    records = [as_record(made_up(kind)(recipe, seed)) for seed in range(8)]
    return Progress.of(recipe, records, neighbours, grid)


@pytest.mark.parametrize("grid", GRIDS)
def test_peaks_are_where_the_curves_have_them(grid):
    found = read(grid=grid)
    assert found.peak_epochs.shape == (8, 3)
    assert np.median(found.peak_epochs) == pytest.approx(1.5, abs=0.5)
    assert found.rises.mean(0) == pytest.approx([0.2] * 3, abs=0.05)
    assert found.falls.mean(0) == pytest.approx([0.1, 0.1, 0.2], abs=0.03)
    assert found.falls_most[:, -1] == pytest.approx(0.1, abs=0.03)
    assert (found.falls_most[:, 0] < 0).all()
    assert found.median_falls == pytest.approx(0.2, abs=0.03)
    assert found.gained_after("top").mean() > 0.7
    assert found.gained_after("half way up") == pytest.approx(1.0, abs=0.02)


def test_the_ends_of_epochs_are_some_of_the_looks():
    assert list(read(grid="ends of epochs").epochs) == list(range(11))
    assert set(range(11)) < set(read().epochs.tolist())


def test_the_height_of_a_peak_of_noise_is_not_too_high():
    """The half on which the peak was chosen would have it two standard deviations above the start."""
    found = read(kind="by chance")
    assert abs(found.rises.mean()) < NOISE
    chosen = found.orderness[:, :, 0]
    assert (chosen[..., 1:-1].max(-1) - chosen[..., 0]).mean() > 2 * NOISE


def test_time_reversed_twice_is_as_it_was():
    found = read()
    again = found.reversed().reversed()
    np.testing.assert_allclose(again.epochs, found.epochs)
    np.testing.assert_allclose(again.accuracy, found.accuracy)
    np.testing.assert_array_equal(again.orderness, found.orderness)
    assert not (found.reversed().jumps_after & found.jumps_after).any()
