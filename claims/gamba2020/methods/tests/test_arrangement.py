from __future__ import annotations

from itertools import product

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from claims.gamba2020.methods.arrangement import (
    cells,
    cells_in_general_position,
    cells_on_identity_line,
    common_apex,
    faces,
    line_cosines,
)


def draw(seed: int, *shape: int) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


SQUARE = torch.tensor([[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0], [0.0, -1.0]], dtype=torch.float64)


@settings(deadline=None, max_examples=40)
@given(seed=st.integers(0, 10**6), dimension=st.integers(1, 5), extra=st.integers(0, 3))
def test_apex_of_hyperplanes_through_a_point_is_that_point(seed, dimension, extra):
    matrix, point = draw(seed, dimension + extra, dimension), draw(seed + 1, dimension)
    torch.testing.assert_close(common_apex(matrix, -matrix @ point), point, rtol=1e-6, atol=1e-6)


def test_parallel_hyperplanes_have_no_apex():
    assert common_apex(SQUARE, torch.ones(4, dtype=torch.float64)) is None


def test_hyperplanes_that_share_a_line_have_no_apex():
    assert common_apex(draw(0, 2, 3), torch.zeros(2, dtype=torch.float64)) is None


def test_line_cosines_are_those_of_the_angle_with_ones():
    rows = torch.tensor([[1.0, 1.0], [1.0, -1.0], [-2.0, -2.0], [1.0, 0.0]])
    torch.testing.assert_close(line_cosines(rows), torch.tensor([1.0, 0.0, -1.0, 0.5**0.5]))


@settings(deadline=None, max_examples=60)
@given(seed=st.integers(0, 10**6), rows=st.integers(1, 5))
def test_cells_on_the_line_are_those_found_by_walking_it(seed, rows):
    matrix, bias = draw(seed, rows, 3), draw(seed + 1, rows)
    crossings = (-bias / matrix.sum(1)).sort().values
    between = (crossings[1:] + crossings[:-1]) / 2
    steps = torch.cat([crossings[:1] - 1, between, crossings[-1:] + 1])
    values = steps[:, None] * matrix.sum(1) + bias
    found = cells_on_identity_line(matrix, bias)
    assert found == ((values > 0).all(1).any(), (values < 0).all(1).any())


@pytest.mark.parametrize(
    ("offset", "positive", "negative"), [(1.0, True, False), (-1.0, False, True), (0.0, False, False)]
)
def test_a_hyperplane_parallel_to_the_line_has_it_on_one_side(offset, positive, negative):
    matrix = torch.tensor([[1.0, -1.0]])
    assert cells_on_identity_line(matrix, torch.tensor([offset])) == (positive, negative)


def test_faces_of_a_square_with_a_constraint_that_does_not_touch_it():
    bias = torch.ones(4, dtype=torch.float64)
    assert faces(SQUARE, bias) == 4
    far = torch.tensor([[1.0, 1.0]], dtype=torch.float64)
    assert faces(torch.cat([SQUARE, far]), torch.cat([bias, torch.tensor([9.0])])) == 4
    assert faces(torch.cat([SQUARE, far]), torch.cat([bias, torch.tensor([1.0])])) == 5


def test_repeated_inequalities_are_not_faces():
    assert faces(torch.cat([SQUARE, SQUARE[:1]]), torch.ones(5, dtype=torch.float64)) == 3


def test_faces_of_an_empty_polyhedron_are_refused():
    with pytest.raises(ValueError, match="cannot decide"):
        faces(SQUARE, torch.tensor([-1.0, -1.0, -1.0, -1.0], dtype=torch.float64))


@pytest.mark.parametrize(("rows", "dimension"), list(product([1, 3, 5], [1, 2, 3])))
def test_cells_of_random_hyperplanes_are_as_many_as_in_general_position(rows, dimension):
    assert cells(draw(rows, rows, dimension), draw(rows + 9, rows)) == cells_in_general_position(rows, dimension)


@pytest.mark.parametrize(("bias", "expected"), [([1, 1, 1, 1], 9), ([0, 0, 1, 1], 6), ([0, 0, 0, 0], 4)])
def test_cells_of_parallel_and_repeated_lines(bias, expected):
    assert cells(SQUARE, torch.tensor(bias, dtype=torch.float64)) == expected


def test_no_hyperplane_leaves_one_cell():
    assert cells_in_general_position(0, 4) == 1
    assert cells_in_general_position(4, 4) == 16
    assert cells_in_general_position(4, 2) == 11
