"""How the hyperplanes of one filter lie about the identity line (sections 2.1 to 2.3.1).

Everything here rests on one property: that all rows of a filter's matrix have the same sum and the same length.  They
do under circular padding, and without padding; zero padding, which the trained networks use, cuts weights off the rows
whose receptive fields reach over the border.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from claims.gamba2020.methods.arrangement import cells_on_identity_line, line_cosines
from claims.gamba2020.methods.paddings import COMMON, matrix_of
from claims.gamba2020.methods.projections import projection_cosines
from harness.claims.claim import claim
from harness.claims.kinds import Kind
from harness.rules import Exact, equals, worst_case
from harness.statistics.draws import normal
from harness.system.lazy import st, torch

if TYPE_CHECKING:
    from torch import Tensor

    from harness.lab.lab import Lab

DRAWN: dict[str, Any] = {
    "seed": range(10**6),
    "channels": range(1, 4),
    "height": range(3, 7),
    "width": range(3, 7),
}
POSITIVE = (0.01, 100)


def share_that_disagrees(signs: Tensor, sign: Tensor) -> float:
    """Share of entries that have another sign than the one given."""
    return float((signs.sign() != sign.sign()).double().mean())


def direction(matrix: Tensor, seed: int, off_line: bool) -> Tensor:
    """The identity line's direction, or a random one of the positive orthant."""
    return normal(seed, matrix.shape[1]).abs() if off_line else torch.ones(matrix.shape[1], dtype=torch.float64)


@claim(
    "HP-10",
    where="Section 2.2",
    readings={"padding": COMMON},
    rule=equals(0, within=0),
    control="a layer whose rows share no weights",
)
def test_both_uniform_cells_meet_the_identity_line(lab: Lab, padding: str) -> None:
    """The all-positive and the all-negative cell of each filter both meet the identity line.

    Under zero padding at most one of them does for most random filters: those with partial sums of both signs.
    """

    def cells_missed(seed: int, channels: int, height: int, width: int) -> float:
        matrix = matrix_of(normal(seed, 1, channels, 3, 3), (height, width), padding)
        return 2 - sum(cells_on_identity_line(matrix, normal(seed + 1, 1).expand(len(matrix))))

    lab.measure(worst_case(cells_missed, 30, **DRAWN))
    lab.control(Exact(2.0 - sum(cells_on_identity_line(normal(lab.seed, 16, 16), normal(lab.seed + 1, 16)))))


@claim(
    "HP-69",
    where="Section 2.3",
    readings={"padding": COMMON},
    rule=equals(0, within=0),
    control="a half-line in a random direction of the positive orthant",
)
def test_one_uniform_cell_contains_the_half_line_from_some_point_on(lab: Lab, padding: str) -> None:
    """Either the all-positive or the all-negative cell of a filter contains the positive identity line asymptotically.

    That is, from some point on, whatever the bias: where all rows of the filter's matrix have sums of one sign.
    """

    def rows_on_the_other_side(seed: int, channels: int, height: int, width: int, off_line: bool = False) -> float:
        matrix = matrix_of(normal(seed, 1, channels, 3, 3), (height, width), padding)
        slopes = matrix @ direction(matrix, seed + 1, off_line)
        return min(share_that_disagrees(slopes, side) for side in (torch.tensor(1.0), torch.tensor(-1.0)))

    lab.measure(worst_case(rows_on_the_other_side, 30, **DRAWN))
    lab.control(worst_case(partial(rows_on_the_other_side, off_line=True), 30, **DRAWN))


@claim(
    "HP-13",
    where="Section 2.3.1",
    readings={"padding": COMMON},
    rule=equals(0, within=1e-12),
    control="a layer whose rows share no weights",
)
def test_all_hyperplanes_of_a_filter_share_one_angle(lab: Lab, padding: str) -> None:
    """Every hyperplane of a filter makes the same angle with the identity line."""

    def extent(cosines: Tensor) -> float:
        return float(cosines.max() - cosines.min())

    def range_of_cosines(seed: int, channels: int, height: int, width: int) -> float:
        return extent(line_cosines(matrix_of(normal(seed, 1, channels, 3, 3), (height, width), padding)))

    lab.measure(worst_case(range_of_cosines, 30, **DRAWN))
    lab.control(Exact(extent(line_cosines(normal(lab.seed, 16, 16)))))


@claim(
    "HP-14",
    where="Section 2.3.1",
    readings={"padding": COMMON},
    rule=equals(0, within=0),
    control="points of the positive orthant off the identity line",
)
def test_sign_tells_the_side_for_all_hyperplanes(lab: Lab, padding: str) -> None:
    """The sign of a filter's cosine tells on which side of all its hyperplanes the points of the identity line lie."""

    def wrong_side(seed: int, channels: int, height: int, width: int, distance: float, off_line: bool = False) -> float:
        weight = normal(seed, 1, channels, 3, 3)
        matrix = matrix_of(weight, (height, width), padding)
        point = distance * direction(matrix, seed + 1, off_line)
        return share_that_disagrees(matrix @ point, projection_cosines(weight))

    lab.measure(worst_case(wrong_side, 30, distance=POSITIVE, **DRAWN))
    lab.control(worst_case(partial(wrong_side, off_line=True), 30, distance=POSITIVE, **DRAWN))


@claim(
    "HP-15",
    where="Section 2.3.1",
    kind=Kind.DEFINITION,
    rule=equals(0, within=1e-9),
    control="the bias counted as one more weight of the normal",
)
def test_bias_does_not_change_the_angles(lab: Lab) -> None:
    """Bias terms do not affect the cosines.

    The normals are read off the layer as a function, bias and all, as differences between its outputs.
    """

    def change(seed: int, channels: int, height: int, width: int, bias: float) -> float:
        weight = normal(seed, 1, channels, 3, 3)
        points = torch.eye(channels * height * width, dtype=torch.float64).reshape(-1, channels, height, width)

        def layer(images: Tensor) -> Tensor:
            padded = torch.nn.functional.pad(images, [1] * 4, mode="circular")
            return torch.nn.functional.conv2d(padded, weight, torch.tensor([bias], dtype=torch.float64)).flatten(1)

        normals = (layer(points) - layer(torch.zeros_like(points))).T
        return float((line_cosines(normals) - projection_cosines(weight, (height, width))).abs().max())

    lab.measure(worst_case(change, 30, bias=st.floats(-100, 100), **DRAWN))
    weight = normal(lab.seed, 1, 2, 3, 3)
    matrix = matrix_of(weight, (5, 5), "circular")
    with_bias = torch.cat([matrix, torch.ones(len(matrix), 1, dtype=torch.float64)], dim=1)
    lab.control(Exact(float((line_cosines(with_bias) - projection_cosines(weight, (5, 5))).abs().max())))


@claim(
    "HP-16",
    where="Section 2.3.1",
    kind=Kind.DEFINITION,
    rule=equals(0, within=1e-12),
    control="vectors that point the other way",
)
def test_angle_is_the_same_for_every_point_of_the_half_line(lab: Lab) -> None:
    """The cosine is the same for every parallel vector lambda 1 with lambda > 0."""

    def change(seed: int, channels: int, height: int, width: int, distance: float) -> float:
        weight = normal(seed, 1, channels, 3, 3)
        matrix = matrix_of(weight, (height, width), "circular")
        vector = torch.full((matrix.shape[1],), distance, dtype=torch.float64)
        cosines = matrix @ vector / (matrix.norm(dim=1) * vector.norm())
        return float((cosines - projection_cosines(weight, (height, width))).abs().max())

    lab.measure(worst_case(change, 30, distance=POSITIVE, **DRAWN))
    lab.control(Exact(change(lab.seed, 2, 5, 5, -1.0)))


@claim(
    "HP-18",
    where="Section 2.3.1",
    readings={"padding": COMMON},
    rule=equals(0, within=0),
    control="another direction of the positive orthant in place of the identity line",
)
def test_equal_signs_are_agreement_in_orientation(lab: Lab, padding: str) -> None:
    """The cosines of all filters agree in sign exactly when their polyhedra agree in orientation along the line.

    To agree is for far points of the line to lie in the same uniform cell, positive or negative, of every filter.
    """

    def mismatch(
        seed: int, channels: int, height: int, width: int, filters: int, flip: bool, off_line: bool = False
    ) -> float:
        weight = normal(seed, filters, channels, 3, 3)
        if flip:  # half of the layers are made to agree
            weight = weight * weight.sum((1, 2, 3), keepdim=True).sign()
        signs = projection_cosines(weight).sign()
        matrix = matrix_of(weight, (height, width), padding)
        sides = (matrix @ direction(matrix, seed + 1, off_line)).sign()
        return float(bool((signs == signs[0]).all()) != bool((sides == sides[0]).all()))

    drawn: dict[str, Any] = {"filters": st.integers(1, 4), "flip": st.booleans(), **DRAWN}
    lab.measure(worst_case(mismatch, 30, **drawn))
    lab.control(worst_case(partial(mismatch, off_line=True), 30, **drawn))


@claim(
    "HP-11",
    where="Section 2.2",
    kind=Kind.DEFINITION,
    readings={"behind": ("ReLU", "ReLU and max-pooling")},
    rule=equals(0, within=0),
    control="batch normalisation behind the ReLU",
)
def test_inputs_of_later_layers_lie_in_the_positive_orthant(lab: Lab, behind: str) -> None:
    """ReLU puts the input of every layer but the first into the positive orthant."""

    def deepest_below_zero(seed: int, channels: int, height: int, width: int, normalise: bool = False) -> float:
        image = normal(seed, 2, channels, height, width)
        bias = normal(seed + 2, 4)
        maps = torch.nn.functional.conv2d(image, normal(seed + 1, 4, channels, 3, 3), bias, padding=1).relu()
        if behind == "ReLU and max-pooling":
            maps = torch.nn.functional.max_pool2d(maps, 2)
        if normalise:
            maps = torch.nn.functional.batch_norm(maps, None, None, training=True)
        return max(0.0, -float(maps.min()))

    lab.measure(worst_case(deepest_below_zero, 30, **DRAWN))
    lab.control(Exact(deepest_below_zero(lab.seed, 2, 6, 6, normalise=True)))
