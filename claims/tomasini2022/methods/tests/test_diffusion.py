"""Random walks of pixels, and the receptive fields that they make."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from claims.tomasini2022.methods import diffusion, receptive_field
from claims.tomasini2022.methods.scale_networks import RingConv1d, RingStack, pooling_stack

FILTERS = st.integers(2, 9)
few = settings(deadline=None, max_examples=20)


def single_pixel(length: int, position: int) -> torch.Tensor:
    image = torch.zeros(1, 1, length, dtype=torch.float64)
    image[..., position] = 1
    return image


@pytest.mark.parametrize(
    ("size", "offsets"), [(3, [-1, 0, 1]), (5, [-2, -1, 0, 1, 2]), (2, [-1, 0]), (4, [-2, -1, 0, 1])]
)
def test_patch_is_centred_or_leans_left(size, offsets):
    assert list(diffusion.patch(size)) == offsets


def test_matrix_of_stride_1_is_circulant_and_stochastic():
    matrix = diffusion.diffusion_matrix(7, 4)
    torch.testing.assert_close(matrix.sum(1), torch.ones(7, dtype=torch.float64))
    for row in range(7):
        assert torch.equal(matrix[row], matrix[0].roll(row))
    assert matrix[3].nonzero().flatten().tolist() == [1, 2, 3, 4]


def test_matrix_refuses_what_does_not_fit():
    with pytest.raises(ValueError, match="ring of 7"):
        diffusion.diffusion_matrix(7, 3, stride=2)
    with pytest.raises(ValueError, match="filter of 9"):
        diffusion.diffusion_matrix(7, 9)


@few
@given(FILTERS, st.integers(1, 3), st.sampled_from([1, 2]), st.integers(0, 2**31))
def test_network_is_its_matrix(size, depth, stride, seed):
    images = torch.rand(3, 1, 48, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))
    through = pooling_stack(size, depth, stride, channels=2)(images)[:, 1]
    expected = images[:, 0] @ diffusion.stack_matrix(48, size, depth, stride).T
    torch.testing.assert_close(through, expected)


@few
@given(FILTERS, st.integers(1, 12), st.integers(3, 40))
def test_walk_wound_round_a_ring_is_the_matrix_power(size, steps, length):
    if size > length:
        return
    column = diffusion.stack_matrix(length, size, steps)[:, 0]
    torch.testing.assert_close(diffusion.wrapped(diffusion.walk(size, steps), length), column)


@few
@given(FILTERS, st.integers(1, 40))
def test_moments_of_the_walk(size, steps):
    walk = diffusion.walk(size, steps)
    assert float(walk.weights.sum()) == pytest.approx(1)
    assert walk.mean == pytest.approx(steps * diffusion.step_mean(size), abs=1e-9)
    assert walk.variance == pytest.approx(steps * diffusion.step_variance(size))


def test_gaussian_is_the_walks_limit():
    distances = []
    for steps in (5, 20, 80):
        walk = diffusion.walk(3, steps)
        distances.append(diffusion.distance_to_gaussian(walk, walk.mean, walk.variance))
    assert distances[0] > 3.5 * distances[1] > 12 * distances[2]


def test_gaussian_is_a_density_of_its_moments():
    positions = torch.arange(-40, 41, dtype=torch.float64)
    found = diffusion.Distribution(positions, diffusion.gaussian(positions, 3.3, 7.7))
    assert float(found.weights.sum()) == pytest.approx(1)
    assert (found.mean, found.variance) == pytest.approx((3.3, 7.7))


def test_distance_to_a_gaussian_counts_its_tails():
    point = diffusion.Distribution(torch.tensor([5.0], dtype=torch.float64), torch.ones(1, dtype=torch.float64))
    density = 1 / (2 * torch.pi * 4) ** 0.5
    assert diffusion.distance_to_gaussian(point, 5.0, 4.0) == pytest.approx(1 - density, abs=1e-6)
    assert diffusion.distance_to_gaussian(point, -95.0, 4.0) == pytest.approx(1)


def test_total_variation_by_hand():
    assert diffusion.total_variation(torch.tensor([1.0, 0.0]), torch.tensor([0.25, 0.75])) == 0.75


@few
@given(st.integers(1, 6), st.integers(1, 3), st.integers(1, 3), st.integers(0, 2**31))
def test_receptive_field_is_the_gradient_of_a_neuron(size, depth, stride, seed):
    generator = torch.Generator().manual_seed(seed)
    filters = [torch.rand(size, generator=generator, dtype=torch.float64) + 0.1 for _ in range(depth)]
    length = stride**depth * receptive_field.support(size, depth, stride)
    layers = []
    for taps in filters:
        layers.append(RingConv1d(1, 1, size, stride, bias=False, scaled=False).double())
        layers[-1].weight.data = taps[None, None]
    images = torch.rand(1, 1, length, generator=generator, dtype=torch.float64, requires_grad=True)
    RingStack(layers)(images)[0, 0, 0].backward()
    field = receptive_field.receptive_field(filters, stride)
    assert len(field.weights) == receptive_field.support(size, depth, stride)
    assert images.grad is not None
    expected = images.grad[0, 0] / images.grad.sum()
    torch.testing.assert_close(diffusion.wrapped(field, length), expected)


@few
@given(FILTERS, st.integers(1, 6), st.integers(1, 3))
def test_receptive_field_size_is_the_standard_deviation(size, depth, stride):
    field = receptive_field.receptive_field([torch.ones(size)] * depth, stride)
    assert field.variance**0.5 == pytest.approx(receptive_field.receptive_field_size(size, depth, stride))


@pytest.mark.parametrize("size", [2, 3, 5])
@pytest.mark.parametrize("position", [0, 17, 63])
def test_effective_size_of_a_response_anywhere_on_the_ring(size, position):
    for k, response in enumerate(pooling_stack(size, 5).representations(single_pixel(64, position)), start=1):
        found = receptive_field.effective_size(response[0, 0], position)
        assert found == pytest.approx(receptive_field.receptive_field_size(size, k))
