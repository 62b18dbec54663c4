"""A network of homogeneous filters as the powers of a matrix (appendix A, up to the proposition)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from claims.tomasini2022.methods import diffusion
from harness.claims.claim import claim
from harness.claims.kinds import Kind, Remark
from harness.rules import Exact, equals, worst_case
from harness.system.lazy import st, torch

if TYPE_CHECKING:
    from torch import Generator

    from claims.tomasini2022.methods.scale_networks import RingStack
    from harness.lab.lab import Lab


@claim(
    "SP-43",
    where="Eq. 3, Eqs. 6 and 7",
    rule={"circulant": equals(0.0, within=1e-12), "recursion": equals(0.0, within=1e-12)},
    control="the patch of an even filter leaning to the other side; stride 2",
)
def test_layers_apply_a_circulant_matrix(lab: Lab) -> None:
    """A layer applies a circulant L x L matrix, whose rows are shifts of F ones, placed so that Eqs. 6 and 7 hold.

    For even F a row has F/2 ones at the left of its own pixel and F/2 - 1 at its right.  (The factor 1/F, missing from
    Eq. 3, is N-SP3.)
    """

    def uneven(filter_size: int, length: int, stride: int = 1) -> float:
        matrix = diffusion.diffusion_matrix(length, filter_size, stride)
        return max(float((matrix[row] - matrix[0].roll(row)).abs().max()) for row in range(len(matrix)))

    def off_recursion(filter_size: int, length: int, seed: int, lean: int = 0) -> float:
        p = torch.rand(length, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))
        first = -(filter_size - 1) // 2 if filter_size % 2 else -filter_size // 2 + lean
        patch = range(first, first + filter_size)
        following = torch.stack([p.roll(-offset) for offset in patch]).mean(0)
        return float((diffusion.diffusion_matrix(length, filter_size) @ p - following).abs().max())

    sizes, lengths, seeds = st.integers(2, 9), st.integers(9, 40), st.integers(0, 2**31)
    lab.measure(
        circulant=worst_case(uneven, filter_size=sizes, length=lengths),
        recursion=worst_case(off_recursion, filter_size=sizes, length=lengths, seed=seeds),
    )
    lab.control(circulant=Exact(uneven(3, 16, stride=2)), recursion=Exact(off_recursion(4, 16, 0, lean=1)))


def column_sum(row_sum: Callable[[int], float]) -> Exact:
    """Largest deviation from 1 of the sum of M^k δ_i, where the rows of M are F ones times `row_sum(F) / F`."""

    def deviation(filter_size: int, depth: int) -> float:
        response = diffusion.stack_matrix(32, filter_size, depth)[:, 5] * row_sum(filter_size) ** depth
        return abs(float(response.sum()) - 1)

    return worst_case(deviation, filter_size=st.integers(2, 9), depth=st.integers(1, 12))


@claim(
    "N-SP3",
    where="Appendix A, Eq. 3",
    remark=Remark(
        Kind.SLIP,
        printed=r"stacking all the L shifts of the following row vector, ... "
        r"$[\underbrace{1,1,...,1}_{F}\underbrace{0,0,0,...,0}_{L-F}]$",
        meant="the same divided by F",
        derivation="The filter is [1/F, ..., 1/F] in the same paragraph, M is called a stochastic matrix, and Eqs. 6 "
        "and 7 have the factor 1/F.  With rows of ones M^k δ_i sums to F^k, and Eq. 4 is a density, which sums to 1.  "
        "The factor cancels in A_k and in the sensitivities.",
    ),
    formerly=("E-SP3",),
    rule=equals(0.0, within=1e-9),
    control="rows of ones, as printed",
)
def test_matrix_divided_by_the_filter_size_is_stochastic(lab: Lab) -> None:
    """M, with rows of F entries 1/F, is the stochastic matrix of a Markov process: it keeps the sum of a density."""
    lab.measure(column_sum(lambda filter_size: 1))
    lab.control(column_sum(lambda filter_size: filter_size))


def network_with(
    filters: int, depth: int, lowest: float, highest: float, generator: Generator, bias: float = 0.0
) -> RingStack:
    """A stack of circular convolutions with ReLU, whose weights are uniform between the two numbers."""
    from claims.tomasini2022.methods.scale_networks import pooling_stack

    stack = pooling_stack(filters, depth, channels=3)
    for layer in stack.layers:
        assert isinstance(layer, torch.nn.Conv1d)
        layer.weight.data.uniform_(lowest, highest, generator=generator)
        if bias:
            layer.bias = torch.nn.Parameter(torch.full((3,), bias, dtype=torch.float64))
    return stack.requires_grad_(False)


@claim(
    "SP-44",
    where="Appendix A",
    formerly=("SP-45",),
    rule={"linear": equals(0.0, within=1e-9), "pairs": equals(0.0, within=1e-9)},
    control="filters of both signs; a network with biases, which two images bring in twice",
)
def test_nets_of_positive_filters_are_linear_on_positive_inputs(lab: Lab) -> None:
    """Since the elements of filters and inputs are non-negative, the network behaves effectively as a linear operator.

    Parts: the largest relative difference between f(a x + b y) and a f(x) + b f(y), over random filters, inputs and
    positive a, b; the largest difference between f(δ_i + δ_j) and f(δ_i) + f(δ_j) of homogeneous networks, also for
    i = j: the representation of a datum x ∝ δ_i + δ_j is understood from those of single pixels.
    """

    def off_linear(seed: int, filters: int, depth: int, a: float, b: float, lowest: float = 0.0) -> float:
        generator = torch.Generator().manual_seed(seed)
        f = network_with(filters, depth, lowest, 1.0, generator)
        x, y = torch.rand(2, 1, 1, 20, dtype=torch.float64, generator=generator)
        together, apart = f(a * x + b * y), a * f(x) + b * f(y)
        return float((together - apart).norm() / apart.norm())

    def off_pair(i: int, j: int, filter_size: int, depth: int, bias: float = 0.0) -> float:
        f = network_with(filter_size, depth, 1 / filter_size, 1 / filter_size, torch.Generator(), bias)
        pixels = torch.eye(32, dtype=torch.float64)[:, None]
        return float((f(pixels[[i]] + pixels[[j]]) - f(pixels[[i]]) - f(pixels[[j]])).abs().max())

    weights, place = st.floats(0.01, 100), st.integers(0, 31)
    seeds, filters, depths = st.integers(0, 2**31), st.integers(2, 5), st.integers(1, 5)
    lab.measure(
        linear=worst_case(off_linear, examples=30, seed=seeds, filters=filters, depth=depths, a=weights, b=weights),
        pairs=worst_case(off_pair, examples=30, i=place, j=place, filter_size=filters, depth=depths),
    )
    lab.control(
        linear=Exact(off_linear(0, 3, 3, 1.0, 1.0, lowest=-1.0)),
        pairs=Exact(off_pair(3, 9, 3, 4, bias=0.1)),
    )


@claim(
    "SP-63",
    where="Appendix A",
    rule=equals(0.0, within=1e-9),
    control="padding with zeros in place of periodic borders",
)
def test_a_pixels_representation_is_a_matrix_power(lab: Lab) -> None:
    """The output of layer k for one active pixel is M^k δ_i: a k-step diffusion of the pixel.

    Largest difference between a network of convolutions and ReLU and the k-th power of the corrected matrix.
    """
    from claims.tomasini2022.methods.scale_networks import pooling_stack

    def difference(i: int, filter_size: int, depth: int) -> float:
        pixel = torch.eye(32, dtype=torch.float64)[i]
        power = torch.linalg.matrix_power(diffusion.diffusion_matrix(32, filter_size), depth)
        with torch.no_grad():
            return float((pooling_stack(filter_size, depth)(pixel[None, None])[0, 0] - power @ pixel).abs().max())

    places, sizes, depths = st.integers(0, 31), st.integers(2, 7), st.integers(1, 12)
    lab.measure(worst_case(difference, examples=30, i=places, filter_size=sizes, depth=depths))
    cut = torch.nn.functional.avg_pool1d(torch.eye(32, dtype=torch.float64)[None, :1], 3, stride=1, padding=1)[0, 0]
    lab.control(Exact(float((cut - diffusion.diffusion_matrix(32, 3)[:, 0]).abs().max())))


@claim(
    "SP-59",
    where="Section 4",
    kind=Kind.DERIVED,
    rule=equals(0.0, within=1e-9),
    control="the same network with biases",
)
def test_nets_without_biases_are_homogeneous(lab: Lab) -> None:
    """Without biases the scale of an image carries through the network: f(c x) = c f(x) for c > 0.

    For networks of random filters of both signs; largest relative difference.
    """
    from claims.tomasini2022.methods.scale_networks import ScaleDetectionCNN

    def difference(seed: int, factor: float, depth: int, bias: bool = False) -> float:
        generator = torch.Generator().manual_seed(seed)
        f = ScaleDetectionCNN(4, depth, bias=bias, generator=generator).double().requires_grad_(False)
        x = torch.randn(3, 1, 20, dtype=torch.float64, generator=generator)
        pairs = zip(f.representations(factor * x), f.representations(x), strict=True)
        return max(float((a - factor * b).norm() / (factor * b.norm() + 1e-300)) for a, b in pairs)

    seeds, factors, depths = st.integers(0, 2**31), st.floats(1e-3, 1e3), st.integers(1, 6)
    lab.measure(worst_case(difference, examples=30, seed=seeds, factor=factors, depth=depths))
    lab.control(Exact(difference(0, 2.0, 3, bias=True)))
