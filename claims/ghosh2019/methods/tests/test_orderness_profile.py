from __future__ import annotations

import pytest
import torch

from claims.ghosh2019.methods.alternation import alternation
from claims.ghosh2019.methods.blocks import SwapBlocks
from claims.ghosh2019.methods.distortions import HighPass, LowPass, PermutePixels, RandomMask
from claims.ghosh2019.methods.orderness import ESTIMATORS, hop_sums, orderness
from claims.ghosh2019.methods.orderness_of_images import OrdernessProfile, bootstrapped_orderness, orderness_of
from claims.ghosh2019.methods.triples import NEIGHBOURHOODS
from harness.data.generated import textures
from harness.runs import Bench, Run, perform
from harness.statistics.resampling import per_image_ratios, ratio_of_means
from harness.store import Store
from harness.tests.training_bench import MadeUpBench

SWAPPED = (SwapBlocks(2, 5),)


@pytest.fixture
def bench():
    return MadeUpBench(train=30)


def test_profile_has_every_scale_reading_and_estimator(bench):
    result = OrdernessProfile("made-up", scales=(1, 2)).compute(0, bench)
    assert len(result.tensors) == 2 * len(NEIGHBOURHOODS)
    assert {values.shape for values in result.tensors.values()} == {(len(ESTIMATORS), 1001)}
    assert (result.metrics["images"], result.metrics["height"]) == (30, 8)


@pytest.mark.parametrize("neighbours", NEIGHBOURHOODS)
def test_record_gives_what_a_direct_measurement_gives(neighbours, tmp_path):
    place = Bench()
    images = place.images("digits", "test").images[:20]
    recipe = OrdernessProfile("digits", "test", count=20, scales=(1, 2))
    record = perform(Run(recipe), Store(tmp_path), place)
    for scale in (1, 2):
        sums = hop_sums(images, neighbours, scale)
        two, one = sums.two_hop.sum(1), sums.one_hop.sum(1)
        for estimator, columns in zip(ESTIMATORS, ((two, one), per_image_ratios(two, one)), strict=True):
            stored = orderness_of(record, neighbours, scale, estimator)
            assert stored.value == pytest.approx(orderness(images, neighbours, scale, estimator=estimator))
            assert stored.replicates == pytest.approx((ratio_of_means(*columns) - 1).replicates)
            assert stored.n == 20
    with pytest.raises(ValueError, match=f"no orderness at scale 4, {neighbours}; it has scale 1, eight"):
        orderness_of(record, neighbours, 4)


def test_distortions_are_repeatable_and_follow_the_seed(bench):
    recipe = OrdernessProfile("made-up", distortions=SWAPPED)
    name = "scale 1, four"
    first, again, other = (recipe.compute(seed, bench).tensors[name] for seed in (0, 0, 1))
    assert (first == again).all()
    assert (first != other).any()


def test_more_swaps_go_on_from_fewer(bench):
    one, two = (
        recipe.distortions[0].apply(bench.images("made-up").images, torch.Generator().manual_seed(0))
        for recipe in (OrdernessProfile("made-up", distortions=(SwapBlocks(2, swaps),)) for swaps in (5, 6))
    )
    assert (one != two).flatten(1).any(1).all()
    assert float((one == two).double().mean()) > 0.7


def test_profiles_of_one_set_are_resampled_in_step(bench):
    plain, recipe = (OrdernessProfile("made-up", distortions=steps) for steps in ((), (SwapBlocks(2, 0),)))
    assert (plain.compute(0, bench).tensors["scale 1, four"] == recipe.compute(3, bench).tensors["scale 1, four"]).all()


@pytest.mark.parametrize(
    "distortion", [PermutePixels(), PermutePixels(True), LowPass(0.5), HighPass(0.5), RandomMask(0.5)]
)
def test_each_distortion_changes_the_images_and_keeps_their_shape(distortion):
    images = torch.rand(5, 2, 8, 8, generator=torch.Generator().manual_seed(1))
    distorted = distortion.apply(images, torch.Generator().manual_seed(2))
    assert distorted.shape == images.shape
    assert not torch.allclose(distorted, images, atol=0.1)
    assert torch.equal(distorted, distortion.apply(images, torch.Generator().manual_seed(2)))


@pytest.mark.parametrize("neighbours", NEIGHBOURHOODS)
def test_a_claims_own_images_are_measured_as_a_profiles(neighbours):
    images = textures(40, 8, 8, torch.Generator().manual_seed(1))
    for estimator in ESTIMATORS:
        measured = bootstrapped_orderness(images, neighbours, 2, estimator, replicates=20)
        assert measured.value == pytest.approx(orderness(images, neighbours, 2, estimator=estimator))
        assert (len(measured.replicates), measured.n) == (20, 40)


@pytest.mark.parametrize("neighbours", NEIGHBOURHOODS)
def test_alternating_patterns_are_far_from_order(neighbours):
    assert orderness(alternation(neighbours, 9, 8)[None, None], neighbours) < -0.5
    assert alternation(neighbours, 2, 3).abs().eq(1).all()
