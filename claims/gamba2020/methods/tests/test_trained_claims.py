"""Every claim on trained networks, on made-up ones: it can be supported and refuted, and its control can tell.

The paper's picture is in the made-up networks where a claim must be supported, with a control that is refuted part by
part; another is where it must be refuted; and where the control's data have what the claim says, they are no control.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from claims.gamba2020.methods.tests.made_up_networks import (
    FILTERS,
    MadeUp,
    falling,
    first,
    first_half,
)
from harness.claims.about import About
from harness.claims.claim import Claim
from harness.judging.cases import CaseJudgement, judge_case
from harness.tests.made_up_records import cases_of, judge, lab_of, names_of_runs, trained_claims_of
from harness.verdicts import Evidence, Verdict

CLAIMS = trained_claims_of("gamba2020")

World = MadeUp | Mapping[str, MadeUp] | Callable[[Any, int], MadeUp]
"""How all trainings came out, or those of each of the claim's names, or one by name and seed."""


@dataclass(frozen=True)
class Worlds:
    """Made-up outcomes under which a claim must be supported, must be refuted, and must have a control that fails.

    Attributes:
        blunt: parts whose control fails there; all of them unless told.
        tier: where the lowest tier has too few layers or runs to tell.
    """

    supported: World
    refuted: World
    without_control: World | None = None
    blunt: tuple[str, ...] = ()
    tier: str | None = None


def metrics(**curves: Any) -> dict[str, Any]:
    """Curves by name; functions of the seed are called with it."""
    return curves


BIASED, UNBIASED = MadeUp(after=first(0.5, 0.9)), MadeUp(after=0.5)
POSITIVE = MadeUp(after=first(0.5, 0.1))
FIRST_TOO = MadeUp(after=first(0.5, 0.9), before=first(0.9, 0.5))
ALL_BIASED = MadeUp(after=0.9)
LOST = MadeUp(before=0.9, after=0.5)

HALF_BIASED = MadeUp(after=lambda layers: [0.5] + [0.9] * (layers // 2 - 1) + [0.5] * (layers - layers // 2))
HALF_CRITICAL = MadeUp(after=first_half(0.9, 0.5), drops=first_half(0.5, 0.003))

TOGETHER = MadeUp(before=falling(0.5, 0.55), after=falling(0.9, 0.55), drops=falling(0.8, 0.1), drop_noise=0.1)
OPPOSED = TOGETHER.but(drops=falling(0.1, 0.8))
FROM_THE_START = TOGETHER.but(before=falling(0.9, 0.55))

STEPS = tuple(float((epoch > 5) + (epoch > 8)) / 2 for epoch in range(76))
"""On their way shares change sharply twice, within the first twelve epochs."""


def loss_that_goes(direction: int) -> dict[str, Any]:
    """A training loss that rises (or falls) as the epochs' mean of shares on `STEPS` rises, up to noise of the seed."""
    means = (np.array(STEPS[1:]) + np.array(STEPS[:-1])) / 2
    return metrics(
        train_loss=lambda seed: list(2 + direction * means + 0.02 * np.random.default_rng(seed).normal(size=75))
    )


def sharp(direction: int) -> Callable[[Any, int], MadeUp]:
    """Shares and a loss that change sharply at the same times."""
    return lambda name, seed: BIASED.but(course=STEPS, metrics=loss_that_goes(direction))


FAILING = MadeUp(chance=0, noise=0, changes=0.01, metrics=metrics(train_loss=[float(np.log(10))] * 10))
LEARNING = MadeUp(after=0.9)
BROKEN = FAILING.but(metrics=metrics(broke_at_step=3))


def late(delay: int, after: float = 0.7, epochs: int = 45) -> Callable[[Any, int], MadeUp]:
    """Under random labels: a loss that falls from an epoch on, and shares that move `delay` epochs later."""

    def made(name: Any, seed: int) -> MadeUp:
        fall = 18 + seed % 2
        from_fall = np.clip(np.arange(epochs) - fall, 0, None) / (epochs - fall)
        begin = fall + delay + seed // 2 % 2
        course = np.clip(np.arange(-1, epochs) - begin, 0, None) / (epochs - 1 - begin)
        return MadeUp(after=after, course=course.tolist(), metrics=metrics(train_loss=list(2.3 - from_fall)))

    return made


def some_biased(easy: int, hard: int) -> Callable[[Any, int], MadeUp]:
    """So many layers biased for each task, one more for some seeds."""

    def made(name: str, seed: int) -> MadeUp:
        count = hard + seed % 2 if name == "ten digits" else easy + seed // 2 % 2
        return MadeUp(after=lambda layers: [0.9] * count + [0.5] * (layers - count))

    return made


def some_critical(by_name: Mapping[Any, int] | int) -> Callable[[Any, int], MadeUp]:
    """So many of the first layers critical, one more for a few seeds."""

    def made(name: Any, seed: int) -> MadeUp:
        count = (by_name if isinstance(by_name, int) else by_name[name]) + (seed == 1 and name != "smooth")
        return MadeUp(drops=lambda layers: [0.5] * count + [0.003] * (layers - count))

    return made


def spread(**by_name: float) -> dict[str, MadeUp]:
    """Runs whose layers differ, and which differ among themselves by so much."""
    return {name: MadeUp(after=falling(0.9, 0.1), noise=noise) for name, noise in by_name.items()}


LATE = tuple(float(value) for value in np.interp(range(76), [0, 21, 30, 50, 75], [0, -0.1, 0, 1, 1]))
"""On ImageNet, the shares' way from epoch 30 to epoch 50; before, they go a little the other way."""

PLATEAU = [*np.linspace(6, 3, 25), *np.linspace(2.5, 2.2, 25), *np.linspace(1.5, 1, 25)]
TURNED = MadeUp(before=0.8, after=[0.5, 0.1, 0.6, 0.6, 0.6, 0.1, 0.1, *[0.9] * 9], course=LATE)
STEADY = list(np.linspace(6, 1, 75))


def loss(values: list[float]) -> dict[str, Any]:
    """A training loss with some noise of the seed."""
    return metrics(train_loss=lambda seed: [value + 0.001 * seed * (epoch > 10) for epoch, value in enumerate(values)])


def trained_to(alexnet: float, vgg19: float, first_epoch: float | None = None) -> dict[str, MadeUp]:
    """Training accuracies in the last epoch; and in the first, where they are not what chance gives."""

    def curve(last: float) -> Callable[[int], list[float]]:
        return lambda seed: [(first_epoch or 0.001) + 0.001 * seed, *[last + 0.001 * seed] * 74]

    return {
        "AlexNet": MadeUp(metrics=metrics(train_accuracy=curve(alexnet))),
        "VGG19": MadeUp(metrics=metrics(train_accuracy=curve(vgg19))),
    }


def accuracies(test: float, training: float) -> MadeUp:
    """On 80 % of the validation images, and these shares of others."""
    return MadeUp(
        metrics=metrics(
            accuracy=lambda seed: {"test": test + 0.001 * (seed % 3), "validation": 0.8},
            train_accuracy=lambda seed: [training + 0.001 * (seed % 3)],
        )
    )


def fitted(last: float, before: float) -> MadeUp:
    """Accuracies on images with random labels, in the last epochs and in those before."""
    return MadeUp(
        metrics=metrics(train_accuracy=lambda seed: [one - 0.001 * (seed % 2) for one in [before] * 30 + [last] * 15])
    )


WORLDS = {
    "HP-23": Worlds(BIASED, ALL_BIASED, UNBIASED),
    "HP-24": Worlds(BIASED, ALL_BIASED, UNBIASED),
    "HP-22": Worlds(BIASED, POSITIVE, POSITIVE.but(after=0.1, before=0.1)),
    "HP-39": Worlds(HALF_BIASED, MadeUp(after=first_half(0.65, 0.95)), MadeUp(before=0.9, after=first_half(0.5, 0.9))),
    "HP-41": Worlds(MadeUp(after=falling(0.9, 0.1)), MadeUp(after=0.5, noise=0.3), MadeUp(after=0.7), tier="paper"),
    "HP-44": Worlds(some_biased(1, 4), some_biased(4, 1), some_biased(4, 1)),
    "HP-50": Worlds(sharp(-1), sharp(1), sharp(1)),
    "HP-37": Worlds(HALF_CRITICAL, MadeUp(drops=0.5), MadeUp(drops=0.003), blunt=("layers 9 to 16",)),
    "HP-38": Worlds(some_critical(8), some_critical(14), tier="paper"),
    "HP-40": Worlds(TOGETHER, OPPOSED, OPPOSED),
    "HP-42": Worlds(
        HALF_CRITICAL, MadeUp(drops=0.5), MadeUp(after=lambda layers: [0.9] * (layers - 1) + [0.5], drops=0.003),
    ),
    "HP-52": Worlds(accuracies(0.8, 0.95), accuracies(0.9, 0.95), accuracies(0.8, 0.8), tier="paper"),
    "HP-43": Worlds(
        {"cifar100": MadeUp(after=lambda layers: [0.9] * 10 + [0.5] * 6, drops=lambda layers: [0.5] * 10 + [0.0] * 6),
         "cifar10": MadeUp(after=first_half(0.9, 0.5), drops=first_half(0.5, 0.0))},
        {"cifar100": MadeUp(after=0.5, drops=0.0), "cifar10": MadeUp(after=0.9, drops=0.5)},
        {"cifar100": MadeUp(after=0.99, drops=0.9), "cifar10": MadeUp(after=first_half(0.8, 0.5), drops=0.3)},
    ),
    "HP-67": Worlds(TOGETHER, OPPOSED, OPPOSED),
    "HP-26": Worlds({"failing": FAILING, "learning": LEARNING}, {"failing": LEARNING, "learning": LEARNING}, FAILING),
    "HP-27": Worlds({"failing": FAILING, "learning": LEARNING}, {"failing": BROKEN, "learning": LEARNING}, FAILING),
    "HP-28": Worlds({"failing": FAILING, "learning": LEARNING}, {"failing": BROKEN, "learning": LEARNING}, FAILING),
    "HP-55": Worlds(BIASED, ALL_BIASED, UNBIASED),
    "HP-57": Worlds(BIASED, {"standardised": ALL_BIASED, "from 0 to 1": UNBIASED}, UNBIASED),
    "HP-56": Worlds(
        MadeUp(after=5 / 6, noise=0.05), MadeUp(after=1 / 6, noise=0.05), MadeUp(after=1 / 6, noise=0.05)
    ),
    "HP-21": Worlds(BIASED, MadeUp(after=[0.5, 0.9, 0.9, 0.2, 0.9]), POSITIVE, blunt=("layers 2 to 5",)),
    "HP-79": Worlds(BIASED, ALL_BIASED, UNBIASED),
    "HP-80": Worlds(BIASED, MadeUp(after=[0.9, 0.9, 0.9, 0.3, 0.9]), MadeUp(after=0.45)),
    "HP-34": Worlds(ALL_BIASED, MadeUp(after=0.1), MadeUp(after=0.1)),
    "HP-45": Worlds(MadeUp(drops=0.5), MadeUp(drops=0.01)),
    "HP-46": Worlds(BIASED, MadeUp(after=first_half(0.4, 0.9)), POSITIVE),
    "HP-47": Worlds(TURNED.but(before=0.5), ALL_BIASED, ALL_BIASED),
    "HP-48": Worlds(
        TURNED.but(metrics=loss(PLATEAU)),
        TURNED.but(metrics=loss(STEADY)),
        TURNED.but(course=[*np.linspace(0, 1, 22), *[1] * 54], metrics=loss([6.0] * 21 + STEADY[21:])),
    ),
    "HP-49": Worlds(trained_to(0.57, 0.82), trained_to(0.57, 0.70), trained_to(0.57, 0.82, first_epoch=0.57),
                    blunt=("AlexNet",)),
    "HP-51": Worlds(
        spread(imagenet=0.2, cifar10=0.02), spread(imagenet=0.001, cifar10=0.02),
        spread(imagenet=0.001, cifar10=0.02),
    ),
    "HP-35": Worlds(late(0), late(12), late(0, after=0.52), blunt=("unbiased while the loss is flat",)),
    "HP-36": Worlds(fitted(1.0, 0.1), fitted(0.5, 0.1), fitted(1.0, 1.0)),
    "HP-53": Worlds(
        {"whole": BIASED, "shuffled": MadeUp(after=first(0.5, 0.6))},
        {"whole": MadeUp(after=first(0.5, 0.6)), "shuffled": BIASED},
        {"whole": MadeUp(after=first(0.5, 0.6)), "shuffled": BIASED},
    ),
    "HP-58": Worlds(
        spread(step=0.005, smooth=0.1), spread(step=0.1, smooth=0.005),
        {"step": MadeUp(after=0.7), "smooth": MadeUp(after=0.7, noise=0.1)},
    ),
    "HP-59": Worlds(
        {"step": HALF_BIASED, "smooth": MadeUp(after=0.5)},
        {"step": MadeUp(after=0.5), "smooth": HALF_BIASED},
        {"step": MadeUp(after=0.5), "smooth": MadeUp(after=first_half(0.5, 0.9))},
    ),
    "HP-60": Worlds(
        some_critical({"step": 8, "smooth": 8}), some_critical({"step": 8, "smooth": 1}),
        some_critical({"step": 0, "smooth": 0}),
    ),
    "HP-61": Worlds(
        {"step": BIASED.but(drops=0.6), "smooth": MadeUp(after=0.6, drops=0.1)},
        {"smooth": BIASED.but(drops=0.6), "step": MadeUp(after=0.6, drops=0.1)},
        {"step": MadeUp(before=0.9, after=0.9, drops=0.6), "smooth": MadeUp(after=0.6, drops=0.1)}, blunt=("bias",),
    ),
}  # fmt: skip


def released(name: str) -> Any:
    """Released kernels, negative in every filter past the first layer."""
    filters = FILTERS["alexnet"] if "AlexNet" in name else [8] * 16
    return SimpleNamespace(sha256="made up", kernels={
        f"layer {number}": -np.ones((count, 2, 3, 3), np.float32) for number, count in enumerate(filters)
    })  # fmt: skip


def made_in(world: World, claim: Claim, tier: str | None, case: Mapping[str, Any]) -> Callable[[Any, int], Any]:
    """What the runs of a case of a claim found out in a made-up world."""
    names = names_of_runs(claim, tier, case)

    def made(recipe: Any, seed: int) -> dict[str, Any]:
        name = names[recipe]
        training = (
            world if isinstance(world, MadeUp) else world[name] if isinstance(world, Mapping) else world(name, seed)
        )
        return training.of(recipe, seed)

    return made


def judged(claim: Claim, world: World, tier: str | None, case: Mapping[str, Any]) -> CaseJudgement:
    """A case of a claim in a made-up world."""
    return judge(claim, made_in(world, claim, tier, case), tier=tier, weights=released, **case)


def judged_by_proxy(claim: Claim, world: World, tier: str | None, case: Mapping[str, Any]) -> CaseJudgement:
    """The same where the evidence is no more than it is: made-up records are a proxy's."""
    lab = lab_of(claim, made_in(world, claim, tier, case), tier=tier, weights=released, **case)
    standing = dataclasses.replace(lab.standing(), evidence=Evidence.PROXY)
    return judge_case(claim, lab.measured, lab.controls, standing)


CASES = [(id, case) for id, claim in CLAIMS.items() for case in cases_of(claim)]
ABOUT = {about: [(id, case) for id, case in CASES if CLAIMS[id].about is about] for about in About}
WITH_BLUNT = [(id, case) for id, case in CASES if id in WORLDS and WORLDS[id].without_control is not None]


def test_every_trained_claim_is_judged_on_made_up_networks():
    assert set(WORLDS) == set(CLAIMS)


@pytest.mark.parametrize(("id", "case"), CASES)
def test_supported_by_the_papers_picture_with_a_control_that_is_refuted(id, case):
    found = judged(CLAIMS[id], WORLDS[id].supported, WORLDS[id].tier, case)
    assert (found.verdict, found.control_faults, found.control_undecided) == (Verdict.SUPPORTED, {}, ())
    assert {part: judgement.verdict for part, judgement in found.control_parts.items()} == dict.fromkeys(
        CLAIMS[id].rules, Verdict.REFUTED
    )


@pytest.mark.parametrize(("id", "case"), CASES)
def test_refuted_by_another_picture(id, case):
    found = judged(CLAIMS[id], WORLDS[id].refuted, WORLDS[id].tier, case)
    assert (found.verdict, found.control_faults) == (Verdict.REFUTED, {})


@pytest.mark.parametrize(("id", "case"), WITH_BLUNT)
def test_a_control_that_has_what_the_claim_says_is_found_out(id, case):
    worlds = WORLDS[id]
    assert worlds.without_control is not None
    found = judged(CLAIMS[id], worlds.without_control, worlds.tier, case)
    for part in worlds.blunt or CLAIMS[id].rules:
        if part in CLAIMS[id].mirrored:  # which has what the claim says where the measurement has the opposite
            assert (found.parts[part].verdict, found.control_parts[part].verdict) == (
                Verdict.REFUTED,
                Verdict.SUPPORTED,
            )
        else:
            assert part in found.control_faults


def test_every_trained_claim_says_what_it_is_about():
    assert [id for id, claim in CLAIMS.items() if claim.about is None] == []


@pytest.mark.parametrize(("id", "case"), ABOUT[About.SIZE])
def test_no_size_is_decided_by_a_proxy(id, case):
    worlds = WORLDS[id]
    for world in (worlds.supported, worlds.refuted):
        found = judged_by_proxy(CLAIMS[id], world, worlds.tier, case)
        assert (found.verdict, "a proxy cannot" in found.reason) == (Verdict.OUT_OF_REACH, True)


@pytest.mark.parametrize(
    ("id", "case"), [one for about in (About.MECHANISM, About.DIRECTION, About.EQUIVALENCE) for one in ABOUT[about]]
)
def test_what_is_about_no_size_is_decided_by_a_proxy_too(id, case):
    worlds = WORLDS[id]
    assert judged_by_proxy(CLAIMS[id], worlds.supported, worlds.tier, case).verdict is Verdict.SUPPORTED
    assert judged_by_proxy(CLAIMS[id], worlds.refuted, worlds.tier, case).verdict is Verdict.REFUTED


@pytest.mark.parametrize(("id", "case"), ABOUT[About.REGIME])
def test_networks_that_have_not_fitted_their_images_decide_nothing_about_a_regime(id, case):
    worlds = WORLDS[id]
    for world in (worlds.supported, worlds.refuted):
        assert isinstance(world, MadeUp | Mapping)

        def one_run_short(name: Any, seed: int, world: MadeUp | Mapping[str, MadeUp] = world) -> MadeUp:
            of_name = world if isinstance(world, MadeUp) else world[name]
            return of_name.but(metrics=metrics(train_accuracy=[0.99, 0.94 if seed % 4 == 2 else 0.99]))

        found = judged(CLAIMS[id], one_run_short, worlds.tier, case)
        assert (found.verdict, "its gate does not hold" in found.reason) == (Verdict.OUT_OF_REACH, True)


def test_the_gate_is_the_training_accuracy_that_was_fixed_beforehand():
    gates = {(claim.gate.of, claim.gate.at_least) for claim in CLAIMS.values() if claim.gate}
    assert gates == {("training accuracy", 0.95)}


def verdicts(id: str, world: World, tier: str | None = None) -> set[Verdict]:
    """The verdicts of all cases of a claim in a made-up world."""
    return {judged(CLAIMS[id], world, tier or WORLDS[id].tier, case).verdict for case in cases_of(CLAIMS[id])}


def test_delays_that_agree_to_the_epoch_decide():
    assert verdicts("HP-35", lambda name, seed: late(0)(name, 0)) == {Verdict.SUPPORTED}
    assert verdicts("HP-35", lambda name, seed: late(12)(name, 0)) == {Verdict.REFUTED}


def test_a_bias_to_positive_projections_is_one():
    assert verdicts("HP-35", late(0, after=0.3)) == {Verdict.SUPPORTED}
    assert verdicts("HP-39", HALF_BIASED.but(after=lambda n: [0.5] + [0.1] * (n // 2 - 1) + [0.5] * (n - n // 2))) == {
        Verdict.SUPPORTED
    }
    assert verdicts("HP-22", POSITIVE) == {Verdict.REFUTED}  # which speaks of negative ones


@pytest.mark.parametrize("id", ["HP-40", "HP-67"])
def test_a_correlation_that_untrained_networks_have_as_well_is_none(id):
    assert Verdict.SUPPORTED not in verdicts(id, FROM_THE_START)


def test_no_effect_refutes_no_direction():
    """By the opposite sign alone."""
    weak = TOGETHER.but(drops=falling(0.5, 0.4), drop_noise=0.3)
    assert Verdict.REFUTED not in verdicts("HP-40", weak)
    assert verdicts("HP-53", MadeUp(after=0.7)) == {Verdict.INCONCLUSIVE}


@pytest.mark.parametrize("id", ["HP-23", "HP-24", "HP-55", "HP-57", "HP-60", "HP-79"])
def test_two_arms_that_differ_by_one_margin_and_a_half_refute_no_equivalence(id):
    def made(name: Any, seed: int) -> MadeUp:
        if id == "HP-60":
            count = {"step": 8 + seed % 2, "smooth": 6 + seed // 2 % 2}[name]
            return MadeUp(drops=lambda layers: [0.5] * count + [0.003] * (layers - count))
        return MadeUp(after=0.65 if name != "from 0 to 1" or id != "HP-57" else 0.5)

    assert verdicts(id, made) == {Verdict.INCONCLUSIVE}


def test_both_networks_of_imagenet_must_go_with_their_loss():
    claim = CLAIMS["HP-50"]
    for alexnet, verdict in ((sharp(-1), Verdict.SUPPORTED), (sharp(1), Verdict.REFUTED)):
        world = {"AlexNet": alexnet("AlexNet", 0), "VGG19": sharp(-1)("VGG19", 0)}
        found = judged(claim, world, "paper", {"data": "imagenet"})
        assert (found.verdict, found.parts["measured"].n) == (verdict, 3)
