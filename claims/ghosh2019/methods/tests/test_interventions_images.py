from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from claims.ghosh2019.methods.blocks import swap_blocks, swapped_order
from claims.ghosh2019.methods.filters import apply_mask, high_pass, low_pass, radial_mask, random_mask
from claims.ghosh2019.methods.tiling import block_means, fit_to_blocks, from_blocks, to_blocks
from harness.interventions.pixels import permute_pixels


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def images(n=4, c=2, height=12, width=12):
    return torch.arange(n * c * height * width, dtype=torch.float64).reshape(n, c, height, width)


def sorted_pixels(batch):
    return batch.flatten(1).sort(1).values


def test_crop_keeps_the_centre_and_pad_surrounds_with_zeros():
    batch = images(1, 1, 28, 28) + 1
    cropped, padded = fit_to_blocks(batch, 6, "crop"), fit_to_blocks(batch, 6, "pad")
    assert torch.equal(cropped, batch[..., 2:26, 2:26])
    assert padded.shape[-2:] == (30, 30)
    assert torch.equal(padded[..., 1:29, 1:29], batch)
    assert padded.sum() == batch.sum()


@pytest.mark.parametrize("fit", ["crop", "pad"])
def test_images_that_blocks_tile_are_left_alone(fit):
    batch = images()
    assert torch.equal(fit_to_blocks(batch, 4, fit), batch)


def test_blocks_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="blocks of 13 x 13 do not fit into images of 12 x 12"):
        fit_to_blocks(images(), 13)
    with pytest.raises(ValueError, match="fit is 'stretch'; it must be one of crop, pad"):
        fit_to_blocks(images(), 3, "stretch")
    with pytest.raises(ValueError, match="do not tile 12 x 12 images; use fit_to_blocks first"):
        to_blocks(images(), 5)


def test_blocks_come_in_reading_order_and_go_back():
    batch = images(2, 3, 4, 6)
    blocks = to_blocks(batch, 2)
    assert blocks.shape == (2, 6, 3, 2, 2)
    assert torch.equal(blocks[:, 1], batch[..., :2, 2:4])
    assert torch.equal(blocks[:, 3], batch[..., 2:, :2])
    assert torch.equal(from_blocks(blocks, 4, 6), batch)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.uint8])
def test_block_means_equal_the_plain_mean(dtype):
    batch = (torch.rand(3, 2, 12, 8, generator=seeded()) * 255).to(dtype)
    plain = batch.double().reshape(3, 2, 3, 4, 2, 4).mean((3, 5))
    assert torch.allclose(block_means(batch, 4).double(), plain, rtol=1e-6 if dtype == torch.float32 else 1e-12)


@settings(deadline=None, max_examples=20)
@given(size=st.sampled_from([1, 2, 3, 4, 6]), swaps=st.integers(0, 25), seed=st.integers(0, 100))
def test_swapping_moves_whole_blocks_and_loses_none(size, swaps, seed):
    batch = images()
    swapped = swap_blocks(batch, size, swaps, seeded(seed))
    before, after = to_blocks(batch, size), to_blocks(swapped, size)
    for old, new in zip(before, after, strict=True):
        assert sorted(block.flatten().tolist() for block in old) == sorted(block.flatten().tolist() for block in new)


def test_one_swap_exchanges_exactly_two_blocks_of_each_image():
    batch = images(50)
    moved = (to_blocks(batch, 4) != to_blocks(swap_blocks(batch, 4, 1, seeded()), 4)).flatten(2).any(2)
    assert moved.sum(1).tolist() == [2] * 50
    assert len(moved.unique(dim=0)) > 5


def test_no_swaps_are_the_identity_but_for_the_fit():
    assert torch.equal(swap_blocks(images(), 4, 0, seeded()), images())
    assert swap_blocks(images(), 5, 0, seeded()).shape[-2:] == (10, 10)
    assert swap_blocks(images(), 5, 3, seeded(), fit="pad").shape[-2:] == (15, 15)


def test_swaps_equal_a_plain_loop():
    order = swapped_order(6, 5, 8, seeded(3))
    generator = seeded(3)
    plain = [list(range(5)) for _ in range(6)]
    for _ in range(8):
        first = torch.randint(5, (6, 1), generator=generator)
        second = (first + torch.randint(1, 5, (6, 1), generator=generator)) % 5
        for places, i, j in zip(plain, first.flatten().tolist(), second.flatten().tolist(), strict=True):
            places[i], places[j] = places[j], places[i]
    assert order.tolist() == plain


@pytest.mark.parametrize("swaps", [1, 10, 20])
def test_blocks_stay_home_as_often_as_random_transpositions_leave_them(swaps):
    home = (swapped_order(20_000, 16, swaps, seeded()) == torch.arange(16)).double().mean()
    assert float(home) == pytest.approx(1 / 16 + 15 / 16 * (1 - 2 / 15) ** swaps, abs=0.004)


def test_a_single_block_cannot_be_swapped():
    with pytest.raises(ValueError, match="a swap takes two blocks and there is 1"):
        swap_blocks(images(), 12, 1, seeded())


@pytest.mark.parametrize("shared", [False, True])
def test_permuting_keeps_each_image_s_pixels_and_its_channels_together(shared):
    batch = images(5)
    permuted = permute_pixels(batch, seeded(), shared)
    assert torch.equal(sorted_pixels(permuted), sorted_pixels(batch))
    assert torch.equal(permuted[:, 1] - permuted[:, 0], batch[:, 1] - batch[:, 0])
    places = [permuted[i, 0] - batch[i, 0, 0, 0] for i in range(5)]
    assert torch.equal(places[0], places[1]) is shared
    assert not torch.equal(permuted, batch)


def test_each_pixel_goes_anywhere_equally_often():
    batch = torch.zeros(16_000, 1, 4, 4)
    batch[:, 0, 1, 2] = 1
    assert torch.allclose(permute_pixels(batch, seeded()).mean(0), torch.full((1, 4, 4), 1 / 16), atol=0.01)


@settings(deadline=None, max_examples=20)
@given(height=st.integers(3, 12), width=st.integers(3, 12), keep=st.floats(0.1, 0.9), seed=st.integers(0, 99))
def test_masks_treat_a_frequency_like_its_negative(height, width, keep, seed):
    masks = random_mask(height, width, keep, seeded(seed)), radial_mask(height, width, keep)
    batch = torch.randn(1, 1, height, width, generator=seeded(seed), dtype=torch.float64)
    for mask in masks:
        assert torch.equal(mask, mask.flip(0, 1).roll((1, 1), (0, 1)))
        plain = torch.fft.ifft2(torch.fft.fft2(batch) * mask)
        assert plain.imag.abs().max() < 1e-12
        assert torch.allclose(apply_mask(batch, mask), plain.real, atol=1e-12)


def test_low_and_high_pass_part_the_image():
    batch = torch.randn(2, 3, 14, 10, generator=seeded(), dtype=torch.float64)
    low, high = low_pass(batch, 0.5), high_pass(batch, 0.5)
    assert torch.allclose(low + high, batch)
    assert torch.allclose(low_pass(low, 0.5), low)
    assert high.mean((-2, -1)).abs().max() < 1e-12
    assert float((low * high).sum()) == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize(("cycles", "passes"), [(3, True), (4, True), (5, False)])
def test_cutoff_is_in_units_of_the_nyquist_frequency(cycles, passes):
    wave = torch.cos(2 * torch.pi * cycles * torch.arange(16) / 16).double().expand(1, 1, 16, 16)
    assert torch.allclose(low_pass(wave, 0.5), wave if passes else torch.zeros_like(wave), atol=1e-6)


def test_random_mask_keeps_the_share_it_is_told_and_the_mean():
    mask = random_mask(64, 64, 0.3, seeded())
    assert float(mask.double().mean()) == pytest.approx(0.3, abs=0.03)
    assert mask[0, 0]


def test_filters_take_any_number_type_and_refuse_a_mask_of_another_size():
    batch = (torch.rand(1, 1, 8, 8, generator=seeded()) * 255).to(torch.uint8)
    assert low_pass(batch, 0.5).dtype == torch.float64
    assert low_pass(batch.float(), 0.5).dtype == torch.float32
    with pytest.raises(ValueError, match=r"a mask of \(4, 8\) for images of \(8, 8\)"):
        apply_mask(batch, radial_mask(4, 8, 0.5))
