import numpy as np
import pytest

from claims.gamba2020.methods.projection_null import share_spread
from claims.gamba2020.methods.vgg_readings import (
    first_half,
    in_layers,
    largest_in_layers,
    log_variances,
    second_half,
    throughout,
    together,
)
from harness.rules import Estimate, Exact, equivalent_to, in_all
from harness.verdicts import Verdict


def log_of_variance(shares, filters):
    by_chance = np.array([share_spread(count) for count in filters]) ** 2
    return np.log((shares.var(axis=0, ddof=1) / by_chance).mean())


def test_pseudo_values_are_what_leaving_out_a_run_changes():
    shares, filters = np.random.default_rng(1).uniform(size=(3, 2)), np.array([64, 512])
    whole = log_of_variance(shares, filters)
    expected = [3 * whole - 2 * log_of_variance(shares[[a, b]], filters) for a, b in ((1, 2), (0, 2), (0, 1))]
    assert log_variances(shares, filters) == pytest.approx(expected)


@pytest.mark.parametrize(("spread", "expected"), [(1.0, 0.0), (3.0, np.log(9))])
def test_their_mean_is_the_log_of_the_variance_in_units_of_chance(spread, expected):
    filters = np.array([64, 512] * 8)
    by_chance = np.array([share_spread(count) for count in filters])
    shares = 0.5 + spread * by_chance * np.random.default_rng(1).normal(size=(200, 16))
    assert log_variances(shares, filters).mean() == pytest.approx(expected, abs=0.1)


def test_runs_that_agree_have_no_log():
    assert not np.isfinite(log_variances(np.full((4, 2), 0.5), np.array([64, 64]))).any()


@pytest.mark.parametrize(("layers", "early", "late"), [(8, (1, 4), (4, 8)), (16, (1, 8), (8, 16)), (6, (1, 3), (3, 6))])
def test_the_halves_of_a_network_leave_out_its_first_layer(layers, early, late):
    assert (first_half(layers), second_half(layers)) == (range(*early), range(*late))


def test_neighbouring_layers_are_judged_over_runs_and_counted_from_one_on():
    values = np.arange(12.0).reshape(3, 4)
    found = in_layers(values, range(1, 3), bounds=(0, 20))
    assert found.names == ("layer 2", "layer 3")
    assert found.samples == tuple(Estimate.from_replicates(values[:, layer], bounds=(0, 20)) for layer in (1, 2))
    assert largest_in_layers(values, range(1, 3)).samples == (Exact(9.0), Exact(10.0))


def test_epochs_at_which_no_run_has_changed_are_left_out():
    shares = np.array([[0.5, 0.5, 0.5, 0.75], [0.25, 0.25, 0.5, 0.25]])
    found = throughout(shares)
    assert found.names == ("epoch 2", "epoch 3")
    assert found.samples == (Estimate.from_replicates([0, 0.25]), Estimate.from_replicates([0.25, 0]))


def test_a_layer_that_never_changes_is_not_decided():
    unchanged = throughout(np.full((4, 3), 0.5))
    assert unchanged.names == ("epoch 1", "epoch 2")
    assert in_all(equivalent_to(0, within=0.1)).judge(unchanged).verdict is Verdict.INCONCLUSIVE


def test_several_networks_are_told_apart():
    one, two = throughout(np.array([[0.5, 0.6], [0.5, 0.7]])), throughout(np.array([[0.5, 0.5, 0.7]] * 2))
    found = together({"LeNet": one, "VGG": two})
    assert found.names == ("LeNet, epoch 1", "VGG, epoch 2")
    assert found.samples == one.samples + two.samples
