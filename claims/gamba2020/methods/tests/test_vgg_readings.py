import numpy as np
import pytest

from claims.gamba2020.methods.projection_null import share_spread
from claims.gamba2020.methods.vgg_readings import eighths, relative_squares


@pytest.mark.parametrize("runs", [2, 3, 10])
def test_the_mean_of_relative_squares_is_the_sample_variance_in_units_of_chance(runs):
    random = np.random.default_rng(runs)
    filters = np.array([64, 128, 512])
    shares = random.uniform(size=(runs, 3))
    by_chance = np.array([share_spread(count) for count in filters]) ** 2
    assert relative_squares(shares, filters).mean(0) == pytest.approx(shares.var(axis=0, ddof=1) / by_chance)


def test_runs_that_vary_by_chance_have_one_unit_of_variance():
    filters = np.array([64, 512])
    shares = np.random.default_rng(1).binomial(filters, 0.5, size=(4000, 2)) / filters
    assert relative_squares(shares, filters).mean(0) == pytest.approx([1, 1], abs=0.1)


@pytest.mark.parametrize(("layers", "lengths"), [(8, [1] * 8), (16, [1, 3, 2, 2, 2, 2, 2, 2])])
def test_eighths_hold_each_layer_once(layers, lengths):
    groups = eighths(layers)
    assert [len(group) for group in groups] == lengths
    assert [layer for group in groups for layer in group] == list(range(layers))
