"""Cutting images into equal square blocks, and what follows from it: blocks as images, coarser scales."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.system.lazy import torch

if TYPE_CHECKING:
    from torch import Tensor

FITS = ("crop", "pad")
"""What to do with a side that blocks do not tile: cut it to the last whole block, or add zeros up to the next."""


def fit_to_blocks(images: Tensor, size: int, fit: str = "crop") -> Tensor:
    """The images with both sides made multiples of the block size.

    Args:
        images: shape `(..., height, width)`.
        size: side of a block in pixels.
        fit: "crop" keeps the centre, "pad" surrounds with zeros; an odd pixel goes to the bottom and to the right.

    Returns:
        The images themselves where the blocks tile them.
    """
    height, width = images.shape[-2:]
    if fit not in FITS:
        raise ValueError(f"fit is {fit!r}; it must be one of {', '.join(FITS)}")
    if size < 1 or (fit == "crop" and size > min(height, width)):
        raise ValueError(f"blocks of {size} x {size} do not fit into images of {height} x {width}")
    if fit == "crop":
        top, left = (height % size) // 2, (width % size) // 2
        return images[..., top : top + height - height % size, left : left + width - width % size]
    below, right = -height % size, -width % size
    if not below and not right:
        return images
    return torch.nn.functional.pad(images, (right // 2, right - right // 2, below // 2, below - below // 2))


def to_blocks(images: Tensor, size: int) -> Tensor:
    """The blocks of each image in reading order.

    Args:
        images: shape `(n, c, height, width)`, tiled by the blocks.
        size: side of a block in pixels.

    Returns:
        Shape `(n, blocks, c, size, size)`.
    """
    n, c, height, width = images.shape
    if height % size or width % size:
        raise ValueError(f"blocks of {size} x {size} do not tile {height} x {width} images; use fit_to_blocks first")
    grid = images.reshape(n, c, height // size, size, width // size, size)
    return grid.permute(0, 2, 4, 1, 3, 5).reshape(n, -1, c, size, size)


def from_blocks(blocks: Tensor, height: int, width: int) -> Tensor:
    """The inverse of `to_blocks`: shape `(n, c, height, width)` from `(n, blocks, c, size, size)`."""
    n, _, c, size, _ = blocks.shape
    grid = blocks.reshape(n, height // size, width // size, c, size, size)
    return grid.permute(0, 3, 1, 4, 2, 5).reshape(n, c, height, width)


def block_means(images: Tensor, size: int, fit: str = "crop") -> Tensor:
    """The images at a coarser scale: the mean of each non-overlapping block becomes one pixel.

    The spatial scales of ghosh2019, section 3.

    Args:
        images: shape `(..., height, width)`; integers are averaged as float64.
        size: side of a block in pixels, the scale.
        fit: what to do where the blocks do not tile, see `fit_to_blocks`.

    Returns:
        Shape `(..., height // size, width // size)` (rounded up under "pad").
    """
    if not images.is_floating_point():
        images = images.double()
    tiled = fit_to_blocks(images, size, fit)
    return tiled.unflatten(-2, (-1, size)).mean(-2).unflatten(-1, (-1, size)).mean(-1)
