"""Error rates of `coincidence` on made-up curves: noise, trends, events together, events apart."""

from __future__ import annotations

import numpy as np
import pytest

from harness.rules import ALPHA, Estimate, greater_than
from harness.statistics.coincidence import coincidence
from harness.tests.rules_simulation import is_at_most
from harness.verdicts import Verdict

REPETITIONS, POINTS = 1500, 12


def autoregressive(random, shape, memory):
    noise = random.normal(size=shape)
    noise[..., 0] /= (1 - memory**2) ** 0.5
    for point in range(1, shape[-1]):
        noise[..., point] += memory * noise[..., point - 1]
    return noise


NOISES = {
    "white": lambda random, shape: random.normal(size=shape),
    "red": lambda random, shape: autoregressive(random, shape, 0.8),
    "differences": lambda random, shape: np.diff(random.normal(size=(*shape[:-1], shape[-1] + 1))),
    "heavy tails": lambda random, shape: random.standard_t(2, size=shape),
    "falling ever more slowly": lambda random, shape: 5 * np.exp(-np.arange(shape[-1]) / 4) + random.normal(size=shape),
}


def verdicts(x, y):
    """Of as many experiments as there are rows of runs."""
    values = coincidence(x.reshape(-1, x.shape[-1]), y.reshape(-1, y.shape[-1])).reshape(x.shape[:2])
    return [greater_than(0.0).judge(Estimate.from_replicates(row)).verdict for row in values]


@pytest.mark.parametrize("noise", NOISES.values(), ids=NOISES)
@pytest.mark.parametrize(("runs", "points"), [(4, 12), (10, 30)])
def test_unrelated_curves_are_decided_with_chance_alpha_at_most(noise, runs, points):
    """The lead over the largest lagged correlation refuted 41 % of them with 4 runs, 83 % with 10."""
    random = np.random.default_rng(runs)
    found = verdicts(*(noise(random, (REPETITIONS, runs, points)) for _ in range(2)))
    assert is_at_most(found.count(Verdict.SUPPORTED), ALPHA, REPETITIONS)
    assert is_at_most(found.count(Verdict.REFUTED), ALPHA, REPETITIONS)


def with_events(lag, sign=1.0, size=4.0, runs=4, repetitions=500):
    """Two sharp changes in noise, in the second curve `lag` points later."""
    random = np.random.default_rng(3)
    events = np.zeros(POINTS)
    events[[3, 7]] = size
    x, y = random.normal(size=(2, repetitions, runs, POINTS))
    return verdicts(x + events, y + sign * np.roll(events, lag))


def test_events_at_the_same_time_are_supported_with_power():
    assert with_events(0).count(Verdict.SUPPORTED) > 0.9 * 500


def test_events_of_opposite_sign_are_refuted_with_power():
    assert with_events(0, sign=-1.0).count(Verdict.REFUTED) > 0.9 * 500


@pytest.mark.parametrize("lag", [1, 2])
def test_events_that_lie_apart_are_refuted_and_not_supported(lag):
    found = with_events(lag, size=8.0)
    assert found.count(Verdict.SUPPORTED) == 0
    assert found.count(Verdict.REFUTED) > 0.35 * 500


def test_it_is_scale_free_and_symmetric_and_nan_for_a_constant():
    x, y = np.random.default_rng(0).normal(size=(2, 3, POINTS))
    assert coincidence(x, y) == pytest.approx(coincidence(y, x))
    assert coincidence(5 * x + 3, 2 * y - 1) == pytest.approx(coincidence(x, y))
    assert coincidence(x, -y) == pytest.approx(-coincidence(x, y))
    assert np.isnan(coincidence(x, np.ones_like(y))).all()


def test_curves_too_short_or_of_other_shapes_are_refused():
    with pytest.raises(ValueError, match="9 points are too few for lags of up to 2: 10 are needed"):
        coincidence(np.ones((3, 9)), np.ones((3, 9)))
    for shapes in [((12,), (12,)), ((3, 12), (3, 13))]:
        with pytest.raises(ValueError, match="runs by points"):
            coincidence(*map(np.ones, shapes))
