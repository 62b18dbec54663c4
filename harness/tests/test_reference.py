"""Runs that end where no sound run does, better or worse, are suspect."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from harness.runs.recipe import SUSPECTED_BY_CHANCE, Reference

RUNS = (0.50, 0.48, 0.49, 0.54, 0.51, 0.47)
ACCURACY = Reference("accuracy", RUNS)


def test_the_band_is_the_prediction_interval():
    low, high = ACCURACY.band()
    spread = np.std(RUNS, ddof=1) * (1 + 1 / 6) ** 0.5
    assert stats.t.cdf((low - np.mean(RUNS)) / spread, 5) == pytest.approx(SUSPECTED_BY_CHANCE / 2)
    assert high - np.mean(RUNS) == pytest.approx(np.mean(RUNS) - low)


@pytest.mark.parametrize("runs", [4, 12])
def test_sound_runs_are_suspected_as_rarely_as_is_said(runs):
    random, count = np.random.default_rng(runs), 4000
    drawn = random.normal(size=(count, runs + 1))
    suspected = sum(bool(Reference("a", tuple(row[1:])).doubt({"a": float(row[0])})) for row in drawn)
    assert stats.binomtest(suspected, count, SUSPECTED_BY_CHANCE).pvalue > 1e-3


def test_four_standard_deviations_of_four_runs_would_suspect_many_sound_ones():
    drawn = np.random.default_rng(0).normal(size=(4000, 5))
    beyond = abs(drawn[:, 0] - drawn[:, 1:].mean(1)) > 4 * drawn[:, 1:].std(1, ddof=1)
    assert beyond.mean() > 20 * SUSPECTED_BY_CHANCE


@pytest.mark.parametrize(
    ("metrics", "said"),
    [
        ({"accuracy": [0.9, 0.5]}, ""),
        ({"accuracy": 0.5}, ""),
        ({"accuracy": [0.5, 0.9]}, "its accuracy ends at 0.9, better than sound runs do"),
        ({"accuracy": [0.5, 0.1]}, "its accuracy ends at 0.1, worse than sound runs do"),
        ({"accuracy": []}, "it has no accuracy"),
        ({}, "it has no accuracy"),
    ],
)
def test_the_last_number_of_a_curve_tells(metrics, said):
    doubt = ACCURACY.doubt(metrics)
    assert doubt.startswith(said)
    assert bool(doubt) == bool(said)


def test_a_small_loss_is_better():
    assert "better" in Reference("train_loss", (0.5, 0.6, 0.55)).doubt({"train_loss": [-9.0]})


@pytest.mark.parametrize("runs", [(0.5, 0.6), (1.0, 1.0, 1.0)])
def test_runs_that_tell_no_spread_are_none(runs):
    with pytest.raises(ValueError, match="nothing tells how far"):
        Reference("accuracy", runs)
