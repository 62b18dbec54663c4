"""Generated images have the spatial orderness that is derived beside each."""

from __future__ import annotations

import pytest
import torch

from claims.ghosh2019.methods.orderness import orderness
from claims.ghosh2019.methods.triples import NEIGHBOURHOODS, pair_weights
from harness.data import generated


def expected_orderness(structure, neighbours, height, width):
    """Orderness of a field with structure function `structure(rows, columns)`, borders included."""
    weights = pair_weights(neighbours, height, width)
    one, two = (
        sum(float(counts.sum()) * structure(*lag) for lag, counts in pairs.items())
        for pairs in (weights.one_hop, weights.two_hop)
    )
    return two / one - 1


def blocks(rows, columns):
    return abs(rows) + abs(columns)


def kings_moves(rows, columns):
    return max(abs(rows), abs(columns))


@pytest.fixture
def generator():
    return torch.Generator().manual_seed(5)


@pytest.mark.parametrize("neighbours", NEIGHBOURHOODS)
@pytest.mark.parametrize(("field", "structure"), [("axis_walk", blocks), ("diagonal_walk", kings_moves)])
def test_walks_have_the_structure_function_they_state(neighbours, field, structure, generator):
    images = getattr(generated, field)(4000, 9, 11, generator, deviation=2.5)
    assert orderness(images, neighbours) == pytest.approx(expected_orderness(structure, neighbours, 9, 11), abs=0.02)
    step = (images[..., 1:] - images[..., :-1]).square().mean()
    assert float(step) == pytest.approx(2.5**2, rel=0.02)


@pytest.mark.parametrize(
    ("structure", "neighbours", "value"),
    [
        (blocks, "four", 1),
        (blocks, "straight", 1),
        (blocks, "eight", 9 / 13),
        (kings_moves, "eight", 1),
        (kings_moves, "straight", 1),
        (kings_moves, "four", 1 / 3),
    ],
)
def test_expected_orderness_of_the_walks_is_as_derived(structure, neighbours, value):
    exact = value == 1
    size = 5 if exact else 600
    assert expected_orderness(structure, neighbours, size, size) == pytest.approx(value, abs=1e-12 if exact else 0.005)


@pytest.mark.parametrize("neighbours", ["four", "straight"])
def test_orderness_of_an_autoregression_is_its_correlation(neighbours, generator):
    images = generated.autoregression(3000, 12, 10, generator, 0.7)
    assert orderness(images, neighbours) == pytest.approx(0.7, abs=0.02)
    assert float(images.var()) == pytest.approx(1, abs=0.03)
    assert float((images[..., 1:] * images[..., :-1]).mean()) == pytest.approx(0.7, abs=0.03)


@pytest.mark.parametrize("neighbours", NEIGHBOURHOODS)
def test_noise_and_levels_have_no_order(neighbours, generator):
    for images in (
        generated.noise(3000, 8, 8, generator, 3.0),
        generated.levels_with_noise(3000, 8, 8, generator, 10.0),
    ):
        for scale in (1, 2):
            assert orderness(images, neighbours, scale) == pytest.approx(0, abs=0.02)


def test_textures_are_more_ordered_with_the_exponent(generator):
    smooth, rough = (orderness(generated.textures(200, 16, 16, generator, exponent)) for exponent in (2.0, 0.5))
    assert smooth > rough + 0.3 > 0.3
