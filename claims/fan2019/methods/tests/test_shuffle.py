import copy
import itertools
import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from claims.fan2019.methods import shuffled_maps as shuffle
from claims.fan2019.methods.patch_entropy import channel_correlation, permutation_entropy
from claims.fan2019.methods.shuffle_layer import KINDS, Shuffle

sharing = {"per_image": st.booleans(), "aligned": st.booleans()}
often = settings(deadline=None, max_examples=25)


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def maps(n, c, h, w, seed=1):
    return torch.randn(n, c, h, w, generator=generator(seed), dtype=torch.float64)


def plain(x, index, move):
    """What `move` says in its docstring, value by value."""
    n, c, h, w = x.shape
    out = torch.empty_like(x)
    full = index.expand(n, c, h * w)
    for image, channel, p in itertools.product(range(n), range(c), range(h * w)):
        source = int(full[image, channel, p])
        taken = (channel, source) if move is shuffle.move_pixels else (source, p)
        out[image, channel].view(-1)[p] = x[image, taken[0]].view(-1)[taken[1]]
    return out


@often
@given(st.integers(1, 3), st.integers(1, 4), st.integers(1, 5), st.integers(1, 5), st.integers(0, 9), *sharing.values())
def test_spatial_shuffle_permutes_within_each_map(n, c, h, w, seed, per_image, aligned):
    x = maps(n, c, h, w)
    index = shuffle.spatial_index(x, generator(seed), per_image=per_image, aligned=aligned)
    assert index.shape == (n if per_image else 1, 1 if aligned else c, h * w)
    moved = shuffle.move_pixels(x, index)
    torch.testing.assert_close(moved, plain(x, index, shuffle.move_pixels), rtol=0, atol=0)
    torch.testing.assert_close(moved.flatten(2).sort(2).values, x.flatten(2).sort(2).values, rtol=0, atol=0)


@often
@given(st.integers(1, 3), st.integers(1, 3), st.integers(1, 3), st.integers(1, 3), st.integers(0, 9), *sharing.values())
def test_patch_shuffle_stays_within_patches(down, along, patch, c, seed, per_image, aligned):
    x = maps(2, c, down * patch, along * patch)
    moved = shuffle.patch_shuffle(x, patch, generator(seed), per_image=per_image, aligned=aligned)
    for i, j in itertools.product(range(down), range(along)):
        rows, columns = slice(i * patch, (i + 1) * patch), slice(j * patch, (j + 1) * patch)
        before, after = (maps[:, :, rows, columns].flatten(2).sort(2).values for maps in (x, moved))
        torch.testing.assert_close(after, before, rtol=0, atol=0)


@pytest.mark.parametrize("kind", ["spatial", "patch", "channel", "channel-per-position"])
@pytest.mark.parametrize("per_image", [False, True])
def test_in_either_memory_order_the_same_moves_and_the_same_gradients(kind, per_image):
    layer = Shuffle(kind, patch=2 if kind == "patch" else None, per_image=per_image, fixed=True)
    x, incoming = maps(3, 5, 4, 6).requires_grad_(), maps(3, 5, 4, 6, seed=2)
    expected = layer(x)
    last = x.detach().contiguous(memory_format=torch.channels_last).requires_grad_()
    moved = layer(last)
    assert torch.equal(moved, expected)
    assert moved.is_contiguous(memory_format=torch.channels_last)
    found, wanted = (torch.autograd.grad(out, one, incoming)[0] for out, one in ((moved, last), (expected, x)))
    assert torch.equal(found, wanted)


def test_patches_are_shuffled_independently_of_each_other_and_anywhere_within_them():
    x = torch.arange(16.0).reshape(1, 1, 4, 4)
    source = generator()
    moved = torch.stack([shuffle.patch_shuffle(x, 2, source)[0, 0] for _ in range(2000)])
    first, last = moved[:, 0, 0], moved[:, 3, 3]
    assert set(first.tolist()) == {0, 1, 4, 5}
    assert set(last.tolist()) == {10, 11, 14, 15}
    # All 16 pairs of one pixel of either patch, about equally often: 125 +- 11 of 2000.
    pairs = torch.stack([first, last], 1).unique(dim=0, return_counts=True)[1]
    assert len(pairs) == 16
    assert pairs.min() > 75
    assert pairs.max() < 175


def test_every_permutation_is_drawn_about_equally_often():
    rows = shuffle.permutations((24000,), 4, generator(), torch.device("cpu"))
    counts = rows.unique(dim=0, return_counts=True)[1]
    assert len(counts) == 24
    assert ((counts - 1000).double().square().sum() / 1000) < 60  # chi-square with 23 degrees of freedom: p about 4e-5


@pytest.mark.parametrize("per_image", [False, True])
@pytest.mark.parametrize("per_position", [False, True])
def test_channel_shuffle(per_image, per_position):
    x = maps(3, 5, 2, 4)
    index = shuffle.channel_index(x, generator(), per_image=per_image, per_position=per_position)
    assert index.shape == (3 if per_image else 1, 5, 8 if per_position else 1)
    moved = shuffle.move_channels(x, index)
    torch.testing.assert_close(moved, plain(x, index, shuffle.move_channels), rtol=0, atol=0)
    torch.testing.assert_close(moved.sort(1).values, x.sort(1).values, rtol=0, atol=0)
    whole = (moved[:, :, None] == x[:, None]).flatten(3).all(3).any(2)
    assert whole.all() != per_position


def test_images_of_a_batch_share_the_permutation_unless_told_otherwise():
    x = maps(1, 2, 4, 4).expand(3, -1, -1, -1)
    same = shuffle.spatial_shuffle(x, generator())
    own = shuffle.spatial_shuffle(x, generator(), per_image=True)
    assert (same == same[:1]).all()
    assert not (own == own[:1]).all()


def test_patches_that_do_not_tile_are_refused():
    with pytest.raises(ValueError, match=r"3 x 3 do not tile a map of 4 x 6"):
        shuffle.patch_index(maps(1, 1, 4, 6), 3, generator())


@pytest.mark.parametrize("kind", KINDS)
def test_gradients_flow_back_along_the_moves(kind):
    layer = Shuffle(kind, patch=2 if kind == "patch" else None, fixed=True, generator=generator())
    assert torch.autograd.gradcheck(layer, maps(2, 3, 4, 4).requires_grad_())


@pytest.mark.parametrize("kind", KINDS)
def test_layer_draws_anew_unless_fixed(kind):
    x, patch = maps(2, 6, 4, 4), 2 if kind == "patch" else None
    layer = Shuffle(kind, patch=patch, generator=generator())
    assert not torch.equal(layer(x), layer(x))
    assert not torch.equal(layer.eval()(x), layer(x))
    fixed = Shuffle(kind, patch=patch, fixed=True, generator=generator())
    assert torch.equal(fixed(x), fixed(x))
    assert torch.equal(fixed(x), Shuffle(kind, patch=patch, generator=generator())(x))
    layer.active = False
    assert layer(x) is x


def test_layer_draws_from_the_global_generator_where_it_has_none():
    x, layer = maps(1, 2, 3, 3), Shuffle()
    with torch.random.fork_rng():
        torch.manual_seed(5)
        first = layer(x)
        torch.manual_seed(5)
        assert torch.equal(first, layer(x))
    assert not layer.state_dict()


def test_layer_survives_copying():
    x, layer = maps(1, 2, 3, 3), Shuffle(generator=generator())
    assert torch.equal(copy.deepcopy(layer)(x), layer(x))


@pytest.mark.parametrize(("kind", "patch"), [("spatial", 2), ("patch", None), ("pixel", None)])
def test_layer_refuses_what_it_does_not_know(kind, patch):
    with pytest.raises(ValueError, match=r"patch size|unknown shuffle"):
        Shuffle(kind, patch=patch)


def test_entropy_of_small_shuffles():
    assert permutation_entropy(4, 4, 1) == 0
    assert permutation_entropy(4, 4, 2) == pytest.approx(4 * math.log(24))
    assert permutation_entropy(4, 4, 4) == pytest.approx(math.log(math.factorial(16)))
    with pytest.raises(ValueError, match="do not tile"):
        permutation_entropy(4, 4, 3)


def test_channel_correlation_is_pearsons():
    x = maps(2, 3, 5, 5)
    expected = [torch.corrcoef(torch.stack([image[0].flatten(), image[2].flatten()]))[0, 1] for image in x]
    torch.testing.assert_close(channel_correlation(x, 0, 2), torch.stack(expected))
