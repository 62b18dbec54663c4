"""Spatial and channel pooling, and how shuffled channels tell them apart (Fig. 1, section 2)."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from claims.tomasini2022.methods import scale_task as scale_detection
from claims.tomasini2022.methods.channels import shuffle_channels, shuffle_input_channels
from claims.tomasini2022.methods.matched_noise import matched_noise
from claims.tomasini2022.methods.neighbours import neighbour_differences, variance_ratio
from claims.tomasini2022.methods.printed_filters import FIRST, TRAINED
from claims.tomasini2022.methods.sensitivity import sensitivities_by_layer
from harness.claims.claim import claim
from harness.claims.kinds import Kind, Remark
from harness.rules import Exact, equals, equivalent_to, greater_than, less_than, worst_case
from harness.system.lazy import st, torch

if TYPE_CHECKING:
    from torch import Generator, Tensor

    from claims.tomasini2022.methods.scale_networks import RingStack
    from harness.lab.lab import Lab


@claim(
    "SP-08",
    where="Fig. 1a",
    rule={"total": equals(0.0, within=1e-12), "largest": equals(0.0, within=1e-12), "white": less_than(1.0)},
    control="pooling over one pixel; sums over 2 x 2 pixels in place of averages",
)
def test_average_pooling_reduces_the_variation_of_nearby_pixels(lab: Lab) -> None:
    """Average pooling, 2 x 2 with stride 1, makes the variations between nearby pixels smaller.

    For every image neither the sum of the squared differences nor the largest difference grows; for white images the
    mean squared difference shrinks.  (For single images the mean may grow, since pooling loses pairs at the border.)
    """

    def growth(size: int, seed: int, largest: bool, summed: bool = False) -> float:
        generator = torch.Generator().manual_seed(seed)
        images = torch.randn(20, 1, size, size, dtype=torch.float64, generator=generator)
        images[0, 0] = torch.arange(size)
        pooled = torch.nn.functional.avg_pool2d(images, 2, stride=1) * (4 if summed else 1)
        before, after = neighbour_differences(images).abs(), neighbour_differences(pooled).abs()
        rise = after.amax(1) - before.amax(1) if largest else after.square().sum(1) - before.square().sum(1)
        return max(0.0, float(rise.max()))

    def most(largest: bool, summed: bool) -> Exact:
        grown = partial(growth, largest=largest, summed=summed)
        return worst_case(grown, size=st.integers(3, 9), seed=st.integers(0, 2**31))

    def parts(summed: bool, pool: int) -> dict[str, Exact]:
        return {
            "total": most(largest=False, summed=summed),
            "largest": most(largest=True, summed=summed),
            "white": Exact(variance_ratio(3, pool)),
        }

    lab.measure(**parts(summed=False, pool=2))
    lab.control(**parts(summed=True, pool=1))


TURNED = {"four, a quarter apart": (1, 4), "two, a half apart": (2, 2), "two, a quarter apart": (1, 2)}
"""How many quarters of a turn filters are apart, and how many there are."""


@claim(
    "SP-09",
    where="Fig. 1b",
    readings={"filters": tuple(TURNED), "input": ("patch", "map")},
    rule=equals(0.0, within=1e-9),
    control="one filter alone",
)
def test_averaging_over_turned_filters_gives_invariance(lab: Lab, filters: str, input: str) -> None:
    """The average over filters that are turned versions of one another does not feel turns of the input.

    It holds where the filters are all turns of one, four by 90° or two by 180°, and not of two filters that are 90°
    apart: how many there are, Fig. 1 does not say.  An input as large as the filter gives one number; the outputs for a
    larger one turn with it and are averaged over positions as well.
    """
    quarters, all_of_them = TURNED[filters]

    def response(images: Tensor, weight: Tensor, count: int) -> Tensor:
        turned = torch.cat([weight.rot90(k * quarters, (2, 3)) for k in range(count)])
        return torch.nn.functional.conv2d(images, turned).relu().mean((1, 2, 3))

    def change(seed: int, count: int) -> float:
        generator = torch.Generator().manual_seed(seed)
        size = 3 if input == "patch" else 7
        images = torch.randn(10, 1, size, size, dtype=torch.float64, generator=generator)
        weight = torch.randn(1, 1, 3, 3, dtype=torch.float64, generator=generator)
        same = response(images.rot90(quarters, (2, 3)), weight, count) - response(images, weight, count)
        return float(same.abs().max())

    lab.measure(worst_case(lambda seed: change(seed, all_of_them), seed=st.integers(0, 2**31)))
    lab.control(Exact(change(0, 1)))


@claim(
    "SP-13",
    where="Section 2",
    kind=Kind.DEFINITION,
    rule={"filters": equals(0.0), "connections": greater_than(0.0)},
    control="the channels left in their order; the weights of all filters shuffled together",
)
def test_shuffled_channels_break_connections_and_keep_filters(lab: Lab) -> None:
    """Shuffling at random the connections between channels keeps the weights unaltered and affects no single filter.

    Each neuron keeps the same filters, on other channels, and its output changes.  Whether that breaks any channel
    pooling is SP-16's matter.
    """

    def unlike(seed: int, shuffle: Callable[[Tensor, Generator], Tensor]) -> float:
        generator = torch.Generator().manual_seed(seed)
        weight = torch.randn(8, 16, 3, 3, generator=generator)
        pairs = zip(kernels(weight), kernels(shuffle(weight, generator)), strict=True)
        return float(sum(before != after for before, after in pairs))

    def most_unlike(shuffle: Callable[[Tensor, Generator], Tensor]) -> Exact:
        return worst_case(partial(unlike, shuffle=shuffle), examples=20, seed=st.integers(0, 2**31))

    weight = torch.randn(8, 16, 3, 3, generator=lab.generator)
    images = torch.randn(20, 16, 8, 8, generator=lab.generator)

    def change(other: Tensor) -> Exact:
        before, after = (torch.nn.functional.conv2d(images, w) for w in (weight, other))
        return Exact(float((after - before).norm() / before.norm()))

    lab.measure(
        filters=most_unlike(shuffle_input_channels),
        connections=change(shuffle_input_channels(weight, lab.generator)),
    )
    lab.control(filters=most_unlike(shuffle_weights), connections=change(weight))


def shuffle_weights(weight: Tensor, generator: Generator) -> Tensor:
    """The weights of all filters in one random order, which leaves no filter whole."""
    return weight.flatten()[torch.randperm(weight.numel(), generator=generator)].reshape(weight.shape)


def kernels(weight: Tensor) -> list[list[list[float]]]:
    """The filters of each output channel, in an order that does not depend on the channels'."""
    return [sorted(filters) for filters in weight.flatten(2).tolist()]


def task(generator: Generator) -> tuple[Tensor, Tensor, Tensor]:
    """All images of the scale-detection task of appendix B.2, the same with each pixel moved by one, and with noise."""
    every = scale_detection.scale_detection_1d(32, 11, 4)
    moves = 2 * torch.randint(0, 2, every.pairs.shape, generator=generator) - 1
    images = every.images(torch.float64)
    moved = scale_detection.displace(every.pairs, moves, every.shape, ring=True)
    deformed = scale_detection.render(moved, every.shape, torch.float64)
    return images, deformed, images + matched_noise(images, deformed, generator)


POSITIVE, BOTH_SIGNS = "positive", "of both signs"


@claim(
    "SP-15",
    where="Section 2",
    readings={"strengths": (POSITIVE, BOTH_SIGNS)},
    rule=equals(0.0, within=1e-9),
    control="a network of random filters",
)
def test_curves_overlap_where_only_spatial_pooling_is_present(lab: Lab, strengths: str) -> None:
    """If only spatial pooling is present in the network, shuffling the channels leaves every R_k as it is.

    The value is the largest change of any R_k, as a share of the larger of both.  The network's filters are all
    homogeneous, each with a random strength for its pair of channels.  Of positive strengths all channels are multiples
    of one.  Of both signs there is no pooling but over space either, and channels take away from one another: whether
    that is an interaction that "only" excludes is a reading.
    """
    from claims.tomasini2022.methods.scale_networks import ScaleDetectionCNN, pooling_stack

    def homogeneous(generator: Generator) -> RingStack:
        network = pooling_stack(3, 4, channels=6)
        for weight in network.parameters():
            shape = (*weight.shape[:2], 1)
            if strengths == POSITIVE:
                weight.data *= 0.1 + torch.rand(shape, dtype=torch.float64, generator=generator)
            else:
                weight.data *= torch.randn(shape, dtype=torch.float64, generator=generator)
        return network

    def difference(seed: int, pooling: bool = True) -> float:
        generator = torch.Generator().manual_seed(seed)
        network: RingStack = (
            homogeneous(generator) if pooling else ScaleDetectionCNN(6, 4, generator=generator).double()
        )
        data = task(generator)
        before, after = (
            sensitivities_by_layer(net.representations, *data).relative
            for net in (network, shuffle_channels(network, generator))
        )
        change = (after - before).abs() / torch.maximum(after, before)
        return float(change.nan_to_num(0.0).max())  # a layer of units that are all off has no R_k

    lab.measure(worst_case(difference, examples=10, seed=st.integers(0, 2**31)))
    lab.control(Exact(difference(lab.seed, pooling=False)))


GROUPS = 64
OF_THESE, OF_ANY = "of the channels that belong together", "of any channels"


@claim(
    "SP-16",
    where="Section 2",
    readings={"interactions": (OF_THESE, OF_ANY)},
    rule=equivalent_to(1.0, within=0.1),
    control="a second layer that pools over space",
)
def test_shuffled_curve_is_constant_where_only_channels_pool(lab: Lab, interactions: str) -> None:
    """If the decrease in R_k was all due to the interactions between channels, the shuffled curves should be constant.

    The first layer's channels are copies of the image, shifted by -1, 0, 1; the second layer sums the three of each
    group and so pools, though its filters have one pixel.  The value is R_2 of the shuffled network over R_1.  Copies
    that come with random signs, which the second layer undoes, pool with their own group alone.  Copies that are all
    positive, as in the averages of Fig. 1b, still pool when any three are summed.  If interactions are those of the
    channels that belong together, which the shuffle parts, then the decrease of the second network was not all due to
    them, and the sentence is about the first one; if they are whatever channels do together, it is about both.
    """

    def relative(first: Tensor, second: Tensor) -> float:
        layers = partial(run, first=first, second=second)
        layer_1, layer_2 = sensitivities_by_layer(layers, *task(lab.generator)).relative
        return float(layer_2 / layer_1)

    def shuffled(sign: Tensor, repeats: int = 16) -> list[float]:
        first = (sign[:, :, None] * torch.eye(3)).reshape(3 * GROUPS, 1, 3).double()
        return [relative(first, shuffle_input_channels(groups(sign), lab.generator)) for _ in range(repeats)]

    signs = 2.0 * torch.randint(0, 2, (GROUPS, 3), generator=lab.generator) - 1
    lab.measure(shuffled(signs if interactions == OF_THESE else torch.ones(GROUPS, 3)))
    in_order = relative(torch.eye(3).repeat(GROUPS, 1)[:, None].double(), groups(torch.ones(GROUPS, 3)))
    lab.note(f"Unshuffled, R_2 / R_1 is {in_order:.2f}.")
    identity = torch.eye(3)[1].expand(3 * GROUPS, 1, 3).double()
    homogeneous = torch.ones(GROUPS, 3 * GROUPS, 3).double()
    lab.control([relative(identity, shuffle_input_channels(homogeneous, lab.generator)) for _ in range(4)])


def groups(sign: Tensor) -> Tensor:
    """The second layer's single-pixel filters, which sum the channels of each group with these signs."""
    return torch.block_diag(*sign)[..., None].double()


def run(images: Tensor, first: Tensor, second: Tensor) -> list[Tensor]:
    """The activity of two linear layers on a ring."""
    activities = []
    for weight in (first, second):
        around = weight.shape[-1] // 2
        images = torch.nn.functional.conv1d(torch.nn.functional.pad(images, (around, around), mode="circular"), weight)
        activities.append(images)
    return activities


@claim(
    "SP-67",
    where="Section 2",
    kind=Kind.DEFINITION,
    rule=equals(0.0, within=1e-9),
    control="filters that differ from homogeneous ones in one entry",
)
def test_homogeneous_filters_pool_over_space(lab: Lab) -> None:
    """Spatial pooling can be built by having homogeneous filters.

    Largest difference between a convolution with F x F entries 1/F² and average pooling over F x F pixels, stride 1.
    """

    def difference(seed: int, filter_size: int, bump: float = 0.0) -> float:
        images = torch.randn(4, 1, 12, 12, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))
        weight = torch.full((1, 1, filter_size, filter_size), 1 / filter_size**2, dtype=torch.float64)
        weight[..., 0, 0] += bump
        pooled = torch.nn.functional.avg_pool2d(images, filter_size, stride=1)
        return float((torch.nn.functional.conv2d(images, weight) - pooled).abs().max())

    lab.measure(worst_case(difference, examples=20, seed=st.integers(0, 2**31), filter_size=st.integers(2, 5)))
    lab.control(Exact(difference(0, 3, bump=0.1)))


@claim(
    "N-SP7",
    where="Appendix B.2, Table 1",
    remark=Remark(
        Kind.SLIP,
        printed="They are positive in the first 9 hidden layers, where channel pooling is most pronounced",
        meant="spatial pooling is most pronounced",
        derivation="Section 3 finds for the same task that channel pooling is negligible, and B.2 itself that the "
        "networks learn spatial pooling perfectly.  Positive, nearly homogeneous filters are what pools over space: in "
        "a network of the printed ones R_k falls from layer to layer, and shuffling its channels changes nothing.",
    ),
    formerly=("E-SP7",),
    rule={"falls": less_than(1 - 1e-9), "shuffled": equals(0.0, within=1e-9)},
    control="channels of single-pixel filters, which pool where they are not shuffled",
)
def test_positive_filters_pool_over_space_and_not_over_channels(lab: Lab) -> None:
    """Where the average filters are positive, in the first 9 layers, they pool over space.

    A network whose filters in layer k are the k-th printed one, with a random positive strength for each pair of
    channels.  Parts: the largest ratio of R_(k+1) and R_k; the largest relative change of any R_k when the channels
    are shuffled, which would break pooling over channels.
    """
    from claims.tomasini2022.methods.scale_networks import pooling_stack

    network = pooling_stack(3, FIRST, channels=6)
    for weight, taps in zip(network.parameters(), TRAINED, strict=False):
        strength = 0.1 + torch.rand(*weight.shape[:2], 1, dtype=torch.float64, generator=lab.generator)
        weight.data = strength * torch.tensor(taps, dtype=torch.float64)
    data = task(lab.generator)

    def curve(layers: Callable[[Tensor], list[Tensor]]) -> Tensor:
        return sensitivities_by_layer(layers, *data).relative

    def parts(before: Tensor, after: Tensor) -> dict[str, Exact]:
        return {
            "falls": Exact(float((after[1:] / after[:-1]).max())),
            "shuffled": Exact(float((after / before - 1).abs().max())),
        }

    shuffled = shuffle_channels(network, lab.generator)
    lab.measure(**parts(curve(network.representations), curve(shuffled.representations)))
    copies = torch.eye(3, dtype=torch.float64)[:, None]
    sums, alone = torch.ones(1, 3, 1, dtype=torch.float64), torch.eye(3, dtype=torch.float64)[:1, :, None]
    pooled, single = (curve(partial(run, first=copies, second=second)) for second in (sums, alone))
    lab.control(**parts(pooled, single))
