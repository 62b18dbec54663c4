"""The effective receptive field grows by diffusion (section 4)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from claims.tomasini2022.methods import diffusion
from claims.tomasini2022.methods.pooling_sensitivity import log_slope
from claims.tomasini2022.methods.receptive_field import effective_size, receptive_field
from harness.claims.claim import claim
from harness.claims.kinds import Kind, Remark
from harness.rules import Exact, equals, less_than, worst_case
from harness.system.lazy import st, torch

if TYPE_CHECKING:
    from claims.tomasini2022.methods.diffusion import Distribution
    from harness.lab.lab import Lab

DEPTH = 16
SIZES = (2, 3, 4, 5, 7, 9)
"""Filter sizes."""

RING = 160
"""Wide enough for 16 layers of filter size 9 to leave its far side empty."""


def network_sizes(filter_size: int, position: int = 5) -> list[float]:
    """A_k of each layer of a convolutional network with homogeneous filters, from its response to one active pixel."""
    from claims.tomasini2022.methods.scale_networks import pooling_stack

    image = torch.zeros(1, 1, RING, dtype=torch.float64)
    image[..., position] = 1
    with torch.no_grad():
        layers = pooling_stack(filter_size, DEPTH).representations(image)
    return [effective_size(layer[0, 0], position) for layer in layers]


def off_root(sizes: Sequence[float], first: float) -> float:
    """Largest relative deviation of A_1, A_2, ... from first √k."""
    return max(abs(size / (first * k**0.5) - 1) for k, size in enumerate(sizes, start=1))


@claim(
    "SP-37",
    where="Section 4",
    paper={"exponent": 0.5},
    rule={
        "exponent": equals(0.5, within=1e-9),
        "proportional": equals(0.0, within=1e-9),
        "any_depth": equals(0.0, within=1e-9),
    },
    control="the same layers with stride 2, whose fields grow exponentially",
)
def test_receptive_field_grows_as_the_root_of_depth(lab: Lab) -> None:
    """For filter size F and stride 1 the size A_k, the standard deviation of f_k(δ_i), goes as √k.

    A_k is read off a network of convolutions and ReLU, for filter sizes from 2 to 9.  Parts, for the least favourable
    of them: the exponent of A_k in k; the largest relative deviation from A_1 √k; for depths up to 300, the largest
    relative deviation of the variance from k (F² - 1)/12.  The law is exact at every depth: variances add.
    """

    def deviation(filter_size: int, depth: int, stride: int = 1) -> float:
        variance = diffusion.walk(filter_size, depth).variance if stride == 1 else strided(filter_size, depth).variance
        return abs(variance / (depth * diffusion.step_variance(filter_size)) - 1)

    def parts(by_filter: Sequence[Sequence[float]]) -> dict[str, Exact]:
        exponents = [log_slope(range(1, len(sizes) + 1), sizes) for sizes in by_filter]
        return {
            "exponent": Exact(max(exponents, key=lambda exponent: abs(exponent - 0.5))),
            "proportional": Exact(max(off_root(sizes, sizes[0]) for sizes in by_filter)),
        }

    measured = [network_sizes(filter_size) for filter_size in SIZES]
    controls = [[strided(filter_size, depth).variance ** 0.5 for depth in range(1, 7)] for filter_size in SIZES]
    lab.measure(
        **parts(measured),
        any_depth=worst_case(deviation, filter_size=st.sampled_from(SIZES), depth=st.integers(1, 300)),
    )
    lab.control(**parts(controls), any_depth=Exact(max(deviation(f, 6, stride=2) for f in SIZES)))
    lab.series("A_k, stride 1, F = 3", range(1, DEPTH + 1), measured[SIZES.index(3)])
    lab.series("A_k, stride 2, F = 3", range(1, 7), controls[SIZES.index(3)])


def strided(filter_size: int, depth: int) -> Distribution:
    """The receptive field behind homogeneous layers of stride 2."""
    return receptive_field([torch.ones(filter_size)] * depth, stride=2)


@claim(
    "SP-38",
    where="Section 4, Proposition A.1",
    rule={"twelve_layers": less_than(1.0), "limit": less_than(0.5)},
    control="stride 2, where the response of filter size 2 stays a box",
)
def test_response_to_a_pixel_approaches_a_gaussian(lab: Lab) -> None:
    """The effective receptive field f_k(δ_i) of the k-th layer approaches a Gaussian distribution.

    Total variation distance from the Gaussian of the same mean and variance.  Parts: after the paper's 12 layers of
    filter size 3, over that after the first; after 200 layers over that after 50, for the least favourable filter size
    from 2 to 9: a distance that vanishes in the limit falls to a quarter, one that stays keeps its size.
    """

    def distance(filter_size: int, depth: int, stride: int = 1) -> float:
        field = receptive_field([torch.ones(filter_size)] * depth, stride)
        return diffusion.distance_to_gaussian(field, field.mean, field.variance)

    lab.measure(
        twelve_layers=Exact(distance(3, 12) / distance(3, 1)),
        limit=Exact(max(distance(size, 200) / distance(size, 50) for size in range(2, 10))),
    )
    lab.control(
        twelve_layers=Exact(distance(2, 10, stride=2) / distance(2, 1, stride=2)),
        limit=Exact(distance(2, 8, stride=2) / distance(2, 2, stride=2)),
    )
    depths = range(1, 25)
    lab.series("distance from a Gaussian by depth, F = 3", depths, [distance(3, depth) for depth in depths])


def off_by(law: Callable[[int, int], float]) -> Exact:
    """Largest relative deviation of the standard deviation from a law of filter size and depth."""

    def deviation(filter_size: int, depth: int) -> float:
        return abs(diffusion.walk(filter_size, depth).variance ** 0.5 / law(filter_size, depth) - 1)

    paper = [{"filter_size": 3, "depth": 12}]
    return worst_case(deviation, explicit=paper, filter_size=st.integers(2, 15), depth=st.integers(1, 60))


def printed_width(filter_size: int, depth: int) -> float:
    """√k, as section 4 and appendix A print it."""
    return float(depth**0.5)


def width(filter_size: int, depth: int) -> float:
    """The standard deviation of k independent uniform steps over F pixels."""
    return float((depth * (filter_size**2 - 1) / 12) ** 0.5)


@claim(
    "N-SP4",
    where="Section 4, appendix A",
    paper="√k",
    remark=Remark(
        Kind.SLIP,
        printed=r"it approaches a Gaussian distribution of standard deviation $\sqrt{k}$ ... "
        r"is a Gaussian distribution with width $\sqrt{k}$",
        meant="√k up to the factor √((F² - 1)/12), which is left out: 0.816 √k for F = 3",
        derivation="The sentence goes on with A_k ~ √k, and Proposition A.1, which proves it, has a factor itself.  "
        "One layer moves a pixel by a step that is uniform over F neighbouring pixels, of variance (F² - 1)/12, and "
        "variances add; the factor would be 1 for F = √13 only.  Neither A_k ~ √k nor the scalings of D_k and G_k "
        "depend on it.",
    ),
    formerly=("E-SP4", "SP-39"),
    rule=equals(0.0, within=1e-9),
    control="√k at the letter",
)
def test_width_has_the_factor_of_one_step(lab: Lab) -> None:
    """For every filter size F the standard deviation of the k-th layer's response is √(k (F² - 1)/12)."""
    lab.measure(off_by(width))
    lab.control(off_by(printed_width))
