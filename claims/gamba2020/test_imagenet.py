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
    UNBIASED,
    draw_heat_map,
    draw_shares,
    drops,
    filters,
    last_epoch,
    relative_variance,
    shares,
)
from claims.gamba2020.methods.vgg_recipes import IMAGENET_NETWORKS, IMAGENET_SEEDS, on_imagenet, watched
from harness.claims.claim import claim
from harness.rules import (
    Count,
    Exact,
    equivalent_to,
    greater_than,
    less_than,
    matches,
    proportion_above,
    proportion_is,
)
from harness.statistics.least_sure import least_sure
from harness.system.lazy import np

if TYPE_CHECKING:
    from harness.lab.lab import Lab

NEGATIVE = 0.7
AT_PAPER: TrainedAtTier = {"tier": "paper", "seeds": IMAGENET_SEEDS, "reach": {"paper": "paper"}}
ON_IMAGENET: TrainedOnDataAtTier = {**AT_PAPER, "data": ("imagenet",)}
UNTRAINED = "the untrained networks"
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
    rule={"layer 1": proportion_is(0.5, within=UNBIASED)}
    | {f"layer {layer}": proportion_above(0.5) for layer in range(2, 6)},
    control=f"the second layer (layer 1); {TURNED} (layers 2 to 5)",
    **ON_IMAGENET,
)
def test_alexnets_layers_past_the_first_are_shifted_to_negative(lab: Lab, data: str) -> None:
    """AlexNet trained on ImageNet has cosines shifted to negative values in all layers but the first.

    The filters of all runs together, in exact binomial tests.  Untrained networks can't be the control: half of their
    filters are negative, and no number of them shows that it is not a little more.
    """
    by_epoch, sizes = shares(lab, "AlexNet"), filters(lab, "AlexNet")
    trained = by_epoch[:, -1]

    def count(by_layer: np.ndarray, layer: int) -> Count:
        return Count(
            round(float(by_layer[:, layer - 1].sum() * sizes[layer - 1])), int(sizes[layer - 1]) * len(by_layer)
        )

    past = range(2, 6)
    lab.measure(**{"layer 1": count(trained, 1), **{f"layer {layer}": count(trained, layer) for layer in past}})
    lab.control(**{"layer 1": count(trained, 2), **{f"layer {layer}": count(1 - trained, layer) for layer in past}})
    draw_shares(lab, by_epoch)


@claim(
    "HP-79",
    where="Section 3.2, Fig. 5",
    paper=0.5,
    runs=networks("AlexNet"),
    rule=equivalent_to(0, within=UNBIASED),
    control="the second layer",
    **ON_IMAGENET,
)
def test_alexnets_first_layer_stays_at_one_half(lab: Lab, data: str) -> None:
    """Throughout training on ImageNet, AlexNet's first layer oscillates around 50 % negative projections.

    HP-23 for the paper's own network: the change since initialisation, at the epoch that is least sure to hold.
    """
    by_epoch = shares(lab, "AlexNet")
    changes = (by_epoch[:, 1:] - by_epoch[:, :1]).transpose(2, 1, 0)
    lab.measure(least_sure(changes[0]))
    lab.control(least_sure(changes[1]))


EARLY, FAST = 5, 0.2


@claim(
    "HP-80",
    where="Section 3.2, Fig. 5",
    paper="about 50 % in the beginning, and rapidly to all negative",
    runs=networks("AlexNet"),
    rule={"before training": equivalent_to(0, within=0.1)}
    | {f"layer {layer}": greater_than(FAST) for layer in range(2, 6)},
    control="the same epochs in the reverse order: biased in the beginning, and unbiased by the fifth",
    **ON_IMAGENET,
)
def test_alexnets_layers_past_the_first_shift_fast_to_negative(lab: Lab, data: str) -> None:
    """All layers of AlexNet past the first start from about 50 % negative projections and rapidly become biased.

    HP-22 for the paper's own network: by the fifth epoch each share is more than 0.2 above one half.
    """
    by_epoch = shares(lab, "AlexNet")
    excess = by_epoch[:, : EARLY + 1] - 0.5

    def parts(excess: np.ndarray) -> dict[str, np.ndarray]:
        early = {f"layer {layer}": excess[:, -1, layer - 1] for layer in range(2, 6)}
        return {"before training": excess[:, 0, 1:].mean(1), **early}

    lab.measure(**parts(excess))
    lab.control(**parts(excess[:, ::-1]))
    draw_shares(lab, by_epoch)


RELEASED = {"VGG19": "torchvision VGG-19", "AlexNet": "torchvision AlexNet"}


@claim(
    "HP-34",
    where="Section 3.2",
    runs=BOTH,
    rule=proportion_above(0.5),
    control=TURNED,
    **ON_IMAGENET,
)
def test_own_trainings_follow_the_trend_of_released_weights(lab: Lab, data: str) -> None:
    """The authors' own trainings show the trend of the pretrained networks.

    In how many layers past the first, of both networks, the mean share is on the same side of one half as that of
    torchvision's weights, which have to be at hand (`harness.data.weights`).
    """
    theirs, ours = [], []
    for name, weights in RELEASED.items():
        counts = projection_counts(lab.weights(weights).kernels, lab.seed)
        theirs.append(np.array(counts["negative"][1:]) / np.array(counts["filters"][1:]))
        ours.append(shares(lab, name)[:, -1, 1:].mean(0))

    def agreeing(own: np.ndarray) -> Count:
        agree = (own > 0.5) == (np.concatenate(theirs) > 0.5)
        return Count(int(agree.sum()), len(agree))

    lab.measure(agreeing(np.concatenate(ours)))
    lab.control(agreeing(1 - np.concatenate(ours)))


@claim(
    "HP-45",
    where="Section A.5, Figs. 18 and 19",
    runs=BOTH,
    readings={"images": ("test", "validation")},
    rule=dict.fromkeys(IMAGENET_NETWORKS, greater_than(CRITICAL)),
    control="each layer reset to its weights after the last epoch, which costs nothing",
    **ON_IMAGENET,
)
def test_all_layers_are_critical_on_imagenet(lab: Lab, data: str, images: str) -> None:
    """On ImageNet all layers of AlexNet and VGG19 are critical: a reset costs each more than 10 % of the accuracy.

    Measured is the layer of each run whose reset to its initial weights costs the least.
    """
    for name in lab.runs:
        unchanged = drops(lab, images, last_epoch(lab, name), name)
        lab.measure(**{name: drops(lab, images, name=name).min(1)})
        lab.control(**{name: Exact(float(unchanged.min(1).max()))})
        draw_heat_map(lab, images, name, prefix=f"{name} ")


@claim(
    "HP-46",
    where="Section 3.4, Fig. 8",
    runs=networks("VGG19"),
    rule=greater_than(NEGATIVE),
    control=UNTRAINED,
    **ON_IMAGENET,
)
def test_early_almost_all_layers_of_vgg19_are_negative(lab: Lab, data: str) -> None:
    """Early in training on ImageNet almost all layers of VGG19 are biased to negative projections.

    After five epochs 12 of 16 layers have a share above 0.7: measured is the twelfth largest.
    """
    by_epoch = np.sort(shares(lab, "VGG19"), axis=2)[:, :, -12]
    lab.measure(by_epoch[:, EARLY])
    lab.control(by_epoch[:, 0])


POSITIVE = (2, 6, 7)


@claim(
    "HP-47",
    where="Section 3.4, Fig. 8",
    runs=networks("VGG19"),
    rule={f"layer {layer}": less_than(1 - NEGATIVE) for layer in POSITIVE},
    control=UNTRAINED,
    **ON_IMAGENET,
)
def test_in_the_end_layers_2_6_and_7_are_positive(lab: Lab, data: str) -> None:
    """At the end layers 2, 6 and 7 of VGG19 are biased to positive projections: their shares are below 0.3."""
    by_epoch = shares(lab, "VGG19")
    lab.measure(**{f"layer {layer}": by_epoch[:, -1, layer - 1] for layer in POSITIVE})
    lab.control(**{f"layer {layer}": by_epoch[:, 0, layer - 1] for layer in POSITIVE})
    draw_shares(lab, by_epoch)


@claim(
    "HP-48",
    where="Section 3.4",
    runs=networks("VGG19"),
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
    unit="times the variance on CIFAR10",
    runs={"paper": {"imagenet": on_imagenet("VGG19"), "cifar10": watched("paper", "cifar10")}},
    rule=greater_than(4.0),
    control="the untrained networks, whose shares vary by chance alone",
    **AT_PAPER,
)
def test_the_measure_varies_more_between_runs_on_imagenet(lab: Lab) -> None:
    """On large data sets the measure varies more between runs: its standard deviation is more than twice as large.

    The variance over runs in units of chance (HP-41), averaged over the layers of VGG19, in relation to that on
    CIFAR10.
    """
    small = relative_variance(lab, "cifar10").mean()
    lab.measure(relative_variance(lab, "imagenet") / small)
    lab.control(relative_variance(lab, "imagenet", of=shares(lab, "imagenet")[:, 0]) / small)
