"""The first layer for different pixel representations, and that of LeNet (section A.7, figure 21)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from claims.gamba2020.methods.criticality import Criticality
from claims.gamba2020.methods.settings import REACH, Trained
from claims.gamba2020.methods.small_recipes import LENET_SEEDS, lenet, smooth_digits
from claims.gamba2020.methods.vgg_readings import SHARES, UNBIASED, draw_shares, shares, throughout, together
from claims.gamba2020.methods.vgg_recipes import SEEDS, smooth, watched
from harness.claims.about import About
from harness.claims.claim import SINGLE, claim
from harness.rules import Estimate, Several, equivalent_to, greater_than, in_all
from harness.system.lazy import np

if TYPE_CHECKING:
    from harness.lab.lab import Lab

DECLARED: Trained = {"seeds": SEEDS, "reach": REACH}


def both_ranges(tier: str) -> dict[str, Criticality]:
    """VGG19 on CIFAR10 with its channels standardised, as in the authors' code, and with pixels in [0, 1].

    By the exponential schedule, as all of figure 21.  At tier `laptop` six layers on digits.
    """
    if tier == "laptop":
        return {"standardised": smooth_digits(), "from 0 to 1": smooth_digits(standardise=False)}
    return {
        name: watched(tier, "cifar10", schedule=smooth(tier), standardise=name == "standardised")
        for name in ("standardised", "from 0 to 1")
    }


def change(lab: Lab, name: str, layer: int) -> np.ndarray:
    """Share of negative projections after training less that before, by seed."""
    by_epoch = shares(lab, name)[:, :, layer]
    difference: np.ndarray = by_epoch[:, -1] - by_epoch[:, 0]
    return difference


@claim(
    "HP-55",
    where="Section A.7, Fig. 21",
    about=About.EQUIVALENCE,
    runs=both_ranges,
    rule=in_all(equivalent_to(0, within=UNBIASED, refuted_beyond=2)),
    control="the second layer",
    tier="nightly",
    **DECLARED,
)
def test_first_layer_is_unbiased_on_colour_images(lab: Lab) -> None:
    """For RGB data sets the distribution of the first layer remains largely unbiased, in either range of pixels.

    Judged is the change of its share since initialisation, when one half is expected, at every epoch and in both
    ranges; CIFAR10 alone.
    """

    def at_every_epoch(layer: int) -> Several:
        return together({name: throughout(shares(lab, name)[:, :, layer]) for name in lab.runs})

    lab.measure(at_every_epoch(0))
    lab.control(at_every_epoch(1))


@claim(
    "HP-57",
    where="Section A.7",
    about=About.EQUIVALENCE,
    runs=both_ranges,
    rule=equivalent_to(0, within=UNBIASED, refuted_beyond=2),
    control="the first layer under one range, the second under the other",
    tier="laptop",
    **DECLARED,
)
def test_the_range_of_pixels_does_not_matter_for_the_first_layer(lab: Lab) -> None:
    """With pixels in [0, 1] in place of [-1, 1] the first layer behaves alike."""
    first = change(lab, "from 0 to 1", 0)
    lab.measure(change(lab, "standardised", 0) - first)
    lab.control(change(lab, "standardised", 1) - first)


def small_network(tier: str) -> dict[str, Criticality]:
    """The network of six convolutional layers."""
    return {"LeNet": lenet(tier)}


@claim(
    "HP-56",
    where="Section A.7, Fig. 21",
    tier="laptop",
    about=About.DIRECTION,
    runs=small_network,
    seeds=LENET_SEEDS,
    reach=REACH,
    rule=greater_than(0.5),
    mirrored=(SINGLE,),
    control="the same filters with their signs turned, whose bias would be positive",
)
def test_first_layer_of_lenet_is_biased_on_mnist(lab: Lab) -> None:
    """The first layer of LeNet on MNIST shows considerable bias towards negative projections.

    It has six filters, of which five or six are negative with a chance of 11 % (HP-33), so that ten networks are
    needed; judged is the mean of their shares, since the filters of one network depend on one another.  The paper's
    reason, that digits have one kind of edge, holds of the digits at tier `laptop` too.  Untrained networks were the
    control, which decide nothing: half of their filters are negative, and no number of them shows that it is not a
    little more.  The turned filters are those of inverted images, which are, once standardised, the same images with
    their signs turned.
    """
    by_epoch = shares(lab, "LeNet")
    trained = by_epoch[:, -1, 0]
    lab.measure(Estimate.from_replicates(trained, bounds=SHARES))
    lab.control(Estimate.from_replicates(1 - trained, bounds=SHARES))
    draw_shares(lab, by_epoch)
    records = lab.records(lab.runs["LeNet"])
    accuracy = np.array([record.metrics["final_validation_accuracy"] for record in records])
    lab.note(f"accuracy on the validation images: {accuracy.mean():.1%}, the least {accuracy.min():.1%}")
