"""The projection statistics: cosines of equation 1 and the share of negative ones, n_l, of equation 2."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from claims.gamba2020.methods.arrangement import line_cosines
from claims.gamba2020.methods.paddings import COMMON, matrix_of
from claims.gamba2020.methods.projections import largest_cosine, negative_share, projection_cosines
from harness.claims.claim import claim
from harness.claims.kinds import Kind
from harness.rules import Exact, equals, greater_than, worst_case
from harness.statistics.draws import normal
from harness.system.lazy import st, torch

if TYPE_CHECKING:
    from torch import Tensor

    from harness.lab.lab import Lab

SEEDS = range(10**6)
DRAWN: dict[str, Any] = {"seed": SEEDS, "channels": range(1, 4), "height": range(3, 7), "width": range(3, 7)}


@claim(
    "HP-12",
    where="Eq. 1",
    kind=Kind.DEFINITION,
    readings={"ones": ("CHW, as in the paper", "Ckk, as in the code"), "padding": COMMON},
    rule=equals(0, within=1e-12),
    control="the sum of the weights' sizes in place of their sum",
)
def test_projection_is_the_sum_of_weights_over_both_norms(lab: Lab, ones: str, padding: str) -> None:
    """The inner product of a hyperplane's unit normal with the line's is the sum of the filter's weights over A.

    The paper's line has a one for each of the CHW inputs.  The authors' code counts the Ckk entries of the kernel,
    which gives the angle inside the receptive field's own coordinates; HP-70 has the factor between them.  "Any
    hyperplane induced by filter i" leaves out, or does not, the rows at the border that zero padding cuts weights off.
    """

    def cosines_of_rows(weight: Tensor, size: tuple[int, int]) -> Tensor:
        matrix = matrix_of(weight, size, padding)
        inside = matrix.shape[1] if ones.startswith("CHW") else 9 * weight.shape[1]
        return line_cosines(matrix) * (matrix.shape[1] / inside) ** 0.5

    def difference(seed: int, channels: int, height: int, width: int, of_sizes: bool = False) -> float:
        weight, size = normal(seed, 1, channels, 3, 3), (height, width)
        formula = projection_cosines(weight.abs() if of_sizes else weight, size if ones.startswith("CHW") else None)
        return float((cosines_of_rows(weight, size) - formula).abs().max())

    lab.measure(worst_case(difference, 30, **DRAWN))
    lab.control(Exact(difference(lab.seed, 2, 5, 5, of_sizes=True)))


@claim(
    "HP-70",
    kind=Kind.DERIVED,
    where="Eq. 1",
    rule={"sign": equals(0, within=0), "factor": equals(0, within=1e-12), "bound": equals(0, within=1e-12)},
    control="the code's cosines of the same filters with their signs turned (sign); a third normalisation, the sum of "
    "the weights over their number (factor); the code's cosine of a constant filter against equation 1's bound (bound)",
)
def test_both_normalisations_agree_in_sign_and_differ_by_a_factor(lab: Lab) -> None:
    """The paper's and the code's normalisation give cosines of one sign, in the ratio k / sqrt(HW) (derived check).

    So n_l is the same, but the histograms' axes are not: by equation 1 no cosine of a 3 x 3 filter on 32 x 32 pixels
    can exceed 0.094 in size, and none of AlexNet's first layer 0.049, where the code's go up to 1.
    """

    def disagreement(paper: Tensor, code: Tensor, factor: float) -> float:
        return float((paper.sign() != code.sign()).sum())

    def misfit(paper: Tensor, code: Tensor, factor: float) -> float:
        return float((paper - code * factor).abs().max())

    def excess(paper: Tensor, code: Tensor, factor: float) -> float:
        return max(0.0, float(paper.abs().max()) - factor)

    def drawn(seed: int, channels: int, height: int, width: int) -> tuple[Tensor, Tensor, float]:
        weight, size = normal(seed, 4, channels, 3, 3), (height, width)
        return projection_cosines(weight, size), projection_cosines(weight), largest_cosine(3, size)

    residuals = {"sign": disagreement, "factor": misfit, "bound": excess}
    lab.measure(**{
        part: worst_case(lambda residual=residual, **case: residual(*drawn(**case)), 20, **DRAWN)
        for part, residual in residuals.items()
    })  # fmt: skip
    weight, constant = normal(lab.seed, 4, 2, 3, 3), torch.ones(1, 2, 3, 3)
    paper, code, factor = drawn(lab.seed, 2, 5, 5)
    lab.control(
        sign=Exact(disagreement(paper, projection_cosines(-weight), factor)),
        factor=Exact(misfit(weight.flatten(1).mean(1), code, factor)),
        bound=Exact(excess(projection_cosines(constant), projection_cosines(constant), factor)),
    )
    for name, kernel, side in (("3 x 3 on 32 x 32 pixels", 3, 32), ("AlexNet's first layer", 11, 224)):
        lab.note(f"{name}: no cosine of equation 1 exceeds {largest_cosine(kernel, (side, side)):.3f}")


@claim(
    "HP-17",
    where="Eq. 2",
    kind=Kind.DEFINITION,
    rule={"distribution": equals(0, within=1e-12), "granularity": equals(0, within=1e-9)},
    control="filters with projection zero counted as positive (distribution); the mean share of two layers of one "
    "filter each, between the values that one filter can give (granularity)",
)
def test_share_of_negative_projections_is_the_distribution_function_at_zero(lab: Lab) -> None:
    """The measure n_l is the empirical distribution function of the layer's cosines at 0, ties included: P(c <= 0).

    It takes one of the F + 1 values 0, 1/F, ..., 1.  Weights are whole numbers here, so that projections of zero occur.
    """
    from scipy.stats import ecdf

    def distribution_at_zero(cosines: Tensor) -> float:
        return float(ecdf(cosines.numpy()).cdf.evaluate(0))

    def cosines(seed: int, filters: int) -> Tensor:
        return projection_cosines(normal(seed, filters, 1, 2, 2).round())

    def difference(share: float, cosines: Tensor) -> float:
        return abs(share - distribution_at_zero(cosines))

    def off_the_grid(share: float, filters: int) -> float:
        counted = filters * share
        return abs(counted - round(counted))

    drawn: dict[str, Any] = {"seed": SEEDS, "filters": st.integers(1, 64)}
    lab.measure(
        distribution=worst_case(
            lambda **case: difference(negative_share(cosines(**case)), cosines(**case)), 30, **drawn
        ),
        granularity=worst_case(
            lambda filters, seed: off_the_grid(negative_share(cosines(seed, filters)), filters), 30, **drawn
        ),
    )
    tied = projection_cosines(torch.tensor([[1.0, -1.0], [1.0, 1.0]]).reshape(2, 1, 1, 2))
    strict = float((tied < 0).double().mean())
    negative, positive = (negative_share(torch.tensor([cosine])) for cosine in (-1.0, 1.0))
    lab.control(
        distribution=Exact(difference(strict, tied)), granularity=Exact(off_the_grid((negative + positive) / 2, 1))
    )


@claim(
    "HP-75",
    kind=Kind.DERIVED,
    where="Section 3.2, Fig. 15",
    rule={"moved": greater_than(0), "shares": equals(0, within=0)},
    control="the same without weight decay (moved); gradients in random directions (shares)",
)
def test_weight_decay_moves_weights_and_not_the_measure(lab: Lab) -> None:
    """Updates without any gradient move the weights, by weight decay, and leave n_l where it was (derived check).

    Section 3.2 takes unchanged shares of negative projections in layers whose weights have changed as a sign that the
    bias comes from learning.  But weight decay multiplies a filter by a number, which no cosine notices: with momentum
    0.9, by exp(-5e-5) a step.  So weights that moved while n_l did not show little where gradients vanish.
    """

    def trained(weight: Tensor, gradients: Iterable[Tensor], decay: float = 0.0005) -> Tensor:
        parameter = torch.nn.Parameter(weight.clone())
        optimiser = torch.optim.SGD([parameter], lr=0.01, momentum=0.9, weight_decay=decay)
        for gradient in gradients:
            parameter.grad = gradient
            optimiser.step()
        return parameter.detach()

    def moved(weight: Tensor) -> float:
        return float((weight - start).norm() / start.norm())

    def shifted(weight: Tensor) -> float:
        return abs(negative_share(projection_cosines(weight)) - negative_share(projection_cosines(start)))

    start = normal(lab.seed, 64, 3, 3, 3)
    nothing = [torch.zeros_like(start)] * 1000
    decayed = trained(start, nothing)
    lab.measure(moved=Exact(moved(decayed)), shares=Exact(shifted(decayed)))
    lab.note(f"1000 steps without a gradient move the weights by {moved(decayed):.1%} of their length")
    pushed = trained(start, [normal(lab.seed + step, *start.shape) for step in range(1, 101)])
    lab.control(moved=Exact(moved(trained(start, nothing, decay=0.0))), shares=Exact(shifted(pushed)))
