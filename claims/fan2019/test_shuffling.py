"""The shuffles: what they move, what they keep, and that networks can be trained through them (section 3.1)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from claims.fan2019.methods import shuffled_maps as shuffle
from claims.fan2019.methods.patch_entropy import channel_correlation, permutation_entropy
from claims.fan2019.methods.shuffled_maps import channel_shuffle, patch_shuffle, spatial_shuffle
from harness.claims.claim import claim
from harness.claims.kinds import Kind
from harness.rules import Curve, Exact, equals, equivalent_to, greater_than, less_than, monotone, worst_case
from harness.system.lazy import st, torch

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Generator, Tensor

    from claims.fan2019.methods.shuffle_layer import Shuffle
    from harness.lab.lab import Lab

    Move = Callable[[Tensor, Generator], Tensor]
    Operator = Callable[[Tensor], Tensor]

SEEDS = range(2**31)
SIDES = range(1, 7)


def generator(seed: int) -> Generator:
    """A source of randomness on the CPU."""
    return torch.Generator().manual_seed(seed)


def maps(seed: int, n: int, channels: int, height: int, width: int) -> Tensor:
    """Feature maps in which no two values are equal."""
    return torch.randn(n, channels, height, width, dtype=torch.float64, generator=generator(seed))


def furthest(a: Tensor, b: Tensor) -> float:
    """The largest difference between two tensors."""
    return (a - b).abs().max().item()


def with_replacement(x: Tensor, source: Generator) -> Tensor:
    """What is no shuffle: pixels of each map drawn independently, so that some come twice and some are lost."""
    n, channels, height, width = x.shape
    return shuffle.move_pixels(x, torch.randint(height * width, (n, channels, height * width), generator=source))


def places(moved: Move) -> Exact:
    """How many pixels of a 4 x 4 map the first pixel comes from, over 1000 shuffles."""
    x, source = torch.arange(16.0).reshape(1, 1, 4, 4), generator(0)
    return Exact(len({moved(x, source)[0, 0, 0, 0].item() for _ in range(1000)}))


def values_changed(moved: Move) -> Exact:
    """The largest difference between the sorted values of a map before and after."""

    def changed(seed: int, n: int, channels: int, height: int, width: int) -> float:
        x = maps(seed, n, channels, height, width)
        return furthest(moved(x, generator(seed)).flatten(2).sort().values, x.flatten(2).sort().values)

    return worst_case(changed, seed=SEEDS, n=SIDES, channels=SIDES, height=SIDES, width=SIDES)


def vectors_kept(moved: Move) -> Exact:
    """The largest share of pixels whose eight activations were together at some pixel before."""

    def kept(seed: int) -> float:
        x = maps(seed, 1, 8, 8, 8)
        before, after = x[0].flatten(1).T, moved(x, generator(seed))[0].flatten(1).T
        return (after[:, None] == before).all(2).any(1).double().mean().item()

    return worst_case(kept, seed=SEEDS)


@claim(
    "SH-01",
    where="Section 3.1, Fig. 3",
    kind=Kind.DEFINITION,
    rule={"values_changed": equals(0.0), "places": equals(16), "vectors_kept": less_than(0.1)},
    control="pixels drawn with replacement; shuffles within patches of 2 x 2; one permutation for all channels, under "
    "which the vectors of a pixel's activations stay together",
)
def test_spatial_shuffle_permutes_the_pixels_of_each_map_independently(lab: Lab) -> None:
    """Spatial shuffle permutes the pixels of each feature map independently of the other maps, over the whole map.

    `values_changed` compares the sorted values of each map, `places` counts where the first pixel of a 4 x 4 map comes
    from, `vectors_kept` is the share of pixels whose eight activations were together at some pixel before.
    """

    def within_patches(x: Tensor, source: Generator) -> Tensor:
        return patch_shuffle(x, 2, source)

    def together(x: Tensor, source: Generator) -> Tensor:
        return spatial_shuffle(x, source, aligned=True)

    lab.measure(
        values_changed=values_changed(spatial_shuffle),
        places=places(spatial_shuffle),
        vectors_kept=vectors_kept(spatial_shuffle),
    )
    lab.control(
        values_changed=values_changed(with_replacement),
        places=places(within_patches),
        vectors_kept=vectors_kept(together),
    )


def distinct_outputs(layer: Operator, x: Tensor, passes: int = 50) -> int:
    """How many different outputs some forward passes give."""
    return len({layer(x).numpy().tobytes() for _ in range(passes)})


def kept_in_place(layer: Operator, x: Tensor, pairs: int = 200) -> Tensor:
    """Share of pixels that come from the same place in two forward passes, for independent pairs of passes."""
    agree = [(layer(x) == layer(x)).double().mean() for _ in range(pairs)]
    return torch.stack(agree)


def now_and_then(layer: Shuffle, source: Generator) -> Operator:
    """A shuffle that is drawn anew only where a coin says so."""

    def forward(x: Tensor) -> Tensor:
        if torch.rand((), generator=source) < 0.5:
            layer.index = None
        return layer(x)

    return forward


@claim(
    "SH-03",
    where="Section 3.1",
    kind=Kind.DEFINITION,
    rule={"in_training": equals(50), "in_test": equals(50), "agreement": equivalent_to(1 / 16, within=0.01)},
    control="a permutation that is drawn once and kept; one that is kept from pass to pass half of the time",
)
def test_indices_are_drawn_anew_at_every_forward_pass(lab: Lab) -> None:
    """The indices are recomputed within each forward pass, so that shuffles are independent, in training and in test.

    The first two parts count different outputs among 50 passes; independent permutations of 4 x 4 pixels agree at one
    pixel in 16.
    """
    from claims.fan2019.methods.shuffle_layer import Shuffle

    x = maps(lab.seed, 1, 8, 4, 4)
    anew, kept = (Shuffle(generator=lab.generator, fixed=fixed) for fixed in (False, True))

    def counts(layer: Shuffle) -> dict[str, Exact]:
        return {
            "in_training": Exact(distinct_outputs(layer.train(), x)),
            "in_test": Exact(distinct_outputs(layer.eval(), x)),
        }

    lab.measure(**counts(anew), agreement=kept_in_place(anew, x))
    lab.control(**counts(kept), agreement=kept_in_place(now_and_then(kept, lab.generator), x))


def distance_from_one_source(layer: Operator, x: Tensor) -> float:
    """How far the rows of a layer's Jacobian are from having a single entry, which is 1: 0 for a layer that moves."""
    jacobian = torch.autograd.functional.jacobian(lambda pixels: layer(pixels).flatten(), x).flatten(1)
    rows = jacobian.sort(1, descending=True).values
    one_source = torch.zeros_like(rows)
    one_source[:, 0] = 1
    return furthest(rows, one_source)


@claim(
    "SH-04",
    where="Section 3.1",
    rule={"shuffle": equals(0.0), "max_pooling": equals(0.0), "moved_back": equals(0.0)},
    control="average pooling, whose gradient is spread over several pixels; the gradient moved on instead of back",
)
def test_gradients_pass_as_through_max_pooling(lab: Lab) -> None:
    """Gradients propagate through the shuffle in the same way as through max pooling.

    Every output has the derivative 1 with respect to one input and 0 to all others; the shuffle's gradient is the
    incoming one, moved back.
    """
    from claims.fan2019.methods.shuffle_layer import Shuffle

    def gradient_is(expected: Callable[[Tensor, Tensor], Tensor]) -> Exact:
        def difference(seed: int, channels: int, height: int, width: int) -> float:
            x, incoming = (maps(seed + offset, 2, channels, height, width) for offset in (0, 1))
            index = shuffle.spatial_index(x, generator(seed))
            x.requires_grad_()
            (gradient,) = torch.autograd.grad(shuffle.move_pixels(x, index), x, incoming)
            return furthest(gradient, expected(incoming, index))

        return worst_case(difference, seed=SEEDS, channels=SIDES, height=SIDES, width=SIDES)

    x = maps(lab.seed, 1, 2, 4, 4)
    averaged = Exact(distance_from_one_source(torch.nn.AvgPool2d(2), x))
    lab.measure(
        shuffle=Exact(distance_from_one_source(Shuffle(fixed=True, generator=lab.generator), x)),
        max_pooling=Exact(distance_from_one_source(torch.nn.MaxPool2d(2), x)),
        moved_back=gradient_is(lambda incoming, index: shuffle.move_pixels(incoming, index.argsort(-1))),
    )
    lab.control(shuffle=averaged, max_pooling=averaged, moved_back=gradient_is(shuffle.move_pixels))


@claim(
    "SH-71",
    where="Section 3.1, Fig. 3",
    kind=Kind.DEFINITION,
    rule={"escaped": equals(0.0), "agreement": equivalent_to(1 / 4, within=0.05)},
    control="spatial shuffle over the whole map; one permutation for all feature maps",
)
def test_patch_wise_shuffle_stays_within_patches(lab: Lab) -> None:
    """Patch-wise shuffle permutes pixels within each patch, independently across patches and feature maps.

    `escaped` is the largest share of pixels that leave their patch; independent permutations of 2 x 2 pixels agree at
    one pixel in 4, between two patches of a map and between two maps.
    """

    def escaped(seed: int, patch: int, down: int, along: int, whole: bool) -> float:
        height, width = down * patch, along * patch
        rows, columns = torch.arange(height)[:, None] // patch, torch.arange(width) // patch
        home = (rows * along + columns).expand(1, 3, -1, -1)
        moved = spatial_shuffle(home, generator(seed)) if whole else patch_shuffle(home, patch, generator(seed))
        return (moved != home).double().mean().item()

    def search(whole: bool) -> Exact:
        counts = st.integers(1, 3)
        return worst_case(escaped, seed=SEEDS, patch=counts, down=counts, along=counts, whole=st.just(whole))

    def agreement(aligned: bool) -> Tensor:
        within = torch.tensor([[0, 1, 0, 1], [2, 3, 2, 3]]).expand(1, 2, -1, -1)
        moved = patch_shuffle(within, 2, lab.generator, aligned=aligned)[0]
        first, second = moved[0].split(2, dim=1)
        return torch.stack([(first == second).double().mean(), (first == moved[1, :, :2]).double().mean()]).mean()

    def agreements(aligned: bool) -> Tensor:
        return torch.stack([agreement(aligned) for _ in range(400)])

    lab.measure(escaped=search(whole=False), agreement=agreements(aligned=False))
    lab.control(escaped=search(whole=True), agreement=agreements(aligned=True))


@claim(
    "SH-05",
    where="Section 3.1",
    rule={"patch_is_the_map": equals(0.0), "patch_is_a_pixel": equals(0.0)},
    control="patches of half the map's side",
)
def test_patch_wise_shuffle_with_the_maps_size_is_spatial_shuffle(lab: Lab) -> None:
    """Patch-wise shuffle with patches of the feature map's size is spatial shuffle; with patches of a pixel it is none.

    The two are given the same random numbers, so that they must agree value by value.
    """

    def from_spatial(seed: int, side: int, patches: int) -> float:
        x = maps(seed, 2, 3, side, side)
        return furthest(patch_shuffle(x, side // patches, generator(seed)), spatial_shuffle(x, generator(seed)))

    def from_identity(seed: int, side: int, patch: int) -> float:
        x = maps(seed, 2, 3, side, side)
        return furthest(patch_shuffle(x, patch, generator(seed)), x)

    even = st.sampled_from([2, 4, 8])
    lab.measure(
        patch_is_the_map=worst_case(from_spatial, seed=SEEDS, side=st.integers(1, 8), patches=st.just(1)),
        patch_is_a_pixel=worst_case(from_identity, seed=SEEDS, side=st.integers(1, 8), patch=st.just(1)),
    )
    lab.control(
        patch_is_the_map=worst_case(from_spatial, seed=SEEDS, side=even, patches=st.just(2)),
        patch_is_a_pixel=worst_case(from_identity, seed=SEEDS, side=even, patch=st.just(2)),
    )


@claim(
    "SH-06",
    where="Section 3.1, Fig. 3",
    kind=Kind.DEFINITION,
    rule={"maps_changed": equals(0.0), "order_kept": less_than(0.1)},
    control="channels permuted at each pixel, an operator of the authors' code that breaks up the maps; "
    "half of the maps left where they are",
)
def test_channel_shuffle_keeps_the_spatial_order(lab: Lab) -> None:
    """Channel-wise shuffle keeps the spatial order of the activations and permutes the order of the feature maps.

    `maps_changed` is the distance from each map to the nearest one of the input; `order_kept` the share of 64 maps that
    keep their place, which is 1/64 on average (its mean over 100 shuffles is measured).
    """

    def changed(seed: int, channels: int, height: int, width: int, per_position: bool) -> float:
        x = maps(seed, 2, channels, height, width)
        moved = channel_shuffle(x, generator(seed), per_position=per_position)
        distances = (moved[:, :, None] - x[:, None]).abs().flatten(3).amax(3)
        return max(distances.amin(2).max().item(), distances.amin(1).max().item())

    def search(per_position: bool) -> Exact:
        sides = st.integers(2, 6)
        return worst_case(
            changed, seed=SEEDS, channels=sides, height=sides, width=sides, per_position=st.just(per_position)
        )

    numbers = torch.arange(64).reshape(1, 64, 1, 1)

    def kept(shuffled: int) -> Tensor:
        first, rest = numbers.split([shuffled, 64 - shuffled], dim=1)
        orders = [torch.cat([channel_shuffle(first, lab.generator), rest], dim=1) for _ in range(100)]
        return torch.stack([(order == numbers).double().mean() for order in orders])

    lab.measure(maps_changed=search(per_position=False), order_kept=kept(shuffled=64))
    lab.control(maps_changed=search(per_position=True), order_kept=kept(shuffled=32))


@claim(
    "SH-09",
    where="Section 3.1",
    rule=equivalent_to(0.0, within=0.02),
    control="one permutation for all channels, which keeps activations of one place together",
)
def test_spatial_shuffle_breaks_the_correlation_across_channels(lab: Lab) -> None:
    """Shuffling each map on its own misaligns activations of one location, so that correlation across channels is lost.

    Measured on 200 images of two channels that correlate by 0.9 at each pixel.
    """
    common, own = (maps(lab.seed + offset, 200, 2, 16, 16) for offset in (0, 1))
    x = 0.9**0.5 * common[:, :1] + 0.1**0.5 * own
    lab.measure(channel_correlation(spatial_shuffle(x, lab.generator, per_image=True)))
    lab.control(channel_correlation(spatial_shuffle(x, lab.generator, per_image=True, aligned=True)))
    lab.note(f"correlation before the shuffle: {channel_correlation(x).mean():.3f}")


def passes(method: str, last: int, count: int, lab: Lab) -> Tensor:
    """A class score of one image over `count` forward passes of a VGG-16 in evaluation mode."""
    from claims.fan2019.methods.modified_networks import fan

    with torch.random.fork_rng():
        torch.manual_seed(lab.seed)
        # A permutation for each image makes a batch of one repeated image as many independent passes.
        network = fan("vgg16", method, last=last, width=1, classes=5, per_image=True).eval()
        image = torch.randn(1, 3, 32, 32, generator=lab.generator)
        with torch.no_grad():
            return network(image.expand(count, -1, -1, -1))[:, 0].double()


@claim(
    "SH-59",
    where="Section 3.1",
    rule={"spread": greater_than(1e-3), "slope": equals(-0.5, within=0.1)},
    control="GAP+FC, which is deterministic; passes that share their permutation, 16 at a time",
)
def test_a_shuffled_network_needs_several_forward_passes(lab: Lab) -> None:
    """Shuffling makes the output random, so that its mean must be estimated from several forward passes.

    `spread` is the standard deviation of a class score over passes, relative to its mean; `slope` that of the standard
    deviation of a mean of n passes against n, on logarithmic axes, which independence makes -1/2.
    """
    scores = passes("spatial", 7, 2048, lab)
    counts = torch.tensor([1, 4, 16])

    def deviations(scores: Tensor) -> Tensor:
        return torch.stack([scores.reshape(-1, count).mean(1).std() for count in counts.tolist()])

    def slope(scores: Tensor) -> Exact:
        centred = counts.double().log() - counts.double().log().mean()
        return Exact(((centred * deviations(scores).log()).sum() / centred.square().sum()).item())

    def spread(scores: Tensor) -> Exact:
        return Exact((scores.std() / scores.mean().abs()).item())

    lab.series("standard deviation of a mean of n passes", counts.tolist(), deviations(scores).tolist())
    lab.measure(spread=spread(scores), slope=slope(scores))
    sharing = scores[: len(scores) // 16].repeat_interleave(16)
    lab.control(spread=spread(passes("gap-fc", 7, 16, lab)), slope=slope(sharing))


@claim(
    "SH-45",
    where="Section 4.4",
    rule={"entropy": monotone("increasing"), "whole_map": equals(1.0, within=1e-12), "counted": equals(0, within=1e-9)},
    control="patches moved as wholes, which keeps more the larger they are; patches of half the side, and of a pixel",
)
def test_larger_patches_keep_less_spatial_information(lab: Lab) -> None:
    """The larger the patch, the less spatial information is preserved; none remains when the patch is the map.

    The information lost is the entropy of the permutations, `(h w / p^2) log((p^2)!)`: `whole_map` is the share of
    `log((h w)!)` that a patch of the map's size takes, `counted` checks the formula on the arrangements of 2 x 4 pixels
    that patches of 2 reach.
    """
    patches = (1, 2, 4, 8, 16, 32)
    entropy = [permutation_entropy(32, 32, patch) for patch in patches]
    all_of_it = math.lgamma(32 * 32 + 1)

    def counted(patch: int) -> Exact:
        pixels = torch.arange(8).reshape(1, 1, 2, 4).expand(20_000, -1, -1, -1)
        reached = len(patch_shuffle(pixels, patch, lab.generator, per_image=True).flatten(1).unique(dim=0))
        return Exact(math.log(reached) - permutation_entropy(2, 4, 2))

    lab.series("nats lost of a 32 x 32 map", patches, entropy)
    lab.measure(entropy=Curve.of(patches, entropy), whole_map=Exact(entropy[-1] / all_of_it), counted=counted(patch=2))
    lab.control(
        entropy=Curve.of(patches, [math.lgamma((32 // patch) ** 2 + 1) for patch in patches]),
        whole_map=Exact(entropy[-2] / all_of_it),
        counted=counted(patch=1),
    )
