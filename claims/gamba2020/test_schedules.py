"""What the learning rate's schedule does to the bias and to critical layers (section A.8, figures 22 to 24).

The networks are those of `methods.vgg_recipes`, on CIFAR10, from tier `nightly` on, and six layers on
digits (`methods.small_recipes`) at tier `laptop`; a network under the step schedule is compared with that of
the same seed under the exponential one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from claims.gamba2020.methods.criticality import Criticality
from claims.gamba2020.methods.settings import REACH, Trained
from claims.gamba2020.methods.small_recipes import digits, smooth_digits
from claims.gamba2020.methods.vgg_readings import (
    CONVERGED,
    CRITICAL,
    bias,
    drops,
    gap,
    last_epoch,
    shares,
    training_accuracies,
)
from claims.gamba2020.methods.vgg_recipes import SEEDS, smooth, watched
from harness.claims.about import About
from harness.claims.claim import claim
from harness.rules import equivalent_to, greater_than, less_than
from harness.system.lazy import np

if TYPE_CHECKING:
    from harness.lab.lab import Lab

DECLARED: Trained = {"seeds": SEEDS, "reach": REACH}


def both(tier: str) -> dict[str, Criticality]:
    """The same network under the step schedule and under the exponential one."""
    if tier == "laptop":
        return {"step": digits(), "smooth": smooth_digits()}
    return {"step": watched(tier, "cifar10"), "smooth": watched(tier, "cifar10", schedule=smooth(tier))}


def past_the_first(by_layer: np.ndarray) -> np.ndarray:
    """Means over the layers past the first, by seed."""
    mean: np.ndarray = by_layer[:, 1:].mean(1)
    return mean


@claim(
    "HP-58",
    where="Section A.8, Fig. 22",
    tier="nightly",
    about=About.DIRECTION,
    runs=both,
    rule=less_than(0.0),
    control="the layers of each run under the step schedule in a random order",
    **DECLARED,
)
def test_the_step_schedule_lowers_the_spread_of_the_measure(lab: Lab) -> None:
    """The step schedule results in reduced variance of the statistic across independent runs.

    Compared are distances from the median over runs, averaged over layers (as in Levene's test).
    """

    def spread(trained: np.ndarray) -> np.ndarray:
        mean: np.ndarray = np.abs(trained - np.median(trained, axis=0)).mean(1)
        return mean

    step, smooth_one, order = shares(lab, "step")[:, -1], shares(lab, "smooth")[:, -1], np.random.default_rng(lab.seed)
    lab.measure(spread(step) - spread(smooth_one))
    lab.control(spread(np.array([order.permutation(run) for run in step])) - spread(smooth_one))


@claim(
    "HP-59",
    where="Section A.8, Fig. 22",
    tier="nightly",
    about=About.DIRECTION,
    runs=both,
    rule=greater_than(0.0),
    control="the layers under the step schedule in the reverse order",
    **DECLARED,
)
def test_the_step_schedule_separates_biased_layers_better(lab: Lab) -> None:
    """On CIFAR10 the step schedule better separates the strongly biased layers from the others.

    The gap is between the mean bias of layers 2 to 8 and that of layers 9 to 16.  Between the least biased of the one
    and the most biased of the others, as it was first, chance alone makes it smaller.  Section A.8 says layers 1 to 8,
    of which the first is unbiased by section 3.3 (E-HP6).
    """
    lab.measure(gap(bias(lab, "step")) - gap(bias(lab, "smooth")))
    lab.control(gap(bias(lab, "step")[:, ::-1]) - gap(bias(lab, "smooth")))


@claim(
    "HP-60",
    where="Section A.8, Figs. 23 and 24",
    unit="layers",
    tier="nightly",
    about=About.EQUIVALENCE,
    runs=both,
    rule=equivalent_to(0, within=1.5, refuted_beyond=2),
    control="layers reset to their weights after the last epoch under the smooth schedule, none of which is critical",
    **DECLARED,
)
def test_both_schedules_have_the_same_number_of_critical_layers(lab: Lab) -> None:
    """The number of critical layers on CIFAR10 is on average the same under both schedules."""

    def critical(schedule: str, source: str = "0") -> np.ndarray:
        number: np.ndarray = (drops(lab, source=source, name=schedule) > CRITICAL).sum(1).astype(float)
        return number

    lab.measure(critical("step") - critical("smooth"))
    lab.control(critical("step") - critical("smooth", source=last_epoch(lab, "smooth")))


@claim(
    "HP-61",
    where="Section A.8, Figs. 23 and 24",
    tier="laptop",
    about=About.REGIME,
    gate=CONVERGED,
    runs=both,
    rule={"drops": greater_than(0.0), "bias": greater_than(0.0)},
    control="under the step schedule, layers reset to their weights after the last epoch (drops), and untrained (bias)",
    **DECLARED,
)
def test_the_smooth_schedule_gives_smaller_drops_and_less_bias(lab: Lab) -> None:
    """The smooth schedule results in smaller drops under re-initialisation, and less statistical bias.

    Means over the layers past the first, the step schedule's less the smooth one's.  Section A.8 compares networks that
    have fitted their images, of which some layers are critical: what HP-37 to 42 are about.
    """
    lab.gate([*training_accuracies(lab, "step"), *training_accuracies(lab, "smooth")])
    smooth_drops, smooth_bias = drops(lab, name="smooth"), bias(lab, "smooth")
    lab.measure(
        drops=past_the_first(drops(lab, name="step") - smooth_drops),
        bias=past_the_first(bias(lab, "step") - smooth_bias),
    )
    lab.control(
        drops=past_the_first(drops(lab, source=last_epoch(lab, "step"), name="step") - smooth_drops),
        bias=past_the_first(bias(lab, "step", epoch=0) - smooth_bias),
    )
