"""Correlations over architectures, against SciPy's, and what they say of made-up ones."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from claims.tomasini2022.methods.architecture_correlation import (
    AGAINST_G,
    R_BEST,
    WITH_D,
    WITH_R,
    Outputs,
    correlate,
    correlations_of_each,
    correlations_with_error,
    gain,
    log_error,
    more_than_size,
)
from harness.rules import greater_than
from harness.verdicts import Verdict

RNG = np.random.default_rng(0)


@pytest.mark.parametrize(("name", "scipys"), [("of logarithms", stats.pearsonr), ("of ranks", stats.spearmanr)])
def test_correlations_are_scipys(name, scipys):
    x, y = RNG.normal(size=(2, 9))
    assert float(correlate(x, y, name)) == pytest.approx(scipys(x, y).statistic)


def test_parts_are_differences_of_scipys_correlations():
    error, d, g = RNG.normal(size=(3, 8))
    found = correlations_with_error(error, d, g, "of logarithms")
    with_d, with_g, with_r = (stats.pearsonr(error, x).statistic for x in (d, g, d - g))
    assert found[WITH_D].value == pytest.approx(with_d)
    assert found[AGAINST_G].value == pytest.approx(-with_g)
    assert found[R_BEST].value == pytest.approx(with_r - max(with_d, -with_g))


def test_each_correlation_is_scipys_and_so_is_by_how_much_it_is_more_than_anothers():
    error, d, g, other_d, other_g = RNG.normal(size=(5, 8))
    pearson = {
        name: np.array([stats.pearsonr(error, x).statistic for x in (a, -b, a - b)])
        for name, (a, b) in {"these": (d, g), "others": (other_d, other_g)}.items()
    }
    each = correlations_of_each(error, Outputs(d, g), "of logarithms")
    more = more_than_size(error, Outputs(d, g), Outputs(other_d, other_g), "of logarithms")
    for place, part in enumerate((WITH_D, AGAINST_G, WITH_R)):
        assert each[part].value == pytest.approx(pearson["these"][place])
        assert more[part].value == pytest.approx(pearson["these"][place] - abs(pearson["others"][place]))
    assert each[WITH_D].standard_error == correlations_with_error(error, d, g, "of logarithms")[WITH_D].standard_error


def test_a_gain_is_the_difference_of_two_correlations():
    error, first, last = RNG.normal(size=(3, 8))
    found = gain(error, first, last, "of ranks")
    assert found.value == pytest.approx(
        stats.spearmanr(error, last).statistic - stats.spearmanr(error, first).statistic
    )
    assert (found.n, found.standard_error > 0) == (8, True)
    assert gain(error, last, first, "of ranks").value == pytest.approx(-found.value)


def test_a_correlation_that_was_there_before_is_not_learnt():
    error, other = np.arange(13.0), np.resize([1.0, -1.0, 0.5], 13)
    trained, as_before, unlike = Outputs(error, -error), Outputs(2 * error, -2 * error), Outputs(other, other[::-1])
    for others, verdict in ((unlike, Verdict.SUPPORTED), (as_before, Verdict.INCONCLUSIVE)):
        found = more_than_size(error + 0.1 * other, trained, others, "of logarithms")[WITH_R]
        assert greater_than(0.0).judge(found).verdict is verdict


def test_seeds_of_one_architecture_are_averaged_before_the_logarithm_and_no_error_is_finite():
    found = log_error([[1.0, 1.0], [0.9, 0.7]], 100)
    assert found[0] == pytest.approx(np.log(0.5 / 101))
    assert found[1] == pytest.approx(np.log(20.5 / 101))


@pytest.mark.parametrize("name", ["of logarithms", "of ranks"])
def test_an_effect_is_found_and_chance_left_open(name):
    error, other = np.arange(16.0), 2 * np.resize([1.0, -1.0], 16)
    rule = greater_than(0.0)
    found = correlations_with_error(error, error + other, -error + other, name)  # what they share leaves R
    assert {part: rule.judge(one).verdict for part, one in found.items()}[R_BEST] is Verdict.SUPPORTED
    chance = correlations_with_error(error, other, other[::-1], name)
    assert rule.judge(chance[WITH_D]).verdict is Verdict.INCONCLUSIVE


def test_the_bootstraps_spread_is_that_of_samples():
    def drawn(seed: int) -> dict[str, float]:
        rng = np.random.default_rng(seed)
        d, noise = rng.normal(size=(2, 12))
        found = correlations_with_error(d + 1.5 * noise, d, -d, "of logarithms")[WITH_D]
        return {"value": found.value, "error": found.standard_error}

    many = [drawn(seed) for seed in range(60)]
    spread = np.std([one["value"] for one in many])
    assert np.mean([one["error"] for one in many]) == pytest.approx(spread, rel=0.25)
