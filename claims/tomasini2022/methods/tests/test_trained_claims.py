"""What the claims on trained networks would say of trainings that came out one way or another, on made-up records."""

from __future__ import annotations

import zlib
from typing import Any, NamedTuple

import numpy as np
import pytest

from claims.tomasini2022.methods.cifar_zoo import SHAPES
from claims.tomasini2022.methods.printed_filters import TRAINED as PRINTED
from claims.tomasini2022.methods.released_spectra import spectra_of
from claims.tomasini2022.methods.sensitivity_arms import RANGE
from claims.tomasini2022.methods.sensitivity_runs import AS_IT_IS, BY_PROBES, SHUFFLED, TRAINED, UNTRAINED
from harness.data.pretrained import PRETRAINED
from harness.data.weights import TORCHVISION
from harness.tests.made_up_records import cases_of, judge_by_name, trained_claims_of
from harness.verdicts import Verdict

PAPER = "tomasini2022"
LAYERS = ["relu"] * 8 + ["dense"]
ON_CIFAR, ONE_PIXEL = "on CIFAR-10", "filters of one pixel"


class Trainings(NamedTuple):
    """How trainings come out.

    Attributes:
        deformation, noise: by how much log D and log G of trained networks change from one layer to the next.
        kept: how much of that is left when channels are shuffled; in networks on CIFAR-10 beside others always half.
        mean: energy of the filters' mean after training, relative to white filters'.
    """

    deformation: float
    noise: float
    kept: float
    mean: float


AS_THE_PAPER_SAYS = Trainings(-0.3, 0.2, 0.5, 2.0)
UNALTERED = AS_THE_PAPER_SAYS._replace(kept=1.0)
THE_OPPOSITE = Trainings(0.3, -0.2, 0.5, 0.2)
NOTHING = Trainings(0.0, 0.0, 1.0, 1.0)

TRAINED_CLAIMS = trained_claims_of(PAPER)
CASES = [
    pytest.param(id, parameters, id=f"{id}-{'-'.join(parameters.values())}")
    for id in sorted(TRAINED_CLAIMS)
    for parameters in cases_of(TRAINED_CLAIMS[id])
]


def supporting(id: str) -> Trainings:
    return UNALTERED if id == "SP-28" else AS_THE_PAPER_SAYS


def made_on_the_ring(trainings: Trainings, name: str, seed: int) -> dict[str, Any]:
    """What one run of a simple network found out, as the paper has it unless trainings say otherwise.

    Alike channels, no errors, filters that average to homogeneous ones, and D and G that follow the receptive field.
    """
    rng = np.random.default_rng([seed, zlib.crc32(name.encode())])
    learnt = name != "8 images" and trainings is AS_THE_PAPER_SAYS
    as_told = trainings is AS_THE_PAPER_SAYS
    apart = {"untrained": 1.0, "trained": 0.0 if as_told else 1.0}
    spread = np.log(np.arange(1, 13)) / 2  # of the field: log A_k, and log D and log G with it
    law = np.array([[-2.0], [1.0]]) * np.sign(trainings.noise) * spread * (name != ONE_PIXEL)

    def rows(more: float) -> dict[str, list[float]]:
        found = law + more + 0.02 * rng.normal(size=(2, 12))
        return {"deformation": np.exp(found[0]).tolist(), "noise": np.exp(found[1]).tolist()}

    def field(exponent: float) -> list[float | None]:
        found = 0.8 * np.exp(2 * exponent * spread + 0.02 * rng.normal(size=12))
        return [None] * 12 if name == ONE_PIXEL else found.tolist()

    def filters(printed: float) -> list[list[float]]:
        off = 0.01 + 0.99 * (1 - printed)
        return (np.array(PRINTED) * (printed + off * rng.normal(size=(12, 3)))).tolist()

    return {
        "interpolation_epoch": 20,
        "unseen": 192,
        "errors": {"trained": 0 if learnt else 5 + seed},
        "mean_filters": {"untrained": filters(0.0), "trained": filters(float(learnt))},
        "field": {"untrained": field(0.5), "trained": field(0.5 if as_told else 1.0)},
        "reach": {"untrained": field(1.0), "trained": field(1.0)},
        "sensitivity": {
            state: {"all channels": rows(0.0), "mean filters": rows(more), "mean activity": rows(more)}
            for state, more in apart.items()
        },
    }


def made_of_a_released_one(trainings: Trainings, name: str) -> dict[str, Any]:
    """What a released network's layers found out, and those of the same with weights drawn anew."""
    rng = np.random.default_rng(zlib.crc32(name.encode()))

    def rows(slope: float) -> dict[str, list[float]]:
        found = slope * np.arange(10) + 0.02 * rng.normal(size=(2, 10))
        return {"deformation": np.exp(found[0]).tolist(), "noise": np.exp(-found[1]).tolist()}

    return {
        "layers": [f"layer {k}" for k in range(10)],
        "released": rows(trainings.deformation),
        "redrawn": [rows(0.0) for _ in range(5)],
    }


def made(trainings: Trainings, name: str, seed: int) -> dict[str, Any]:
    """What one run found out; an architecture's error goes with its output's R, as far as R changes at all."""
    if name in (*PRETRAINED, *TORCHVISION):
        return {**spectra_of(released(trainings, name), seed), **made_of_a_released_one(trainings, name)}
    if name.endswith(" images") or name == ONE_PIXEL:
        return made_on_the_ring(trainings, name, seed)
    rng = np.random.default_rng([seed, zlib.crc32(name.encode())])
    among = next((names for names in (RANGE, tuple(SHAPES)) if name in names), (name,))
    bad = 2 * among.index(name) / max(len(among) - 1, 1) - (len(among) > 1)
    shared = (-1) ** among.index(name) if len(among) > 1 else 0
    depth = np.arange(len(LAYERS))

    def rows(deformation: float, noise: float, more: float = 0.0) -> dict[str, list[float]]:
        found = np.stack([deformation * depth, noise * depth]) + 0.02 * rng.normal(size=(2, len(LAYERS)))
        found[:, -1] += more * bad * np.array([1, -1]) + 0.7 * abs(more) * shared
        return {"deformation": np.exp(found[0]).tolist(), "noise": np.exp(found[1]).tolist()}

    def energies(mean: float) -> list[list[float]]:
        others = (9 - mean) / 8
        found = np.array([mean, 1.5 * others, others, others, 0.75 * others, 0.5 * others]) if mean > 1 else None
        if mean < 1:
            found = np.array([mean, 0.5 * others, others, others, 1.25 * others, 1.5 * others])
        flat = np.ones(6) if found is None else found
        return (flat + 0.02 * rng.normal(size=(8, 6))).tolist()

    as_told = trainings is AS_THE_PAPER_SAYS
    kept = 0.5 if name == ON_CIFAR else trainings.kept
    slopes = (trainings.deformation, trainings.noise)
    before, after = (0.02 * rng.normal(), 0.02 * rng.normal()), slopes
    untrained = {AS_IT_IS: rows(*before), SHUFFLED: rows(*before)}
    more = -0.5 * float(np.sign(trainings.deformation))
    return {
        "layers": LAYERS,
        "sensitivity": {
            UNTRAINED: untrained,
            BY_PROBES: untrained,
            TRAINED: {AS_IT_IS: rows(*after, more), SHUFFLED: rows(kept * slopes[0], kept * slopes[1], more)},
        },
        "filters": {UNTRAINED: energies(1.0), TRAINED: energies(trainings.mean)},
        "frequency": {
            UNTRAINED: (1 + 0.02 * rng.normal(size=8)).tolist(),
            TRAINED: (1.4 - 0.4 * trainings.mean + 0.02 * rng.normal(size=8)).tolist(),
        },
        "alike": {
            state: {
                "all channels": rows(*slope),
                "mean channel": rows(*slope) if state == TRAINED and as_told else rows(slope[0] - 0.5, slope[1] + 0.5),
            }
            for state, slope in ((UNTRAINED, before), (TRAINED, after))
        },
        "test_accuracy": 1 - 0.05 * float(np.exp(bad)),
        "test_images": 4096,
        "train_accuracy": [0.5, 1.0],
    }


def released(trainings: Trainings, name: str) -> dict[str, np.ndarray]:
    """Filters of a released network, which have a mean of their own, or one of each row that goes up and down."""
    rng = np.random.default_rng(zlib.crc32(name.encode()))
    shape = np.array([1.0, -2.0, 1.0]) if trainings.mean < 1 else np.ones(3)
    more = abs(trainings.mean - 1) * np.outer(shape, shape)
    return {f"layer {k}": (more + rng.normal(size=(20, 20, 3, 3))).astype(np.float32) for k in range(7)}


AS_LONG_AS_THE_PAPER = "SP-56"
"""The claim that speaks of no shorter trainings, and so is judged here as at tier `paper`."""


def judged(id: str, trainings: Trainings, parameters: dict[str, Any], tier: str = "laptop") -> Any:
    """The judgement of one case."""
    tier = "paper" if id == AS_LONG_AS_THE_PAPER else tier
    return judge_by_name(TRAINED_CLAIMS[id], lambda name, seed: made(trainings, name, seed), tier=tier, **parameters)


@pytest.mark.parametrize(("id", "parameters"), CASES)
def test_what_the_paper_says_is_supported_and_every_part_of_its_control_refuted(id, parameters):
    found = judged(id, supporting(id), parameters)
    assert found.verdict is Verdict.SUPPORTED
    assert {part: judgement.verdict for part, judgement in found.control_parts.items()} == dict.fromkeys(
        TRAINED_CLAIMS[id].rules, Verdict.REFUTED
    )
    assert not found.control_faults
    assert not found.control_undecided


@pytest.mark.parametrize(("id", "parameters"), CASES)
def test_the_opposite_is_refuted(id, parameters):
    found = judged(id, THE_OPPOSITE, parameters)
    assert (found.verdict, found.control_faults) == (Verdict.REFUTED, {})


@pytest.mark.parametrize(("id", "parameters"), [case for case in CASES if case.values[0] != "SP-28"])
def test_chance_is_not_supported(id, parameters):
    assert judged(id, NOTHING, parameters).verdict is not Verdict.SUPPORTED


@pytest.mark.parametrize("tier", ["laptop", "nightly"])
@pytest.mark.parametrize("trainings", [AS_THE_PAPER_SAYS, THE_OPPOSITE])
def test_short_trainings_do_not_tell_what_is_acquired_over_all_of_it(trainings, tier):
    claim = TRAINED_CLAIMS[AS_LONG_AS_THE_PAPER]
    for parameters in cases_of(claim):
        found = judge_by_name(claim, lambda name, seed: made(trainings, name, seed), tier=tier, **parameters)
        assert found.verdict is Verdict.OUT_OF_REACH


@pytest.mark.parametrize("layers", ["activations", "every layer"])
def test_most_steps_are_counted_over_networks_where_all_have_the_same_share(layers):
    claim, parameters = TRAINED_CLAIMS["SP-12"], {"layers": layers}

    def seven_of_eight(name: str, seed: int) -> dict[str, Any]:
        found = made(AS_THE_PAPER_SAYS, name, seed)
        found["sensitivity"][TRAINED][AS_IT_IS]["deformation"][4] *= 10
        return found

    found = judge_by_name(claim, seven_of_eight, tier="laptop", **parameters)
    assert found.parts["most steps fall"].verdict is Verdict.SUPPORTED


@pytest.mark.parametrize("tier", ["nightly", "paper"])
@pytest.mark.parametrize("id", sorted(TRAINED_CLAIMS))
def test_longer_trainings_are_read_in_the_same_way(id, tier):
    parameters = next(cases_of(TRAINED_CLAIMS[id], tier))
    assert judged(id, supporting(id), parameters, tier).verdict is Verdict.SUPPORTED
