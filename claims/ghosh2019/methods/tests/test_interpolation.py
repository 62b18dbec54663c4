from __future__ import annotations

import numpy as np
import pytest
import torch

from claims.ghosh2019.methods.correlation import neighbour_correlation
from claims.ghosh2019.methods.interpolation_error import interpolation_errors
from claims.ghosh2019.methods.triples import NEIGHBOURHOODS
from harness.data import generated


def seeded():
    return torch.Generator().manual_seed(4)


def test_errors_equal_those_of_a_plain_regression():
    images = torch.randn(6, 2, 7, 6, generator=seeded(), dtype=torch.float64).cumsum(-1)
    steps = [(0, 1), (1, 0), (0, -1), (-1, 0)]

    def rows(batch):
        places = [(image, row, column) for image in batch.flatten(0, 1) for row in (2, 3, 4) for column in (2, 3)]
        known = [[1.0, *(float(image[r + dr, c + dc]) for dr, dc in steps)] for image, r, c in places]
        return np.array(known), np.array([float(image[r, c]) for image, r, c in places])

    design, wanted = rows(images[:3])
    coefficients = np.linalg.lstsq(design, wanted, rcond=None)[0]
    known, target = rows(images[3:])
    plain = ((known @ coefficients - target) ** 2).reshape(3, -1).mean(1)
    assert interpolation_errors(images, "four", together=True).from_neighbours.numpy() == pytest.approx(plain)


def test_errors_from_one_pixel_equal_those_of_a_plain_regression():
    images = torch.randn(6, 1, 5, 6, generator=seeded(), dtype=torch.float64).cumsum(-1)
    pairs = [(row, column, dr, dc) for row in [2] for column in (2, 3) for dr, dc in [(0, 2), (2, 0), (0, -2), (-2, 0)]]

    def values(batch):
        target = np.array([[float(image[0, r, c]) for r, c, _, _ in pairs] for image in batch])
        known = np.array([[float(image[0, r + dr, c + dc]) for r, c, dr, dc in pairs] for image in batch])
        return known, target

    seen, wanted = values(images[:3])
    slope, intercept = np.polyfit(seen.ravel(), wanted.ravel(), 1)
    known, target = values(images[3:])
    plain = ((slope * known + intercept - target) ** 2).mean(1)
    assert interpolation_errors(images, "straight", together=False).from_two_hops.numpy() == pytest.approx(plain)


@pytest.mark.parametrize("together", [True, False])
@pytest.mark.parametrize("neighbours", NEIGHBOURHOODS)
def test_neighbours_tell_more_than_two_hops_only_where_there_is_order(neighbours, together):
    ordered = interpolation_errors(generated.autoregression(400, 8, 8, seeded(), 0.9), neighbours, together)
    noise = interpolation_errors(generated.noise(400, 8, 8, seeded()), neighbours, together)
    assert ordered.from_two_hops.mean() > 1.5 * ordered.from_neighbours.mean()
    assert float(noise.from_two_hops.mean() / noise.from_neighbours.mean()) == pytest.approx(1, abs=0.03)


def test_pixels_that_never_vary_do_no_harm():
    errors = interpolation_errors(torch.zeros(4, 1, 6, 6, dtype=torch.uint8), "eight", together=True)
    assert errors.from_neighbours.tolist() == [0, 0]


def test_too_few_or_too_small_images_are_refused():
    for shape in ((1, 1, 8, 8), (3, 1, 4, 8)):
        with pytest.raises(ValueError, match="two images of more than 4 pixels a side are needed"):
            interpolation_errors(torch.zeros(shape), "four", together=True)


def test_correlation_equals_numpy_over_all_pairs_in_both_orders():
    images = generated.autoregression(50, 6, 5, seeded(), 0.6) + 3
    down = images[..., 1:, :].flatten(), images[..., :-1, :].flatten()
    right = images[..., 1:].flatten(), images[..., :-1].flatten()
    first, second = torch.cat([down[0], right[0]]), torch.cat([down[1], right[1]])
    plain = np.corrcoef(torch.cat([first, second]), torch.cat([second, first]))[0, 1]
    correlation = neighbour_correlation(images, 200)
    assert correlation.value == pytest.approx(plain, rel=1e-10)
    assert correlation.replicates.std() == pytest.approx(0.02, abs=0.015)
