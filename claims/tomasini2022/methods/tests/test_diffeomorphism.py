"""Random smooth deformations of images."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from claims.tomasini2022.methods import diffeomorphism

few = settings(deadline=None, max_examples=20)


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def fields(size: int = 32, count: int = 300, cut: int = 3, magnitude: float = 1.0, seed: int = 0) -> torch.Tensor:
    temperature = diffeomorphism.temperature_of(magnitude, cut, size)
    return diffeomorphism.displacement_fields(size, count, temperature=temperature, cut=cut, generator=generator(seed))


def plain_warp(image: torch.Tensor, field: torch.Tensor) -> torch.Tensor:
    """One pixel at a time."""
    size = image.shape[-1]
    warped = torch.zeros_like(image)
    for row in range(size):
        for column in range(size):
            x = min(max(column - float(field[0, row, column]), 0), size - 1)
            y = min(max(row - float(field[1, row, column]), 0), size - 1)
            left, above = min(math.floor(x), size - 2), min(math.floor(y), size - 2)
            for down, across in ((0, 0), (0, 1), (1, 0), (1, 1)):
                weight = (1 - abs(x - left - across)) * (1 - abs(y - above - down))
                warped[:, row, column] += weight * image[:, above + down, left + across]
    return warped


def test_fields_vanish_at_the_border():
    found = fields()
    border = torch.cat([found[..., 0], found[..., -1], found[..., 0, :], found[..., -1, :]], -1)
    assert float(border.abs().max()) < 1e-12
    assert float(found.abs().max()) > 1


def test_fields_have_the_modes_within_the_cut():
    found = fields(count=5, cut=3)
    x = torch.linspace(0, 1, 32, dtype=torch.float64)
    sines = torch.sin(math.pi * torch.arange(1, 11, dtype=torch.float64)[:, None] * x)
    coefficients = torch.einsum("bdrc,ir,jc->bdij", found, sines, sines)
    i = torch.arange(1, 11)
    inside = i[:, None] ** 2 + i**2 < 3.5**2
    assert int(inside.sum()) == 6
    assert float(coefficients[..., ~inside].abs().max()) < 1e-9
    assert float(coefficients[..., inside].abs().min()) > 1e-6


def test_mean_square_displacement_is_the_fields():
    found = fields(size=12, count=20000)
    expected = diffeomorphism.mean_square_displacement(12, diffeomorphism.temperature_of(1, 3, 12), 3)
    sampled = found.square().sum(1).mean(0)
    torch.testing.assert_close(sampled, expected, rtol=0.06, atol=1e-12)
    assert float(found.mean(0).abs().max()) < 0.05


@few
@given(st.floats(0.1, 5), st.integers(2, 20), st.integers(8, 256))
def test_magnitude_and_temperature_are_inverse(delta, cut, size):
    temperature = diffeomorphism.temperature_of(delta, cut, size)
    assert diffeomorphism.magnitude(temperature, cut, size) == pytest.approx(delta)


def test_a_cut_of_1_is_refused():
    with pytest.raises(ValueError, match="at least 2"):
        diffeomorphism.temperature_of(1.0, 1, 32)


@few
@given(st.integers(0, 2**31), st.integers(2, 9), st.floats(0.1, 4))
def test_warp_is_bilinear_interpolation(seed, size, magnitude):
    images = torch.randn(2, 2, size, size, generator=generator(seed), dtype=torch.float64)
    moves = fields(size, 2, 3, magnitude, seed) + 0.3
    expected = torch.stack([plain_warp(image, move) for image, move in zip(images, moves, strict=True)])
    torch.testing.assert_close(diffeomorphism.warp(images, moves), expected)


def test_no_displacement_is_the_identity_and_a_whole_pixel_a_shift():
    images = torch.rand(1, 3, 8, 8, generator=generator())
    still = torch.zeros(1, 2, 8, 8)
    torch.testing.assert_close(diffeomorphism.warp(images, still), images)
    right = still.clone()
    right[:, 0] = 1
    torch.testing.assert_close(diffeomorphism.warp(images, right)[..., 1:], images[..., :-1])


def test_warp_wants_a_field_for_each_image():
    with pytest.raises(ValueError, match="one field"):
        diffeomorphism.warp(torch.zeros(2, 1, 8, 8), torch.zeros(1, 2, 8, 8))


def test_jacobians_of_linear_maps():
    x = torch.arange(6.0)
    stretch = torch.stack([0.5 * x.expand(6, 6), 0.25 * x[:, None].expand(6, 6)])[None]
    torch.testing.assert_close(diffeomorphism.jacobians(stretch), torch.full((1, 5, 5), 0.5 * 0.75))
    assert diffeomorphism.folds(2.5 * stretch).tolist() == [True]
    assert diffeomorphism.folds(stretch).tolist() == [False]


def test_deform_keeps_dtype_and_gives_each_image_its_own_field():
    images = torch.rand(1, 1, 16, 16, generator=generator()).expand(2, 1, 16, 16)
    deformed = diffeomorphism.deform(images, generator(1))
    assert deformed.dtype == images.dtype
    assert not torch.allclose(deformed[0], deformed[1])
    torch.testing.assert_close(deformed, diffeomorphism.deform(images, generator(1)))


@pytest.mark.parametrize(("size", "cut"), [(32, 3), (28, 5)])
def test_the_root_mean_square_displacement_is_that_of_a_finite_cut(size, cut):
    found = fields(size=size, count=4000, cut=cut)
    squares = (found**2).sum(1)
    i, j = (torch.arange(1, cut + 1, dtype=torch.float64)[None] ** 2).T, torch.arange(1, cut + 1) ** 2
    inside = i + j < (cut + 0.5) ** 2
    # On a fine grid each sine's square averages to 1/2; on this one, which has both borders, to (n - 1)/2n.
    share = ((size - 1) / (2 * size)) ** 2
    temperature = diffeomorphism.temperature_of(1, cut, size)
    exact = 2 * size**2 * temperature * share * float((inside / (i + j)).sum())
    assert float(squares.mean()) == pytest.approx(exact, rel=0.03)
    assert float(squares.mean()) ** 0.5 < 1  # the nominal pixel is what it tends to for a large cut


def test_no_field_of_one_pixel_folds_and_at_the_highest_temperature_a_third_do():
    assert int(diffeomorphism.folds(fields(size=32, count=1000)).sum()) == 0
    coarse, fine = (
        diffeomorphism.displacement_fields(
            size, 300, temperature=diffeomorphism.highest_temperature(3), cut=3, generator=generator(1)
        )
        for size in (32, 160)  # the same fields at more points: what folds does not depend on the pixels
    )
    folded, truly = diffeomorphism.folds(coarse), diffeomorphism.folds(fine)
    assert 0.25 < float(truly.double().mean()) < 0.5
    assert float((folded == truly).double().mean()) > 0.9
