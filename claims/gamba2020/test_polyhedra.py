"""The polyhedron of one filter: apex, faces and cells (sections 2.1 and 2.2)."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING, Any

from claims.gamba2020.methods.arrangement import cells, cells_in_general_position, common_apex, faces, line_cosines
from claims.gamba2020.methods.paddings import PADDINGS, matrix_of
from harness.claims.claim import claim
from harness.claims.kinds import Kind
from harness.rules import Exact, equals, greater_than, worst_case
from harness.statistics.draws import normal
from harness.system.lazy import st, torch

if TYPE_CHECKING:
    from torch import Tensor

    from harness.lab.lab import Lab

SEEDS = range(10**6)
SIDES = range(3, 6)
MAPS: dict[str, Any] = {"seed": SEEDS, "height": SIDES, "width": SIDES}


def distance_from_line(matrix: Tensor, bias: Tensor) -> float:
    """How far the common apex lies from the identity line, relative to its length; infinite where there is none."""
    apex = common_apex(matrix, bias)
    return inf if apex is None else float((apex - apex.mean()).norm() / apex.norm())


@claim(
    "HP-06",
    where="Section 2.1",
    readings={"padding": ("circular", "zeros")},
    rule=equals(0, within=1e-6),
    control="a layer whose rows share no weights",
)
def test_apex_of_a_single_channel_filter_lies_on_the_identity_line(lab: Lab, padding: str) -> None:
    """With one channel all hyperplanes of a filter meet in one point, which lies on the identity line.

    Under circular padding it is -b / (sum of the weights) in every coordinate.  Zero padding moves it off the line.
    """

    def deviation(seed: int, height: int, width: int) -> float:
        matrix = matrix_of(normal(seed, 1, 1, 3, 3), (height, width), padding)
        return distance_from_line(matrix, normal(seed + 1, 1).expand(len(matrix)))

    lab.measure(worst_case(deviation, 30, **MAPS))
    lab.control(Exact(distance_from_line(normal(lab.seed, 16, 16), torch.ones(16, dtype=torch.float64))))


def single_channel_filter(seed: int, size: tuple[int, int], projection: float, padding: str) -> tuple[Tensor, Tensor]:
    """A random 3 x 3 filter of length one with a given projection on ones, and its matrix."""
    across = normal(seed, 9)
    across = across - across.mean()
    weight = projection / 3 + (1 - projection**2) ** 0.5 * across / across.norm()
    return weight, matrix_of(weight.reshape(1, 1, 3, 3), size, padding)


@claim(
    "HP-81",
    where="Section 2.1",
    readings={"padding": ("circular", "zeros")},
    rule={"angle": equals(0, within=1e-9), "apex": equals(0, within=1e-6)},
    control="filters whose weights sum to zero (angle), and layers without a bias (apex)",
)
def test_opening_angle_and_apex_are_free(lab: Lab, padding: str) -> None:
    """Parameter sharing leaves opening angle and apex position along the identity line of the cone to vary.

    For one channel: whatever opening angle within the bound of k / sqrt(HW) on its cosine and
    whatever place on the line one asks for, there are filters that have them.  Measured is how far they miss them.
    Zero padding takes the apex off the line (HP-06).
    """

    def angle_missed(seed: int, size: tuple[int, int], projection: float, made: float | None = None) -> float:
        _, matrix = single_channel_filter(seed, size, projection if made is None else made, padding)
        wanted = projection * 3 / (size[0] * size[1]) ** 0.5
        return float((line_cosines(matrix) - wanted).abs().max())

    def apex_missed(seed: int, size: tuple[int, int], projection: float, place: float, share: float = 1.0) -> float:
        weight, matrix = single_channel_filter(seed, size, projection, padding)
        bias = (-share * place * weight.sum()).expand(len(matrix))
        return float((torch.linalg.lstsq(matrix, -bias[:, None]).solution - place).abs().max())

    drawn: dict[str, Any] = {
        "seed": SEEDS, "size": st.sampled_from([(3, 4), (4, 4), (5, 4)]), "projection": st.floats(0.1, 0.99),
    }  # fmt: skip
    lab.measure(
        angle=worst_case(angle_missed, 30, **drawn),
        apex=worst_case(apex_missed, 30, place=st.floats(-100, 100), **drawn),
    )
    lab.control(
        angle=Exact(angle_missed(lab.seed, (4, 4), 0.5, made=0.0)),
        apex=Exact(apex_missed(lab.seed, (4, 4), 0.5, 1.0, share=0.0)),
    )


@claim(
    "HP-07",
    where="Section 2.1",
    readings={"padding": tuple(PADDINGS)},
    rule=equals(0, within=0),
    control="a constant filter on a circular map of its own size: all its hyperplanes coincide",
)
def test_the_cone_has_a_face_for_each_receptive_field(lab: Lab, padding: str) -> None:
    """With one channel the number of faces of a filter's polyhedron is the number of receptive fields.

    Found by one linear programme a hyperplane.  It holds as long as there are no more receptive fields than inputs:
    with two pixels of padding on each side some hyperplanes near the corners are implied by others.
    """

    def missing(seed: int, size: tuple[int, int]) -> float:
        matrix = matrix_of(normal(seed, 1, 1, 3, 3), size, padding)
        return len(matrix) - faces(matrix, normal(seed + 1, 1).abs().expand(len(matrix)))

    sizes = st.sampled_from([(3, 3), (3, 4), (4, 4)])
    lab.measure(worst_case(missing, 5, seed=SEEDS, size=sizes))
    constant = matrix_of(torch.ones(1, 1, 3, 3, dtype=torch.float64), (3, 3), "circular")
    lab.control(Exact(float(len(constant) - faces(constant, torch.ones(9, dtype=torch.float64)))))


@claim(
    "HP-08",
    where="Section 2.1",
    readings={"padding": ("none", "circular", "zeros")},
    rule=equals(0, within=0),
    control="one channel, circular padding",
)
def test_hyperplanes_of_a_multichannel_filter_share_more_than_a_point(lab: Lab, padding: str) -> None:
    """With several channels the intersection of all hyperplanes of a filter is no longer a point.

    There are no more hyperplanes than pixels, HW, in CHW dimensions: what they share has (C - 1) HW dimensions or more.
    """

    def dimensions_missing(seed: int, channels: int, height: int, width: int, padding: str = padding) -> float:
        matrix = matrix_of(normal(seed, 1, channels, 3, 3), (height, width), padding)
        shared = matrix.shape[1] - int(torch.linalg.matrix_rank(matrix))
        return max(0, 1 - shared)

    lab.measure(worst_case(dimensions_missing, 30, channels=st.integers(2, 4), **MAPS))
    lab.control(Exact(dimensions_missing(lab.seed, 1, 4, 4, padding="circular")))


@claim(
    "HP-09",
    where="Section 2.2",
    kind=Kind.DEFINITION,
    rule={"negative": equals(0, within=0), "positive": equals(0, within=1e-6)},
    control="points of different cells",
)
def test_uniform_cells_are_contracted_and_kept_linear(lab: Lab) -> None:
    """ReLU contracts the cell where all outputs are negative to a point, and is linear where all are positive."""

    def layer(seed: int, height: int, width: int) -> tuple[Tensor, Tensor, Tensor]:
        weight = normal(seed, 1, 2, 3, 3)
        matrix = matrix_of(weight, (height, width), "circular")
        direction = torch.full((matrix.shape[1],), float(weight.sum().sign()), dtype=torch.float64)
        bias = normal(seed + 1, 1).expand(len(matrix))
        return matrix, bias, direction * float(100 / weight.sum().abs())

    def points(seed: int, height: int, width: int, side: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Two different points of the all-positive (side 1) or all-negative (side -1) cell."""
        matrix, bias, far = layer(seed, height, width)
        apart = normal(seed + 2, 2, len(far)) / matrix.norm(dim=1).max() / len(far) ** 0.5
        return matrix, bias, side * far + apart[0], side * far + apart[1]

    def relu(matrix: Tensor, bias: Tensor, x: Tensor) -> Tensor:
        return (matrix @ x + bias).relu()

    def spread(matrix: Tensor, bias: Tensor, first: Tensor, second: Tensor) -> float:
        return float((relu(matrix, bias, first) - relu(matrix, bias, second)).abs().max())

    def bend(matrix: Tensor, bias: Tensor, first: Tensor, second: Tensor) -> float:
        middle = relu(matrix, bias, (first + second) / 2)
        return float((middle - (relu(matrix, bias, first) + relu(matrix, bias, second)) / 2).abs().max())

    lab.measure(
        negative=worst_case(lambda **case: spread(*points(**case, side=-1)), 20, **MAPS),
        positive=worst_case(lambda **case: bend(*points(**case, side=1)), 20, **MAPS),
    )
    matrix, bias, far = layer(lab.seed, 4, 4)
    lab.control(negative=Exact(spread(matrix, bias, far, -far)), positive=Exact(bend(matrix, bias, far, -far)))


@claim(
    "HP-64",
    where="Footnote 2",
    rule={
        "number": greater_than(0),
        "position": greater_than(0),
        "dimension": greater_than(0),
        "general position": equals(0, within=0),
    },
    control="what leaves the count alone: a hyperplane given twice (number), each multiplied by a number (position), "
    "lines in a plane as planes in space (dimension); and lines through one point (general position)",
)
def test_cells_depend_on_number_position_and_dimension(lab: Lab) -> None:
    """The number of cells depends on the number of hyperplanes, their mutual position and the dimension.

    In general position there are C(n, 0) + ... + C(n, d) of them (Zaslavsky), the most that n hyperplanes can give.
    """
    four, five = normal(lab.seed, 4, 2), normal(lab.seed + 1, 5, 2)
    offsets = normal(lab.seed + 2, 5)
    through_a_point = torch.zeros(5, dtype=torch.float64)
    in_plane = cells(five, offsets)

    def more(normals: Tensor, offsets: Tensor, than: int) -> Exact:
        return Exact(float(cells(normals, offsets) - than))

    def fewer(normals: Tensor, offsets: Tensor, than: int) -> Exact:
        return Exact(float(than - cells(normals, offsets)))

    def unexpected(normals: Tensor, offsets: Tensor) -> float:
        return abs(cells(normals, offsets) - cells_in_general_position(*normals.shape))

    def at_random(seed: int, count: int, dimension: int) -> float:
        return unexpected(normal(seed, count, dimension), normal(seed + 1, count))

    of_four = cells(four, offsets[:4])
    lab.measure(
        **{
            "number": more(five, offsets, than=of_four),
            "position": fewer(five, through_a_point, than=in_plane),
            "dimension": more(normal(lab.seed + 3, 5, 3), offsets, than=in_plane),
            "general position": worst_case(
                at_random, 10, seed=SEEDS, count=st.integers(1, 4), dimension=st.integers(1, 3)
            ),
        }
    )
    twice = [0, 1, 2, 3, 0]
    stretch = torch.tensor([2.0, -3.0, 0.5, -1.0, 7.0], dtype=torch.float64)
    lab.control(
        **{
            "number": more(four[twice], offsets[twice], than=of_four),
            "position": fewer(five * stretch[:, None], offsets * stretch, than=in_plane),
            "dimension": more(torch.cat([five, five.new_zeros(5, 1)], dim=1), offsets, than=in_plane),
            "general position": Exact(unexpected(five, through_a_point)),
        }
    )
