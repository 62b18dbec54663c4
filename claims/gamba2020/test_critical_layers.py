"""Critical layers: what resetting one layer at a time costs, and whether it is the biased ones that matter.

The networks are those of `methods.vgg_recipes`.  A drop is relative to the trained network's accuracy, as
in the authors' heat maps.  A layer is critical when its reset to its initial weights costs more than 10 % of the
accuracy, ambient when it costs less than 2 %; it is biased when its share of negative projections is 0.1 or more away
from one half.  Layers 1 to 8 and 9 to 16 are those of VGG-19; of a network of another depth they are the two halves.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from claims.gamba2020.methods.criticality import Criticality
from claims.gamba2020.methods.settings import REACH, Trained, TrainedOnData
from claims.gamba2020.methods.vgg_readings import (
    AMBIENT,
    CONVERGED,
    CRITICAL,
    UNBIASED,
    bias,
    draw_heat_map,
    drops,
    in_layers,
    largest_in_layers,
    last_epoch,
    recipe,
    second_half,
    training_accuracies,
)
from claims.gamba2020.methods.vgg_recipes import SEEDS, on_both, smooth, vgg, watched
from harness.claims.about import About
from harness.claims.claim import claim
from harness.rules import (
    Count,
    Estimate,
    Several,
    all_runs,
    equivalent_to,
    greater_than,
    in_all,
    less_than,
    matches,
)
from harness.statistics.by_run import runs_above
from harness.statistics.rank_correlation import mean_rank_correlation, rank_correlations
from harness.statistics.seeds_and_images import accuracy_difference
from harness.system.lazy import np

if TYPE_CHECKING:
    from harness.lab.lab import Lab

ON_CIFAR10: TrainedOnData = {"data": ("cifar10",), "proxies": ("textures",), "seeds": SEEDS, "reach": REACH}
IMAGES = ("test", "validation")
ON_BOTH: Trained = {"seeds": SEEDS, "reach": REACH}


def as_in_the_figures(tier: str) -> dict[str, Criticality]:
    """VGG on CIFAR10 by steps (figure 2) and, from tier `nightly` on, on CIFAR100 exponentially (figures 16 and 17)."""
    return {"cifar10": watched(tier, "cifar10")} if tier == "laptop" else on_both(tier)


@claim(
    "HP-37",
    where="Section 3.3, Fig. 2",
    paper="layers 1 to 8 of 16 critical, the others resettable without considerable loss",
    tier="laptop",
    readings={"images": IMAGES},
    about=About.SIZE,
    runs=vgg,
    rule={"layers 1 to 8": in_all(greater_than(CRITICAL)), "layers 9 to 16": in_all(less_than(AMBIENT))},
    control="each layer reset to its weights after the last epoch, which costs nothing (layers 1 to 8); these layers "
    "in the place of the others (layers 9 to 16)",
    **ON_CIFAR10,
)
def test_only_the_first_half_of_the_layers_is_critical(lab: Lab, data: str, images: str) -> None:
    """On CIFAR10 only the first 8 of VGG19's 16 convolutional layers are critical; the rest can be reset.

    The caption says test, section 3.3 validation images.  That it is eight is what a network of this width has on these
    images: by section A.5 two more are critical on CIFAR100.  Which layers are, HP-40 judges of any network.
    """
    cost, unchanged = drops(lab, images), drops(lab, images, last_epoch(lab))
    early, late = range(cost.shape[1] // 2), second_half(cost.shape[1])
    lab.measure(**{"layers 1 to 8": in_layers(cost, early), "layers 9 to 16": in_layers(cost, late)})
    lab.control(**{"layers 1 to 8": largest_in_layers(unchanged, early), "layers 9 to 16": in_layers(cost, early)})
    draw_heat_map(lab, images)


@claim(
    "HP-38",
    where="Fig. 2",
    paper=8.0,
    unit="layers of 16",
    tier="laptop",
    about=About.SIZE,
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


def correlations(lab: Lab, cost: np.ndarray, name: str = "vgg") -> dict[str, Estimate]:
    """How the bias of the layers past the first goes with what resets `(seeds, layers)` cost, and beyond chance."""
    trained, untrained = (bias(lab, name, epoch)[:, 1:] for epoch in (-1, 0))
    beyond = rank_correlations(trained, cost[:, 1:]) - rank_correlations(untrained, cost[:, 1:])
    return {
        "correlation": mean_rank_correlation(trained, cost[:, 1:]),
        "beyond chance": Estimate.from_replicates(beyond),
    }


MORE_THAN_BY_CHANCE = ("correlation", "beyond chance")
LEFT = "what resets leave of the accuracy in the place of what they cost"


@claim(
    "HP-40",
    where="Section 3.3",
    paper="layers with biased arrangements are critical",
    tier="laptop",
    about=About.REGIME,
    gate=CONVERGED,
    readings={"images": IMAGES},
    runs=vgg,
    rule=dict.fromkeys(MORE_THAN_BY_CHANCE, greater_than(0.0)),
    mirrored=tuple(MORE_THAN_BY_CHANCE),
    control=LEFT,
    **ON_CIFAR10,
)
def test_biased_layers_are_critical(lab: Lab, data: str, images: str) -> None:
    """The more biased the hyperplane arrangements of a layer are, the more critical it is to performance.

    Spearman's correlation of the bias abs(n - 1/2) with the drop, over the layers past the first.  Layers of few
    filters are by chance the more biased ones, which are the early ones: so the correlation must be larger, too, than
    that of the untrained networks' bias with the same drops.  Networks are sampled, one number each; their layers are
    all there are, and were they a sample of layers, the first number would be as unsure as a note says.
    """
    cost = drops(lab, images)
    lab.gate(training_accuracies(lab))
    lab.measure(**correlations(lab, cost))
    lab.control(**correlations(lab, 1 - cost))
    of_layers = mean_rank_correlation(bias(lab)[:, 1:], cost[:, 1:], resample_layers=True)
    lab.note(f"resampling layers, too: {of_layers.value:.2f}, standard error {of_layers.standard_error:.2f}")
    lab.series("drop over bias, means over networks", bias(lab).mean(0), cost.mean(0))


MOST = 0.8
"""Of a run's unbiased layers, more than this share must be ambient: so many exceptions does the sentence stand."""


@claim(
    "HP-42",
    where="Section 1",
    tier="laptop",
    about=About.REGIME,
    gate=CONVERGED,
    readings={"layers": ("past the first", "all"), "images": IMAGES},
    runs=vgg,
    rule=all_runs(),
    control="the biased layers",
    **ON_CIFAR10,
)
def test_unbiased_layers_can_be_reset(lab: Lab, data: str, layers: str, images: str) -> None:
    """When the bias is not observed, the layer's weights can be reset to initialisation without considerable loss.

    Of a run more than 80 % of the unbiased layers are ambient; counted are the runs that have any, since the layers of
    one run depend on one another.  Section 1 says so of all layers; the caption of figure 2 makes an exception of the
    first, which is critical and unbiased.
    """
    first = 0 if layers == "all" else 1
    unbiased = bias(lab)[:, first:] < UNBIASED
    ambient = drops(lab, images)[:, first:] < AMBIENT

    def can_be_reset(among: np.ndarray) -> Count:
        some = among.any(1)
        return runs_above((ambient & among)[some].sum(1) / among[some].sum(1), MOST)

    lab.gate(training_accuracies(lab))
    lab.measure(can_be_reset(unbiased))
    lab.control(can_be_reset(~unbiased))


TEST_IMAGES = 10_000
"""Of CIFAR10 and of CIFAR100."""


@claim(
    "HP-52",
    where="Section 3.1",
    paper="at most 1 %",
    unit="points",
    tier="laptop",
    about=About.SIZE,
    runs=as_in_the_figures,
    rule=in_all(equivalent_to(0, within=1)),
    control="the accuracy on training images in place of that on test images",
    **ON_BOTH,
)
def test_test_and_validation_accuracy_agree(lab: Lab) -> None:
    """The accuracy on the test set differs by at most 1 % from the accuracy on the validation set.

    On each data set.  The interval contains the sampling of the images: all runs are tested on the same ones, and each
    validates on its own.
    """

    def differences(accuracy: Callable[[Mapping[str, Any]], float]) -> Several:
        return Several(tuple(difference(name, accuracy) for name in lab.runs), tuple(lab.runs))

    def difference(name: str, accuracy: Callable[[Mapping[str, Any]], float]) -> Estimate:
        by_seed = [record.metrics for record in lab.records(lab.runs[name])]
        of_run = recipe(lab, name)
        images = (of_run.test_images or TEST_IMAGES, len(by_seed) * (of_run.training.data.held_out or 0))
        return in_points(
            accuracy_difference(
                [accuracy(metrics) for metrics in by_seed],
                [metrics["accuracy"]["validation"] for metrics in by_seed],
                images,
            )
        )

    lab.measure(differences(lambda metrics: metrics["accuracy"]["test"]))
    lab.control(differences(lambda metrics: metrics["train_accuracy"][-1]))


def in_points(share: Estimate) -> Estimate:
    """The same in percentage points."""
    return dataclasses.replace(
        share, value=100 * share.value, standard_error=100 * share.standard_error, unit="points", bounds=None
    )


STEPS = "steps, as in figure 2"
SAME = "exponential, as on CIFAR100"


def compared(tier: str, cifar10: str) -> dict[str, Criticality]:
    """VGG on CIFAR100 by the exponential schedule, and on CIFAR10 by the schedule that is read."""
    hard = watched(tier, "cifar100", schedule=smooth(tier))
    return {"cifar10": watched(tier, "cifar10", schedule=None if cifar10 == STEPS else smooth(tier)), "cifar100": hard}


@claim(
    "HP-43",
    where="Section A.5, Figs. 16 and 17",
    tier="nightly",
    about=About.DIRECTION,
    readings={"cifar10": (STEPS, SAME)},
    runs=compared,
    rule={f"{what} of layer {layer}": greater_than(0.0) for what in ("bias", "drop") for layer in (9, 10)},
    control="layers 15 and 16 on CIFAR100, compared to layers 7 and 8 on CIFAR10, which are critical and biased there",
    **ON_BOTH,
)
def test_layers_9_and_10_are_critical_and_biased_on_cifar100(lab: Lab, cifar10: str) -> None:
    """Compared to VGG19 trained on CIFAR10, layers 9 and 10 are critical on CIFAR100, and strongly biased.

    Section A.5 compares CIFAR100 by the exponential schedule with figure 2, by steps: two things differ.  Under the
    second reading the task alone does.
    """
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


CORRELATIONS_ON_BOTH = tuple(f"{part}, {name}" for name in ("cifar10", "cifar100") for part in MORE_THAN_BY_CHANCE)


@claim(
    "HP-67",
    where="Abstract",
    tier="nightly",
    about=About.DIRECTION,
    runs=as_in_the_figures,
    rule=dict.fromkeys(CORRELATIONS_ON_BOTH, greater_than(0.0)),
    mirrored=CORRELATIONS_ON_BOTH,
    control=LEFT,
    **ON_BOTH,
)
def test_biased_layers_are_critical_on_all_data_sets(lab: Lab) -> None:
    """Layers showing biased configurations are critical to performance on CIFAR10, CIFAR100 and ImageNet.

    HP-40 on CIFAR10 and on CIFAR100, without its gate: the abstract says it of networks that have not fitted their
    images, too.  ImageNet is left out: by the paper no layer past the first is unbiased there, nor resettable, so that
    nothing is left to correlate.
    """
    for name in lab.runs:
        cost = drops(lab, name=name)
        lab.measure(**{f"{part}, {name}": found for part, found in correlations(lab, cost, name).items()})
        lab.control(**{f"{part}, {name}": found for part, found in correlations(lab, 1 - cost, name).items()})
