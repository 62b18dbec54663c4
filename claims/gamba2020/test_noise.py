"""Learning under noise: random labels (section 3.2, figure 6) and shuffled pixels (section A.6, figure 20).

VGG19 on CIFAR10, from tier `nightly` on (`methods.vgg_recipes`); six layers on digits at tier `laptop`
(`methods.small_recipes`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from claims.gamba2020.methods.change_points import onset
from claims.gamba2020.methods.criticality import Criticality, shares_of
from claims.gamba2020.methods.projection_null import expected_distance
from claims.gamba2020.methods.settings import REACH, TrainedAtTier
from claims.gamba2020.methods.small_recipes import noisy_digits, shuffled_digits
from claims.gamba2020.methods.vgg_readings import UNBIASED, bias, draw_shares, filters, shares
from claims.gamba2020.methods.vgg_recipes import SEEDS, noisy_labels, shuffled_pixels
from harness.claims.about import About
from harness.claims.claim import SINGLE, claim
from harness.rules import Count, Estimate, all_runs, equivalent_to, greater_than
from harness.system.lazy import np
from harness.training.label_noise import READINGS

if TYPE_CHECKING:
    from harness.lab.lab import Lab

DECLARED: TrainedAtTier = {"tier": "laptop", "seeds": SEEDS, "reach": REACH}


def random_labels(tier: str, labels: str) -> dict[str, Criticality]:
    """The network of figure 6."""
    return {"noisy": noisy_digits(labels) if tier == "laptop" else noisy_labels(tier, labels)}


def draw_curves(lab: Lab) -> None:
    """Means over seeds of the training loss and of each layer's share after each epoch: the paper's figure 6."""
    records = lab.records(lab.runs["noisy"])
    loss = np.mean([record.metrics["train_loss"] for record in records], axis=0)
    lab.series("training loss", range(1, len(loss) + 1), loss)
    draw_shares(lab, shares(lab, "noisy"))


def to_the_epoch(delays: np.ndarray) -> Estimate:
    """The mean of delays between two epochs, `(seeds,)`, each of which is known to the nearest one only.

    The error counts their spread and that rounding, of variance 1/12 each: runs that all agree to the epoch decide.
    """
    variance = (delays.var(ddof=1) + 2 / 12) / len(delays)
    method = f"mean of {len(delays)} replicates, each between two epochs to the nearest one"
    return Estimate(float(delays.mean()), float(variance) ** 0.5, len(delays), len(delays) - 1, "epochs", method)


@claim(
    "HP-35",
    where="Section 3.2, Fig. 6",
    paper="both around epoch 20",
    unit="",
    about=About.DIRECTION,
    readings={"labels": READINGS},
    runs=random_labels,
    rule={
        "unbiased while the loss is flat": equivalent_to(0, within=UNBIASED),
        "more biased in the end": greater_than(0.0),
        "epochs from the loss's fall to the bias": equivalent_to(0, within=3),
    },
    control="the layers in the end, as if the loss were still flat; the end and the time before the fall exchanged; "
    "the epochs of the bias in the reverse order, whose change comes before all else",
    **DECLARED,
)
def test_under_random_labels_the_bias_comes_when_the_loss_falls(lab: Lab, labels: str) -> None:
    """Under random labels layers stay unbiased while the loss is flat; layers 2 to 5 turn biased when it falls.

    The bias is the mean over layers 2 to 5 of the distance of their shares from one half, of whichever sign, less that
    which chance gives layers of so many filters.  A curve's change begins where a constant best turns into a straight
    line.  The loss is the mean over an epoch, the bias that after it.
    """
    by_seed, layers = [], slice(1, 5)
    by_chance = np.mean([expected_distance(count) for count in filters(lab, "noisy")[layers]])
    for record in lab.records(lab.runs["noisy"]):
        excess = np.abs(shares_of(record)[:, layers] - 0.5).mean(1) - by_chance
        fall = onset(record.metrics["train_loss"])
        by_seed.append((excess[fall], excess[-1], onset(excess[1:]) - fall, onset(excess[::-1][1:]) - fall))
    flat, end, delay, reversed_delay = np.array(by_seed, dtype=float).T
    lab.measure(**dict(zip(lab.claim.rules, (flat, end - flat, to_the_epoch(delay)), strict=True)))
    lab.control(**dict(zip(lab.claim.rules, (end, flat - end, to_the_epoch(reversed_delay)), strict=True)))
    draw_curves(lab)


FITTED = 0.99
"""More than this share of its training images a run gets right that has fitted them."""


@claim(
    "HP-36",
    where="Fig. 6",
    about=About.SIZE,
    readings={"labels": READINGS},
    runs=random_labels,
    rule=all_runs(),
    control="the same runs after a tenth of their epochs",
    **DECLARED,
)
def test_random_labels_are_fitted_completely(lab: Lab, labels: str) -> None:
    """With learning rate 0.01 decayed by 0.95 an epoch and no regularisation, random labels are fitted completely.

    A run fits them when it classifies more than 99 % of its training images as labelled in the last epoch; counted are
    the runs that do.  Where all of them reach 100 %, their mean has no spread to be judged by.  Whether this rate and
    its decay are enough hangs on the size of batches, the number of images and the network.
    """
    by_seed = np.array([record.metrics["train_accuracy"] for record in lab.records(lab.runs["noisy"])])
    lab.measure(Count.of(by_seed[:, -1] > FITTED))
    lab.control(Count.of(by_seed[:, by_seed.shape[1] // 10] > FITTED))


def with_and_without(tier: str) -> dict[str, Criticality]:
    """The same network on shuffled and on whole images."""
    if tier == "laptop":
        return {"shuffled": shuffled_digits(), "whole": shuffled_digits(shuffled=False)}
    return {"shuffled": shuffled_pixels(tier), "whole": shuffled_pixels(tier, shuffled=False)}


@claim(
    "HP-53",
    where="Section A.6, Fig. 20",
    about=About.DIRECTION,
    runs=with_and_without,
    rule=greater_than(0.0),
    mirrored=(SINGLE,),
    control="shuffled and whole images exchanged",
    **DECLARED,
)
def test_shuffled_pixels_reduce_the_bias(lab: Lab) -> None:
    """The bias is reduced, compared to clean data, when the pixels of all training images are randomly shuffled.

    The bias is the mean distance from one half of the shares of the layers past the first.  Untrained networks in the
    place of those on whole images were the control, which decides nothing where shuffled pixels leave no bias at all.
    """

    def mean_bias(name: str) -> np.ndarray:
        mean: np.ndarray = bias(lab, name)[:, 1:].mean(1)
        return mean

    lab.measure(mean_bias("whole") - mean_bias("shuffled"))
    lab.control(mean_bias("shuffled") - mean_bias("whole"))
    for name in lab.runs:
        mean = shares(lab, name)[:, -1].mean(0)
        lab.series(f"n, {name} images", range(1, len(mean) + 1), mean)
