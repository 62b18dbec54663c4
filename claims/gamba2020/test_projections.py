"""The projection statistics: cosines of equation 1 and the share of negative ones, n_l, of equation 2."""

from __future__ import annotations

from claims.gamba2020.methods.arrangement import line_cosines
from claims.gamba2020.methods.convolution_matrix import convolution_matrix
from claims.gamba2020.methods.projections import largest_cosine, negative_share, projection_cosines
from harness.claims.claim import claim
from harness.rules import Exact, equals, greater_than, worst_case
from harness.statistics.draws import normal
from harness.system.lazy import st, torch

SEEDS = range(10**6)
DRAWN = {"seed": SEEDS, "channels": range(1, 4), "height": range(3, 7), "width": range(3, 7)}


@claim(
    "HP-12",
    where="Eq. 1",
    readings={"ones": ("CHW, as in the paper", "Ckk, as in the code")},
    rule=equals(0, within=1e-12),
    control="a row whose receptive field reaches over the border",
)
def test_projection_is_the_sum_of_weights_over_both_norms(lab, ones):
    """The inner product of a hyperplane's unit normal with the line's is the sum of the filter's weights over A.

    The paper's line has a one for each of the CHW inputs.  The authors' code counts the Ckk entries of the kernel,
    which gives the angle inside the receptive field's own coordinates; HP-70 has the factor between them.
    """

    def cosines_of_rows(seed, channels, height, width, mode):
        matrix = convolution_matrix(normal(seed, 1, channels, 3, 3), (height, width), padding=1, mode=mode)
        inside = matrix.shape[1] if ones.startswith("CHW") else channels * 9
        return line_cosines(matrix) * (matrix.shape[1] / inside) ** 0.5

    def difference(seed, channels, height, width, mode="circular"):
        size = (height, width) if ones.startswith("CHW") else None
        formula = projection_cosines(normal(seed, 1, channels, 3, 3), size)
        return (cosines_of_rows(seed, channels, height, width, mode) - formula).abs().max()

    lab.measure(worst_case(difference, 30, **DRAWN))
    lab.control(Exact(float(difference(lab.seed, 2, 5, 5, mode="zeros"))))


@claim(
    "HP-70",
    where="Eq. 1",
    rule={"sign": equals(0, within=0), "factor": equals(0, within=1e-12), "bound": equals(0, within=1e-12)},
    control="a third normalisation: the sum of the weights over their number",
)
def test_both_normalisations_agree_in_sign_and_differ_by_a_factor(lab):
    """The paper's and the code's normalisation give cosines of one sign, in the ratio k / sqrt(HW) (derived check).

    So n_l is the same, but the histograms' axes are not: by equation 1 no cosine of a 3 x 3 filter on 32 x 32 pixels
    can exceed 0.094 in size, and none of AlexNet's first layer 0.049, where the code's go up to 1.
    """

    def pair(seed, channels, height, width):
        weight = normal(seed, 4, channels, 3, 3)
        return projection_cosines(weight, (height, width)), projection_cosines(weight)

    def disagreement(**case):
        paper, code = pair(**case)
        return (paper.sign() != code.sign()).sum()

    def misfit(**case):
        paper, code = pair(**case)
        return (paper - code * largest_cosine(3, (case["height"], case["width"]))).abs().max()

    def excess(**case):
        paper, _ = pair(**case)
        return max(0.0, float(paper.abs().max()) - largest_cosine(3, (case["height"], case["width"])))

    lab.measure(**{
        name: worst_case(residual, 20, **DRAWN)
        for name, residual in {"sign": disagreement, "factor": misfit, "bound": excess}.items()
    })  # fmt: skip
    weight = normal(lab.seed, 4, 2, 3, 3)
    mean = weight.flatten(1).mean(1)
    lab.control(factor=Exact(float((mean - projection_cosines(weight) * largest_cosine(3, (5, 5))).abs().max())))
    for name, kernel, side in (("3 x 3 on 32 x 32 pixels", 3, 32), ("AlexNet's first layer", 11, 224)):
        lab.note(f"{name}: no cosine of equation 1 exceeds {largest_cosine(kernel, (side, side)):.3f}")


@claim(
    "HP-17",
    where="Eq. 2",
    rule={"distribution": equals(0, within=1e-12), "granularity": equals(0, within=1e-9)},
    control="filters with projection zero counted as positive",
)
def test_share_of_negative_projections_is_the_distribution_function_at_zero(lab):
    """The measure n_l is the empirical distribution function of the layer's cosines at 0, ties included: P(c <= 0).

    It takes one of the F + 1 values 0, 1/F, ..., 1.  Weights are whole numbers here, so that projections of zero occur.
    """
    from scipy.stats import ecdf

    def distribution_at_zero(cosines):
        return float(ecdf(cosines.numpy()).cdf.evaluate(0))

    def cosines(seed, filters):
        return projection_cosines(normal(seed, filters, 1, 2, 2).round())

    def difference(seed, filters):
        return abs(negative_share(cosines(seed, filters)) - distribution_at_zero(cosines(seed, filters)))

    def off_the_grid(seed, filters):
        counted = filters * negative_share(cosines(seed, filters))
        return abs(counted - round(counted))

    drawn = {"seed": SEEDS, "filters": st.integers(1, 64)}
    lab.measure(
        distribution=worst_case(difference, 30, **drawn),
        granularity=worst_case(off_the_grid, 30, **drawn),
    )
    tied = projection_cosines(torch.tensor([[1.0, -1.0], [1.0, 1.0]]).reshape(2, 1, 1, 2))
    strict = float((tied < 0).double().mean())
    lab.control(distribution=Exact(abs(strict - distribution_at_zero(tied))))


@claim(
    "HP-75",
    where="Section 3.2, Fig. 15",
    rule={"moved": greater_than(0), "shares": equals(0, within=0)},
    control="gradients in random directions",
)
def test_weight_decay_moves_weights_and_not_the_measure(lab):
    """Updates without any gradient move the weights, by weight decay, and leave n_l where it was (derived check).

    Section 3.2 takes unchanged shares of negative projections in layers whose weights have changed as a sign that the
    bias comes from learning.  But weight decay multiplies a filter by a number, which no cosine notices: with momentum
    0.9, by exp(-5e-5) a step.  So weights that moved while n_l did not show little where gradients vanish.
    """

    def trained(weight, gradients):
        weight = torch.nn.Parameter(weight.clone())
        optimiser = torch.optim.SGD([weight], lr=0.01, momentum=0.9, weight_decay=0.0005)
        for gradient in gradients:
            weight.grad = gradient
            optimiser.step()
        return weight.detach()

    def share(weight):
        return negative_share(projection_cosines(weight))

    start = normal(lab.seed, 64, 3, 3, 3)
    decayed = trained(start, [torch.zeros_like(start)] * 1000)
    moved = float((decayed - start).norm() / start.norm())
    lab.measure(moved=Exact(moved), shares=Exact(abs(share(decayed) - share(start))))
    lab.note(f"1000 steps without a gradient move the weights by {moved:.1%} of their length")
    pushed = trained(start, [normal(lab.seed + step, *start.shape) for step in range(1, 101)])
    lab.control(shares=Exact(abs(share(pushed) - share(start))))
