from __future__ import annotations

import itertools
import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from claims.ghosh2019.methods.orderness import (
    ESTIMATORS,
    HopSums,
    hop_sums,
    hop_sums_at_scales,
    map_orderness,
    orderness,
)
from claims.ghosh2019.methods.tiling import block_means
from claims.ghosh2019.methods.triples import NEIGHBOURHOODS, pair_slices, pair_weights
from harness.data import generated

GRIDS = [(1, 3), (1, 6), (2, 2), (2, 5), (3, 3), (4, 3), (5, 6), (7, 7)]


def enumerate_triples(neighbours, height, width):
    """All (p, q, r) straight from the definition, without offsets or multiplicities."""
    places = list(itertools.product(range(height), range(width)))

    def near(p, q):
        rows, columns = abs(p[0] - q[0]), abs(p[1] - q[1])
        return max(rows, columns) == 1 if neighbours == "eight" else rows + columns == 1

    for p, q, r in itertools.product(places, repeat=3):
        if near(p, q) and near(q, r) and r != p and not near(p, r):
            in_line = (q[0] - p[0], q[1] - p[1]) == (r[0] - q[0], r[1] - q[1])
            if in_line or neighbours != "straight":
                yield p, q, r


def enumerated_sums(image, neighbours):
    triples = list(enumerate_triples(neighbours, *image.shape))
    one = sum(float(image[p] - image[q]) ** 2 for p, q, _ in triples)
    two = sum(float(image[p] - image[r]) ** 2 for p, _, r in triples)
    return one, two, len(triples)


def random_images(n=3, c=2, height=6, width=5, seed=0):
    return torch.randn(n, c, height, width, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@pytest.mark.parametrize("neighbours", NEIGHBOURHOODS)
@pytest.mark.parametrize("grid", GRIDS, ids=str)
def test_sums_equal_those_over_enumerated_triples(neighbours, grid):
    image = random_images(1, 1, *grid)
    one, two, triples = enumerated_sums(image[0, 0], neighbours)
    assert pair_weights(neighbours, *grid).triples == triples
    if not triples:
        with pytest.raises(ValueError, match="no two-hop triple"):
            hop_sums(image, neighbours)
        return
    sums = hop_sums(image, neighbours)
    assert sums.triples == triples
    assert float(sums.one_hop) == pytest.approx(one, rel=1e-12)
    assert float(sums.two_hop) == pytest.approx(two, rel=1e-12)


@pytest.mark.parametrize("neighbours", NEIGHBOURHOODS)
def test_weights_count_every_triple_once(neighbours):
    weights = pair_weights(neighbours, 6, 7)
    for pairs in (weights.one_hop, weights.two_hop):
        assert sum(float(counts.sum()) for counts in pairs.values()) == weights.triples


@pytest.mark.parametrize("lag", [(0, 1), (0, 2), (1, 0), (2, 1), (2, -1), (1, -2)])
def test_slices_pair_each_pixel_with_the_one_at_the_lag(lag):
    rows, columns = torch.meshgrid(torch.arange(5), torch.arange(6), indexing="ij")
    behind, ahead = pair_slices(lag)
    assert (rows[ahead] - rows[behind]).unique().tolist() == [lag[0]]
    assert (columns[ahead] - columns[behind]).unique().tolist() == [lag[1]]
    assert rows[behind].numel() == (5 - lag[0]) * (6 - abs(lag[1]))


@settings(deadline=None, max_examples=25)
@given(
    neighbours=st.sampled_from(NEIGHBOURHOODS),
    height=st.integers(3, 9),
    width=st.integers(3, 9),
    seed=st.integers(0, 1000),
)
def test_orderness_stays_within_its_bounds_and_ignores_offset_and_gain(neighbours, height, width, seed):
    images = random_images(2, 1, height, width, seed)
    value = orderness(images, neighbours)
    assert -1 <= value <= 3
    assert orderness(images * -3 + 7, neighbours) == pytest.approx(value, abs=1e-9)
    assert orderness(images.flip(-1), neighbours) == pytest.approx(value, abs=1e-9)
    assert orderness(images.transpose(-1, -2), neighbours) == pytest.approx(value, abs=1e-9)


@pytest.mark.parametrize("fit", ["crop", "pad"])
def test_one_pass_over_scales_equals_one_at_a_time(fit):
    images = random_images(5, 2, 13, 14)
    together = hop_sums_at_scales(images, NEIGHBOURHOODS, (1, 2, 4), fit)
    for (scale, neighbours), sums in together.items():
        alone = hop_sums(block_means(images, scale, fit), neighbours)
        assert torch.allclose(sums.one_hop, alone.one_hop, rtol=1e-12)
        assert torch.allclose(sums.two_hop, alone.two_hop, rtol=1e-12)
        assert sums.triples == alone.triples
    assert len(together) == 9


def test_chunks_make_no_difference(monkeypatch):
    images = random_images(7, 2)
    whole = hop_sums(images, "eight")
    monkeypatch.setattr("claims.ghosh2019.methods.orderness._CHUNK", {"cpu": 70})
    parts = hop_sums(images, "eight")
    assert torch.allclose(whole.one_hop, parts.one_hop, rtol=1e-13)
    assert torch.allclose(whole.two_hop, parts.two_hop, rtol=1e-13)
    assert whole.one_hop.shape == (7, 2)


@pytest.mark.parametrize("dtype", [torch.uint8, torch.int64, torch.float16, torch.bfloat16, torch.float32])
def test_any_number_type_gives_the_sums_of_its_values(dtype):
    images = (random_images(3, 1).abs() * 60).to(dtype)
    exact = hop_sums(images.double(), "four")
    sums = hop_sums(images, "four")
    assert torch.equal(sums.one_hop, exact.one_hop)
    assert sums.two_hop.dtype == torch.float64


def test_uint8_differences_do_not_wrap():
    images = torch.tensor([[[[0, 255, 0, 255]]]], dtype=torch.uint8)
    assert float(hop_sums(images, "straight").one_hop) == 4 * 255**2


def test_estimators_agree_with_plain_loops():
    images = random_images(6, 2)
    per_image = [[enumerated_sums(channel, "four")[:2] for channel in image] for image in images]
    one = [sum(channel[0] for channel in image) for image in per_image]
    two = [sum(channel[1] for channel in image) for image in per_image]
    assert orderness(images) == pytest.approx(sum(two) / sum(one) - 1)
    ratios = [t / o for t, o in zip(two, one, strict=True)]
    assert orderness(images, estimator="mean of ratios") == pytest.approx(sum(ratios) / 6 - 1)


def test_flat_images_have_no_ratio_of_their_own():
    images = torch.cat([random_images(2, 1), torch.full((1, 1, 6, 5), 4.0, dtype=torch.float64)])
    sums = hop_sums(images)
    assert sums.flat == 1
    for estimator in ESTIMATORS:
        assert sums.orderness(estimator) == pytest.approx(orderness(images[:2], estimator=estimator))
    assert all(math.isnan(hop_sums(images[2:]).orderness(estimator)) for estimator in ESTIMATORS)


def test_orderness_of_a_layer_is_the_mean_over_its_live_maps():
    maps = random_images(8, 3)
    maps[:, 1] = 0
    layer = map_orderness(maps, "four")
    assert (layer.live, layer.dead) == (2, 1)
    assert layer.value == pytest.approx((orderness(maps[:, :1]) + orderness(maps[:, 2:])) / 2)
    assert math.isnan(map_orderness(maps[:, 1:2]).value)


@pytest.mark.parametrize(("neighbours", "value"), [("straight", 3.0), ("four", 5 / 3)])
def test_a_ramp_is_as_ordered_as_derived(neighbours, value):
    assert orderness(generated.ramp(400, 400), neighbours) == pytest.approx(value, abs=0.01)


@pytest.mark.parametrize("neighbours", ["straight", "four"])
def test_a_checkerboard_has_orderness_minus_one(neighbours):
    assert orderness(generated.checkerboard(8, 9), neighbours) == -1


def test_scale_averages_before_measuring():
    images = random_images(4, 1, 8, 8)
    means = images.reshape(4, 1, 4, 2, 4, 2).mean((3, 5))
    assert orderness(images, scale=2) == pytest.approx(orderness(means))


def test_unknown_names_are_refused():
    with pytest.raises(ValueError, match="neighbours is 'six'; it must be one of four, eight, straight"):
        orderness(random_images(), "six")
    with pytest.raises(ValueError, match="estimator is 'median'"):
        orderness(random_images(), estimator="median")


def test_too_coarse_a_scale_is_refused_by_name():
    with pytest.raises(ValueError, match=r"\(neighbours: eight\) fits on 2 x 2 pixels, what scale 3 leaves"):
        hop_sums(random_images(1, 1, 6, 6), "eight", scale=3)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
@pytest.mark.parametrize("fit", ["crop", "pad"])
def test_a_gpu_gives_the_same_sums(fit):
    images = random_images(5, 2, 13, 14)
    there = hop_sums_at_scales(images.cuda(), NEIGHBOURHOODS, (1, 2, 4), fit)
    for case, sums in hop_sums_at_scales(images, NEIGHBOURHOODS, (1, 2, 4), fit).items():
        assert there[case].one_hop.is_cuda
        assert torch.allclose(there[case].one_hop.cpu(), sums.one_hop, rtol=1e-12)
        assert torch.allclose(there[case].two_hop.cpu(), sums.two_hop, rtol=1e-12)


def test_sums_are_plain_data():
    sums = HopSums(torch.tensor([[1.0], [3.0]]), torch.tensor([[2.0], [6.0]]), 4)
    assert sums.orderness() == 1
    assert sums.orderness("mean of ratios") == 1


def test_no_images_are_refused():
    with pytest.raises(ValueError, match=r"at least one image; got a tensor of shape \(0, 1, 6, 5\)"):
        hop_sums(random_images(0, 1))


def test_maps_that_carry_gradients_are_measured_without_them():
    maps = random_images().requires_grad_()
    assert orderness(maps) == orderness(maps.detach())
    assert not hop_sums(maps).one_hop.requires_grad
