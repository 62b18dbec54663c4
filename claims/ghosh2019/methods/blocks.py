"""Swapping blocks of an image, which disturbs spatial order at the scale of the blocks and above."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from claims.ghosh2019.methods.tiling import fit_to_blocks, from_blocks, to_blocks
from harness.system.lazy import torch
from harness.system.stable_names import stable_name

if TYPE_CHECKING:
    from torch import Generator, Tensor


def swap_blocks(images: Tensor, size: int, swaps: int, generator: Generator, fit: str = "crop") -> Tensor:
    """Cut each image into blocks and swap a random pair of them, time after time (ghosh2019, section 4.1).

    Every image has its own pairs; all channels move together.

    Args:
        images: shape `(n, c, height, width)`.
        size: side of a block in pixels.
        swaps: number of swaps, each of a pair of distinct blocks drawn uniformly.
        generator: source of the pairs.
        fit: what to do where the blocks do not tile ("crop" or "pad"); done for 0 swaps too, so that they compare.

    Returns:
        The images of the same dtype; smaller ("crop") or larger ("pad") where the blocks do not tile.
    """
    tiled = fit_to_blocks(images, size, fit)
    if not swaps:
        return tiled
    blocks = to_blocks(tiled, size)
    order = swapped_order(len(images), blocks.shape[1], swaps, generator).to(images.device)
    moved = blocks.gather(1, order[:, :, None, None, None].expand_as(blocks))
    return from_blocks(moved, *tiled.shape[-2:])


def swapped_order(n: int, items: int, swaps: int, generator: Generator) -> Tensor:
    """The order of `items` after swaps of random pairs: shape `(n, items)`, what lies at each place.

    An item is in its own place with probability `1/B + (1 - 1/B) (1 - 2/(B - 1))**swaps` for B items.
    """
    if items < 2:
        raise ValueError(f"a swap takes two blocks and there is {items}; use smaller blocks")
    device = generator.device
    order = torch.arange(items, device=device).repeat(n, 1)
    for _ in range(swaps):
        first = torch.randint(items, (n, 1), generator=generator, device=device)
        second = (first + torch.randint(1, items, (n, 1), generator=generator, device=device)) % items
        at_first, at_second = order.gather(1, first), order.gather(1, second)
        order.scatter_(1, first, at_second).scatter_(1, second, at_first)
    return order


@stable_name("swap-blocks")
@dataclass(frozen=True)
class SwapBlocks:
    """Swap random pairs of blocks of `size` x `size` pixels, `swaps` times in each image (section 4.1).

    `fit` ("crop" or "pad") is what becomes of images that the blocks do not tile; with 0 swaps too, to compare.
    """

    size: int
    swaps: int
    fit: str = "crop"

    def apply(self, images: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        """The images, shape `(n, c, h, w)`, each with swaps of its own."""
        return swap_blocks(images, self.size, self.swaps, generator, self.fit)
