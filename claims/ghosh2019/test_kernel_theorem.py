"""What training makes of the order of its input in the kernels (section 5.1, appendix A)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from math import inf
from typing import TYPE_CHECKING, Any

from claims.ghosh2019.methods.alternation import alternation
from claims.ghosh2019.methods.kernel_updates import (
    Hops,
    bound_constant,
    largest_hops,
    mean_hops,
    train_kernel,
    windows,
)
from claims.ghosh2019.methods.orderness import ESTIMATORS, orderness
from claims.ghosh2019.methods.triples import NEIGHBOURHOODS
from harness.claims.about import About
from harness.claims.claim import claim
from harness.claims.kinds import Kind
from harness.measures.support import jacobian_support
from harness.rules import Exact, equals, equivalent_to, less_than, worst_case
from harness.statistics.draws import normal
from harness.system.lazy import np, st, torch

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy
    from numpy.typing import ArrayLike
    from torch import Tensor

    from harness.lab.lab import Lab

AVERAGES = ("over the windows", "over the image")
"""Over what the expectation on the right of theorem 1 is taken: over the windows that the kernel was laid on, which
come back to pixels inside the image more often than to its border, or once over all places of the image."""


def soft_edge(side: int) -> Tensor:
    """An image that rises along its diagonal, fastest in the middle."""
    place = torch.arange(side, dtype=torch.float64)
    return torch.sin(torch.pi / 2 * ((place[:, None] + place) / (side - 1) - 1))


def soft_edge_and_checkerboards(side: int) -> Tensor:
    """One image of much order and large differences, three of none and small ones: shape `(4, side, side)`."""
    return torch.stack([10 * soft_edge(side), *[alternation("four", side, side)] * 3])


IMAGES: dict[str, Callable[[int, int], Tensor]] = {
    "noise": lambda seed, side: normal(seed, 2, side, side),
    "soft edge": lambda seed, side: soft_edge(side)[None],
    "soft edge and checkerboards": lambda seed, side: soft_edge_and_checkerboards(side),
}


def excess(bounded: float, bound: float) -> float:
    """By how much one number exceeds another, relative to it."""
    return inf if bound <= 0 < bounded else max(0.0, bounded / bound - 1)


def drawn(kernel: int, sides: Sequence[int]) -> dict[str, SearchStrategy[Any]]:
    """Strategies for images that a kernel is laid on."""
    return {
        "seed": st.integers(0, 10**6),
        "images": st.sampled_from(tuple(IMAGES)),
        "side": st.sampled_from(sides),
        "neighbours": st.sampled_from(NEIGHBOURHOODS),
        "kernel": st.just(kernel),
    }


def hardest(kernel: int, side: int, *images: str) -> list[dict[str, Any]]:
    """Cases that are tried first, of the arguments that `drawn` names: images for which a bound can fail."""
    return [
        {"seed": 0, "images": name, "side": side, "neighbours": neighbours, "kernel": kernel}
        for name in images
        for neighbours in NEIGHBOURHOODS
    ]


def hops_of(images: Tensor, kernel: int, average: str, neighbours: str, scale: int = 1) -> Hops:
    """Mean squared differences of the input, averaged as one of `AVERAGES`."""
    return mean_hops(windows(images, kernel) if average == "over the windows" else images, neighbours, scale)


def one_hop_excess(
    seed: int, images: str, side: int, neighbours: str, kernel: int, average: str, scale: int = 1
) -> float:
    """Violation of the first inequality by the least favourable error signals."""
    laid_on = IMAGES[images](seed, side)
    largest = largest_hops(windows(laid_on, kernel).flatten(0, 1), neighbours, scale)
    return excess(largest.one, hops_of(laid_on, kernel, average, neighbours, scale).one)


def two_hop_excess(
    seed: int,
    images: str,
    side: int,
    neighbours: str,
    kernel: int,
    average: str,
    estimator: str = "pooled",
    scale: int = 1,
) -> float:
    """Violation of the second, whose factor is one more than the orderness of the input."""
    laid_on = IMAGES[images](seed, side)
    largest = largest_hops(windows(laid_on, kernel).flatten(0, 1), neighbours, scale)
    seen = windows(laid_on, kernel).flatten(0, 1) if average == "over the windows" else laid_on
    factor = 1 + orderness(seen[:, None], neighbours, scale, estimator=estimator)
    return excess(largest.two, factor * hops_of(laid_on, kernel, average, neighbours, scale).one)


def excess_from_a_large_start(lab: Lab, average: str, two_hops: bool = False, scale: int = 1, size: int = 3) -> Exact:
    """Violation of a bound by a kernel that one step was trained from weights of standard deviation 10.

    The bound has the constant of the updates, which the start does not enter.
    """
    images, neighbours = normal(lab.seed, 8, 2 * size, 2 * size), "four"
    start = 10 * normal(lab.seed + 1, size, size)
    kernel = train_kernel(images, torch.arange(8) % 2, size, 1, 0.1, lab.generator, start)
    hops, alpha = mean_hops(kernel.end, neighbours, scale), bound_constant(kernel.coefficients)
    seen = hops_of(images, size, average, neighbours, scale)
    return Exact(excess(hops.two, alpha * seen.two) if two_hops else excess(hops.one, alpha * seen.one))


@claim(
    "SO-30",
    where="Theorem 1",
    readings={"average": AVERAGES},
    rule=equals(0, within=1e-9),
    control="a kernel that one step was trained from large random weights",
)
def test_neighbours_in_a_kernel_differ_no_more_than_those_in_its_input(lab: Lab, average: str) -> None:
    """Squared differences of neighbouring kernel weights are at most alpha times those of neighbouring input pixels.

    With alpha = sum of C^2 times the number of updates, for a kernel that starts at zero, and with the error signals
    for which it is hardest.  Averaged over the windows the bound is Cauchy and Schwarz's.  Averaged over the image it
    can fail, for instance for a soft edge on 5 x 5 pixels: windows meet the border, where little changes, less often.
    """
    violation = partial(one_hop_excess, average=average)
    lab.measure(worst_case(violation, 15, hardest(3, 5, "soft edge"), **drawn(3, (4, 5, 6))))
    lab.control(excess_from_a_large_start(lab, average))


@claim(
    "SO-31",
    where="Theorem 1",
    readings={"average": AVERAGES, "estimator": ESTIMATORS},
    rule=equals(0, within=1e-9),
    control="a kernel that one step was trained from large random weights",
)
def test_two_hops_in_a_kernel_are_bounded_by_the_orderness_of_its_input(lab: Lab, average: str, estimator: str) -> None:
    """Squared differences two hops apart are at most alpha (1 + so(X)) times those of neighbouring input pixels.

    The same bound as SO-30, since (1 + so) is the ratio of the two expectations.  That holds for the pooled orderness;
    with the mean of each image's own, as "averaged across all examples" may be read, it can fail by a factor.
    """
    violation = partial(two_hop_excess, average=average, estimator=estimator)
    cases = hardest(3, 5, "soft edge", "soft edge and checkerboards")
    lab.measure(worst_case(violation, 10, cases, **drawn(3, (4, 5, 6))))
    lab.control(excess_from_a_large_start(lab, average, two_hops=True))


@claim(
    "SO-39",
    where="Corollary 1.2",
    readings={"average": AVERAGES},
    rule={"one hop": equals(0, within=1e-9), "two hops": equals(0, within=1e-9)},
    control="a kernel that one step was trained from large random weights",
)
def test_averages_over_regions_obey_the_same_bounds(lab: Lab, average: str) -> None:
    """Both bounds hold for averages over d x d regions of kernel and input, with the orderness at scale d.

    Kernels of 6 x 6 and regions of 2 x 2.  Averaged over the image, which the regions tile, they can fail, as for
    d = 1.
    """

    def violation(residual: Callable[..., float]) -> Exact:
        at_scale = partial(residual, average=average, scale=2)
        return worst_case(at_scale, 5, hardest(6, 10, "soft edge"), **drawn(6, (8, 10)))

    lab.measure(**{"one hop": violation(one_hop_excess), "two hops": violation(two_hop_excess)})
    parts = {"one hop": False, "two hops": True}
    lab.control(
        **{part: excess_from_a_large_start(lab, average, two_hops, scale=2, size=6) for part, two_hops in parts.items()}
    )


@claim(
    "SO-32",
    where="Eq. 10",
    kind=Kind.DEFINITION,
    rule=equals(0, within=1e-9),
    control="the bound without the number of updates",
)
def test_alpha_follows_from_cauchy_and_schwarz(lab: Lab) -> None:
    """The constant is alpha = sum of C^2 times the number of updates, by the Cauchy-Schwarz inequality.

    For each pair of weights: (sum of c d)^2 is at most sum of c^2 times sum of d^2, over the updates.  How far the
    bound lies above what training does is noted for one kernel trained on textures.
    """
    from harness.data.generated import textures

    def violation(seed: int, updates: int, similarity: float, factor: int | None = None) -> float:
        differences, coefficients = normal(seed, updates), normal(seed + 1, updates)
        coefficients = similarity * differences + (1 - similarity) * coefficients
        bound = coefficients.square().sum() * differences.square().mean() * (updates if factor is None else factor)
        return excess(float((coefficients @ differences) ** 2), float(bound))

    similarity = st.floats(0, 1)
    lab.measure(
        worst_case(violation, 40, seed=st.integers(0, 10**6), updates=st.integers(1, 500), similarity=similarity)
    )
    lab.control(Exact(violation(lab.seed, 500, 1.0, factor=1)))
    images, labels = textures(32, 12, 12, lab.generator), torch.arange(32) % 4
    kernel = train_kernel(images.reshape(32, 12, 12), labels, 3, 20, 0.1, lab.generator)
    allowed = bound_constant(kernel.coefficients) * mean_hops(kernel.windows, "four").one
    times = allowed / mean_hops(kernel.end, "four").one
    lab.note(f"after 20 steps on 32 textures the bound is {times:,.0f} times the kernel's mean squared difference")


@claim(
    "SO-61",
    where="Corollary 1.1, Eqs. 14 to 16",
    readings={"unchanged": ("all else", "all but the images drawn")},
    rule=equals(0.0, within=1e-6),
    control="kernels of 3, 5 and 7 pixels a side, for which alpha is to differ",
)
def test_alpha_is_a_function_of_the_kernel_size_only(lab: Lab, unchanged: str) -> None:
    """The bounds hold for a certain non-zero alpha(K), which is only a function of the kernel size K.

    Measured is by which factor, less one, the proof's alpha(K), the sum of C^2 times the number of updates, differs
    between eight trainings of one kernel from one start behind one dense layer.  "With all other network parameters
    unchanged" may mean the images too, and then alpha is one number by definition; or all but the draw of the images,
    the chance that eps stands for: alpha holds the error signals, which depend on the images.
    """

    def alpha(size: int, draw: int) -> float:
        images = normal(lab.seed + draw, 16, 12, 12)
        dense = torch.Generator().manual_seed(lab.seed)
        return bound_constant(train_kernel(images, torch.arange(16) % 2, size, 5, 0.1, dense).coefficients)

    def factor(alphas: list[float]) -> Exact:
        return Exact(max(alphas) / min(alphas) - 1)

    drawn_anew = unchanged == "all but the images drawn"
    lab.measure(factor([alpha(3, draw if drawn_anew else 0) for draw in range(8)]))
    lab.control(factor([alpha(size, 0) for size in (3, 5, 7)]))


def log_slope(x: ArrayLike, y: ArrayLike) -> float:
    """Slope of log y over log x."""
    return float(np.polyfit(np.log(x), np.log(y), 1)[0])


@claim(
    "SO-34",
    where="Corollary 1.1, Eqs. 13 to 20",
    paper="exponents of -1, over windows as over images",
    about=About.MECHANISM,
    data=("mnist", "fashion-mnist"),
    proxies=("textures",),
    readings={"within": (0.1, 0.3)},
    rule={part: equivalent_to(0.0, within=1.0) for part in ("windows, one hop", "windows, two hops", "images")},
    control="images whose neighbours differ by nearly the same all over: ramps of random height with a little noise; "
    "and images that share one ramp",
)
def test_uncertainty_of_the_bound_falls_with_windows_and_images(lab: Lab, data: str, within: float) -> None:
    """The uncertainty eps of the bounds on a pair of weights has the variance sigma^2 / ((S - K + 1)^2 N).

    Measured is by how much log-log slopes of the variance of a pair's mean squared difference miss -1, as a multiple
    of 0.1 and of 0.3, over squares of 2 to 20 windows a side anywhere in an image (S - K + 1), and over 1 to 16 images
    (N), for one and for two hops (eps_1 and eps_2); eight sets of 200 samples each of the first 5000 training images.
    Windows that overlap are independent where pixels are; where pixels go together over long distances they add less,
    and for ramps nothing.  In images of independent pixels the slopes are -1.
    """
    pixels = lab.images(data).images[:5000].double().mean(1)
    spread = pixels.std()

    def of_data(samples: int, images: int) -> Tensor:
        return pixels[torch.randint(len(pixels), (samples, images), generator=lab.generator)] / spread

    side = pixels.shape[-1]

    def ramps(samples: int, images: int, shared: bool = False) -> Tensor:
        """A random height for each image, or for all images of a sample."""
        heights = torch.randn(samples, 1 if shared else images, 1, 1, generator=lab.generator)
        return heights * torch.arange(side) + 0.1 * torch.randn(samples, images, side, side, generator=lab.generator)

    def missed(slopes: list[float]) -> list[float]:
        return [(slope + 1) / within for slope in slopes]

    def slopes(draw: Callable[..., Tensor], draw_many: Callable[..., Tensor]) -> dict[str, list[float]]:
        return {
            "windows, one hop": missed([slope_over_windows(draw(200, 1), 1, lab) for _ in range(8)]),
            "windows, two hops": missed([slope_over_windows(draw(200, 1), 2, lab) for _ in range(8)]),
            "images": missed([slope_over_images(draw_many(200, 16)) for _ in range(8)]),
        }

    measured = slopes(of_data, of_data)
    lab.measure(**measured)
    lab.control(**slopes(ramps, partial(ramps, shared=True)))
    found = {part: within * float(np.mean(values)) - 1 for part, values in measured.items()}
    lab.note("slopes: " + ", ".join(f"{part} {slope:.2f}" for part, slope in found.items()))


def slope_over_windows(images: Tensor, hops: int, lab: Lab) -> float:
    """Slope of the variance over the number of windows, in squares anywhere in images `(samples, 1, side, side)`."""
    squares = (images[:, 0, :, hops:] - images[:, 0, :, :-hops]).square()
    sides = (2, 5, 10, 20)
    variances = []
    for side in sides:
        means = torch.nn.functional.avg_pool2d(squares[:, None], side, stride=1).flatten(1)
        places = torch.randint(means.shape[1], (len(means), 1), generator=lab.generator)
        variances.append(float(means.gather(1, places).var()))
    return log_slope(np.square(sides), variances)


def slope_over_images(images: Tensor) -> float:
    """Slope of the variance over the number of images, of all windows of images `(samples, images, side, side)`."""
    means = (images[..., 1:] - images[..., :-1]).square().mean((2, 3))
    counts = (1, 2, 4, 8, 16)
    return log_slope(counts, [float(means[:, :count].mean(1).var()) for count in counts])


@claim(
    "SO-35",
    where="Corollary 1.1",
    kind=Kind.DEFINITION,
    rule=equals(0, within=0),
    control="padding that keeps the size of the map",
)
def test_updates_of_a_weight_are_as_many_as_windows(lab: Lab) -> None:
    """Each weight is updated in proportion to (S - K + 1)^2 N: by every window of every image.

    Counted as the gradient of the sum of the outputs for inputs of one: 676 windows of a 28 x 28 image for K = 3, 4 for
    K = 27.
    """

    def miscount(side: int, kernel: int, images: int, padding: int = 0) -> float:
        weight = torch.zeros(1, 1, kernel, kernel, requires_grad=True)
        responses = torch.nn.functional.conv2d(torch.ones(images, 1, side, side), weight, padding=padding).sum()
        (updates,) = torch.autograd.grad(responses, weight)
        return float((updates - (side - kernel + 1) ** 2 * images).abs().max())

    explicit = [{"side": 28, "kernel": kernel, "images": 1} for kernel in (3, 27)]
    sides, kernels, counts = st.integers(9, 20), st.integers(1, 9), st.integers(1, 4)
    lab.measure(worst_case(miscount, 30, explicit, side=sides, kernel=kernels, images=counts))
    lab.control(Exact(miscount(28, 3, 1, padding=1)))


@claim(
    "SO-36",
    where="Corollary 1.1",
    kind=Kind.DEFINITION,
    rule=equals(0, within=1e-6),
    control="K = 27 on 28 x 28 pixels: four outputs that share one kernel",
)
def test_a_kernel_of_the_size_of_the_input_is_fully_connected(lab: Lab) -> None:
    """When K = S and nothing is padded, the convolution is a fully connected layer."""

    def difference(seed: int, kernel: int, side: int) -> float:
        weight, images = normal(seed, 5, 2, kernel, kernel), normal(seed + 1, 3, 2, side, side)
        convolved = torch.nn.functional.conv2d(images, weight).flatten(2)
        room = [0, side - kernel, 0, side - kernel]
        dense = images.flatten(1) @ torch.nn.functional.pad(weight, room).flatten(1).T
        return float((convolved - dense[:, :, None]).abs().max())

    sizes = st.integers(1, 28)
    lab.measure(worst_case(lambda seed, size: difference(seed, size, size), 20, seed=st.integers(0, 10**6), size=sizes))
    lab.control(Exact(difference(lab.seed, 27, 28)))


@claim(
    "SO-41",
    where="Section 5.1",
    kind=Kind.DEFINITION,
    rule={"exceeded": equals(0, within=1e-9), "reached": equals(0, within=1e-9)},
    control="patches of other lengths, and of other directions",
)
def test_response_is_largest_where_patch_and_kernel_agree(lab: Lab) -> None:
    """Among patches of one length, a kernel responds most to the one that is proportional to itself."""

    def response(seed: int, patch: Tensor, size: int) -> float:
        """A kernel's response to a patch in units of its own length, which is that to itself at length one."""
        kernel = normal(seed, size * size)
        return float(kernel @ patch / kernel.norm())

    def unit_patch(seed: int, size: int) -> Tensor:
        patch = normal(seed, size * size)
        return patch / patch.norm()

    def beyond(seed: int, size: int, length: float = 1.0) -> float:
        return excess(response(seed, length * unit_patch(seed + 1, size), size), 1.0)

    def short_of(seed: int, size: int, direction: int = 0) -> float:
        return abs(response(seed, unit_patch(seed + direction, size), size) - 1)

    seeds, sizes = st.integers(0, 10**6), st.integers(1, 27)
    lab.measure(
        exceeded=worst_case(beyond, 50, seed=seeds, size=sizes),
        reached=worst_case(short_of, 20, seed=seeds, size=sizes),
    )
    lab.control(
        exceeded=worst_case(partial(beyond, length=100.0), 50, seed=seeds, size=sizes),
        reached=worst_case(partial(short_of, direction=1), 20, seed=seeds, size=sizes),
    )


@claim(
    "SO-51",
    where="Appendix C",
    rule={f"depth {depth}": less_than(0) for depth in (1, 2, 3)},
    control="pooling at every position, stride 1",
)
def test_pooling_reduces_the_overlap_of_receptive_fields(lab: Lab) -> None:
    """Pooling reduces the overlap between the receptive fields of neighbouring units.

    3 x 3 convolutions, each with 2 x 2 pooling behind it or none; the share of a unit's field that its neighbour sees
    too, with less what it is without pooling.  The fields are read off gradients (average pooling, which has those of
    max-pooling): overlaps of 2/3, 4/5 and 6/7 without pooling, 1/2, 3/5 and 7/11 with it.
    """

    def overlap(depth: int, pool: Callable[[Tensor], Tensor]) -> float:
        def network(images: Tensor) -> Tensor:
            for _ in range(depth):
                images = torch.nn.functional.conv2d(images, torch.ones(1, 1, 3, 3, dtype=torch.float64), padding=1)
                images = pool(images)
            return images

        first, second = (
            jacobian_support(network, (1, 64, 64), (3, 3 + step), lab.generator, probes=1) for step in (0, 1)
        )
        return float((first & second).sum() / first.sum())

    def changes(stride: int) -> dict[str, Exact]:
        def pool(images: Tensor) -> Tensor:
            return torch.nn.functional.avg_pool2d(images, 2, stride)

        depths = (1, 2, 3)
        return {
            f"depth {depth}": Exact(overlap(depth, pool) - overlap(depth, lambda images: images)) for depth in depths
        }

    lab.measure(**changes(stride=2))
    lab.control(**changes(stride=1))
