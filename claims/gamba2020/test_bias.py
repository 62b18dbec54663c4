"""The share of negative projections through training: which layers turn biased, when, and how surely.

The networks are those of `methods.vgg_recipes`.  A layer counts as biased when its share n is 0.1 or more
away from one half.  Its expectation before training is one half exactly (HP-33), so that a layer's share less its own
share before training says with less noise how far training has taken it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from claims.gamba2020.methods.change_points import epoch_means, lead_of_no_lag
from claims.gamba2020.methods.criticality import Criticality, shares_of
from claims.gamba2020.methods.settings import REACH, TrainedOnData
from claims.gamba2020.methods.small_recipes import TASKS, lenet, task
from claims.gamba2020.methods.vgg_readings import (
    UNBIASED,
    bias,
    draw_shares,
    eighths,
    filters,
    recipe,
    relative_variance,
    shares,
)
from claims.gamba2020.methods.vgg_recipes import SEEDS, on_both, vgg, watched
from harness.claims.claim import claim
from harness.rules import Count, equivalent_to, greater_than, less_than, proportion_above, proportion_is
from harness.statistics.least_sure import least_sure
from harness.system.lazy import np

if TYPE_CHECKING:
    from harness.lab.lab import Lab
    from harness.store import Record

ON_CIFAR10: TrainedOnData = {"data": ("cifar10",), "proxies": ("textures",), "seeds": SEEDS, "reach": REACH}
BY_PROXY: TrainedOnData = {**ON_CIFAR10, "reach": {"laptop": "proxy", "nightly": "proxy", "paper": "proxy"}}


def both_tasks(tier: str) -> dict[str, Criticality]:
    """The same network on the easier and on the harder task; at tier `laptop` a small one on two and on ten digits."""
    if tier == "laptop":
        return {name: task(name) for name in TASKS}
    return on_both(tier)


def all_networks(tier: str) -> dict[str, Criticality]:
    """VGG on CIFAR10, from tier `nightly` on on CIFAR100 as well, and LeNet."""
    vggs = ("cifar10", "cifar100") if tier != "laptop" else ("cifar10",)
    return {"LeNet": lenet(tier), **{name: watched(tier, name) for name in vggs}}


def draw_curves(lab: Lab, by_epoch: np.ndarray) -> None:
    """The paper's figure 7."""
    draw_shares(lab, by_epoch)
    accuracy = np.mean([record.metrics["train_accuracy"][-1] for record in lab.records(lab.runs["vgg"])])
    lab.note(f"accuracy on the training images in the last epoch, augmented: {accuracy:.1%}")


def first_layer(lab: Lab, name: str = "vgg", layer: int = 0) -> np.ndarray:
    """Change of the first layer's share since initialisation, by seed, at the epoch where it is furthest from zero."""
    by_epoch = shares(lab, name)[:, :, layer]
    return least_sure((by_epoch[:, 1:] - by_epoch[:, :1]).T)


@claim(
    "HP-23",
    where="Section 3.2, Fig. 5",
    paper=0.5,
    tier="laptop",
    runs=vgg,
    rule=equivalent_to(0, within=0.1),
    control="the second layer",
    **ON_CIFAR10,
)
def test_first_layer_stays_at_one_half(lab: Lab, data: str) -> None:
    """Throughout training, the first layer oscillates around 50 % negative projections.

    Judged at the epoch at which it is least sure to hold, which all of them being near one half includes.
    """
    lab.measure(first_layer(lab))
    lab.control(first_layer(lab, layer=1))
    draw_curves(lab, shares(lab))


@claim(
    "HP-24",
    where="Section 3.2",
    tier="laptop",
    runs=all_networks,
    seeds=SEEDS,
    reach=REACH,
    rule=equivalent_to(0, within=0.1),
    control="the second layers",
)
def test_first_layer_stays_at_one_half_in_all_networks(lab: Lab) -> None:
    """The first layer stays around 50 % negative projections in all trained networks considered.

    VGG and LeNet, judged on the network that is least sure.  Section A.7 itself makes an exception of LeNet on MNIST
    (HP-56): the two sentences contradict each other (E-HP6).
    """
    lab.measure(least_sure([first_layer(lab, name) for name in lab.runs]))
    lab.control(least_sure([first_layer(lab, name, layer=1) for name in lab.runs]))
    for name in lab.runs:
        curve = shares(lab, name)[:, :, 0].mean(0)
        lab.series(f"n of the first layer, {name}", range(len(curve)), curve)


PARTS = [f"layers {number}/8" for number in range(2, 9)]


def negatives(by_layer: np.ndarray, sizes: np.ndarray, layer: int) -> Count:
    """Negative filters among all of a layer, over seeds, from shares by seed and layer."""
    return Count(round(float((by_layer[:, layer] * sizes[layer]).sum())), int(sizes[layer]) * len(by_layer))


EARLY, FAST = 5, 0.2


@claim(
    "HP-22",
    where="Section 3.2, Fig. 5",
    paper="about 50 % in the beginning, and rapidly to all negative",
    tier="laptop",
    runs=vgg,
    rule={"before training": equivalent_to(0, within=0.1)} | {part: greater_than(FAST) for part in PARTS},
    control="the same epochs in the reverse order: biased in the beginning, and unbiased by the fifth",
    **BY_PROXY,
)
def test_layers_past_the_first_shift_fast_to_negative(lab: Lab, data: str) -> None:
    """All layers past the first start from about 50 % negative projections and rapidly shift towards all negative ones.

    The paper's is AlexNet on ImageNet, these are VGGs.  Rapidly is: by the fifth epoch the share of each eighth of the
    network (of two layers, the one that is behind) is more than 0.2 above one half.
    """
    excess = shares(lab)[:, : EARLY + 1] - 0.5

    def parts(excess: np.ndarray) -> dict[str, np.ndarray]:
        groups = eighths(excess.shape[2])[1:]
        behind = {part: excess[:, -1, group].min(1) for part, group in zip(PARTS, groups, strict=True)}
        return {"before training": excess[:, 0, 1:].mean(1), **behind}

    lab.measure(**parts(excess))
    lab.control(**parts(excess[:, ::-1]))
    draw_curves(lab, shares(lab))


@claim(
    "HP-39",
    where="Section 3.3, Fig. 7",
    tier="laptop",
    runs=vgg,
    rule={part: proportion_above(0.5 + UNBIASED) for part in PARTS[:3]}
    | {part: proportion_is(0.5, within=UNBIASED) for part in PARTS[3:]},
    control="the untrained networks (layers 2/8 to 4/8); the layer that training biased most (layers 5/8 to 8/8)",
    **ON_CIFAR10,
)
def test_the_first_half_of_the_layers_is_biased(lab: Lab, data: str) -> None:
    """On CIFAR10 layers 2 to 8 of VGG19's 16 show heavily biased configurations, and the rest do not.

    The filters of all runs together, in an exact binomial test for each eighth of the network (of two layers, the least
    favourable one).
    """
    by_epoch, sizes = shares(lab), filters(lab)
    untrained, trained = by_epoch[:, 0], by_epoch[:, -1]
    groups = eighths(len(sizes))[1:]

    def least(by_layer: np.ndarray, layers: Sequence[int]) -> Count:
        return negatives(by_layer, sizes, min(layers, key=lambda layer: by_layer.mean(0)[layer]))

    def furthest(by_layer: np.ndarray, layers: Sequence[int]) -> Count:
        return negatives(by_layer, sizes, max(layers, key=lambda layer: abs(by_layer.mean(0)[layer] - 0.5)))

    def parts(early: list[Count], late: list[Count]) -> dict[str, Count]:
        return dict(zip(PARTS, early + late, strict=True))

    lab.measure(**parts([least(trained, group) for group in groups[:3]], [furthest(trained, g) for g in groups[3:]]))
    most_biased = furthest(trained, range(1, len(sizes)))
    lab.control(**parts([least(untrained, group) for group in groups[:3]], [most_biased for _ in groups[3:]]))
    lab.series("before training", range(1, len(sizes) + 1), by_epoch[:, 0].mean(0))
    lab.series("after training", range(1, len(sizes) + 1), by_epoch[:, -1].mean(0))


@claim(
    "HP-41",
    where="Section 3.4",
    unit="variances by chance",
    tier="laptop",
    runs=vgg,
    rule=less_than(1.0),
    control="the layers of each run in a random order",
    **ON_CIFAR10,
)
def test_the_measure_varies_little_between_runs(lab: Lab, data: str) -> None:
    """The standard deviation across runs is low for most of the layers.

    Low is: less than chance alone gives the shares of untrained layers, 1 / (2 sqrt(F)).  Measured is the variance over
    runs in units of that, averaged over layers.
    """
    lab.measure(relative_variance(lab))
    order = np.random.default_rng(lab.seed)
    lab.control(relative_variance(lab, of=np.array([order.permutation(run) for run in shares(lab)[:, -1]])))


@claim(
    "HP-44",
    where="Section 3.3",
    unit="layers",
    tier="laptop",
    runs=both_tasks,
    seeds=SEEDS,
    reach=REACH,
    rule=greater_than(0.0),
    control="the network for the harder task before it was trained",
)
def test_a_harder_task_makes_more_layers_biased(lab: Lab) -> None:
    """With a harder learning task, CIFAR100 in place of CIFAR10, more layers become biased."""

    def biased(name: str, epoch: int = -1) -> np.ndarray:
        number: np.ndarray = (bias(lab, name, epoch) >= UNBIASED).sum(1).astype(float)
        return number

    easy, hard = lab.runs
    lab.measure(biased(hard) - biased(easy))
    lab.control(biased(hard, epoch=0) - biased(easy))
    for name in lab.runs:
        by_layer = shares(lab, name)[:, -1].mean(0)
        lab.series(f"n on {name}", range(1, len(by_layer) + 1), by_layer)


@claim(
    "HP-50",
    where="Section 3.4",
    tier="laptop",
    runs=vgg,
    rule=greater_than(0.0),
    control="the shares' changes in the reverse order of epochs",
    **ON_CIFAR10,
)
def test_the_loss_falls_while_the_shares_rise(lab: Lab, data: str) -> None:
    """A sharp decrease of the training loss corresponds to a sharp increase of the density of negative projections.

    From epoch to epoch: the correlation of the loss's fall with the rise of the mean share of the layers past the
    first, less the largest such correlation with either shifted by one epoch or two.
    """

    def lead(record: Record, step: int) -> float:
        fall = -np.diff(record.metrics["train_loss"])
        rise = np.diff(epoch_means(shares_of(record)[:, 1:].mean(1)))
        return lead_of_no_lag(fall, rise[::step], most=2)

    records = lab.records(lab.runs["vgg"])
    lab.measure([lead(record, 1) for record in records])
    lab.control([lead(record, -1) for record in records])
    loss = np.mean([record.metrics["train_loss"] for record in records], axis=0)
    lab.series("training loss", range(1, recipe(lab).training.epochs + 1), loss)
