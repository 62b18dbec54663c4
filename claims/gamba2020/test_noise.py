"""Learning under noise: random labels (section 3.2, figure 6) and shuffled pixels (section A.6, figure 20).

VGG19 on CIFAR10, from tier `nightly` on (`methods.vgg_recipes`); six layers on digits at tier `laptop`
(`methods.small_recipes`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from claims.gamba2020.methods.change_points import onset
from claims.gamba2020.methods.criticality import Criticality, shares_of
from claims.gamba2020.methods.settings import REACH, TrainedAtTier
from claims.gamba2020.methods.small_recipes import noisy_digits, shuffled_digits
from claims.gamba2020.methods.vgg_readings import bias, draw_shares, shares
from claims.gamba2020.methods.vgg_recipes import SEEDS, noisy_labels, shuffled_pixels
from harness.claims.claim import claim
from harness.rules import equivalent_to, greater_than
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


@claim(
    "HP-35",
    where="Section 3.2, Fig. 6",
    paper="both around epoch 20",
    unit="",
    readings={"labels": READINGS},
    runs=random_labels,
    rule={
        "unbiased while the loss is flat": equivalent_to(0, within=0.1),
        "biased in the end": greater_than(0.1),
        "epochs from the loss's fall to the bias": equivalent_to(0, within=3),
    },
    control="the layers in the end, as if the loss were still flat; those before it falls, as if that were the end; "
    "the shares' epochs in the reverse order, whose change comes before all else",
    **DECLARED,
)
def test_under_random_labels_the_bias_comes_when_the_loss_falls(lab: Lab, labels: str) -> None:
    """Under random labels layers stay unbiased while the loss is flat; layers 2 to 5 turn biased when it falls.

    Judged is the mean share of layers 2 to 5, less one half; a curve's change begins where a constant best turns into a
    straight line.  The loss is the mean over an epoch, the share that after it.
    """
    by_seed = []
    for record in lab.records(lab.runs["noisy"]):
        share = shares_of(record)[:, 1:5].mean(1) - 0.5
        fall = onset(record.metrics["train_loss"])
        by_seed.append((share[fall], share[-1], onset(share[1:]) - fall, onset(share[::-1][1:]) - fall))
    flat, end, delay, reversed_delay = np.array(by_seed, dtype=float).T
    lab.measure(**dict(zip(lab.claim.rules, (flat, end, delay), strict=True)))
    lab.control(**dict(zip(lab.claim.rules, (end, flat, reversed_delay), strict=True)))
    draw_curves(lab)


@claim(
    "HP-36",
    where="Fig. 6",
    readings={"labels": READINGS},
    runs=random_labels,
    rule=greater_than(0.99),
    control="the held-out images, whose labels cannot be learned",
    **DECLARED,
)
def test_random_labels_are_fitted_completely(lab: Lab, labels: str) -> None:
    """With learning rate 0.01 decayed by 0.95 an epoch and no regularisation, random labels are fitted completely.

    More than 99 % of the training images are classified as labelled in the last epoch.
    """
    by_seed = [record.metrics for record in lab.records(lab.runs["noisy"])]
    lab.measure([metrics["train_accuracy"][-1] for metrics in by_seed])
    lab.control([metrics["final_validation_accuracy"] for metrics in by_seed])


def with_and_without(tier: str) -> dict[str, Criticality]:
    """The same network on shuffled and on whole images."""
    if tier == "laptop":
        return {"shuffled": shuffled_digits(), "whole": shuffled_digits(shuffled=False)}
    return {"shuffled": shuffled_pixels(tier), "whole": shuffled_pixels(tier, shuffled=False)}


@claim(
    "HP-53",
    where="Section A.6, Fig. 20",
    runs=with_and_without,
    rule=greater_than(0.0),
    control="untrained networks in the place of those that were trained on whole images",
    **DECLARED,
)
def test_shuffled_pixels_reduce_the_bias(lab: Lab) -> None:
    """The bias is reduced, compared to clean data, when the pixels of all training images are randomly shuffled.

    The bias is the mean distance from one half of the shares of the layers past the first.
    """

    def mean_bias(name: str, epoch: int = -1) -> np.ndarray:
        mean: np.ndarray = bias(lab, name, epoch)[:, 1:].mean(1)
        return mean

    lab.measure(mean_bias("whole") - mean_bias("shuffled"))
    lab.control(mean_bias("whole", epoch=0) - mean_bias("shuffled"))
    for name in lab.runs:
        mean = shares(lab, name)[:, -1].mean(0)
        lab.series(f"n, {name} images", range(1, len(mean) + 1), mean)
