from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import kstest
from statsmodels.distributions.empirical_distribution import ECDF

from claims.gamba2020.methods.arrangement import line_cosines
from claims.gamba2020.methods.convolution_matrix import convolution_matrix
from claims.gamba2020.methods.projection_null import (
    aligned_probability,
    cosine_distribution,
    expected_distance,
    share_at_least,
    share_probabilities,
    share_spread,
)
from claims.gamba2020.methods.projections import (
    convolutional_layers,
    largest_cosine,
    negative_share,
    negative_shares,
    projection_cosines,
)


def draw(seed: int, *shape: int) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@settings(deadline=None, max_examples=25)
@given(seed=st.integers(0, 10**6), channels=st.integers(1, 3), height=st.integers(3, 5), width=st.integers(3, 5))
def test_cosines_are_those_of_the_rows_of_the_circular_matrix(seed, channels, height, width):
    weight = draw(seed, 2, channels, 3, 3)
    rows = line_cosines(convolution_matrix(weight, (height, width), padding=1, mode="circular")).reshape(2, -1)
    torch.testing.assert_close(rows, projection_cosines(weight, (height, width))[:, None].expand_as(rows))


def test_the_two_norms_of_ones_differ_by_the_largest_cosine():
    weight = draw(0, 4, 2, 3, 3)
    torch.testing.assert_close(
        projection_cosines(weight, (8, 6)), projection_cosines(weight) * largest_cosine(3, (8, 6))
    )


def test_constant_filters_reach_the_bounds():
    torch.testing.assert_close(projection_cosines(torch.ones(1, 2, 3, 3)), torch.ones(1, dtype=torch.float64))
    expected = torch.tensor([-largest_cosine(3, (4, 4))], dtype=torch.float64)
    torch.testing.assert_close(projection_cosines(-torch.ones(1, 2, 3, 3), (4, 4)), expected)


def test_a_filter_of_zeros_has_cosine_zero_and_counts_as_negative():
    cosines = projection_cosines(torch.zeros(1, 2, 3, 3, dtype=torch.float16))
    assert cosines.tolist() == [0.0]
    assert negative_share(cosines) == 1.0


def test_cosines_carry_no_gradient():
    assert not projection_cosines(torch.ones(1, 1, 2, 2, requires_grad=True)).requires_grad


@settings(deadline=None, max_examples=50)
@given(st.lists(st.integers(-2, 2), min_size=1, max_size=20))
def test_negative_share_is_the_empirical_distribution_at_zero(values):
    assert negative_share(torch.tensor(values)) == pytest.approx(float(ECDF(values)(0)))


def test_negative_share_of_no_filters_is_refused():
    with pytest.raises(ValueError, match="without filters"):
        negative_share(torch.zeros(0))


def network() -> torch.nn.Module:
    return torch.nn.Sequential(
        torch.nn.Conv2d(1, 4, 3), torch.nn.Sequential(torch.nn.Conv2d(4, 8, 1)), torch.nn.Linear(8, 2)
    )


def test_pointwise_layers_are_left_out_unless_asked_for():
    assert list(convolutional_layers(network())) == ["0"]
    assert list(convolutional_layers(network(), pointwise=True)) == ["0", "1.0"]


def test_negative_shares_are_one_a_layer():
    pair = network()
    first, second = convolutional_layers(pair, pointwise=True).values()
    torch.nn.init.constant_(first.weight, -1.0)
    torch.nn.init.constant_(second.weight, 1.0)
    assert negative_shares(pair, pointwise=True) == [1.0, 0.0]


@pytest.mark.parametrize("filters", [1, 6, 64])
def test_null_of_the_share(filters):
    probabilities = share_probabilities(filters)
    values = np.arange(filters + 1) / filters
    assert probabilities.sum() == pytest.approx(1.0)
    mean = probabilities @ values
    assert mean == pytest.approx(0.5)
    assert np.sqrt(probabilities @ (values - mean) ** 2) == pytest.approx(share_spread(filters))
    for value in values:
        assert share_at_least(value, filters) == pytest.approx(probabilities[values >= value].sum())
    assert probabilities[0] + probabilities[-1] == pytest.approx(aligned_probability(filters))
    assert probabilities[-1] == pytest.approx(aligned_probability(filters, either_sign=False))


@pytest.mark.parametrize(("filters", "expected"), [(1, 0.5), (2, 0.25), (3, 0.25), (4, 0.1875)])
def test_expected_distance_by_hand(filters, expected):
    assert expected_distance(filters) == pytest.approx(expected)


def test_share_between_two_possible_values_means_the_next():
    assert share_at_least(0.7, 6) == pytest.approx(share_at_least(5 / 6, 6))


@pytest.mark.parametrize("dimension", [2, 9, 300])
def test_cosine_distribution_is_that_of_normal_directions(dimension):
    rows = draw(dimension, 3000, 1, 1, dimension)
    assert kstest(projection_cosines(rows).numpy(), lambda x: cosine_distribution(x, dimension)).pvalue > 1e-3
    assert kstest(rows[:, 0, 0, 0].numpy(), lambda x: cosine_distribution(x, dimension)).pvalue < 1e-3


def test_cosine_distribution_ends():
    assert cosine_distribution([-1.0, 0.0, 1.0], 5).tolist() == [0.0, 0.5, 1.0]
