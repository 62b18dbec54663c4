"""Sensitivities to deformations and noise: by definition, and in closed form for homogeneous networks."""

from __future__ import annotations

import math
from functools import partial

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from claims.tomasini2022.methods import diffusion, pooling_sensitivity, rectified_gaussian, sensitivity
from claims.tomasini2022.methods import scale_task as scale_detection
from claims.tomasini2022.methods.matched_noise import matched_noise
from claims.tomasini2022.methods.scale_networks import pooling_stack

few = settings(deadline=None, max_examples=20)


def random_images(seed: int, n: int = 6) -> torch.Tensor:
    return torch.randn(n, 1, 5, 5, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@few
@given(st.integers(0, 2**31), st.integers(2, 9))
def test_mean_square_distance_is_that_of_all_pairs(seed, n):
    values = random_images(seed, n)
    pairs = torch.cdist(values.flatten(1), values.flatten(1)).square()
    torch.testing.assert_close(sensitivity.mean_square_distance(values), pairs.mean())
    others = pairs.sum() / (n * (n - 1))
    torch.testing.assert_close(sensitivity.mean_square_distance(values, diagonal=False), others)


def test_mean_square_distance_keeps_its_digits_far_from_zero():
    values = random_images(0).float()
    near, far = sensitivity.mean_square_distance(values), sensitivity.mean_square_distance(values.double() + 1e6)
    torch.testing.assert_close(near, far, rtol=1e-6, atol=0)


def test_mean_square_distance_needs_two_images():
    with pytest.raises(ValueError, match="at least two"):
        sensitivity.mean_square_distance(torch.zeros(1, 3))


def test_sensitivities_by_hand():
    images = torch.tensor([[0.0], [2.0]])
    found = sensitivity.sensitivities(lambda x: 3 * x, images, images + torch.tensor([[1.0], [2.0]]), images + 0.5)
    assert float(found.deformation) == pytest.approx(2.5 / 2)
    assert float(found.noise) == pytest.approx(0.25 / 2)
    assert float(found.relative) == pytest.approx(10)


def test_median_and_pairs_without_the_diagonal():
    clean, perturbed = torch.zeros(3, 1), torch.tensor([[1.0], [2.0], [10.0]])
    assert float(sensitivity.mean_square_change(clean, perturbed)) == 35
    assert float(sensitivity.mean_square_change(clean, perturbed, "median")) == 4
    clean = torch.tensor([[0.0], [1.0], [2.0]])
    with_itself = sensitivity.sensitivity(clean, clean + 1)
    assert float(sensitivity.sensitivity(clean, clean + 1, diagonal=False) / with_itself) == pytest.approx(2 / 3)


def test_layers_are_measured_one_by_one():
    images, generator = random_images(1), torch.Generator().manual_seed(2)
    deformed = images.roll(1, -1)
    noisy = images + matched_noise(images, deformed, generator)
    by_layer = sensitivity.sensitivities_by_layer(lambda x: [x, torch.relu(x)], images, deformed, noisy)
    alone = sensitivity.sensitivities(torch.relu, images, deformed, noisy)
    for rows, value in zip(by_layer, alone, strict=True):
        assert rows.shape == (2,)
        assert float(rows[1]) == float(value)


@few
@given(st.integers(0, 2**31))
def test_noise_matches_each_images_change(seed):
    images, generator = random_images(seed), torch.Generator().manual_seed(seed)
    deformed = images.flip(-1)
    noise = matched_noise(images, deformed, generator)
    torch.testing.assert_close(noise.flatten(1).norm(dim=1), (deformed - images).flatten(1).norm(dim=1))


def test_noise_of_one_variance_matches_the_mean_square():
    images, generator = random_images(3, 4000), torch.Generator().manual_seed(3)
    images[0] = 0
    noise = matched_noise(images, images.flip(-1), generator, match="mean square")
    assert float(noise.square().mean() / (images - images.flip(-1)).square().mean()) == pytest.approx(1, abs=0.02)
    assert float(noise[0].norm()) > 0


@pytest.mark.parametrize(
    ("a", "b", "std", "correlation"), [(0.0, 0.0, 1.0, 0.5), (0.3, -0.7, 0.4, 0.9), (2.0, 1.0, 3.0, -0.6)]
)
def test_rectified_moments_by_quadrature(a, b, std, correlation):
    nodes = torch.linspace(-9, 9, 3001, dtype=torch.float64)
    weights = torch.exp(-nodes.square() / 2) / math.sqrt(2 * math.pi) * (nodes[1] - nodes[0])
    u = torch.relu(a + std * nodes)
    v = torch.relu(b + std * (correlation * nodes[:, None] + math.sqrt(1 - correlation**2) * nodes))
    mean_u, mean_v = weights @ u, weights @ (v @ weights)
    first, second = torch.tensor(a, dtype=torch.float64), torch.tensor(b, dtype=torch.float64)
    close = partial(torch.testing.assert_close, rtol=1e-4, atol=1e-5)
    close(rectified_gaussian.rectified_mean(first, std), mean_u)
    close(rectified_gaussian.rectified_variance(first, std), weights @ (u - mean_u).square())
    expected = weights @ ((u[:, None] * v) @ weights) - mean_u * mean_v
    close(rectified_gaussian.rectified_covariance(first, second, std, correlation), expected)


def test_rectified_covariance_refuses_what_it_cannot_integrate():
    with pytest.raises(ValueError, match=r"up to 0\.9"):
        rectified_gaussian.rectified_covariance(torch.zeros(1), torch.zeros(1), 1.0, 0.99)


LENGTH = 16


def all_images() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Every image of a small task, each four times, with its four moves, and the distances."""
    task = scale_detection.scale_detection_1d(LENGTH, scale=5, gap=2)
    distance = scale_detection.distances(task.pairs, ring=LENGTH).long()
    moves = scale_detection.moves(1)
    moved = [scale_detection.displace(task.pairs, move, (LENGTH,), ring=True) for move in moves]
    images = task.images(torch.float64).repeat(len(moves), 1, 1)
    return images, scale_detection.render(torch.cat(moved), (LENGTH,), torch.float64), distance


@pytest.mark.parametrize(("size", "stride"), [(3, 1), (2, 1), (4, 1), (2, 2), (3, 2)])
def test_deformation_sensitivities_in_closed_form(size, stride):
    images, deformed, distance = all_images()
    network = pooling_stack(size, 2, stride)
    direct = sensitivity.sensitivities_by_layer(network.representations, images, deformed, deformed)
    exact = pooling_sensitivity.deformation_sensitivities(LENGTH, size, 2, distance, stride)
    torch.testing.assert_close(exact, direct.deformation)


def test_overlaps_of_stride_1_are_those_of_the_matrices():
    for depth, q in enumerate(pooling_sensitivity.overlaps(24, 4, 5)):
        torch.testing.assert_close(q, pooling_sensitivity.overlap(diffusion.stack_matrix(24, 4, depth)))


@pytest.mark.parametrize("noise", ["rectified", "raw", "linear"])
@pytest.mark.parametrize("size", [2, 3])
def test_noise_sensitivities_by_sampling(noise, size):
    images, deformed, distance = all_images()
    images, deformed = images.repeat(20, 1, 1), deformed.repeat(20, 1, 1)
    generator = torch.Generator().manual_seed(0)
    disturbance = matched_noise(images, deformed, generator, match="mean square")
    if noise == "rectified":
        disturbance = torch.relu(disturbance)
    network = pooling_stack(size, 4)
    run = network.representations
    if noise == "linear":
        powers = [diffusion.stack_matrix(LENGTH, size, k).T for k in range(1, 5)]
        run = lambda x: [x @ power for power in powers]  # noqa: E731
    sampled = sensitivity.sensitivities_by_layer(run, images, images, images + disturbance).noise
    exact = pooling_sensitivity.noise_sensitivities(LENGTH, size, 4, distance, noise=noise)
    torch.testing.assert_close(exact, sampled, rtol=0.03, atol=0)


def test_raw_noise_needs_stride_1():
    with pytest.raises(ValueError, match="stride 1"):
        pooling_sensitivity.noise_sensitivities(16, 2, 2, torch.tensor([3]), noise="raw", stride=2)


@few
@given(st.floats(-3, 3), st.floats(0.1, 10))
def test_log_slope_of_a_power_law(exponent, factor):
    sizes = torch.tensor([1.0, 2.0, 5.0, 7.0])
    assert pooling_sensitivity.log_slope(sizes, factor * sizes.double() ** exponent) == pytest.approx(
        exponent, abs=1e-9
    )
