"""Critical layers: what resetting one layer at a time costs, and whether it is the biased ones that matter.

The networks are those of `methods.vgg_recipes`.  A drop is relative to the trained network's accuracy, as
in the authors' heat maps.  A layer is critical when its reset to its initial weights costs more than 10 % of the
accuracy, ambient when it costs less than 2 %; it is biased when its share of negative projections is 0.1 or more away
from one half.  The network's convolutions are judged in eighths, which are single layers of VGG-11 and pairs of VGG-19
(the first layer stands alone, and the second with the next pair); of several layers the least favourable one counts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from claims.gamba2020.methods.criticality import Criticality
from claims.gamba2020.methods.settings import REACH, TrainedOnData
from claims.gamba2020.methods.vgg_readings import (
    AMBIENT,
    CRITICAL,
    UNBIASED,
    bias,
    draw_heat_map,
    drops,
    eighths,
    last_epoch,
)
from claims.gamba2020.methods.vgg_recipes import SEEDS, on_both, vgg, watched
from harness.claims.claim import claim
from harness.rules import Count, Estimate, Exact, equivalent_to, greater_than, less_than, matches, proportion_above
from harness.statistics.least_sure import least_sure
from harness.statistics.rank_correlation import mean_rank_correlation
from harness.system.lazy import np

if TYPE_CHECKING:
    from harness.lab.lab import Lab

ON_CIFAR10: TrainedOnData = {"data": ("cifar10",), "proxies": ("textures",), "seeds": SEEDS, "reach": REACH}
IMAGES = ("test", "validation")
PARTS = [f"layers {number}/8" for number in range(1, 9)]


@claim(
    "HP-37",
    where="Section 3.3, Fig. 2",
    paper="layers 1 to 8 of 16 critical, the others resettable without considerable loss",
    tier="laptop",
    readings={"images": IMAGES},
    runs=vgg,
    rule={part: greater_than(CRITICAL) for part in PARTS[:4]} | {part: less_than(AMBIENT) for part in PARTS[4:]},
    control="each layer reset to its weights after the last epoch, which costs nothing (layers 1/8 to 4/8); the most "
    "critical layer (layers 5/8 to 8/8)",
    **ON_CIFAR10,
)
def test_only_the_first_half_of_the_layers_is_critical(lab: Lab, data: str, images: str) -> None:
    """On CIFAR10 only the first 8 of VGG19's 16 convolutional layers are critical; the rest can be reset.

    The caption says test, section 3.3 validation images.
    """
    cost, unchanged = drops(lab, images), drops(lab, images, last_epoch(lab))
    groups = dict(zip(PARTS, eighths(cost.shape[1]), strict=True))
    most_critical = cost[:, cost.mean(0).argmax()]
    for part in PARTS[:4]:
        lab.measure(**{part: cost[:, groups[part]].min(1)})
        lab.control(**{part: Exact(float(unchanged[:, groups[part]].max()))})
    for part in PARTS[4:]:
        lab.measure(**{part: cost[:, groups[part]].max(1)})
        lab.control(**{part: most_critical})
    draw_heat_map(lab, images)


@claim(
    "HP-38",
    where="Fig. 2",
    paper=8.0,
    unit="layers of 16",
    tier="laptop",
    readings={"images": IMAGES},
    runs=vgg,
    rule=matches(8, within=0.5),
    control="the layers of each run in a random order",
    **ON_CIFAR10,
)
def test_on_average_eight_layers_are_critical(lab: Lab, data: str, images: str) -> None:
    """On average over runs the first 8 of 16 layers seem to be critical.

    Counted are the layers from the first on up to the first one that is not critical; of a network of another depth,
    as a share of 16.  Resets to the last epoch were the control until its outcome was seen: it is 0 in every run, which
    for want of a spread can be neither supported nor refuted.
    """

    def leading(cost: np.ndarray) -> np.ndarray:
        so_far: np.ndarray = np.cumprod(cost > CRITICAL, axis=-1)  # 1 up to the first layer that is not critical
        return 16 * so_far.mean(-1)

    cost, order = drops(lab, images), np.random.default_rng(lab.seed)
    lab.measure(leading(cost))
    lab.control(leading(np.array([order.permutation(run) for run in cost])))


@claim(
    "HP-40",
    where="Section 3.3",
    tier="laptop",
    readings={"sampled": ("networks", "networks and layers"), "images": IMAGES},
    runs=vgg,
    rule=greater_than(0.5),
    control="the bias of the untrained networks, with what resets cost the trained ones",
    **ON_CIFAR10,
)
def test_biased_layers_are_critical(lab: Lab, data: str, sampled: str, images: str) -> None:
    """The more biased the hyperplane arrangements of a layer are, the more critical it is to performance.

    Spearman's correlation of the bias abs(n - 1/2) with the drop, over the layers past the first.  Both of untrained
    networks were the control until its outcome was seen: where such a network gives every image one class, drops do not
    vary, and no correlation is defined.  Layers of few filters are by chance the more biased ones, which are the early
    ones: the control would show if that alone made the correlation.
    """
    trained, cost = bias(lab), drops(lab, images)

    def correlation(of_bias: np.ndarray) -> Estimate:
        layers = sampled == "networks and layers"
        return mean_rank_correlation(of_bias[:, 1:], cost[:, 1:], resample_layers=layers)

    lab.measure(correlation(trained))
    lab.control(correlation(bias(lab, epoch=0)))
    lab.series("drop over bias, means over networks", trained.mean(0), cost.mean(0))


@claim(
    "HP-42",
    where="Section 1",
    tier="laptop",
    readings={"layers": ("past the first", "all"), "images": IMAGES},
    runs=vgg,
    rule=proportion_above(0.8),
    control="the biased layers",
    **ON_CIFAR10,
)
def test_unbiased_layers_can_be_reset(lab: Lab, data: str, layers: str, images: str) -> None:
    """When the bias is not observed, the layer's weights can be reset to initialisation without considerable loss.

    Section 1 says so of all layers; the caption of figure 2 makes an exception of the first, which is critical and
    unbiased.
    """
    first = 0 if layers == "all" else 1
    unbiased = bias(lab)[:, first:] < UNBIASED
    ambient = drops(lab, images)[:, first:] < AMBIENT
    lab.measure(Count(int((unbiased & ambient).sum()), int(unbiased.sum())))
    lab.control(Count(int((~unbiased & ambient).sum()), int((~unbiased).sum())))


def in_all_experiments(tier: str) -> dict[str, Criticality]:
    """The network on CIFAR10, and from tier `nightly` on on CIFAR100 as well."""
    return on_both(tier) if tier != "laptop" else {"cifar10": watched(tier, "cifar10")}


@claim(
    "HP-52",
    where="Section 3.1",
    paper="at most 1 %",
    unit="points",
    tier="laptop",
    runs=in_all_experiments,
    seeds=SEEDS,
    reach=REACH,
    rule=equivalent_to(0, within=1),
    control="the accuracy on training images in place of that on test images",
)
def test_test_and_validation_accuracy_agree(lab: Lab) -> None:
    """The accuracy on the test set differs by at most 1 % from the accuracy on the validation set.

    Judged on the data set that it is least sure of.  The images of tier `laptop`, 1000 that validate, are too few to
    show it: their share of right ones has a standard error of 1.5 points in each network.
    """

    def differences(name: str, accuracy: Callable[[Mapping[str, Any]], float]) -> np.ndarray:
        by_seed = [record.metrics for record in lab.records(lab.runs[name])]
        return 100 * np.array([accuracy(metrics) - metrics["accuracy"]["validation"] for metrics in by_seed])

    def on_test_images(metrics: Mapping[str, Any]) -> float:
        return metrics["accuracy"]["test"]

    def on_training_images(metrics: Mapping[str, Any]) -> float:
        return metrics["train_accuracy"][-1]

    lab.measure(least_sure([differences(name, on_test_images) for name in lab.runs]))
    lab.control(least_sure([differences(name, on_training_images) for name in lab.runs]))


@claim(
    "HP-43",
    where="Section A.5, Figs. 16 and 17",
    tier="nightly",
    runs=on_both,
    seeds=SEEDS,
    reach=REACH,
    rule={f"{what} of layer {layer}": greater_than(0.0) for what in ("bias", "drop") for layer in (9, 10)},
    control="layers 15 and 16 on CIFAR100, compared to layers 7 and 8 on CIFAR10, which are critical and biased there",
)
def test_layers_9_and_10_are_critical_and_biased_on_cifar100(lab: Lab) -> None:
    """Compared to VGG19 trained on CIFAR10, layers 9 and 10 are critical on CIFAR100, and strongly biased."""
    hard = {"bias": bias(lab, "cifar100"), "drop": drops(lab, name="cifar100")}
    easy = {"bias": bias(lab, "cifar10"), "drop": drops(lab, name="cifar10")}

    def more(of_hard: int, of_easy: int) -> dict[str, np.ndarray]:
        """By how much a layer of the one network exceeds one of the other, each so far behind the one judged."""
        return {
            f"{what} of layer {layer}": hard[what][:, layer + of_hard - 1] - easy[what][:, layer + of_easy - 1]
            for what in hard
            for layer in (9, 10)
        }

    lab.measure(**more(0, 0))
    lab.control(**more(6, -2))
    draw_heat_map(lab, "test", "cifar100")


@claim(
    "HP-67",
    where="Abstract",
    tier="nightly",
    runs=on_both,
    seeds=SEEDS,
    reach=REACH,
    rule={"cifar10": greater_than(0.5), "cifar100": greater_than(0.5)},
    control="the bias of the untrained networks, with what resets cost the trained ones",
)
def test_biased_layers_are_critical_on_all_data_sets(lab: Lab) -> None:
    """Layers showing biased configurations are critical to performance on CIFAR10, CIFAR100 and ImageNet.

    HP-40 on CIFAR10 and on CIFAR100.  ImageNet is left out: by the paper no layer past the first is unbiased there, nor
    resettable, so that nothing is left to correlate.
    """
    for name in lab.runs:
        cost = drops(lab, name=name)[:, 1:]
        lab.measure(**{name: mean_rank_correlation(bias(lab, name)[:, 1:], cost)})
        lab.control(**{name: mean_rank_correlation(bias(lab, name, epoch=0)[:, 1:], cost)})
