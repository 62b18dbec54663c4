"""What the learning rate's schedule does to the bias and to critical layers (section A.8, figures 22 to 24).

The networks are those of `methods.vgg_recipes`, on CIFAR10, from tier `nightly` on, and six layers on
digits (`methods.small_recipes`) at tier `quick`; a network under the step schedule is compared with that of
the same seed under the exponential one.
"""

from __future__ import annotations

from claims.gamba2020.methods.small_recipes import digits, smooth_digits
from claims.gamba2020.methods.vgg_readings import drops, shares
from claims.gamba2020.methods.vgg_recipes import SEEDS, smooth, watched
from harness.claims.claim import claim
from harness.rules import equivalent_to, greater_than, less_than
from harness.statistics.exchange import every_other_exchanged
from harness.system.lazy import np

CRITICAL = 0.10
SCHEDULES = ("step", "smooth")


def both(tier):
    """The same network under the step schedule and under the exponential one."""
    if tier == "quick":
        return {"step": digits(), "smooth": smooth_digits()}
    return {"step": watched(tier, "cifar10"), "smooth": watched(tier, "cifar10", schedule=smooth(tier))}


DECLARED = {
    "tier": "nightly",
    "runs": both,
    "seeds": SEEDS,
    "reach": {"quick": "proxy", "nightly": "reduced", "paper": "paper"},
}
EXCHANGED = "the same pairs, every other one with its schedules exchanged"


def bias(lab, schedule):
    """Distance of the trained layers' shares from one half, by seed and layer."""
    return np.abs(shares(lab, schedule)[:, -1] - 0.5)


def compare(lab, quantity):
    """`quantity`, by seed, under the step schedule less that under the smooth one; and for the control."""
    step, other = (quantity(schedule) for schedule in SCHEDULES)
    return step - other, every_other_exchanged(step - other)


@claim(
    "HP-58",
    where="Section A.8, Fig. 22",
    rule=less_than(0.0),
    control=EXCHANGED,
    **DECLARED,
)
def test_the_step_schedule_lowers_the_spread_of_the_measure(lab):
    """The step schedule results in reduced variance of the statistic across independent runs.

    Compared are distances from the median over runs, averaged over layers (as in Levene's test).
    """

    def spread(schedule):
        trained = shares(lab, schedule)[:, -1]
        return np.abs(trained - np.median(trained, axis=0)).mean(1)

    measured, control = compare(lab, spread)
    lab.measure(measured)
    lab.control(control)


@claim(
    "HP-59",
    where="Section A.8, Fig. 22",
    rule=greater_than(0.0),
    control=EXCHANGED,
    **DECLARED,
)
def test_the_step_schedule_separates_biased_layers_better(lab):
    """On CIFAR10 the step schedule better separates the strongly biased layers from the others.

    The gap is between the least biased of layers 2 to 8 and the most biased of layers 9 to 16.  Section A.8 says layers
    1 to 8, of which the first is unbiased by section 3.3 (E-HP6).
    """

    def gap(schedule):
        found = bias(lab, schedule)
        half = found.shape[1] // 2
        return found[:, 1:half].min(1) - found[:, half:].max(1)

    measured, control = compare(lab, gap)
    lab.measure(measured)
    lab.control(control)


@claim(
    "HP-60",
    where="Section A.8, Figs. 23 and 24",
    unit="layers",
    rule=equivalent_to(0, within=1.5),
    control="layers reset to their weights after the last epoch under the smooth schedule, none of which is critical",
    **DECLARED,
)
def test_both_schedules_have_the_same_number_of_critical_layers(lab):
    """The number of critical layers on CIFAR10 is on average the same under both schedules."""

    def critical(schedule, source="0"):
        return (drops(lab, source=source, name=schedule) > CRITICAL).sum(1).astype(float)

    lab.measure(critical("step") - critical("smooth"))
    lab.control(critical("step") - critical("smooth", str(lab.runs["smooth"].training.epochs)))


@claim(
    "HP-61",
    where="Section A.8, Figs. 23 and 24",
    rule={"drops": greater_than(0.0), "bias": greater_than(0.0)},
    control=EXCHANGED,
    **{**DECLARED, "tier": "quick"},
)
def test_the_smooth_schedule_gives_smaller_drops_and_less_bias(lab):
    """The smooth schedule results in smaller drops under re-initialisation, and less statistical bias.

    Means over the layers past the first, the step schedule's less the smooth one's.
    """
    quantities = {"drops": lambda schedule: drops(lab, name=schedule), "bias": lambda schedule: bias(lab, schedule)}
    found = {name: compare(lab, lambda schedule, of=of: of(schedule)[:, 1:].mean(1)) for name, of in quantities.items()}
    lab.measure(**{name: measured for name, (measured, _) in found.items()})
    lab.control(**{name: control for name, (_, control) in found.items()})
