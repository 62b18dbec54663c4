"""Every claim on trained networks is supported by records as the paper has them, and refuted by others.

Its control is refuted where the effect is in the records; where it is not, the suite says so.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from claims.fan2019.methods.arms import PERCEPTRON, RANDOM_LABELS
from claims.fan2019.methods.blind_detector import BlindDetector
from claims.fan2019.methods.detection_statistics import PICTURED
from claims.fan2019.methods.tests.made_up_networks import Mistakes, detectors, networks
from harness.judging.cases import CaseJudgement
from harness.lab.lab import Lab
from harness.lab.session import NotAvailable
from harness.runs.recipe import Result
from harness.tests import made_up_records
from harness.verdicts import Verdict

CLAIMS = made_up_records.trained_claims_of("fan2019")


@dataclass(frozen=True)
class World:
    """Trainings as they came out, three times.

    Attributes:
        supported: as the paper has them, so that the claim holds and its control does not.
        refuted: so that the claim does not hold.
        toothless: so that some part's control would not be refuted.
    """

    supported: Callable[..., Any]
    refuted: Callable[..., Any]
    toothless: Callable[..., Any]


def vgg(refuted: dict, toothless: dict, supported: dict | None = None, *, chance: bool = True) -> World:
    """A world of accuracies: those of the paper but for these; of a toothless control those before training too."""
    return World(*(networks(given, chance=chance) for given in (supported or {}, refuted, toothless)))


ROWS = {
    "SH-79": {"plain": 72.96, "spatial 1": 73.51, "gap-fc 1": 72.55, ("plain", "spatial 1"): 30.0},
    "SH-80": {
        "resnet50": 75.47, "resnet50 spatial 1": 74.68, "resnet50 gap-fc 1": 74.57,
        ("resnet50", "resnet50 spatial 1"): 30.0,
    },
    "SH-81": {
        "resnet152": 77.66, "resnet152 spatial 1": 76.64, "resnet152 gap-fc 5": 76.93,
        ("resnet152", "resnet152 spatial 1"): 30.0,
    },
}  # fmt: skip
"""Table 2 in per cent, and the baseline with the shuffle in tests alone."""
SMALL_IMAGENET = {
    "plain": 46.59, "spatial 4": 45.15, "gap-fc 4": 46.05, "gap-fc 10": 26.38, ("plain", "spatial 4"): 10.0,
    "resnet50": 55.0, "resnet50 gap-fc 8": 48.08, "resnet50 gap-fc 13": 40.0,
}  # fmt: skip


def on_imagenet(row: dict, refuted: dict, toothless: dict) -> World:
    """A world of accuracies in per cent."""
    return vgg(row | refuted, row | toothless, row, chance=False)


SHUFFLED_ARMS = ("branch", "both", "stage branch", "stage both")
USUAL, SAME, WORSE = Mistakes(), Mistakes(small=0.27, large=0.27), Mistakes(small=0.5, large=0.5)


def detection(
    shuffled: Mistakes = WORSE,
    refuted: Mistakes = SAME,
    *,
    alike: bool = False,
    toothless: Mistakes = USUAL,
    plain: Mistakes = USUAL,
) -> World:
    """A world of detectors; where controls are toothless, `plain` is another one, or images are `alike`."""

    def arms(shuffled: Mistakes, plain: Mistakes) -> dict[str, Mistakes]:
        return {"plain": plain, **dict.fromkeys(SHUFFLED_ARMS, shuffled)}

    return World(
        detectors(arms(shuffled, plain)),
        detectors(arms(refuted, plain)),
        detectors(arms(shuffled, toothless), alike=alike),
    )


def fixed(fixed: float, both: float) -> Callable[..., Any]:
    """Detectors behind a fixed and a changing permutation that mislocalise these shares of the objects."""
    return detectors({
        "plain": Mistakes(), "fixed": Mistakes(small=fixed, large=fixed), "both": Mistakes(small=both, large=both),
    })  # fmt: skip


def with_a_blind_one(both: float, plain: float = 0.1) -> Callable[..., Any]:
    """Detectors that mislocalise these shares of the objects, where a blind one reaches an mAP of 40."""
    trained = detectors({"both": Mistakes(small=both, large=both), "plain": Mistakes(small=plain, large=plain)})

    def made(name: str | None, recipe: Any, seed: int) -> Any:
        if isinstance(recipe, BlindDetector):
            return Result({"bound": 0.38, "with_chance": 0.4, "constructed": 0.3})
        return trained(name, recipe, seed)

    return made


WORSE_IN_ODD, WORSE_IN_EVEN = Mistakes(odd=(0.6, 0.6)), Mistakes(even=(0.6, 0.6))
WORLDS = {
    "SH-02": vgg({"spatial 4 of each image": 65}, {"channel 4": 73.07}),
    "SH-10": vgg({"plain": 60}, {"channel 4": 64.1}, {"plain": 64.1, "channel 4": 57}),
    "SH-11": vgg({"spatial 4": 69, "strided spatial 4": 69}, {"channel 4": 73.1}),
    "SH-12": vgg({("spatial 4", "plain"): 69}, {("plain", "spatial 4"): 73.1}),
    "SH-13": vgg(
        {("plain", "spatial 4"): 60, ("plain", "strided spatial 4"): 60},
        {"spatial 4": 22.49, ("plain", "strided spatial 4"): 22.49},
    ),
    "SH-14": vgg({"channel 4": 73}, {"fixed channel 4": 60}),
    "SH-15": vgg({("channel 4", "plain"): 70}, {("plain", "channel 4"): 73.1}),
    "SH-16": vgg({("plain", "channel 4"): 10}, {("plain", "spatial 4"): 0.1}),
    "SH-17": vgg({("plain", "spatial 4"): 2}, {("channel 4", "spatial 4"): 90}),
    "SH-18": vgg({("plain", "spatial 4"): 50}, {PERCEPTRON: 73}),
    "SH-19": vgg({"spatial 7": 60}, {"spatial 10": 70.44}),
    "SH-20": vgg({"spatial 7": 20}, {"channel 10": 71}),
    "SH-21": vgg({"channel 10": 70}, {"channel 10": 70}),
    "SH-22": vgg(
        {"spatial 4": 80, "spatial 7": 85, "spatial 10": 90}, {"spatial 4": 50, "spatial 7": 74, "spatial 10": 80}
    ),
    "SH-23": vgg({"channel 1": 60}, {"channel 10": 70.44}),
    "SH-24": vgg({"spatial 4": 69}, {"channel 4": 73.1}),
    "SH-26": vgg({"spatial 4": 60}, {"spatial 10": 72.5}),
    "SH-27": vgg({"resnet50 spatial 8": 60}, {"before training": 70.6}),
    "SH-28": vgg({"spatial 10": 30}, {"before training": 58.0}),
    "SH-29": vgg({"gap-fc 4": 60, "gap-fc 10": 40}, {"channel 10": 56}),
    "SH-39": vgg({"spatial at 4": 70}, {"spatial 10": 72.5}),
    "SH-40": vgg({"spatial at 4": 70}, {"spatial at 1": 72.5}),
    "SH-41": vgg({"spatial at 10": 60}, {"patch 4 at 1": 15.0}),
    "SH-42": vgg({"patch 4 at 1": 73.1, "spatial at 1": 73.1, "spatial at 10": 50, "patch 2 at 10": 60},
                 {"patch 4 at 1": 90, "spatial at 1": 95}),
    "SH-43": vgg({"patch 4 at 1": 60}, {"spatial at 1": 69.1}),
    "SH-44": vgg({"spatial at 1": -3}, {f"spatial at 1{RANDOM_LABELS}": 15.02}),
    "SH-49": vgg({"resnet50 branch 8": 60}, {"before training": 80.0}),
    "SH-61": vgg({"gap-fc 4": 60}, {"before training": 80.0}),
    "SH-82": vgg({"stride 4": 60}, {("plain", "stride 4"): 73.1}),
    "SH-90": vgg({"resnet50 gap-fc 8": 60}, {"before training": 72.5}),
    "SH-79": on_imagenet(ROWS["SH-79"], {"plain": 70}, {("plain", "spatial 1"): 73.51}),
    "SH-80": on_imagenet(ROWS["SH-80"], {"resnet50": 70}, {("resnet50", "resnet50 spatial 1"): 74.68}),
    "SH-81": on_imagenet(ROWS["SH-81"], {"resnet152": 70}, {("resnet152", "resnet152 spatial 1"): 76.64}),
    "SH-35": on_imagenet(ROWS["SH-80"], {"resnet50 gap-fc 1": 73}, {("resnet50", "resnet50 spatial 1"): 75.47}),
    "SH-37": on_imagenet(ROWS["SH-79"], {"spatial 1": 72}, {("plain", "spatial 1"): 73.51}),
    "SH-30": on_imagenet(SMALL_IMAGENET, {"gap-fc 4": 43}, {"gap-fc 10": 46}),
    "SH-88": on_imagenet(SMALL_IMAGENET, {"spatial 4": 42}, {("plain", "spatial 4"): 45.15}),
    "SH-89": on_imagenet(SMALL_IMAGENET, {"resnet50 gap-fc 8": 54}, {"resnet50 gap-fc 13": 48}),
    "SH-51": detection(toothless=WORSE_IN_ODD),
    "SH-52": detection(toothless=WORSE_IN_EVEN),
    "SH-53": detection(toothless=WORSE_IN_ODD),
    "SH-54": detection(refuted=Mistakes(misnamed=0.4), alike=True),
    "SH-55": detection(refuted=Mistakes(misnamed=0.4), alike=True),
    "SH-56": detection(
        Mistakes(small=0.6), Mistakes(large=0.6),
        plain=Mistakes(even=(0.0, 0.4)), toothless=Mistakes(even=(0.4, 0.0)),
    ),
    "SH-57": detection(Mistakes(large=0.1), Mistakes(large=0.6), alike=True),
    "SH-70": World(with_a_blind_one(0.8), with_a_blind_one(0.1), with_a_blind_one(0.8, plain=0.8)),
    "SH-86": detection(toothless=Mistakes(even=(0.25, 0.25))),
    "SH-87": World(fixed(0.3, 0.6), fixed(0.6, 0.3), fixed(0.1, 0.6)),
    "E-SH11": detection(toothless=Mistakes(even=(0.25, 0.25))),
}  # fmt: skip
WITHOUT_A_REFUTATION = {"SH-68": "the best of all epochs is never worse than the last, so that nothing refutes it"}


def cases() -> list[Any]:
    """Every case of every claim that has a world."""
    return [
        pytest.param(id, parameters, id=f"{id}-{number}")
        for id in WORLDS
        for number, parameters in enumerate(made_up_records.cases_of(CLAIMS[id]))
    ]


def judged(id: str, made: Callable[..., Any], parameters: dict[str, Any]) -> CaseJudgement:
    names = made_up_records.names_of_runs(CLAIMS[id], None, parameters)
    return made_up_records.judge(CLAIMS[id], lambda recipe, seed: made(names.get(recipe), recipe, seed), **parameters)


every_case = pytest.mark.parametrize(("id", "parameters"), cases())


def test_every_trained_claim_is_judged_here():
    assert {*WORLDS, *WITHOUT_A_REFUTATION} == set(CLAIMS)


@every_case
def test_it_is_supported_as_the_paper_has_it(id, parameters):
    found = judged(id, WORLDS[id].supported, parameters)
    assert found.verdict is Verdict.SUPPORTED, found.parts
    assert not found.control_faults
    assert not found.control_undecided
    assert found.control is Verdict.REFUTED


@every_case
def test_it_is_refuted_by_others(id, parameters):
    found = judged(id, WORLDS[id].refuted, parameters)
    assert found.verdict is Verdict.REFUTED, found.parts


@every_case
def test_a_control_without_teeth_is_noticed(id, parameters):
    found = judged(id, WORLDS[id].toothless, parameters)
    assert found.control_faults or found.control_undecided, found.control_parts


@pytest.mark.parametrize("here", [True, False])
def test_detectors_are_judged_without_their_images_which_are_only_shown(here, monkeypatch):
    def missing(self, name, split="test"):
        raise NotAvailable(f"{name} is not here")

    if not here:
        monkeypatch.setattr(Lab, "detection", missing)
    claim = CLAIMS["SH-56"]
    parameters = next(made_up_records.cases_of(claim))
    names = made_up_records.names_of_runs(claim, None, parameters)
    made = WORLDS["SH-56"].supported
    lab = made_up_records.lab_of(claim, lambda recipe, seed: made(names[recipe], recipe, seed), **parameters)
    assert lab.measured
    assert len(lab.pictures) == (2 * PICTURED if here else 0)
    assert ("no pictures: scenes is not here" in lab.notes) is not here


@pytest.mark.parametrize(("peak", "verdict"), [(0.5, Verdict.SUPPORTED), (0.0, Verdict.INCONCLUSIVE)])
def test_the_best_epoch_is_never_worse_than_the_last(peak, verdict):
    for parameters in made_up_records.cases_of(CLAIMS["SH-68"]):
        found = judged("SH-68", networks({}, peak=peak), parameters)
        assert (found.verdict, found.control) == (verdict, Verdict.REFUTED)
        toothless = judged("SH-68", networks({}, peak=peak, first=1.5), parameters)
        assert toothless.control_faults
