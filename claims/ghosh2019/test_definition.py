"""The measure itself: what it is, what it is zero for, and what it says of images (section 3)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from claims.ghosh2019.methods.correlation import neighbour_correlation
from claims.ghosh2019.methods.distortions import PermutePixels
from claims.ghosh2019.methods.interpolation_test import Interpolation, excess_error
from claims.ghosh2019.methods.orderness import ESTIMATORS, orderness
from claims.ghosh2019.methods.orderness_of_images import OrdernessProfile, bootstrapped_orderness, orderness_of
from claims.ghosh2019.methods.triples import NEIGHBOURHOODS
from harness.claims.claim import claim
from harness.data.generated import checkerboard, levels_with_noise, ramp
from harness.rules import Exact, equals, equivalent_to, greater_than, worst_case
from harness.statistics.draws import normal
from harness.system.lazy import st, torch

if TYPE_CHECKING:
    from torch import Tensor

    from harness.lab.lab import Lab
    from harness.statistics.resampling import Bootstrapped

REPLICATES = 300
"""Of a bootstrap over images that a claim makes itself."""

DATA = ("mnist", "fashion-mnist", "cifar10")
PROXIES = ("digits", "textures")
IMAGES = {"smoke": 10_000, "laptop": 10_000, "nightly": None, "paper": None}
"""How many training images are measured, from the first on; None is all of them."""


def permuted(tier: str, data: str) -> dict[str, OrdernessProfile]:
    """The images as they are, and with the pixels of each permuted."""
    plain = OrdernessProfile(data, count=IMAGES[tier])
    return {"plain": plain, "permuted": plain.with_(distortions=(PermutePixels(),))}


@claim(
    "SO-06",
    where="Eq. 6",
    paper=0.0,
    data=DATA,
    proxies=PROXIES,
    readings={"neighbours": NEIGHBOURHOODS, "estimator": ESTIMATORS},
    rule=equivalent_to(0.0, within=0.02),
    control="the images as they are",
    runs=permuted,
)
def test_orderness_is_zero_under_permutation(lab: Lab, data: str, neighbours: str, estimator: str) -> None:
    """Permuting the pixels of every image at random drops spatial orderness to zero.

    Each image has a permutation of its own.  Tiers below `nightly` measure the first 10,000 training images.
    """
    by_run = {name: orderness_of(lab.record(run), neighbours, 1, estimator) for name, run in lab.runs.items()}
    lab.measure(by_run["permuted"])
    lab.control(by_run["plain"])


@claim(
    "SO-10",
    where="Section 3",
    readings={"neighbours": NEIGHBOURHOODS},
    rule=equals(0.0, within=1e-12),
    control="means of overlapping regions",
)
def test_a_scale_is_the_mean_of_regions(lab: Lab, neighbours: str) -> None:
    """Orderness at scale a is that of the images whose a x a non-overlapping regions are averaged to one pixel each."""

    def residual(seed: int, scale: int, step: int) -> float:
        """For regions that begin `step` pixels from each other."""
        images = normal(seed, 4, 2, 5 * scale, 4 * scale)
        regions = images.unfold(2, scale, step).unfold(3, scale, step)
        return abs(orderness(images, neighbours, scale) - orderness(regions.mean((-2, -1)), neighbours))

    scales, seeds = st.integers(2, 5), st.integers(0, 1000)
    lab.measure(worst_case(lambda scale, seed: residual(seed, scale, scale), examples=20, scale=scales, seed=seeds))
    lab.control(worst_case(lambda scale, seed: residual(seed, scale, 1), examples=20, scale=scales, seed=seeds))


def interpolations(data: str, neighbours: str, pixels: str) -> dict[str, Interpolation]:
    """The predictions that a case of SO-12 needs."""
    plain = Interpolation(data, neighbours, together=pixels == "all")
    return {"as they are": plain, "permuted": plain.with_(permuted=True)}


@claim(
    "SO-12",
    where="Section 3, first point",
    data=DATA,
    proxies=PROXIES,
    readings={"neighbours": NEIGHBOURHOODS, "pixels": ("any one", "all")},
    runs=interpolations,
    rule=greater_than(0.02),
    control="the same images with their pixels permuted",
)
def test_neighbours_interpolate_better_than_two_hops(lab: Lab, data: str, neighbours: str, pixels: str) -> None:
    """Spatially ordered images let a pixel be interpolated more accurately from its neighbours than from two hops away.

    Measured is by which share the mean squared error is larger from two hops away, of linear predictions fitted by
    least squares to 200 training images and tried on another 200; less than 2 % counts as no difference.  They start
    from any one of the pixels at that distance, as the measure does, or from all of them: two hops away there are more
    (but for "straight").
    """
    lab.measure(excess_error(lab.record(lab.runs["as they are"])))
    lab.control(excess_error(lab.record(lab.runs["permuted"])))


@claim(
    "SO-07",
    where="Section 3, third point",
    paper=0.0,
    readings={"neighbours": NEIGHBOURHOODS},
    rule={f"scale {scale}": equivalent_to(0.0, within=0.02) for scale in (1, 2, 4)},
    control="the same images with a gradient from left to right",
)
def test_a_constant_with_noise_has_no_order(lab: Lab, neighbours: str) -> None:
    """Images I[i, j] = a(I) + N(0, 1), with a constant a(I) of their own, have zero orderness at all scales."""
    images = levels_with_noise(3000, 32, 32, lab.generator, spread=1.0)

    def at_scales(images: Tensor) -> dict[str, Bootstrapped]:
        return {
            f"scale {scale}": bootstrapped_orderness(images, neighbours, scale, replicates=REPLICATES)
            for scale in (1, 2, 4)
        }

    lab.measure(**at_scales(images))
    lab.control(**at_scales(images + ramp(32, 32)))


@claim(
    "SO-08",
    where="Section 3, third point",
    readings={"neighbours": NEIGHBOURHOODS},
    rule={"correlation": greater_than(0.95), "orderness": equivalent_to(0.0, within=0.02)},
    control="noise without the constants; the constants under a gradient from left to right",
)
def test_correlation_can_be_made_large_without_order(lab: Lab, neighbours: str) -> None:
    """Varying a(I) makes the correlation of neighbours as large as one likes, with no spatial order.

    Measured are both for constants of standard deviation 10 under noise of 1.
    """

    def both(images: Tensor) -> dict[str, Bootstrapped]:
        return {
            "correlation": neighbour_correlation(images, REPLICATES),
            "orderness": bootstrapped_orderness(images, neighbours, replicates=REPLICATES),
        }

    spreads = (0.0, 1.0, 3.0, 10.0)
    images = [levels_with_noise(3000, 12, 12, lab.generator, spread) for spread in spreads]
    by_spread = [both(varied) for varied in images]
    lab.measure(**by_spread[-1])
    lab.control(correlation=by_spread[0]["correlation"], orderness=both(images[-1] + ramp(12, 12))["orderness"])
    for part in ("correlation", "orderness"):
        lab.series(part, spreads, [parts[part].value for parts in by_spread])


def orderness_one_way(images: Tensor) -> float:
    """Equation 6 over straight triples that go to the right only."""
    p, q, r = images[..., :-2], images[..., 1:-1], images[..., 2:]
    return float((p - r).square().mean() / (p - q).square().mean()) - 1


def beyond_bounds(value: float) -> float:
    """By how much an orderness lies outside [-1, 3]."""
    return max(0.0, value - 3, -1 - value)


@claim(
    "SO-58",
    where="Eq. 6 (not stated in the paper)",
    rule={
        "beyond bounds": equals(0.0, within=1e-9),
        "ramp": equals(3.0, within=1e-12),
        "checkerboard": equals(-1.0, within=1e-12),
    },
    control="an image that is not stationary, with triples in one direction only; noise for ramp and checkerboard",
)
def test_orderness_lies_between_minus_one_and_three(lab: Lab) -> None:
    """Spatial orderness lies between -1 and 3 whatever the images, and both ends are reached.

    With a = X(q) - X(p) and b = X(r) - X(q), (a + b)^2 <= 2 a^2 + 2 b^2.  As a triple's reversal is a triple, a^2 and
    b^2 have the same expectation, so the numerator of equation 6 is at most four times the denominator.
    """

    def residual(seed: int, neighbours: str, smooth: bool) -> float:
        images = normal(seed, 2, 1, 6, 5)
        return beyond_bounds(orderness(images.cumsum(-1).cumsum(-2) if smooth else images, neighbours))

    def straight(image: Tensor) -> Exact:
        return Exact(orderness(image, "straight"))

    beyond = worst_case(
        residual,
        examples=50,
        seed=st.integers(0, 10_000),
        neighbours=st.sampled_from(NEIGHBOURHOODS),
        smooth=st.booleans(),
    )
    lab.measure(**{"beyond bounds": beyond, "ramp": straight(ramp(5, 6)), "checkerboard": straight(checkerboard(5, 6))})
    growing = torch.tensor([[[[0.0, 0.1, 1.0]]]], dtype=torch.float64)
    disordered = straight(normal(lab.seed, 1, 1, 5, 6))
    lab.control(
        **{
            "beyond bounds": Exact(beyond_bounds(orderness_one_way(growing))),
            "ramp": disordered,
            "checkerboard": disordered,
        }
    )
