import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import spearmanr

from claims.gamba2020.methods.change_points import epoch_means, onset
from claims.gamba2020.methods.opposites import nearest_opposite, opposites_by_chance
from harness.statistics.rank_correlation import mean_rank_correlation, rank_correlations

NUMBERS = st.lists(st.integers(0, 5), min_size=5, max_size=5)


@settings(deadline=None, max_examples=50)
@given(x=NUMBERS, y=NUMBERS)
def test_rank_correlation_is_spearmans_with_ties(x, y):
    found = rank_correlations(x, y)
    if len(set(x)) == 1 or len(set(y)) == 1:
        assert np.isnan(found)
    else:
        assert found == pytest.approx(spearmanr(x, y).statistic)


def networks(noise, n=6, layers=9, seed=0):
    random = np.random.default_rng(seed)
    x = random.normal(size=(n, layers))
    return x, x + noise * random.normal(size=(n, layers))


def test_networks_as_replicates():
    x, y = networks(0.5)
    found = mean_rank_correlation(x, y)
    each = rank_correlations(x, y)
    assert (found.value, found.n, found.df) == (pytest.approx(each.mean()), 6, 5)
    assert found.standard_error == pytest.approx(each.std(ddof=1) / 6**0.5)


def test_layers_resampled_add_to_the_error():
    x, y = networks(0.5)
    fixed, drawn = mean_rank_correlation(x, y), mean_rank_correlation(x, y, resample_layers=True)
    assert drawn.value == fixed.value
    assert drawn.standard_error > fixed.standard_error
    assert drawn.standard_error == mean_rank_correlation(x, y, resample_layers=True).standard_error


def networks_with_layers_in_common(seed):
    random = np.random.default_rng(seed)
    x = random.normal(size=9)
    y = x + random.normal(size=9)
    return tuple(one + 0.3 * random.normal(size=(6, 9)) for one in (x, y))


def test_only_resampled_layers_tell_how_other_layers_would_vary():
    samples = [networks_with_layers_in_common(seed) for seed in range(30)]
    spread = np.std([mean_rank_correlation(*one).value for one in samples])
    fixed, drawn = (
        np.mean([mean_rank_correlation(*one, resample_layers=layers).standard_error for one in samples])
        for layers in (False, True)
    )
    assert fixed < 0.5 * spread < spread < drawn < 2 * spread


def test_properties_that_do_not_vary_have_no_correlation():
    x, _ = networks(0.5)
    for resample in (False, True):
        assert np.isnan(mean_rank_correlation(x, np.zeros_like(x), resample_layers=resample).value)


def test_layers_that_are_drawn_without_variation_are_left_out():
    x, y = (np.tile([0.0, 0, 0, 1], (2, 1)) for _ in range(2))
    found = mean_rank_correlation(x, y, resample_layers=True)
    assert (found.value, found.standard_error) == (pytest.approx(1), pytest.approx(0, abs=1e-12))


def test_epoch_means():
    assert epoch_means([0.5, 0.7, 0.6]).tolist() == pytest.approx([0.6, 0.65])


@pytest.mark.parametrize("turn", [0, 3, 8, 10])
@pytest.mark.parametrize("slope", [-0.3, 0.1])
def test_the_onset_of_a_change_is_found(turn, slope):
    curve = 0.5 + slope * np.maximum(np.arange(12) - turn, 0)
    assert onset(curve) == turn
    assert onset(curve + 0.01 * np.random.default_rng(0).normal(size=12)) == pytest.approx(turn, abs=1)


def test_the_onset_of_a_flat_curve_is_its_beginning():
    assert onset([0.5] * 6) == 0
    with pytest.raises(ValueError, match="four points"):
        onset([1, 2, 3])


def filters(n=8):
    return torch.randn(n, 3, 3, 3, generator=torch.Generator().manual_seed(5))


def test_pairs_of_opposites_are_found():
    weight = filters()
    paired = torch.cat([weight, -3 * weight])
    assert nearest_opposite(paired) == pytest.approx(1)
    assert nearest_opposite(torch.cat([weight, 3 * weight])) < 0.6
    assert nearest_opposite(torch.cat([paired, torch.zeros(2, 3, 3, 3)])) == pytest.approx(1)


def by_chance(weight):
    return opposites_by_chance(weight, 50, torch.Generator().manual_seed(2))


def test_pairs_are_rare_by_chance():
    assert max(by_chance(torch.cat([filters(), -filters()]))) < 0.99
    unpaired = by_chance(filters())
    assert min(unpaired) < nearest_opposite(filters()) < max(unpaired)


def test_signs_at_random_leave_each_filter_its_pattern():
    weight = filters(2)
    opposite = abs(nearest_opposite(weight))
    assert {round(abs(value), 6) for value in by_chance(weight)} == {round(opposite, 6)}
