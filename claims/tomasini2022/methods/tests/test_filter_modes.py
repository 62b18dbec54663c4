"""Spatial frequencies of filters."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from claims.tomasini2022.methods import filter_modes

few = settings(deadline=None, max_examples=20)
sizes = pytest.mark.parametrize(("size", "dims"), [(1, 2), (2, 2), (3, 2), (5, 2), (3, 1), (7, 1)])


def filters(seed: int, *shape: int) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@sizes
def test_modes_diagonalise_the_laplacian(size, dims):
    modes, matrix = filter_modes.modes(size, dims), filter_modes.laplacian(size, dims)
    torch.testing.assert_close(modes.vectors @ modes.vectors.T, torch.eye(size**dims, dtype=torch.float64))
    torch.testing.assert_close(matrix @ modes.vectors.T, modes.vectors.T * modes.values)
    assert (modes.values.diff() >= -1e-12).all()


@sizes
def test_laplacian_counts_neighbours(size, dims):
    matrix = filter_modes.laplacian(size, dims)
    points = torch.cartesian_prod(*[torch.arange(size)] * dims).reshape(-1, dims)
    adjacent = (torch.cdist(points.double(), points.double(), p=1) == 1).double()
    torch.testing.assert_close(matrix, torch.diag(adjacent.sum(1)) - adjacent)


def test_eigenspaces_of_three_by_three():
    values, counts = filter_modes.eigenspaces(3)
    assert values.tolist() == [0, 1, 2, 3, 4, 6]
    assert counts.tolist() == [1, 2, 1, 2, 2, 1]


@few
@given(st.integers(0, 2**31))
def test_energy_is_parsevals_and_mean_over_filters(seed):
    weight = filters(seed, 3, 2, 3, 3)
    energy = filter_modes.mode_energy(weight)
    torch.testing.assert_close(energy.sum(), weight.square().sum() / 6)
    alone = torch.stack([filter_modes.mode_energy(one[None, None]) for one in weight.flatten(0, 1)])
    torch.testing.assert_close(energy, alone.mean(0))


@few
@given(st.integers(0, 2**31), st.floats(0.1, 10))
def test_eigenspaces_do_not_feel_turns_mirrors_and_scale(seed, factor):
    weight = filters(seed, 2, 2, 3, 3)
    energy = filter_modes.eigenspace_energy(weight)
    assert float(energy.sum()) == pytest.approx(1)
    for same in (weight.rot90(1, (2, 3)), weight.flip(3), factor * weight, weight.transpose(2, 3)):
        torch.testing.assert_close(filter_modes.eigenspace_energy(same), energy)


def test_single_modes_of_an_eigenspace_do_feel_a_turn():
    weight = filters(0, 1, 1, 3, 3)
    assert not torch.allclose(filter_modes.mode_energy(weight), filter_modes.mode_energy(weight.rot90(1, (2, 3))))


def test_white_filters_have_relative_energy_1():
    whole_basis = torch.eye(9, dtype=torch.float64).reshape(9, 1, 3, 3)
    torch.testing.assert_close(filter_modes.relative_energy(whole_basis), torch.ones(6, dtype=torch.float64))
    assert filter_modes.aggregate_frequency(whole_basis) == pytest.approx(1)


def test_aggregate_frequency_of_known_filters():
    rows = torch.arange(3)
    board = (-1.0) ** (rows[:, None] + rows)
    assert filter_modes.aggregate_frequency(torch.ones(2, 3, 3, 3)) == pytest.approx(0, abs=1e-12)
    assert filter_modes.aggregate_frequency(board[None, None]) == pytest.approx(2)
    highest = filter_modes.modes(3).vectors[-1].reshape(1, 1, 3, 3)
    assert filter_modes.aggregate_frequency(highest) == pytest.approx(2.25)


def test_filters_of_one_axis():
    assert filter_modes.eigenspace_energy(torch.ones(4, 2, 3)).tolist() == pytest.approx([1, 0, 0])
    assert filter_modes.aggregate_frequency(torch.tensor([[[1.0, 0.0, -1.0]]])) == pytest.approx(1 / (4 / 3))


def test_coefficient_of_variation():
    assert filter_modes.coefficient_of_variation(torch.tensor([1.0, 1.0, 1.0])) == 0
    assert filter_modes.coefficient_of_variation(torch.tensor([-1.0, -3.0])) == pytest.approx(0.5)
