"""The share of negative projections through training: which layers turn biased, when, and how surely.

The networks are those of `methods.vgg_recipes`.  A layer counts as biased when its share n is 0.1 or more
away from one half.  Its expectation before training is one half exactly (HP-33), so that a layer's share less its own
share before training says with less noise how far training has taken it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from claims.gamba2020.methods.change_points import epoch_means
from claims.gamba2020.methods.criticality import Criticality, shares_of
from claims.gamba2020.methods.settings import REACH, TrainedOnData
from claims.gamba2020.methods.small_recipes import TASKS, lenet, task
from claims.gamba2020.methods.vgg_readings import (
    CONVERGED,
    DISTANCES,
    SHARES,
    UNBIASED,
    bias,
    draw_shares,
    first_half,
    gap,
    in_layers,
    log_variance,
    recipe,
    second_half,
    shares,
    throughout,
    together,
    training_accuracies,
)
from claims.gamba2020.methods.vgg_recipes import (
    IMAGENET_NETWORKS,
    IMAGENET_SEEDS,
    SEEDS,
    on_imagenet,
    smooth,
    vgg,
    watched,
)
from harness.claims.about import About
from harness.claims.claim import SINGLE, claim
from harness.rules import Several, equivalent_to, greater_than, in_all, less_than
from harness.statistics.coincidence import coincidence
from harness.system.lazy import np

if TYPE_CHECKING:
    from harness.lab.lab import Lab

ON_CIFAR10: TrainedOnData = {"data": ("cifar10",), "proxies": ("textures",), "seeds": SEEDS, "reach": REACH}


def both_tasks(tier: str) -> dict[str, Criticality]:
    """The same network on the easier and on the harder task; at tier `laptop` a small one on two and on ten digits.

    The appendix trains for CIFAR100 by the exponential schedule (figures 16 and 17): here for both tasks, so that
    nothing but the task differs.
    """
    if tier == "laptop":
        return {name: task(name) for name in TASKS}
    return {name: watched(tier, name, schedule=smooth(tier)) for name in ("cifar10", "cifar100")}


def all_networks(tier: str) -> dict[str, Criticality]:
    """VGG on CIFAR10, from tier `nightly` on on CIFAR100 as well, and LeNet."""
    vggs = ("cifar10", "cifar100") if tier != "laptop" else ("cifar10",)
    return {"LeNet": lenet(tier), **{name: watched(tier, name) for name in vggs}}


def draw_curves(lab: Lab, by_epoch: np.ndarray) -> None:
    """The paper's figure 7."""
    draw_shares(lab, by_epoch)
    accuracy = np.mean(training_accuracies(lab))
    lab.note(f"accuracy on the training images in the last epoch, augmented: {accuracy:.1%}")


ALIKE = in_all(equivalent_to(0, within=UNBIASED, refuted_beyond=2))
"""As at the start, at every epoch that is judged: expected is one half there."""


def at_every_epoch(lab: Lab, name: str = "vgg", layer: int = 0) -> Several:
    """What training has changed of a layer's share, at every epoch."""
    return throughout(shares(lab, name)[:, :, layer])


@claim(
    "HP-23",
    where="Section 3.2, Fig. 5",
    paper=0.5,
    tier="laptop",
    about=About.EQUIVALENCE,
    runs=vgg,
    rule=ALIKE,
    control="the second layer",
    **ON_CIFAR10,
)
def test_first_layer_stays_at_one_half(lab: Lab, data: str) -> None:
    """Throughout training, the first layer oscillates around 50 % negative projections.

    Judged at every epoch, by the change since before training, when one half is expected.
    """
    lab.measure(at_every_epoch(lab))
    lab.control(at_every_epoch(lab, layer=1))
    draw_curves(lab, shares(lab))


@claim(
    "HP-24",
    where="Section 3.2",
    tier="laptop",
    about=About.EQUIVALENCE,
    runs=all_networks,
    seeds=SEEDS,
    reach=REACH,
    rule=ALIKE,
    control="the second layers",
)
def test_first_layer_stays_at_one_half_in_all_networks(lab: Lab) -> None:
    """The first layer stays around 50 % negative projections in all trained networks considered.

    VGG and LeNet, each judged at every epoch.  Section A.7 itself makes an exception of LeNet on MNIST (HP-56): the two
    sentences contradict each other (E-HP6).
    """
    lab.measure(together({name: at_every_epoch(lab, name) for name in lab.runs}))
    lab.control(together({name: at_every_epoch(lab, name, layer=1) for name in lab.runs}))
    for name in lab.runs:
        curve = shares(lab, name)[:, :, 0].mean(0)
        lab.series(f"n of the first layer, {name}", range(len(curve)), curve)


@claim(
    "HP-22",
    where="Section 3.3, Fig. 7",
    paper="layers 2 to 8 heavily biased; layer 1 at about 50 %",
    tier="laptop",
    about=About.DIRECTION,
    runs=vgg,
    rule={"layers 2 to 8": in_all(greater_than(0.5)), "layer 1": equivalent_to(0, within=UNBIASED, refuted_beyond=2)},
    mirrored=("layers 2 to 8",),
    control="the same filters with their signs turned, most of which would be positive (layers 2 to 8); the most "
    "negative one of these layers (layer 1)",
    **ON_CIFAR10,
)
def test_on_cifar10_layers_2_to_8_turn_to_negative_and_layer_1_does_not(lab: Lab, data: str) -> None:
    """On CIFAR10 layers 2 to 8 of VGG19 turn to mostly negative projections, and layer 1 does not.

    Before training half of the projections of every layer are expected to be negative (HP-33); mostly is more than
    half of them, in each of the layers.  Of layer 1 the change since before training is judged.  What section 3.2 says
    of all layers past the first, it says of AlexNet on ImageNet (HP-80); those past the eighth stay unbiased on CIFAR10
    (HP-39).
    """
    by_epoch = shares(lab)
    trained, change = by_epoch[:, -1], by_epoch[:, -1] - by_epoch[:, 0]
    layers = first_half(trained.shape[1])
    most_negative = max(layers, key=lambda layer: trained.mean(0)[layer])
    lab.measure(**{"layers 2 to 8": in_layers(trained, layers, SHARES), "layer 1": change[:, 0]})
    lab.control(**{"layers 2 to 8": in_layers(1 - trained, layers, SHARES), "layer 1": change[:, most_negative]})
    draw_curves(lab, by_epoch)


LESS_BIASED = "less biased"
OTHERS = (LESS_BIASED, "unbiased")
"""What layers 9 to 16 are to be, beside layers 2 to 8."""


@claim(
    "HP-39",
    where="Section 3.3, Figs. 2 and 7",
    paper="significantly-stronger bias for the first 8 layers",
    tier="laptop",
    about=About.REGIME,
    gate=CONVERGED,
    readings={"others": OTHERS},
    runs=vgg,
    rule={"layers 2 to 8": in_all(greater_than(UNBIASED)), "layers 9 to 16": in_all(less_than(0.0))},
    mirrored=("layers 9 to 16",),
    control="the untrained networks (layers 2 to 8); layers 2 to 8 in the place of the others, or all layers in the "
    "reverse order (layers 9 to 16)",
    **ON_CIFAR10,
)
def test_the_first_half_of_the_layers_is_biased(lab: Lab, data: str, others: str) -> None:
    """On CIFAR10 layers 2 to 8 of VGG19's 16 show heavily biased configurations, and stronger ones than the rest.

    Judged in each layer is the distance of its share from one half, over runs; HP-22 has the sign.  What the rest are
    is two readings: less biased in the mean, beyond what chance gives layers of so few filters before training, as the
    caption of figure 2 says, or each of them within 0.1 of one half, as figure 7 shows them.  The network must have
    more layers than its task takes, which one that has not fitted its training images does not show.
    """
    trained, untrained = bias(lab), bias(lab, epoch=0)
    early, late = first_half(trained.shape[1]), second_half(trained.shape[1])
    if others == LESS_BIASED:
        rest, reverse = gap(untrained) - gap(trained), gap(untrained[:, ::-1]) - gap(trained[:, ::-1])
        measured, control = (Several.of(values[:, None], "mean of layers") for values in (rest, reverse))
    else:
        beyond = (DISTANCES[0] - UNBIASED, DISTANCES[1] - UNBIASED)
        measured, control = (in_layers(trained - UNBIASED, layers, beyond) for layers in (late, early))
    lab.gate(training_accuracies(lab))
    lab.measure(**{"layers 2 to 8": in_layers(trained, early, DISTANCES), "layers 9 to 16": measured})
    lab.control(**{"layers 2 to 8": in_layers(untrained, early, DISTANCES), "layers 9 to 16": control})
    for name, epoch in (("before training", 0), ("after training", -1)):
        by_layer = shares(lab)[:, epoch].mean(0)
        lab.series(name, range(1, len(by_layer) + 1), by_layer)


@claim(
    "HP-41",
    where="Section 3.4",
    unit="log of variances by chance",
    tier="laptop",
    about=About.DIRECTION,
    runs=vgg,
    rule=less_than(0.0),
    control="the layers of each run in a random order",
    **ON_CIFAR10,
)
def test_the_measure_varies_little_between_runs(lab: Lab, data: str) -> None:
    """The standard deviation across runs is low for most of the layers.

    Low is: less than chance alone gives the shares of untrained layers, 1 / (2 sqrt(F)).  Measured is the log of the
    variance over runs in units of that, averaged over layers.
    """
    lab.measure(log_variance(lab))
    order = np.random.default_rng(lab.seed)
    lab.control(log_variance(lab, of=np.array([order.permutation(run) for run in shares(lab)[:, -1]])))


@claim(
    "HP-44",
    where="Section 3.3",
    unit="layers",
    tier="laptop",
    about=About.DIRECTION,
    runs=both_tasks,
    seeds=SEEDS,
    reach=REACH,
    rule=greater_than(0.0),
    mirrored=(SINGLE,),
    control="the two tasks exchanged",
)
def test_a_harder_task_makes_more_layers_biased(lab: Lab) -> None:
    """With a harder learning task, CIFAR100 in place of CIFAR10, more layers become biased.

    The harder task's network before it was trained was the control, which decides little: in narrow layers chance alone
    makes a bias.
    """

    def biased(name: str) -> np.ndarray:
        number: np.ndarray = (bias(lab, name) >= UNBIASED).sum(1).astype(float)
        return number

    easy, hard = lab.runs
    lab.measure(biased(hard) - biased(easy))
    lab.control(biased(easy) - biased(hard))
    for name in lab.runs:
        by_layer = shares(lab, name)[:, -1].mean(0)
        lab.series(f"n on {name}", range(1, len(by_layer) + 1), by_layer)


def on_imagenet_or_for_it(tier: str, data: str) -> dict[str, Criticality]:
    """Both networks on ImageNet; on another data set, which stands in for it, VGG19 alone."""
    if data == "imagenet":
        return {name: on_imagenet(name) for name in IMAGENET_NETWORKS}
    return {"VGG19": watched(tier, data)}


@claim(
    "HP-50",
    where="Section 3.4",
    tier="nightly",
    about=About.DIRECTION,
    data={"nightly": ("cifar10",), "paper": ("imagenet",)},
    runs=on_imagenet_or_for_it,
    seeds={"nightly": SEEDS["nightly"], "paper": IMAGENET_SEEDS},
    reach={"nightly": "proxy", "paper": "paper"},
    rule=in_all(greater_than(0.0)),
    mirrored=(SINGLE,),
    control="the loss's rise in the place of its fall",
)
def test_the_loss_falls_while_the_shares_rise(lab: Lab, data: str) -> None:
    """In early epochs a sharp decrease of the training loss corresponds to a sharp increase of negative projections.

    Of AlexNet and of VGG19 on ImageNet.  Early are the epochs at the first learning rate.  Measured is by how much
    more the fall of the loss and the rise of the mean share past the first layer, from epoch to epoch, go together at
    the same time than an epoch or two apart (`harness.statistics.coincidence`), which is 0 for unrelated curves,
    whatever smooth course both have.  For want of neighbours it cannot see the first two changes, which a fall from the
    very first epoch on is part of.  The lead over the largest of the correlations apart, the measure until its error
    rates were looked at, refuted noise.
    """
    by_network = {}
    for name in lab.runs:
        training, records = recipe(lab, name).training, lab.records(lab.runs[name])
        early = sum(training.schedule.share(epoch) == 1 for epoch in range(training.epochs))
        loss = np.array([record.metrics["train_loss"][:early] for record in records])
        share = np.array([epoch_means(shares_of(record)[: early + 1, 1:].mean(1)) for record in records])
        by_network[name] = -np.diff(loss), np.diff(share)
        lab.series(f"training loss, {name}", range(1, early + 1), loss.mean(0))
        lab.series(f"n past the first layer, {name}", range(1, early + 1), share.mean(0))

    def in_networks(direction: int) -> Several:
        values = np.stack([coincidence(direction * fall, rise) for fall, rise in by_network.values()], axis=1)
        one_by_one = Several.of(values, "network")
        return Several(one_by_one.samples, tuple(by_network))

    lab.measure(in_networks(1))
    lab.control(in_networks(-1))
