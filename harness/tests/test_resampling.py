from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy import stats

from harness.statistics import resampling
from harness.statistics.resampling import (
    Bootstrapped,
    draws,
    from_sums,
    mean_of_ratios,
    per_image_ratios,
    ratio_of_means,
    resampled_sums,
    weights,
)


def sums(n=60, seed=1):
    generator = torch.Generator().manual_seed(seed)
    denominator = torch.rand(n, generator=generator, dtype=torch.float64) + 0.5
    return denominator * 1.5 + torch.randn(n, generator=generator, dtype=torch.float64) * 0.2, denominator


def test_each_draw_takes_as_many_images_as_there_are():
    drawn = torch.cat(list(draws(17, 40, seed=2)))
    assert drawn.shape == (40, 17)
    assert torch.equal(drawn.sum(1), torch.full((40,), 17.0, dtype=torch.float64))
    assert len(drawn.unique(dim=0)) == 40


def test_draws_come_in_chunks_and_depend_on_the_seed_alone(monkeypatch):
    monkeypatch.setattr(resampling, "_CHUNK", 70)
    chunks = list(draws(10, 20, seed=3))
    assert [len(chunk) for chunk in chunks] == [7, 7, 6]
    assert torch.equal(torch.cat(chunks), torch.cat(list(draws(10, 20, seed=3))))
    assert not torch.equal(torch.cat(chunks), torch.cat(list(draws(10, 20, seed=4))))


def test_replicates_equal_those_of_a_loop_over_resampled_images():
    numerator, denominator = sums()
    fast = ratio_of_means(numerator, denominator, 50, seed=5)
    drawn = torch.cat(list(draws(60, 50, seed=5)))
    for replicate, counts in zip(fast.replicates, drawn, strict=True):
        images = torch.repeat_interleave(torch.arange(60), counts.long())
        assert replicate == pytest.approx(float(numerator[images].mean() / denominator[images].mean()), rel=1e-12)
    assert fast.value == pytest.approx(float(numerator.mean() / denominator.mean()))


def test_standard_error_agrees_with_scipy():
    numerator, denominator = sums(200)
    ours = ratio_of_means(numerator, denominator, 4000).to_estimate()
    theirs = stats.bootstrap(
        (numerator.numpy(), denominator.numpy()),
        lambda a, b, axis: a.mean(axis) / b.mean(axis),
        n_resamples=4000,
        paired=True,
        vectorized=True,
        method="percentile",
        rng=np.random.default_rng(0),
    )
    assert ours.standard_error == pytest.approx(theirs.standard_error, rel=0.06)
    assert (ours.n, ours.df) == (200, 199)


def test_mean_of_ratios_leaves_out_images_without_one():
    numerator, denominator = sums()
    kept = mean_of_ratios(numerator, denominator, 20)
    assert kept.value == pytest.approx(float((numerator / denominator).mean()))
    zero = denominator.clone()
    zero[:10] = 0
    assert mean_of_ratios(numerator, zero, 20).value == pytest.approx(float((numerator / denominator)[10:].mean()))
    ratios, exists = per_image_ratios(numerator, zero)
    assert exists.sum() == 50
    assert torch.isfinite(ratios).all()


def test_statistics_of_the_same_images_are_resampled_in_step():
    numerator, denominator = sums()
    first = ratio_of_means(numerator, denominator, 100)
    second = ratio_of_means(numerator + 0.1 * denominator, denominator, 100)
    difference = (second - first).to_estimate()
    assert difference.value == pytest.approx(0.1)
    assert difference.standard_error < 1e-12
    assert first.to_estimate().standard_error > 1e-3


def test_arithmetic_combines_values_and_replicates():
    a = Bootstrapped(4.0, np.array([3.0, 5.0]), 10)
    b = Bootstrapped(2.0, np.array([1.0, 4.0]), 8)
    for result, value, replicates, n in (
        (a + b, 6, [4, 9], 8),
        (a - b, 2, [2, 1], 8),
        (a * b, 8, [3, 20], 8),
        (a / b, 2, [3, 1.25], 8),
        (a - 1, 3, [2, 4], 10),
        (a / 2, 2, [1.5, 2.5], 10),
    ):
        assert result.value == value
        assert result.replicates.tolist() == replicates
        assert result.n == n


def test_unequal_numbers_of_replicates_do_not_combine():
    with pytest.raises(ValueError, match="2 and 3 replicates"):
        Bootstrapped(1.0, np.zeros(2), 5) - Bootstrapped(1.0, np.zeros(3), 5)


def test_estimate_carries_the_spread_and_the_unit():
    estimate = Bootstrapped(1.0, np.array([0.0, 1.0, 2.0]), 30).to_estimate("grey levels")
    assert (estimate.value, estimate.standard_error, estimate.df, estimate.unit) == (1.0, 1.0, 29, "grey levels")
    assert estimate.method == "bootstrap over 30 images, 3 replicates"


def test_several_statistics_share_one_pass():
    numerator, denominator = sums()
    rows = resampled_sums(torch.stack([numerator, denominator], 1), 30, seed=9)
    assert rows.shape == (31, 2)
    together = from_sums(rows[:, 0] / rows[:, 1], 60)
    alone = ratio_of_means(numerator, denominator, 30, seed=9)
    assert together.value == alone.value
    assert np.array_equal(together.replicates, alone.replicates)


def test_weights_give_the_same_replicates_as_sums():
    numerator, denominator = sums()
    rows = torch.from_numpy(weights(60, 40, seed=6))
    statistic = from_sums((rows @ numerator) / (rows @ denominator), 60)
    straight = ratio_of_means(numerator, denominator, 40, seed=6)
    np.testing.assert_allclose(statistic.replicates, straight.replicates)
    assert statistic.value == pytest.approx(straight.value)
