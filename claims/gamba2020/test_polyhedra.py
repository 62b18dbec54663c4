"""The polyhedron of one filter: apex, faces and cells (sections 2.1 and 2.2)."""

from __future__ import annotations

from math import inf

from claims.gamba2020.methods.arrangement import cells, cells_in_general_position, common_apex, faces
from claims.gamba2020.methods.convolution_matrix import convolution_matrix
from harness.claims.claim import claim
from harness.rules import Exact, equals, greater_than, worst_case
from harness.statistics.draws import normal
from harness.system.lazy import st, torch

SEEDS = range(10**6)
SIDES = range(3, 6)
PADDINGS = {"none": (0, "zeros"), "circular": (1, "circular"), "zeros": (1, "zeros"), "zeros, 2 a side": (2, "zeros")}
"""Around 3 x 3 kernels: (pixels on either side, what is added).  Two a side are one way to read footnote 1."""


def matrix_of(weight, size, padding):
    """The matrix of 3 x 3 filters under a named padding."""
    pixels, mode = PADDINGS[padding]
    return convolution_matrix(weight, size, padding=pixels, mode=mode)


def distance_from_line(matrix, bias):
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
def test_apex_of_a_single_channel_filter_lies_on_the_identity_line(lab, padding):
    """With one channel all hyperplanes of a filter meet in one point, which lies on the identity line.

    Under circular padding it is -b / (sum of the weights) in every coordinate.  Zero padding moves it off the line.
    """

    def deviation(seed, height, width):
        matrix = matrix_of(normal(seed, 1, 1, 3, 3), (height, width), padding)
        return distance_from_line(matrix, normal(seed + 1, 1).expand(len(matrix)))

    lab.measure(worst_case(deviation, 30, seed=SEEDS, height=SIDES, width=SIDES))
    lab.control(Exact(distance_from_line(normal(lab.seed, 16, 16), torch.ones(16, dtype=torch.float64))))


@claim(
    "HP-07",
    where="Section 2.1",
    readings={"padding": tuple(PADDINGS)},
    rule=equals(0, within=0),
    control="a constant filter on a circular map of its own size: all its hyperplanes coincide",
)
def test_the_cone_has_a_face_for_each_receptive_field(lab, padding):
    """With one channel the number of faces of a filter's polyhedron is the number of receptive fields.

    Found by one linear programme a hyperplane.  It holds as long as there are no more receptive fields than inputs:
    with two pixels of padding on each side some hyperplanes near the corners are implied by others.
    """

    def missing(seed, size):
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
def test_hyperplanes_of_a_multichannel_filter_share_more_than_a_point(lab, padding):
    """With several channels the intersection of all hyperplanes of a filter is no longer a point.

    There are no more hyperplanes than pixels, HW, in CHW dimensions: what they share has (C - 1) HW dimensions or more.
    """

    def dimensions_missing(seed, channels, height, width, padding=padding):
        matrix = matrix_of(normal(seed, 1, channels, 3, 3), (height, width), padding)
        shared = matrix.shape[1] - int(torch.linalg.matrix_rank(matrix))
        return max(0, 1 - shared)

    lab.measure(worst_case(dimensions_missing, 30, seed=SEEDS, channels=st.integers(2, 4), height=SIDES, width=SIDES))
    lab.control(Exact(float(dimensions_missing(lab.seed, 1, 4, 4, padding="circular"))))


@claim(
    "HP-09",
    where="Section 2.2",
    rule={"negative": equals(0, within=0), "positive": equals(0, within=1e-6)},
    control="points of different cells",
)
def test_uniform_cells_are_contracted_and_kept_linear(lab):
    """ReLU contracts the cell where all outputs are negative to a point, and is linear where all are positive."""

    def layer(seed, height, width):
        weight = normal(seed, 1, 2, 3, 3)
        matrix = matrix_of(weight, (height, width), "circular")
        direction = torch.full((matrix.shape[1],), float(weight.sum().sign()), dtype=torch.float64)
        bias = normal(seed + 1, 1).expand(len(matrix))
        return matrix, bias, direction * float(100 / weight.sum().abs())

    def points(seed, height, width, side):
        """Two different points of the all-positive (side 1) or all-negative (side -1) cell."""
        matrix, bias, far = layer(seed, height, width)
        apart = normal(seed + 2, 2, len(far)) / matrix.norm(dim=1).max() / len(far) ** 0.5
        return matrix, bias, side * far + apart[0], side * far + apart[1]

    def relu(matrix, bias, x):
        return (matrix @ x + bias).relu()

    def spread(seed, height, width):
        matrix, bias, first, second = points(seed, height, width, -1)
        return (relu(matrix, bias, first) - relu(matrix, bias, second)).abs().max()

    def bend(matrix, bias, first, second):
        middle = relu(matrix, bias, (first + second) / 2)
        return float((middle - (relu(matrix, bias, first) + relu(matrix, bias, second)) / 2).abs().max())

    drawn = {"seed": SEEDS, "height": SIDES, "width": SIDES}
    lab.measure(
        negative=worst_case(spread, 20, **drawn),
        positive=worst_case(lambda seed, height, width: bend(*points(seed, height, width, 1)), 20, **drawn),
    )
    matrix, bias, far = layer(lab.seed, 4, 4)
    lab.control(positive=Exact(bend(matrix, bias, far, -far)))


@claim(
    "HP-64",
    where="Footnote 2",
    rule={
        "number": greater_than(0),
        "position": greater_than(0),
        "dimension": greater_than(0),
        "general position": equals(0, within=0),
    },
    control="the same hyperplanes, each multiplied by a number: the count does not depend on that",
)
def test_cells_depend_on_number_position_and_dimension(lab):
    """The number of cells depends on the number of hyperplanes, their mutual position and the dimension.

    In general position there are C(n, 0) + ... + C(n, d) of them (Zaslavsky), the most that n hyperplanes can give.
    """
    four, five = normal(lab.seed, 4, 2), normal(lab.seed + 1, 5, 2)
    offsets = normal(lab.seed + 2, 5)
    in_plane = cells(five, offsets)
    through_a_point = cells(five, torch.zeros(5, dtype=torch.float64))
    in_space = cells(normal(lab.seed + 3, 5, 3), offsets)

    def unexpected(seed, count, dimension):
        return abs(
            cells(normal(seed, count, dimension), normal(seed + 1, count)) - cells_in_general_position(count, dimension)
        )

    lab.measure(
        **{
            "number": Exact(float(in_plane - cells(four, offsets[:4]))),
            "position": Exact(float(in_plane - through_a_point)),
            "dimension": Exact(float(in_space - in_plane)),
            "general position": worst_case(
                unexpected, 10, seed=SEEDS, count=st.integers(1, 4), dimension=st.integers(1, 3)
            ),
        }
    )
    stretch = torch.tensor([2.0, -3.0, 0.5, -1.0, 7.0], dtype=torch.float64)
    lab.control(position=Exact(float(in_plane - cells(five * stretch[:, None], offsets * stretch))))
