import math

import numpy as np
import pytest
from scipy import special

from claims.fan2019.methods.detection_statistics import REPLICATES
from claims.fan2019.methods.seeds_and_images import mean, over_images, ratio
from harness.statistics.resampling import weights


def drawn(source, seeds=4, images=200, by_seed=1.0, by_image=3.0, level=10.0, replicates=200):
    """A statistic of networks on the same images: the mean over images, on the images and on resampled ones."""
    scores = (
        level + by_seed * source.normal(size=(seeds, 1)) + by_image * source.normal(size=(1, images))
        + source.normal(size=(seeds, images))
    )  # fmt: skip
    counts = weights(images, replicates, seed=int(source.integers(2**31)))
    return scores @ (counts / counts.sum(1, keepdims=True)).T


@pytest.mark.parametrize("replicates", [10, REPLICATES, 200])
@pytest.mark.parametrize(("by_seed", "by_image"), [(1.0, 3.0), (0.0, 3.0), (1.0, 0.5), (1.0, 14.0)])
def test_the_interval_covers_the_truth_as_often_as_it_says(by_seed, by_image, replicates):
    source = np.random.default_rng(0)
    inside = 0
    for _ in range(300):
        estimate = mean(drawn(source, by_seed=by_seed, by_image=by_image, replicates=replicates), 200)
        half = special.stdtrit(estimate.df, 0.95) * estimate.standard_error
        inside += abs(estimate.value - 10) < half
    assert inside / 300 > 0.85


def test_a_ratio_covers_the_truth_too():
    source, inside = np.random.default_rng(1), 0
    for _ in range(300):
        base = drawn(source, by_image=6.0)
        estimate = ratio(2 * base + drawn(source, level=0.0, by_image=1.0), base, 200)
        inside += abs(estimate.value - 2) < special.stdtrit(estimate.df, 0.95) * estimate.standard_error
    assert inside / 300 > 0.85


def half_width(estimate):
    return special.stdtrit(estimate.df, 0.95) * estimate.standard_error


def test_the_half_width_is_that_of_seeds_and_that_of_images_squared():
    values = drawn(np.random.default_rng(2))
    estimate = mean(values, 200, "points")
    seeds = special.stdtrit(3, 0.95) * values[:, 0].std(ddof=1) / 2
    images = special.stdtrit(199, 0.95) * values.mean(0)[1:].std(ddof=1)
    assert half_width(estimate) == pytest.approx((seeds**2 + images**2) ** 0.5)
    assert estimate.value == pytest.approx(values[:, 0].mean())
    assert (estimate.n, estimate.df, estimate.unit) == (4, 3, "points")
    assert "4 seeds on the same 200 images" in estimate.method


def test_seeds_that_happen_to_agree_do_not_make_it_narrower_than_the_images():
    values = drawn(np.random.default_rng(2))
    agreeing = values.mean(0) + 1e-6 * np.arange(4)[:, None]
    images = special.stdtrit(199, 0.95) * agreeing.mean(0)[1:].std(ddof=1)
    assert half_width(mean(agreeing, 200)) == pytest.approx(images, rel=1e-4)


def test_a_ratio_of_a_statistic_to_itself_is_one_and_never_certain():
    values = drawn(np.random.default_rng(3))
    estimate = ratio(values, values, 200)
    assert estimate.value == 1.0
    assert estimate.standard_error == 0.0


def test_one_seed_is_undecided():
    estimate = mean(drawn(np.random.default_rng(4), seeds=1), 200)
    assert math.isnan(estimate.standard_error)


@pytest.mark.parametrize(("images", "df"), [(200, 5), (4, 3)])
def test_few_replicates_tell_the_variance_over_images_no_better_than_so_many_images(images, df):
    seeds = np.array([7.0, 7.000001, 7.0, 7.000001])[:, None]
    values = np.concatenate([seeds, np.stack([np.arange(6.0)] * 4)], 1)
    expected = special.stdtrit(df, 0.95) * np.arange(6.0).std(ddof=1)
    assert half_width(mean(values, images)) == pytest.approx(expected, rel=1e-4)


def test_the_interval_over_images_leaves_seeds_as_they_are():
    drawn = np.random.default_rng(5).normal(7.0, 2.0, 400)
    low, high = over_images(np.array([7.0, *drawn]))
    assert (low + high) / 2 == pytest.approx(7.0)
    assert high - low == pytest.approx(2 * 1.6487 * drawn.std(ddof=1), rel=1e-3)
