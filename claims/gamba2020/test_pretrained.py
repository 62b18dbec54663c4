"""Networks that others have trained on ImageNet (figures 1 and 9 to 14): the bias is in them too.

The paper looks at VGG and AlexNet, whose weights are judged where they are at hand (`harness.data.weights` says where
they are looked for).  By proxy the same is judged of two SqueezeNets, whose kernels of more than one pixel are the
first layer's and one of each of eight Fire modules.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from claims.gamba2020.methods.opposites import nearest_opposite, opposites_by_chance
from claims.gamba2020.methods.pretrained_projections import PretrainedProjections, projection_counts
from claims.gamba2020.methods.projection_null import share_at_least
from claims.gamba2020.methods.settings import Released
from harness.claims.about import About
from harness.claims.claim import claim
from harness.data.pretrained import PRETRAINED
from harness.data.weights import MATCONVNET, TORCHVISION
from harness.lab.session import NotAvailable
from harness.rules import ALPHA, Count, Several, in_all, proportion_above, proportion_below
from harness.rules.multiplicity import holm_adjusted
from harness.system.lazy import np, torch

if TYPE_CHECKING:
    from harness.lab.lab import Lab
    from harness.store import Record

    Counts = Mapping[str, Any]
    """What `projection_counts` returns."""

FIRST, FOURTH = "conv1", "fire4/expand3x3"
DEEP = tuple(f"fire{number}/expand3x3" for number in range(6, 10))
POINTWISE = ("left out, as in the code", "counted")
DECLARED: Released = {"tier": "laptop", "reach": {"laptop": "proxy"}, "about": About.MECHANISM}
RELEASED: Released = {"tier": "laptop", "reach": {"laptop": "paper"}, "about": About.MECHANISM}
DRAWN = "the same layers with normal weights"
FEWEST = 5
LAST = ("fourth last", "third last", "second last", "last")


def projections(lab: Lab, network: str) -> Record:
    """The record of a network's projections; the claim is not run where its weights are not at hand."""
    return lab.record(PretrainedProjections(network, keep=(FIRST, FOURTH)))


def past_the_first(record: Record, pointwise: str) -> list[int]:
    """Numbers (from 0) of the layers past the first, 1 x 1 kernels counted or not."""
    sizes = record.metrics["sizes"]
    return [layer for layer in range(1, len(sizes)) if pointwise == "counted" or sizes[layer] > 1]


def shifted(counts: Counts, name: str, layers: Sequence[int]) -> Count:
    """How many of these layers have significantly more than half of their filters negative."""
    filters, negative = counts["filters"], counts[name]
    p_values = [share_at_least(negative[layer] / filters[layer], filters[layer]) for layer in layers]
    return Count(sum(p <= ALPHA for p in holm_adjusted(p_values)), len(layers))


def released(lab: Lab, names: Iterable[str]) -> dict[str, Counts]:
    """What the weights of those of these networks show that are at hand; the claim is not run where none is."""
    at_hand: dict[str, Counts] = {}
    for name in names:
        try:
            weights = lab.weights(name)
        except NotAvailable as missing:
            lab.note(str(missing))
            continue
        at_hand[name] = projection_counts(weights.kernels, lab.seed)
        lab.note(f"{name}: {weights.file.name}, SHA-256 {weights.sha256}")
    if not at_hand:
        raise NotAvailable(f"the weights of none of {', '.join(names)} are here; {lab.notes[-1]}")
    return at_hand


def most_layers(lab: Lab, names: Sequence[str]) -> None:
    """Judge how many layers past the first are shifted, those of all networks at hand together."""
    together: dict[str, list[Count]] = {"negative": [], "negative_drawn": []}
    for network, counts in released(lab, names).items():
        layers = range(1, len(counts["filters"]))
        for name, by_network in together.items():
            by_network.append(shifted(counts, name, layers))
        shares = np.array(counts["negative"]) / np.array(counts["filters"])
        lab.series(f"share of negative projections, {network}", range(1, len(shares) + 1), shares)
        lab.note(f"{network}: {together['negative'][-1].successes} of {len(layers)} layers past the first are shifted")
    measured, control = (
        Count(sum(count.successes for count in by_network), sum(count.trials for count in by_network))
        for by_network in together.values()
    )
    if measured.trials < FEWEST:
        raise NotAvailable(f"{measured.trials} layers decide nothing, even when they are of one mind")
    lab.measure(measured)
    lab.control(control)


@claim("HP-77", where="Section 3.2, Figs. 1 and 9 to 12", rule=proportion_above(0.5), control=DRAWN, **RELEASED)
def test_most_layers_of_torchvisions_networks_are_shifted_to_negative(lab: Lab) -> None:
    """Most layers of torchvision's VGG19, 16, 13 and 11 and AlexNet have their cosines shifted to negative values.

    HP-29 for the paper's own networks: the layers past the first of those that are at hand, counted as there.
    """
    most_layers(lab, tuple(TORCHVISION))


@claim("HP-30", where="Section A.3, Figs. 13 and 14", rule=proportion_above(0.5), control=DRAWN, **RELEASED)
def test_most_layers_of_matconvnets_networks_are_shifted_to_negative(lab: Lab) -> None:
    """Most layers of MatConvNet's VGG16 and AlexNet have their cosines shifted to negative values."""
    most_layers(lab, MATCONVNET)


def of_one_sign(counts: Counts, name: str, position: int) -> Count:
    """How many filters of a layer have the sign that most of them have."""
    negative, filters = counts[name][position], counts["filters"][position]
    return Count(max(negative, filters - negative), filters)


@claim("HP-78", where="Section A.2", rule=dict.fromkeys(LAST, in_all(proportion_above(0.9))), control=DRAWN, **RELEASED)
def test_deep_layers_of_released_networks_are_of_one_sign(lab: Lab) -> None:
    """The deeper layers of VGG and AlexNet as released are biased towards all-negative or all-positive projections.

    HP-31 for the paper's own networks: in each of the last four convolutions more than 90 % of the filters are of one
    sign, in all networks that are at hand.
    """
    networks = released(lab, (*TORCHVISION, *MATCONVNET))
    for name, hand_over in {"negative": lab.measure, "negative_drawn": lab.control}.items():
        for part, back in zip(LAST, range(4, 0, -1), strict=True):
            layers = tuple(of_one_sign(counts, name, -back) for counts in networks.values())
            hand_over(**{part: Several(layers, tuple(networks))})


@claim(
    "HP-29",
    where="Section 3.2, Figs. 1 and 9 to 12",
    readings={"network": tuple(PRETRAINED), "pointwise": POINTWISE},
    rule=proportion_above(0.5),
    control=DRAWN,
    **DECLARED,
)
def test_most_layers_of_pretrained_networks_are_shifted_to_negative(lab: Lab, network: str, pointwise: str) -> None:
    """Most layers of off-the-shelf networks pretrained on ImageNet have their cosines shifted to negative values.

    Of the layers past the first those count that have significantly more than half of their filters negative (exact
    binomial tests, Holm's correction over the layers).
    """
    record = projections(lab, network)
    filters, layers = record.metrics["filters"], past_the_first(record, pointwise)
    lab.measure(shifted(record.metrics, "negative", layers))
    lab.control(shifted(record.metrics, "negative_drawn", layers))
    shares = np.array(record.metrics["negative"]) / np.array(filters)
    lab.series("share of negative projections", [layer + 1 for layer in layers], shares[layers])
    lab.note(
        f"first layer: {shares[0]:.2f} of {filters[0]} filters; {sum(record.metrics['zero'])} projections are zero"
    )


@claim(
    "HP-31",
    where="Section A.2",
    readings={"network": tuple(PRETRAINED)},
    rule={layer.replace("/", " "): proportion_above(0.9) for layer in DEEP},
    control=DRAWN,
    **DECLARED,
)
def test_deep_layers_of_pretrained_networks_are_of_one_sign(lab: Lab, network: str) -> None:
    """The deeper layers are strongly biased towards either all-negative or all-positive projections.

    Of one sign are more than 90 % of the filters in each of the last four of eight layers with 3 x 3 kernels past the
    first.
    """
    counts = projections(lab, network).metrics
    for layer in DEEP:
        part, position = layer.replace("/", " "), counts["layers"].index(layer)
        lab.measure(**{part: of_one_sign(counts, "negative", position)})
        lab.control(**{part: of_one_sign(counts, "negative_drawn", position)})


@claim(
    "HP-25",
    where="Section 3.2",
    readings={"network": tuple(PRETRAINED)},
    rule=proportion_below(ALPHA),
    control="the fourth layer with 3 x 3 kernels or larger",
    **DECLARED,
)
def test_first_layer_holds_filters_with_their_negatives(lab: Lab, network: str) -> None:
    """It is likely that the network learns in its first layer a filter as well as its negative.

    Measured is how often, with the sign of each filter drawn at random 999 times, filters have negatives as near as in
    the trained layer: a permutation test.  Filters with their weights in a random order would be too low a bar, which
    patterns of any kind pass, in the fourth layer as in the first.
    """
    record = projections(lab, network)

    def as_near_by_chance(layer: str) -> Count:
        weight = torch.from_numpy(record.tensors[layer])
        drawn = opposites_by_chance(weight, 999, lab.generator)
        learnt = nearest_opposite(weight)
        lab.note(f"{layer}: mean cosine to the nearest negative {learnt:.3f}, by chance {np.mean(drawn):.3f}")
        return Count(sum(value >= learnt for value in drawn), len(drawn))

    lab.measure(as_near_by_chance(FIRST))
    lab.control(as_near_by_chance(FOURTH))
