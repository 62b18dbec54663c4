"""Block swapping disturbs spatial order at the scale of the blocks and above (sections 4.1 and 4.1.1, Fig. 1).

The paper swaps blocks of 6 in MNIST and Fashion-MNIST and of 8 in CIFAR-10, 0, 10, 20 and 30 times in each image.
Blocks of 6 do not tile 28 x 28 pixels: the images are cropped to 24 x 24 or padded with zeros to 30 x 30, two readings.
The figure's scales are not stated.  Here they are the divisors of the block size, so that blocks and averaged regions
share their borders, and the largest scale that leaves 3 x 3 pixels.  Tiers below `nightly` measure the first 10,000
training images, the others all.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from claims.ghosh2019.methods.alternation import alternation
from claims.ghosh2019.methods.blocks import SwapBlocks, swap_blocks
from claims.ghosh2019.methods.distortions import PermutePixels
from claims.ghosh2019.methods.orderness import ESTIMATORS
from claims.ghosh2019.methods.orderness_of_images import OrdernessProfile, bootstrapped_orderness, orderness_of
from claims.ghosh2019.methods.tiling import FITS, fit_to_blocks, to_blocks
from claims.ghosh2019.methods.triples import NEIGHBOURHOODS
from harness.claims.claim import claim
from harness.claims.kinds import Kind
from harness.data.generated import autoregression, noise, ramp
from harness.interventions.pixels import permute_pixels
from harness.rules import Exact, equals, equivalent_to, greater_than
from harness.system.lazy import torch

if TYPE_CHECKING:
    from torch import Tensor

    from harness.lab.lab import Lab
    from harness.statistics.resampling import Bootstrapped

BLOCK = {"mnist": 6, "fashion-mnist": 6, "cifar10": 8, "digits": 2, "textures": 8}
SIDE = {"mnist": 28, "fashion-mnist": 28, "cifar10": 32, "digits": 8, "textures": 32}
SWAPS = (0, 10, 20, 30)
Name = int | str | tuple[str, int]
"""Of a run: the number of swaps, likewise behind permuted pixels, or in words."""

IMAGES = {"smoke": 10_000, "laptop": 10_000, "nightly": None, "paper": None}

DATA = ("mnist", "fashion-mnist", "cifar10")
PROXIES = ("digits", "textures")
OF_IMAGES = {"neighbours": NEIGHBOURHOODS, "estimator": ESTIMATORS, "fit": FITS}
OF_DATA = {"neighbours": NEIGHBOURHOODS, "fit": FITS}
"""Fig. 1 shows the orderness of data sets: equation 6, whose expectations are over a set of images."""


def divisors(size: int) -> list[int]:
    """The scales up to the size of the blocks."""
    return [scale for scale in range(1, size + 1) if size % scale == 0]


def largest_scale(data: str, fit: str) -> int:
    """The largest scale that leaves the fitted images 3 x 3 pixels, enough for every reading."""
    size, side = BLOCK[data], SIDE[data]
    return (side // size if fit == "crop" else -(-side // size)) * size // 3


def block_swapped(tier: str, data: str, fit: str) -> dict[Name, OrdernessProfile]:
    """Profiles by number of swaps, and by ("permuted", that number) of images whose pixels are permuted beforehand."""
    size = BLOCK[data]
    if SIDE[data] % size == 0:
        fit = "crop"  # blocks tile: both readings are the same run
    scales = tuple(sorted({*divisors(size), largest_scale(data, fit)}))
    profile = OrdernessProfile(data, count=IMAGES[tier], scales=scales)
    swapped: dict[Name, OrdernessProfile] = {
        swaps: profile.with_(distortions=(SwapBlocks(size, swaps, fit),)) for swaps in SWAPS
    }
    permuted: dict[Name, OrdernessProfile] = {
        ("permuted", swaps): profile.with_(
            distortions=(SwapBlocks(size, 0, fit), PermutePixels(), SwapBlocks(size, swaps, fit))
        )
        for swaps in SWAPS
    }
    return swapped | permuted


def orderness_by_run(lab: Lab, scale: int, neighbours: str, estimator: str = "pooled") -> dict[Name, Bootstrapped]:
    """Orderness at a scale, by the names of the runs."""
    return {name: orderness_of(lab.record(run), neighbours, scale, estimator) for name, run in lab.runs.items()}


def alternating_images(neighbours: str, side: int, count: int = 500) -> Tensor:
    """Images that are all the same pattern, of an orderness far below zero: shape `(count, 1, side, side)`."""
    return alternation(neighbours, side, side).expand(count, 1, side, side)


def ordered_by_swaps(lab: Lab, neighbours: str, estimator: str = "pooled") -> dict[int, Bootstrapped]:
    """Orderness at the scale of the blocks, by number of swaps, of images whose order swaps raise.

    Each block holds one pixel of a pattern that alternates.
    """
    return on_blocks(alternating_images(neighbours, 12), lab, neighbours, estimator)


def on_blocks(pattern: Tensor, lab: Lab, neighbours: str, estimator: str = "pooled") -> dict[int, Bootstrapped]:
    """Orderness at the scale of 2 x 2 blocks, by number of swaps, of images with a pixel of the pattern in each."""
    images = pattern.repeat_interleave(2, 2).repeat_interleave(2, 3)
    return {
        swaps: bootstrapped_orderness(swap_blocks(images, 2, swaps, lab.generator), neighbours, 2, estimator)
        for swaps in SWAPS
    }


def at_home(blocks: int, swaps: int) -> float:
    """The probability that a block is in its own place after so many swaps of random pairs."""
    return 1 / blocks + (1 - 1 / blocks) * (1 - 2 / (blocks - 1)) ** swaps


@claim(
    "SO-11",
    where="Section 3, second point; section 4.1, footnote 2",
    formerly=("SO-16",),
    rule={"pixels": greater_than(0.0), "blocks": greater_than(0.0), "change inside blocks": equals(0.0, within=1e-9)},
    control="an alternating pattern with its pixels permuted, or cut into blocks of an odd side that are swapped, both "
    "of which raise its orderness; single pixels permuted in place of blocks",
    runs=block_swapped,
    data=DATA,
    proxies=PROXIES,
    readings=OF_IMAGES,
)
def test_permuting_pixels_or_blocks_reduces_orderness(
    lab: Lab, data: str, neighbours: str, estimator: str, fit: str
) -> None:
    """Randomly permuting pixels, or blocks of pixels, reduces spatial orderness, at low scales by blocks' boundaries.

    Measured is by how much, at scale 1, where blocks of 6 or 8 are swapped 30 times; and the relative change of the
    squared differences between neighbours inside blocks: there is none, so that the drop comes from pairs across a
    border.  Of the pairs in a row of N pixels, (N/k - 1) / (N - 1) lie across one: 3 of 31 for N = 32 and k = 8.  A
    lone edge has orderness 1 along straight triples, so that borders can also raise an orderness that was lower, as in
    rough textures.
    """
    size = BLOCK[data]
    images = fit_to_blocks(lab.images(data).images[:500].double(), size, fit)

    def inside(images: Tensor) -> float:
        blocks = to_blocks(images, size)
        return float(blocks.diff(dim=-1).square().sum() + blocks.diff(dim=-2).square().sum())

    def change(distorted: Tensor) -> Exact:
        return Exact(inside(distorted) / inside(images) - 1)

    after = orderness_by_run(lab, 1, neighbours, estimator)
    swapped, permuted = swap_blocks(images, size, 30, lab.generator), permute_pixels(images, lab.generator)
    lab.measure(
        pixels=after[0] - after["permuted", 0],
        blocks=after[0] - after[30],
        **{"change inside blocks": change(swapped)},
    )
    # Blocks of an odd side begin with either value, so that two that meet after a swap may begin with the same.
    board = alternating_images(neighbours, 15)
    before, mixed, behind = (
        bootstrapped_orderness(images, neighbours, estimator=estimator)
        for images in (board, permute_pixels(board, lab.generator), swap_blocks(board, 5, 30, lab.generator))
    )
    lab.control(pixels=before - mixed, blocks=before - behind, **{"change inside blocks": change(permuted)})


@claim(
    "SO-17",
    where="Section 4.1",
    kind=Kind.DEFINITION,
    rule={
        "blocks": equals(16),
        "pixels lost": equals(0),
        "pixels moved by no swap": equals(0),
        **{f"at home after {swaps}": equivalent_to(at_home(16, swaps), within=0.01) for swaps in SWAPS[1:]},
    },
    control="blocks of 4 x 4; blocks drawn with replacement, of which some are copied and others lost; one swap where "
    "there is to be none; half as many swaps",
)
def test_random_pairs_of_blocks_are_swapped_entire(lab: Lab) -> None:
    """Blocks of k x k, (N/k) x (N/k) of which span an image, are swapped entire, one random pair after the other.

    Judged on N = 32 and k = 8.  After Ns swaps each of B blocks is in its own place with the probability that random
    transpositions give, 1/B + (1 - 1/B) (1 - 2/(B - 1))^Ns: 0.287, 0.116 and 0.075 for B = 16.
    """
    images = noise(20, 32, 32, lab.generator)
    blocks = to_blocks(images, 8)
    # A block's pixels all hold its number, so that one place is at home wherever its number is unchanged.
    numbered = (
        torch.arange(16).reshape(1, 1, 4, 4).repeat_interleave(8, 2).repeat_interleave(8, 3).repeat(4000, 1, 1, 1)
    )

    def count(size: int) -> Exact:
        return Exact(to_blocks(images, size).shape[1])

    def lost(swapped: Tensor) -> Exact:
        return Exact(float((swapped.flatten().sort().values - images.flatten().sort().values).abs().max()))

    def moved(swaps: int) -> Exact:
        return Exact(float((swap_blocks(images, 8, swaps, lab.generator) - images).abs().max()))

    def home(swaps: int) -> Tensor:
        return (swap_blocks(numbered, 8, swaps, lab.generator) == numbered).double().mean((1, 2, 3))

    lab.measure(
        **{
            "blocks": count(8),
            "pixels lost": lost(swap_blocks(images, 8, 30, lab.generator)),
            "pixels moved by no swap": moved(0),
            **{f"at home after {swaps}": home(swaps) for swaps in SWAPS[1:]},
        }
    )
    drawn = torch.randint(16, (20, 16), generator=lab.generator)
    lab.control(
        **{
            "blocks": count(4),
            "pixels lost": lost(blocks[torch.arange(20)[:, None], drawn]),
            "pixels moved by no swap": moved(1),
            **{f"at home after {swaps}": home(swaps // 2) for swaps in SWAPS[1:]},
        }
    )


@claim(
    "SO-13",
    where="Section 4.1.1, Fig. 1",
    rule=greater_than(0.0),
    control="an alternating pattern under a gradient, whose orderness rises with the scale",
    runs=block_swapped,
    data=DATA,
    proxies=PROXIES,
    readings=OF_DATA | {"highest": ("blocks", "3 x 3 pixels left")},
)
def test_orderness_is_low_at_the_highest_scale(lab: Lab, data: str, neighbours: str, fit: str, highest: str) -> None:
    """Orderness at the highest scale is significantly lower than at the first ones, in all three data sets.

    Measured is the orderness at scale 1 less that at the highest scale, of images without swaps.  The highest scale of
    the figure is not stated: it is read as the size of the blocks, or as the largest that leaves triples to measure.
    """
    scales = block_swapped(lab.tier, data, fit)[0].scales
    top = BLOCK[data] if highest == "blocks" else scales[-1]
    by_scale = {scale: orderness_by_run(lab, scale, neighbours) for scale in scales}
    lab.measure(by_scale[1][0] - by_scale[top][0])
    board = alternating_images(neighbours, 12) + ramp(12, 12)
    fine, coarse = (bootstrapped_orderness(board, neighbours, scale) for scale in (1, 2))
    lab.control(fine - coarse)
    for swaps in SWAPS:
        lab.series(f"{swaps} swaps", scales, [by_scale[scale][swaps].value for scale in scales])


@claim(
    "SO-01",
    where="Abstract, section 4.1.1",
    rule=greater_than(0.0),
    control="blocks that alternate, whose orderness swaps raise",
    runs=block_swapped,
    data=DATA,
    proxies=PROXIES,
    readings=OF_IMAGES,
)
def test_swapping_blocks_lowers_orderness(lab: Lab, data: str, neighbours: str, estimator: str, fit: str) -> None:
    """Synthetic disruption of the spatial structure, by swapping blocks of the image, decreases spatial orderness.

    Measured is by how much 30 swaps lower it at the scale of the blocks.
    """
    after = orderness_by_run(lab, BLOCK[data], neighbours, estimator)
    lab.measure(after[0] - after[30])
    alternating = ordered_by_swaps(lab, neighbours, estimator)
    lab.control(alternating[0] - alternating[30])


@claim(
    "SO-14",
    where="Section 4.1.1, Fig. 1",
    paper={"left": 0.0},
    rule={
        "0 to 10 swaps": greater_than(0.0),
        "10 to 30 swaps": greater_than(0.0),
        "left": equivalent_to(0.0, within=0.1),
    },
    control="12 x 12 blocks that alternate, whose orderness swaps raise; 32 x 32 autoregressive blocks, so many that "
    "30 swaps leave much of their order",
    runs=block_swapped,
    data=DATA,
    proxies=PROXIES,
    readings=OF_DATA,
)
def test_more_swaps_lower_orderness_to_zero(lab: Lab, data: str, neighbours: str, fit: str) -> None:
    """Orderness is clearly reduced, to zero, with a greater amount of block swaps, at the scale of the blocks.

    Measured are the falls from 0 to 10 and from 10 to 30 swaps, and what is left after 30.  A fall from each number of
    swaps to the next is not asked for: of 16 blocks 28.7 %, 11.6 % and 7.5 % are at home after 10, 20 and 30 swaps, and
    an order that has come to zero cannot fall further.
    """
    after = orderness_by_run(lab, BLOCK[data], neighbours)
    lab.measure(**falls(after), left=after[30])
    many = autoregression(200, 32, 32, lab.generator, correlation=0.9)
    lab.control(**falls(ordered_by_swaps(lab, neighbours)), left=on_blocks(many, lab, neighbours)[30])


def falls(after: Mapping[Any, Bootstrapped]) -> dict[str, Bootstrapped]:
    """How much the first ten swaps and the next twenty lower the orderness, from that after each number of swaps."""
    return {"0 to 10 swaps": after[0] - after[10], "10 to 30 swaps": after[10] - after[30]}


@claim(
    "SO-15",
    where="Sections 4.1 and 4.1.1",
    rule={"lowest scale": equivalent_to(0.0, within=1.0), "scale next to the blocks": equivalent_to(0.0, within=1.0)},
    control="single pixels permuted in place of blocks",
    runs=block_swapped,
    data=DATA,
    proxies=PROXIES,
    readings=OF_DATA | {"not_overly": (0.2, 0.5)},
)
def test_scales_below_the_blocks_are_not_overly_affected(
    lab: Lab, data: str, neighbours: str, fit: str, not_overly: float
) -> None:
    """Swapping blocks does not overly affect spatial orderness at scales below the size of the blocks.

    Measured is the relative change after 30 swaps, at scale 1 and at the largest measured scale below the blocks (half
    their size), as a multiple of what "not overly" is read as: by at most 20 % or 50 %.
    """
    below = divisors(BLOCK[data])[-2]

    def changes(name: Name) -> dict[str, Bootstrapped]:
        parts = {"lowest scale": 1, "scale next to the blocks": below}
        by_part = {part: orderness_by_run(lab, scale, neighbours) for part, scale in parts.items()}
        return {part: (after[name] / after[0] - 1) / not_overly for part, after in by_part.items()}

    lab.measure(**changes(30))
    lab.control(**changes(("permuted", 0)))
