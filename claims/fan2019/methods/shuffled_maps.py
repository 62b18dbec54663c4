"""Shuffles of feature maps: of pixels within each map, within patches, and of whole maps (Fan et al., section 3.1).

Each shuffle is drawn as an index and then applied by a gather, so that one draw can be applied twice, held fixed or
composed with another.  All of it works on any device, and gradients flow back along the same moves.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.system.lazy import torch

if TYPE_CHECKING:
    from torch import Generator, Size, Tensor


def permutations(shape: tuple[int, ...], length: int, generator: Generator | None, device: torch.device) -> Tensor:
    """Independent, uniformly random permutations of `range(length)`: int64, shape `(*shape, length)`.

    They are drawn on the generator's device; without one, on `device` from its global generator, as dropout does.
    """
    source = device if generator is None else generator.device
    # Sorting random keys: in float64 two keys of one row are practically never equal.
    keys = torch.rand(*shape, length, dtype=torch.float64, generator=generator, device=source)
    return keys.argsort(-1).to(device)


def spatial_index(x: Tensor, generator: Generator | None, *, per_image: bool = False, aligned: bool = False) -> Tensor:
    """Draw a spatial shuffle of maps like `x`, for `move_pixels`.

    Args:
        x: feature maps, shape `(n, c, h, w)`; only shape and device matter.
        generator: source of the permutations.
        per_image: a permutation for each image; otherwise all images of the batch share it, as in the paper.
        aligned: one permutation for all channels, so that pixels move as vectors; otherwise one for each channel.

    Returns:
        Shape `(n or 1, c or 1, h * w)`: where each pixel comes from.
    """
    return permutations(_sharing(x.shape, per_image, aligned), x.shape[2] * x.shape[3], generator, x.device)


def patch_index(
    x: Tensor, patch: int, generator: Generator | None, *, per_image: bool = False, aligned: bool = False
) -> Tensor:
    """Draw a shuffle within `patch` by `patch` pixels, independently across patches; else as `spatial_index`.

    Raises:
        ValueError: when the patches do not tile the map.
    """
    height, width = x.shape[2:]
    if patch < 1 or height % patch or width % patch:
        raise ValueError(f"patches of {patch} x {patch} do not tile a map of {height} x {width}; give a divisor")
    pixels = torch.arange(height * width, device=x.device).reshape(height // patch, patch, width // patch, patch)
    members = pixels.permute(0, 2, 1, 3).reshape(-1, patch * patch)
    shape = _sharing(x.shape, per_image, aligned)
    within = permutations((*shape, len(members)), patch * patch, generator, x.device)
    sources = members.expand_as(within).gather(-1, within).flatten(-2)
    return sources[..., members.flatten().argsort()]


def channel_index(
    x: Tensor, generator: Generator | None, *, per_image: bool = False, per_position: bool = False
) -> Tensor:
    """Draw a channel shuffle of maps like `x`, for `move_channels`.

    Args:
        x: feature maps, shape `(n, c, h, w)`; only shape and device matter.
        generator: source of the permutations.
        per_image: a permutation for each image; otherwise all images of the batch share it.
        per_position: a permutation for each pixel, an operator that the authors' code has beside the paper's, which
            moves whole maps.

    Returns:
        Shape `(n or 1, c, h * w or 1)`: which channel each value comes from.
    """
    n, channels, height, width = x.shape
    rows = (n if per_image else 1, height * width if per_position else 1)
    return permutations(rows, channels, generator, x.device).transpose(1, 2)


def move_pixels(x: Tensor, index: Tensor) -> Tensor:
    """Fill pixel p of each map from pixel `index[image, channel, p]` of the same map; shapes as in `spatial_index`."""
    return _gather(x, index, 2)


def move_channels(x: Tensor, index: Tensor) -> Tensor:
    """Fill pixel p of channel i from the same pixel of channel `index[image, i, p]`; shapes as in `channel_index`."""
    return _gather(x, index, 1)


def spatial_shuffle(
    x: Tensor, generator: Generator | None, *, per_image: bool = False, aligned: bool = False
) -> Tensor:
    """Permute the pixels of each map at random; arguments as in `spatial_index`."""
    return move_pixels(x, spatial_index(x, generator, per_image=per_image, aligned=aligned))


def patch_shuffle(
    x: Tensor, patch: int, generator: Generator | None, *, per_image: bool = False, aligned: bool = False
) -> Tensor:
    """Permute the pixels of each map within patches; arguments as in `patch_index`."""
    return move_pixels(x, patch_index(x, patch, generator, per_image=per_image, aligned=aligned))


def channel_shuffle(
    x: Tensor, generator: Generator | None, *, per_image: bool = False, per_position: bool = False
) -> Tensor:
    """Permute the order of the maps at random; arguments as in `channel_index`."""
    return move_channels(x, channel_index(x, generator, per_image=per_image, per_position=per_position))


def _sharing(shape: Size, per_image: bool, aligned: bool) -> tuple[int, int]:
    return (shape[0] if per_image else 1, 1 if aligned else shape[1])


def _gather(x: Tensor, index: Tensor, dimension: int) -> Tensor:
    if x.is_contiguous(memory_format=torch.channels_last) and not x.is_contiguous():
        # The same in the order of the memory, which the result keeps: nothing around it has to be laid out anew.
        maps, index = x.permute(0, 2, 3, 1).flatten(1, 2), index.transpose(1, 2)
        moved = maps.gather(3 - dimension, index.expand_as(maps))
        return moved.unflatten(1, x.shape[2:]).permute(0, 3, 1, 2)
    maps = x.flatten(2)
    return maps.gather(dimension, index.expand_as(maps)).reshape(x.shape)
