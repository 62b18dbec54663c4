from __future__ import annotations

import pytest
import torch

from harness.data import generated


@pytest.fixture
def generator():
    return torch.Generator().manual_seed(5)


@pytest.mark.parametrize(
    ("field", "hops"),
    [
        ("axis_walk", lambda rows, columns: abs(rows) + abs(columns)),
        ("diagonal_walk", lambda rows, columns: max(abs(rows), abs(columns))),
    ],
)
@pytest.mark.parametrize(("rows", "columns"), [(0, 1), (1, 0), (1, 1), (0, 2), (1, 2)])
def test_walks_differ_by_a_step_a_hop(field, hops, rows, columns, generator):
    images = getattr(generated, field)(4000, 9, 11, generator, deviation=2.5)
    step = (images[..., rows:, columns:] - images[..., : 9 - rows, : 11 - columns]).square().mean()
    assert float(step) == pytest.approx(2.5**2 * hops(rows, columns), rel=0.04)


def test_an_autoregression_has_its_correlation_and_unit_variance(generator):
    images = generated.autoregression(3000, 12, 10, generator, 0.7)
    assert float(images.var()) == pytest.approx(1, abs=0.03)
    assert float((images[..., 1:] * images[..., :-1]).mean()) == pytest.approx(0.7, abs=0.03)


def test_levels_correlate_neighbours(generator):
    images = generated.levels_with_noise(3000, 6, 6, generator, 3.0)
    pairs = torch.stack([images[..., 1:].flatten(), images[..., :-1].flatten()])
    assert float(torch.corrcoef(pairs)[0, 1]) == pytest.approx(0.9, abs=0.02)


def test_textures_are_centred_scaled_and_steeper_with_the_exponent(generator):
    images = generated.textures(200, 16, 24, generator)
    assert images.shape == (200, 1, 16, 24)
    assert torch.allclose(images.mean((-2, -1)), torch.zeros(200, 1, dtype=torch.float64), atol=1e-12)
    assert float(images.square().mean()) == pytest.approx(1)
    smooth, rough = (
        float(generated.textures(200, 16, 16, generator, exponent).diff(dim=-1).square().mean())
        for exponent in (2.0, 0.5)
    )
    assert smooth < rough / 2


@pytest.mark.parametrize(
    "make",
    [
        lambda g: generated.noise(2, 5, 7, g),
        lambda g: generated.levels_with_noise(2, 5, 7, g, 2.0),
        lambda g: generated.axis_walk(2, 5, 7, g),
        lambda g: generated.diagonal_walk(2, 5, 7, g),
        lambda g: generated.autoregression(2, 5, 7, g, 0.5),
        lambda g: generated.textures(2, 5, 7, g),
    ],
)
def test_fields_are_repeatable_double_images(make):
    first, second = (make(torch.Generator().manual_seed(3)) for _ in range(2))
    assert torch.equal(first, second)
    assert first.shape == (2, 1, 5, 7)
    assert first.dtype == torch.float64
    assert not torch.equal(first[0], first[1])


def test_drawn_by_hand():
    assert generated.ramp(2, 3).tolist() == [[[[0, 1, 2], [0, 1, 2]]]]
    assert generated.checkerboard(2, 3).tolist() == [[[[0, 1, 0], [1, 0, 1]]]]
