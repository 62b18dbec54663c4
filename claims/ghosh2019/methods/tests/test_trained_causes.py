"""What the claims on causes would say where the cause makes the effect, where it does the reverse, and by chance."""

from __future__ import annotations

import zlib
from typing import Any

import numpy as np
import pytest

from claims.ghosh2019.methods.cause_recipes import PLAIN, untrained
from claims.ghosh2019.methods.depth_recipes import TABLE_SWAPS
from claims.ghosh2019.methods.kernel_orderness import TRAINED
from claims.ghosh2019.methods.kernel_recipes import ORDERED
from claims.ghosh2019.methods.map_readings import Progress
from claims.ghosh2019.methods.orderness import ESTIMATORS
from claims.ghosh2019.methods.triples import NEIGHBOURHOODS
from claims.ghosh2019.methods.untrained_looks import UntrainedLooks
from harness.runs import Recipe
from harness.tests.made_up_records import as_record, cases_of, judge_by_name, trained_claims_of
from harness.tests.training_bench import MadeUpBench
from harness.training import Data, Network
from harness.verdicts import Verdict

IDS = ("SO-67", "SO-68", "SO-69", "SO-70", "SO-71", "SO-72", "SO-73")
CLAIMS = {id: claim for id, claim in trained_claims_of("ghosh2019").items() if id in IDS}
CASES = [
    pytest.param(id, parameters, id=f"{id}-{'-'.join(parameters.values())}")
    for id in IDS
    for parameters in cases_of(CLAIMS[id])
]
SIGN = {"by its cause": 1, "the reverse": -1, "by chance": 0}
LOOKS = 40


def metrics(id: str, arm: Any, seed: int, sign: int, rng: np.random.Generator) -> dict[str, Any]:
    """What a run of an arm found out; with the effect where the cause is and the reverse where it is not."""

    def noise(*shape: int) -> Any:
        return rng.normal(0, 0.004, shape)

    if id == "SO-71":
        t = np.linspace(0, 1, LOOKS)
        peak = sign * np.interp(t, (0, 0.3, 1), (0, 0.2, 0)) * (1 if arm == "trained" else -1)
        curves = 0.4 + peak + noise(3, 2, LOOKS)
        return {
            "look_steps": (188 * np.arange(LOOKS)).tolist(),
            "look_accuracy": t.tolist(),
            "orderness": dict.fromkeys(NEIGHBOURHOODS, curves.tolist()),
            "last_layer": dict.fromkeys(NEIGHBOURHOODS, curves[:, 0].tolist()),
        }
    if id == "SO-72":
        depth, swaps = arm
        own = np.random.default_rng(seed).normal(0, 1, (3, len(TABLE_SWAPS)))[:, TABLE_SWAPS.index(swaps)]
        mixed = {1: own, -1: np.roll(own, 1), 0: rng.normal(0, 1, 3)}[sign] + noise(3)
        looks = [[[0.3, one]] * 2 for one in mixed[:depth]]
        inputs = dict.fromkeys(NEIGHBOURHOODS, own.tolist())
        return {"orderness": dict.fromkeys(NEIGHBOURHOODS, looks), "input_orderness": inputs}
    if id == "SO-70":
        images, swaps = arm
        value = 0.3 - 0.2 * (swaps > 0) * sign * (1 if images == ORDERED else -1)
        by_estimator = {estimator: dict.fromkeys(NEIGHBOURHOODS, value + noise(1)[0]) for estimator in ESTIMATORS}
        return {"orderness": {TRAINED: by_estimator}}
    images, depth, swaps = arm
    cause = sign * (1 if images == PLAIN else -1)
    error = 5 - cause * (0.4 if swaps else 1.0) * (depth > 1) + rng.normal(0, 0.05)
    order = [0.4 - 0.1 * cause * (swaps > 0) + one for one in noise(depth)]
    looks = [[[0.3, one]] * 2 for one in order]
    return {
        "final_validation_accuracy": 1 - error / 100, "orderness": dict.fromkeys(NEIGHBOURHOODS, looks),
    }  # fmt: skip


def judged(id: str, kind: str, parameters: dict[str, Any], repetition: int = 0) -> Any:
    def made(arm: Any, seed: int) -> dict[str, Any]:
        rng = np.random.default_rng(zlib.crc32(repr((id, kind, arm, seed, repetition)).encode()))
        return metrics(id, arm, seed, SIGN[kind], rng)

    return judge_by_name(CLAIMS[id], made, **parameters)


@pytest.mark.parametrize(("id", "parameters"), CASES)
def test_an_effect_of_its_cause_supports_it_and_every_part_of_its_control_is_refuted(id, parameters):
    found = judged(id, "by its cause", parameters)
    assert found.verdict is Verdict.SUPPORTED
    assert {part: judgement.verdict for part, judgement in found.control_parts.items()} == dict.fromkeys(
        CLAIMS[id].rules, Verdict.REFUTED
    )


@pytest.mark.parametrize(("id", "parameters"), CASES)
def test_the_reverse_refutes_it(id, parameters):
    assert judged(id, "the reverse", parameters).verdict is Verdict.REFUTED


@pytest.mark.parametrize("id", IDS)
def test_chance_supports_it_no_more_often_than_the_rule_says(id):
    parameters = next(iter(cases_of(CLAIMS[id])))
    verdicts = [judged(id, "by chance", parameters, number).verdict for number in range(100)]
    assert verdicts.count(Verdict.SUPPORTED) <= 12


def small(recipe: Recipe) -> UntrainedLooks:
    """The looks at an untrained network, on few made-up images."""
    assert isinstance(recipe, UntrainedLooks)
    training = recipe.training.with_(
        network=Network.of("ghosh-cnn", depth=3, width=4, classes=3, size=24),
        data=Data("made-up", count=40, held_out=10),
        epochs=1,
        batch_size=8,
    )
    return recipe.with_(training=training, steps=(1, 3), probes=10)


def test_looks_at_an_untrained_network_vary_and_are_read_as_those_at_a_trained_one():
    recipe = small(untrained("laptop", "mnist", "Adam")["untrained"])
    metrics = recipe.compute(0, MadeUpBench(size=24)).metrics
    assert metrics["look_steps"] == [0, 1, 3, 5]
    assert metrics == recipe.compute(0, MadeUpBench(size=24)).metrics
    watched = untrained("laptop", "mnist", "Adam")["trained"].with_(training=recipe.training)
    found = Progress.of(watched, [as_record(metrics)], "four", "all looks")  # type: ignore[arg-type]
    assert found.orderness.shape == (1, 3, 2, 4)
    assert found.last_layer.shape == (1, 3, 4)
    assert len(np.unique(found.orderness[0, 0])) == 8
    assert len(set(metrics["look_accuracy"])) == 1


def test_a_look_with_all_images_sees_what_a_look_at_step_0_sees():
    """Probes that are all images, of both halves together, leave nothing to chance but which half they are in."""
    recipe = small(untrained("laptop", "mnist", "Adam")["untrained"])
    watched: Any = untrained("laptop", "mnist", "Adam")["trained"]
    begun = watched.with_(training=recipe.training, steps=(), probes=20).compute(0, MadeUpBench(size=24)).metrics
    found = recipe.with_(probes=20).compute(0, MadeUpBench(size=24)).metrics
    for layer in range(3):
        expected = np.mean([half[0] for half in begun["orderness"]["four"][layer]])
        assert np.mean(found["orderness"]["four"][layer]) == pytest.approx(expected, abs=0.05)


def test_both_optimisers_share_the_untrained_looks():
    one, other = (untrained("laptop", "mnist", optimiser) for optimiser in ("SGD", "Adam"))
    assert one["untrained"] == other["untrained"]
    assert one["trained"] != other["trained"]
