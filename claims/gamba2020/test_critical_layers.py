"""Critical layers: what resetting one layer at a time costs, and whether it is the biased ones that matter.

The networks are those of `methods.vgg_recipes`.  A drop is relative to the trained network's accuracy, as
in the authors' heat maps.  A layer is critical when its reset to its initial weights costs more than 10 % of the
accuracy, ambient when it costs less than 2 %; it is biased when its share of negative projections is 0.1 or more away
from one half.  The network's convolutions are judged in eighths, which are single layers of VGG-11 and pairs of VGG-19
(the first layer stands alone, and the second with the next pair); of several layers the least favourable one counts.
"""

from __future__ import annotations

from itertools import pairwise

from claims.gamba2020.methods.vgg_readings import draw_heat_map, drops, shares
from claims.gamba2020.methods.vgg_recipes import SEEDS, watched
from harness.claims.claim import claim
from harness.rules import Count, Exact, equivalent_to, greater_than, less_than, matches, proportion_above
from harness.statistics.exchange import every_other_exchanged
from harness.statistics.least_sure import least_sure
from harness.statistics.rank_correlation import mean_rank_correlation
from harness.system.lazy import np

CRITICAL, AMBIENT, UNBIASED = 0.10, 0.02, 0.1
REACH = {"quick": "proxy", "nightly": "reduced", "paper": "paper"}
ON_CIFAR10 = {"data": ("cifar10",), "proxies": ("textures",), "seeds": SEEDS, "reach": REACH}
IMAGES = ("test", "validation")


def vgg(tier, data):
    """The one training that most claims of this file share."""
    return {"vgg": watched(tier, data)}


def bias(lab, epoch=-1, name="vgg"):
    """Distance of the shares from one half, by seed and layer."""
    return np.abs(shares(lab, name)[:, epoch] - 0.5)


def last_epoch(lab, name="vgg"):
    """The name of the last epoch's weights."""
    return str(lab.runs[name].training.epochs)


def eighths(values):
    """Arrays of shape `(..., layers)` as eight groups of neighbouring layers; the first layer stands alone."""
    some = values.shape[-1] // 8
    ends = [0, 1, *range(2 * some, 9 * some, some)]
    return [values[..., start:end] for start, end in pairwise(ends)]


PARTS = [f"layers {number}/8" for number in range(1, 9)]


@claim(
    "HP-37",
    where="Section 3.3, Fig. 2",
    paper="layers 1 to 8 of 16 critical, the others resettable without considerable loss",
    tier="quick",
    readings={"images": IMAGES},
    runs=vgg,
    rule={part: greater_than(CRITICAL) for part in PARTS[:4]} | {part: less_than(AMBIENT) for part in PARTS[4:]},
    control="each layer reset to its weights after the last epoch, which costs nothing",
    **ON_CIFAR10,
)
def test_only_the_first_half_of_the_layers_is_critical(lab, data, images):
    """On CIFAR10 only the first 8 of VGG19's 16 convolutional layers are critical; the rest can be reset.

    The caption says test, section 3.3 validation images.
    """
    groups = eighths(drops(lab, images))
    worst = [group.min(-1) for group in groups[:4]] + [group.max(-1) for group in groups[4:]]
    lab.measure(**dict(zip(PARTS, worst, strict=True)))
    kept = eighths(drops(lab, images, last_epoch(lab)))
    lab.control(**{part: Exact(float(group.max())) for part, group in zip(PARTS, kept, strict=True)})
    draw_heat_map(lab, images)


@claim(
    "HP-38",
    where="Fig. 2",
    paper=8.0,
    unit="layers of 16",
    tier="quick",
    readings={"images": IMAGES},
    runs=vgg,
    rule=matches(8, within=0.5),
    control="the layers of each run in a random order",
    **ON_CIFAR10,
)
def test_on_average_eight_layers_are_critical(lab, data, images):
    """On average over runs the first 8 of 16 layers seem to be critical.

    Counted are the layers from the first on up to the first one that is not critical; of a network of another depth,
    as a share of 16.  Resets to the last epoch were the control until its outcome was seen: it is 0 in every run, which
    for want of a spread can be neither supported nor refuted.
    """

    def leading(values):
        critical = values > CRITICAL
        return 16 * np.cumprod(critical, axis=-1).mean(-1)

    found, order = drops(lab, images), np.random.default_rng(lab.seed)
    lab.measure(leading(found))
    lab.control(leading(np.array([order.permutation(run) for run in found])))


@claim(
    "HP-40",
    where="Section 3.3",
    tier="quick",
    readings={"sampled": ("networks", "networks and layers"), "images": IMAGES},
    runs=vgg,
    rule=greater_than(0.5),
    control="the bias of the untrained networks, with what resets cost the trained ones",
    **ON_CIFAR10,
)
def test_biased_layers_are_critical(lab, data, sampled, images):
    """The more biased the hyperplane arrangements of a layer are, the more critical it is to performance.

    Spearman's correlation of the bias abs(n - 1/2) with the drop, over the layers past the first.  Both of untrained
    networks were the control until its outcome was seen: where such a network gives every image one class, drops do not
    vary, and no correlation is defined.  Layers of few filters are by chance the more biased ones, which are the early
    ones: the control would show if that alone made the correlation.
    """

    def correlation(of_bias, of_drops):
        layers = sampled == "networks and layers"
        return mean_rank_correlation(of_bias[:, 1:], of_drops[:, 1:], resample_layers=layers)

    found, cost = bias(lab), drops(lab, images)
    lab.measure(correlation(found, cost))
    lab.control(correlation(bias(lab, epoch=0), cost))
    lab.series("drop over bias, means over networks", found.mean(0), cost.mean(0))


@claim(
    "HP-42",
    where="Section 1",
    tier="quick",
    readings={"layers": ("past the first", "all"), "images": IMAGES},
    runs=vgg,
    rule=proportion_above(0.8),
    control="the biased layers",
    **ON_CIFAR10,
)
def test_unbiased_layers_can_be_reset(lab, data, layers, images):
    """When the bias is not observed, the layer's weights can be reset to initialisation without considerable loss.

    Section 1 says so of all layers; the caption of figure 2 makes an exception of the first, which is critical and
    unbiased.
    """
    first = 0 if layers == "all" else 1
    unbiased = bias(lab)[:, first:] < UNBIASED
    ambient = drops(lab, images)[:, first:] < AMBIENT
    lab.measure(Count(int((unbiased & ambient).sum()), int(unbiased.sum())))
    lab.control(Count(int((~unbiased & ambient).sum()), int((~unbiased).sum())))


def on_both(tier):
    """The same network on the easier and on the harder task."""
    return {name: watched(tier, name) for name in ("cifar10", "cifar100")}


def in_all_experiments(tier):
    """The network on CIFAR10, and from tier `nightly` on on CIFAR100 as well."""
    return on_both(tier) if tier != "quick" else {"cifar10": watched(tier, "cifar10")}


@claim(
    "HP-52",
    where="Section 3.1",
    paper="at most 1 %",
    unit="points",
    tier="quick",
    runs=in_all_experiments,
    seeds=SEEDS,
    reach=REACH,
    rule=equivalent_to(0, within=1),
    control="the accuracy on training images in place of that on test images",
)
def test_test_and_validation_accuracy_agree(lab):
    """The accuracy on the test set differs by at most 1 % from the accuracy on the validation set.

    Judged on the data set that it is least sure of.  The images of tier `quick`, 1000 that validate, are too few to
    show it: their share of right ones has a standard error of 1.5 points in each network.
    """

    def differences(name, of):
        metrics = [record.metrics for record in lab.records(lab.runs[name])]
        validation = np.array([one["accuracy"]["validation"] for one in metrics])
        return 100 * (np.array([of(one) for one in metrics]) - validation)

    lab.measure(least_sure([differences(name, lambda one: one["accuracy"]["test"]) for name in lab.runs]))
    lab.control(least_sure([differences(name, lambda one: one["train_accuracy"][-1]) for name in lab.runs]))


@claim(
    "HP-43",
    where="Section A.5, Figs. 16 and 17",
    tier="nightly",
    runs=on_both,
    seeds=SEEDS,
    reach=REACH,
    rule={f"{what} of layer {layer}": greater_than(0.0) for what in ("bias", "drop") for layer in (9, 10)},
    control="the same pairs, every other one with its data sets exchanged",
)
def test_layers_9_and_10_are_critical_and_biased_on_cifar100(lab):
    """Compared to VGG19 trained on CIFAR10, layers 9 and 10 are critical on CIFAR100, and strongly biased."""

    def found(name):
        both = {"bias": bias(lab, name=name), "drop": drops(lab, name=name)}
        return {f"{what} of layer {layer}": values[:, layer - 1] for what, values in both.items() for layer in (9, 10)}

    hard, easy = found("cifar100"), found("cifar10")
    more = {part: hard[part] - easy[part] for part in hard}
    lab.measure(**more)
    lab.control(**{part: every_other_exchanged(differences) for part, differences in more.items()})
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
def test_biased_layers_are_critical_on_all_data_sets(lab):
    """Layers showing biased configurations are critical to performance on CIFAR10, CIFAR100 and ImageNet.

    HP-40 on CIFAR10 and on CIFAR100.  ImageNet is left out: by the paper no layer past the first is unbiased there, nor
    resettable, so that nothing is left to correlate.
    """
    for name in lab.runs:
        cost = drops(lab, name=name)[:, 1:]
        lab.measure(**{name: mean_rank_correlation(bias(lab, name=name)[:, 1:], cost)})
        lab.control(**{name: mean_rank_correlation(bias(lab, epoch=0, name=name)[:, 1:], cost)})
