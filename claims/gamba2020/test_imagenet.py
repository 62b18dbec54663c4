"""AlexNet and VGG19 on ImageNet: their bias, its history, and their critical layers (figures 4, 5, 8, 18 and 19).

At tier `paper` alone (`methods.vgg_recipes.on_imagenet`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from claims.gamba2020.methods.criticality import Criticality
from claims.gamba2020.methods.pretrained_projections import projection_counts
from claims.gamba2020.methods.settings import TrainedAtTier, TrainedOnDataAtTier
from claims.gamba2020.methods.vgg_readings import (
    CRITICAL,
    SHARES,
    UNBIASED,
    draw_heat_map,
    draw_shares,
    drops,
    in_layers,
    largest_in_layers,
    last_epoch,
    log_variance,
    shares,
    throughout,
)
from claims.gamba2020.methods.vgg_recipes import IMAGENET_NETWORKS, IMAGENET_SEEDS, on_imagenet, watched
from harness.claims.about import About
from harness.claims.claim import SINGLE, claim
from harness.rules import (
    Estimate,
    Several,
    equivalent_to,
    greater_than,
    in_all,
    less_than,
    matches,
)
from harness.system.lazy import np

if TYPE_CHECKING:
    from harness.lab.lab import Lab

PAST_THE_FIRST = range(1, 5)
"""Numbers (from 0) of AlexNet's layers past the first."""

AT_PAPER: TrainedAtTier = {"tier": "paper", "seeds": IMAGENET_SEEDS, "reach": {"paper": "paper"}}
ON_IMAGENET: TrainedOnDataAtTier = {**AT_PAPER, "data": ("imagenet",)}
TURNED = "the same filters with their signs turned, whose bias would be positive"


def networks(*names: str) -> dict[str, dict[str, Criticality]]:
    """What a claim gives as `runs` that needs these networks."""
    return {"paper": {name: on_imagenet(name) for name in names}}


BOTH = networks(*IMAGENET_NETWORKS)


def metric(lab: Lab, name: str, metric: str) -> np.ndarray:
    """A curve of the training, by seed and epoch."""
    return np.array([record.metrics[metric] for record in lab.records(lab.runs[name])])


@claim(
    "HP-21",
    where="Section 3.2, Fig. 4",
    runs=networks("AlexNet"),
    about=About.DIRECTION,
    rule={
        "layer 1": equivalent_to(0, within=UNBIASED, refuted_beyond=2),
        "layers 2 to 5": in_all(greater_than(0.5)),
    },
    mirrored=("layers 2 to 5",),
    control=f"the second layer (layer 1); {TURNED} (layers 2 to 5)",
    **ON_IMAGENET,
)
def test_alexnets_layers_past_the_first_are_shifted_to_negative(lab: Lab, data: str) -> None:
    """AlexNet trained on ImageNet has cosines shifted to negative values in all layers but the first.

    In each layer, over runs; of the first the change since before training, when one half is expected.  Untrained
    networks can't be the control: half of their filters are negative, and no number of them shows that it is not a
    little more.
    """
    by_epoch = shares(lab, "AlexNet")
    trained, change = by_epoch[:, -1], by_epoch[:, -1] - by_epoch[:, 0]
    lab.measure(**{"layer 1": change[:, 0], "layers 2 to 5": in_layers(trained, PAST_THE_FIRST, SHARES)})
    lab.control(**{"layer 1": change[:, 1], "layers 2 to 5": in_layers(1 - trained, PAST_THE_FIRST, SHARES)})
    draw_shares(lab, by_epoch)


@claim(
    "HP-79",
    where="Section 3.2, Fig. 5",
    paper=0.5,
    runs=networks("AlexNet"),
    about=About.EQUIVALENCE,
    rule=in_all(equivalent_to(0, within=UNBIASED, refuted_beyond=2)),
    control="the second layer",
    **ON_IMAGENET,
)
def test_alexnets_first_layer_stays_at_one_half(lab: Lab, data: str) -> None:
    """Throughout training on ImageNet, AlexNet's first layer oscillates around 50 % negative projections.

    HP-23 for the paper's own network: the change since initialisation, at every epoch.
    """
    by_epoch = shares(lab, "AlexNet")
    lab.measure(throughout(by_epoch[:, :, 0]))
    lab.control(throughout(by_epoch[:, :, 1]))


EARLY = 5


@claim(
    "HP-80",
    where="Section 3.2, Fig. 5",
    paper="about 50 % in the beginning, and rapidly to all negative",
    runs=networks("AlexNet"),
    about=About.DIRECTION,
    rule={"before training": equivalent_to(0.5, within=UNBIASED), "layers 2 to 5": in_all(greater_than(0.5))},
    mirrored=("layers 2 to 5",),
    control=f"the mean share in the fifth epoch (before training); {TURNED} (layers 2 to 5)",
    **ON_IMAGENET,
)
def test_alexnets_layers_past_the_first_shift_fast_to_negative(lab: Lab, data: str) -> None:
    """All layers of AlexNet past the first start from about 50 % negative projections and rapidly shift to negative.

    Rapidly is: by the fifth epoch the share of each is above one half.  All negative, as the paper has it, is what it
    shifts towards.
    """
    by_epoch = shares(lab, "AlexNet")
    early, means = by_epoch[:, EARLY], by_epoch[:, :, 1:].mean(2)
    lab.measure(**{"before training": means[:, 0], "layers 2 to 5": in_layers(early, PAST_THE_FIRST, SHARES)})
    lab.control(**{"before training": means[:, EARLY], "layers 2 to 5": in_layers(1 - early, PAST_THE_FIRST, SHARES)})
    draw_shares(lab, by_epoch)


RELEASED = {"VGG19": "torchvision VGG-19", "AlexNet": "torchvision AlexNet"}


@claim(
    "HP-34",
    where="Section 3.2",
    runs=BOTH,
    about=About.DIRECTION,
    rule=dict.fromkeys(IMAGENET_NETWORKS, greater_than(0.0)),
    mirrored=tuple(IMAGENET_NETWORKS),
    control=TURNED,
    **ON_IMAGENET,
)
def test_own_trainings_follow_the_trend_of_released_weights(lab: Lab, data: str) -> None:
    """The authors' own trainings show the trend of the pretrained networks.

    By how much the shares of the layers past the first lie on that side of one half on which those of torchvision's
    weights lie, mean over layers, in each network over runs.  The weights have to be at hand (`harness.data.weights`).
    """
    for name, weights in RELEASED.items():
        counts = projection_counts(lab.weights(weights).kernels, lab.seed)
        theirs = np.sign(np.array(counts["negative"][1:]) / np.array(counts["filters"][1:]) - 0.5)
        on_their_side = (theirs * (shares(lab, name)[:, -1, 1:] - 0.5)).mean(1)
        lab.measure(**{name: on_their_side})
        lab.control(**{name: -on_their_side})


@claim(
    "HP-45",
    where="Section A.5, Figs. 18 and 19",
    runs=BOTH,
    about=About.SIZE,
    readings={"images": ("test", "validation")},
    rule=dict.fromkeys(IMAGENET_NETWORKS, in_all(greater_than(CRITICAL))),
    control="each layer reset to its weights after the last epoch, which costs nothing",
    **ON_IMAGENET,
)
def test_all_layers_are_critical_on_imagenet(lab: Lab, data: str, images: str) -> None:
    """On ImageNet all layers of AlexNet and VGG19 are critical: a reset costs each more than 10 % of the accuracy.

    In each layer, over runs.
    """
    for name in lab.runs:
        cost, unchanged = drops(lab, images, name=name), drops(lab, images, last_epoch(lab, name), name)
        layers = range(cost.shape[1])
        lab.measure(**{name: in_layers(cost, layers)})
        lab.control(**{name: largest_in_layers(unchanged, layers)})
        draw_heat_map(lab, images, name, prefix=f"{name} ")


@claim(
    "HP-46",
    where="Section 3.4, Fig. 8",
    runs=networks("VGG19"),
    about=About.DIRECTION,
    rule=greater_than(0.5),
    mirrored=(SINGLE,),
    control=TURNED,
    **ON_IMAGENET,
)
def test_early_almost_all_layers_of_vgg19_are_negative(lab: Lab, data: str) -> None:
    """Early in training on ImageNet almost all layers of VGG19 are biased to negative projections.

    After five epochs 12 of 16 layers have a share above one half: measured is the twelfth largest of each run.
    """

    def twelfth(by_layer: np.ndarray) -> Estimate:
        return Estimate.from_replicates(np.sort(by_layer, axis=1)[:, -12], bounds=SHARES)

    early = shares(lab, "VGG19")[:, EARLY]
    lab.measure(twelfth(early))
    lab.control(twelfth(1 - early))


POSITIVE = (2, 6, 7)


@claim(
    "HP-47",
    where="Section 3.4, Fig. 8",
    runs=networks("VGG19"),
    about=About.DIRECTION,
    rule=in_all(less_than(0.5)),
    mirrored=(SINGLE,),
    control="the same filters with their signs turned, whose bias would be negative",
    **ON_IMAGENET,
)
def test_in_the_end_layers_2_6_and_7_are_positive(lab: Lab, data: str) -> None:
    """At the end layers 2, 6 and 7 of VGG19 are biased to positive projections: less than half are negative."""

    def in_the_three(by_layer: np.ndarray) -> Several:
        samples = tuple(Estimate.from_replicates(by_layer[:, layer - 1], bounds=SHARES) for layer in POSITIVE)
        return Several(samples, tuple(f"layer {layer}" for layer in POSITIVE))

    by_epoch = shares(lab, "VGG19")
    lab.measure(in_the_three(by_epoch[:, -1]))
    lab.control(in_the_three(1 - by_epoch[:, -1]))
    draw_shares(lab, by_epoch)


@claim(
    "HP-48",
    where="Section 3.4",
    runs=networks("VGG19"),
    about=About.SIZE,
    rule={"share of the loss's fall": less_than(0.1), "shift to positive": greater_than(UNBIASED)},
    control="the first 21 epochs",
    **ON_IMAGENET,
)
def test_the_loss_plateaus_while_layers_turn_positive(lab: Lab, data: str) -> None:
    """Between epochs 30 and 50, while layers shift from negative to positive, the training loss plateaus.

    In these epochs the loss falls by less than a tenth of what it falls by in all, and the mean share of layers 2, 6
    and 7 by more than 0.1.  The rate drops after epochs 25 and 50: losses that follow a drop are in neither interval.
    """
    loss = metric(lab, "VGG19", "train_loss")
    by_epoch = shares(lab, "VGG19")[:, :, [layer - 1 for layer in POSITIVE]].mean(2)

    def between(first: int, last: int) -> dict[str, np.ndarray]:
        fall = (loss[:, first - 1] - loss[:, last - 1]) / (loss[:, 0] - loss[:, -1])
        return {"share of the loss's fall": fall, "shift to positive": by_epoch[:, first] - by_epoch[:, last]}

    lab.measure(**between(30, 50))
    lab.control(**between(1, 21))
    lab.series("training loss", range(1, loss.shape[1] + 1), loss.mean(0))


@claim(
    "HP-49",
    where="Section 3.4",
    paper={"AlexNet": 57.0, "VGG19": 82.0},
    unit="%",
    runs=BOTH,
    about=About.SIZE,
    rule={"AlexNet": matches(57.0, within=3.0), "VGG19": matches(82.0, within=3.0)},
    control="the accuracy in the first epoch",
    **ON_IMAGENET,
)
def test_training_accuracies_on_imagenet(lab: Lab, data: str) -> None:
    """AlexNet reaches 57 % and VGG19 82 % training accuracy.

    Counted as the network trains: of augmented images, through dropout, over the last epoch.  The accuracy on
    validation images was the control, but AlexNet's may well be 57 % too: dropout and augmentation cost it on training
    images about what it has learnt of them by heart.
    """
    for name in IMAGENET_NETWORKS:
        accuracy = 100 * metric(lab, name, "train_accuracy")
        lab.measure(**{name: accuracy[:, -1]})
        lab.control(**{name: accuracy[:, 0]})


@claim(
    "HP-51",
    where="Section 3.4",
    unit="log of a ratio of variances",
    runs={"paper": {"imagenet": on_imagenet("VGG19"), "cifar10": watched("paper", "cifar10")}},
    about=About.DIRECTION,
    rule=greater_than(0.0),
    mirrored=(SINGLE,),
    control="the two data sets exchanged",
    **AT_PAPER,
)
def test_the_measure_varies_more_between_runs_on_imagenet(lab: Lab) -> None:
    """On large data sets the measure varies more between runs than on small ones.

    The log of the variance over runs in units of chance (HP-41), averaged over the layers of VGG19, less that on
    CIFAR10.  Its error counts the runs on both, as if there were no more degrees of freedom than one of them has.
    """
    large, small = (Estimate.from_replicates(log_variance(lab, name)) for name in ("imagenet", "cifar10"))
    lab.measure(difference(large, small))
    lab.control(difference(small, large))


def difference(first: Estimate, second: Estimate) -> Estimate:
    """The difference of means over independent runs."""
    error = (first.standard_error**2 + second.standard_error**2) ** 0.5
    return Estimate(
        first.value - second.value, error, min(first.n, second.n), min(first.df, second.df), method="independent runs"
    )
