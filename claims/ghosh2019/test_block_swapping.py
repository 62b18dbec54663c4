"""Block swapping disturbs spatial order at the scale of the blocks and above (sections 4.1 and 4.1.1, Fig. 1).

The paper swaps blocks of 6 in MNIST and Fashion-MNIST and of 8 in CIFAR-10, 0, 10, 20 and 30 times in each image.
Blocks of 6 do not tile 28 x 28 pixels: the images are cropped to 24 x 24 or padded with zeros to 30 x 30, two readings.
The figure's scales are not stated.  Here they are the divisors of the block size, so that blocks and averaged regions
share their borders, and the largest scale that leaves 3 x 3 pixels.  Tiers below `nightly` measure the first 10,000
training images, the others all.
"""

from __future__ import annotations

from claims.ghosh2019.methods.blocks import SwapBlocks, swap_blocks
from claims.ghosh2019.methods.distortions import PermutePixels
from claims.ghosh2019.methods.orderness import ESTIMATORS
from claims.ghosh2019.methods.orderness_of_images import OrdernessProfile, orderness_of
from claims.ghosh2019.methods.tiling import FITS, fit_to_blocks, to_blocks
from claims.ghosh2019.methods.triples import NEIGHBOURHOODS
from harness.claims.claim import claim
from harness.data.generated import noise
from harness.interventions.pixels import permute_pixels
from harness.rules import Exact, equals, equivalent_to, greater_than, less_than
from harness.system.lazy import torch

BLOCK = {"mnist": 6, "fashion-mnist": 6, "cifar10": 8, "digits": 2, "textures": 8}
SIDE = {"mnist": 28, "fashion-mnist": 28, "cifar10": 32, "digits": 8, "textures": 32}
SWAPS = (0, 10, 20, 30)
IMAGES = {"smoke": 10_000, "quick": 10_000, "nightly": None, "paper": None}

FIGURE_1 = {
    "data": ("mnist", "fashion-mnist", "cifar10"),
    "proxies": ("digits", "textures"),
    "readings": {"neighbours": NEIGHBOURHOODS, "estimator": ESTIMATORS, "fit": FITS},
}


def divisors(size):
    """The scales up to the size of the blocks."""
    return [scale for scale in range(1, size + 1) if size % scale == 0]


def largest_scale(data, fit):
    """The largest scale that leaves the fitted images 3 x 3 pixels, enough for every reading."""
    size, side = BLOCK[data], SIDE[data]
    return (side // size if fit == "crop" else -(-side // size)) * size // 3


def block_swapped(tier, data, fit):
    """Profiles by number of swaps, and by ("permuted", that number) of images whose pixels are permuted beforehand."""
    size = BLOCK[data]
    if SIDE[data] % size == 0:
        fit = "crop"  # blocks tile: both readings are the same run
    scales = tuple(sorted({*divisors(size), largest_scale(data, fit)}))
    profile = OrdernessProfile(data, count=IMAGES[tier], scales=scales)
    swapped = {swaps: profile.with_(distortions=(SwapBlocks(size, swaps, fit),)) for swaps in SWAPS}
    permuted = {
        ("permuted", swaps): profile.with_(
            distortions=(SwapBlocks(size, 0, fit), PermutePixels(), SwapBlocks(size, swaps, fit))
        )
        for swaps in SWAPS
    }
    return swapped | permuted


def curve(lab, scale, neighbours, estimator):
    """Orderness at a scale, by the names of the runs."""
    return {name: orderness_of(lab.record(run), neighbours, scale, estimator) for name, run in lab.runs.items()}


def at_home(blocks, swaps):
    """The probability that a block is in its own place after so many swaps of random pairs."""
    return 1 / blocks + (1 - 1 / blocks) * (1 - 2 / (blocks - 1)) ** swaps


@claim(
    "SO-11",
    where="Section 3, second point",
    rule={"pixels": greater_than(0.02), "blocks": greater_than(0.02)},
    control="images whose pixels are permuted beforehand, and their blocks after",
    runs=block_swapped,
    **FIGURE_1,
)
def test_permuting_pixels_or_blocks_reduces_orderness(lab, data, neighbours, estimator, fit):
    """Randomly permuting the pixels, or blocks of pixels, reduces spatial orderness.

    Measured is by how much, at scale 1; blocks are swapped 30 times.  Less than 0.02, the margin within which orderness
    counts as zero, is no reduction.
    """
    found = curve(lab, 1, neighbours, estimator)
    lab.measure(pixels=found[0] - found["permuted", 0], blocks=found[0] - found[30])
    lab.control(blocks=found["permuted", 0] - found["permuted", 30])


@claim(
    "SO-17",
    where="Section 4.1",
    rule={
        "blocks": equals(16),
        "pixels lost": equals(0),
        "pixels moved by no swap": equals(0),
        **{f"at home after {swaps}": equivalent_to(at_home(16, swaps), within=0.01) for swaps in SWAPS[1:]},
    },
    control="blocks drawn with replacement: some are copied, others lost",
)
def test_random_pairs_of_blocks_are_swapped_entire(lab):
    """Blocks of k x k, (N/k) x (N/k) of which span an image, are swapped entire, one random pair after the other.

    Judged on N = 32 and k = 8.  After Ns swaps each of B blocks is in its own place with the probability that random
    transpositions give, 1/B + (1 - 1/B) (1 - 2/(B - 1))^Ns: 0.287, 0.116 and 0.075 for B = 16.
    """
    images = noise(20, 32, 32, lab.generator)
    blocks = to_blocks(images, 8)
    numbered = (
        torch.arange(16).reshape(1, 1, 4, 4).repeat_interleave(8, 2).repeat_interleave(8, 3).repeat(4000, 1, 1, 1)
    )

    def lost(now):
        return Exact(float((now.flatten().sort().values - images.flatten().sort().values).abs().max()))

    def home(swaps):
        return (swap_blocks(numbered, 8, swaps, lab.generator) == numbered).double().mean((1, 2, 3))

    lab.measure(
        **{
            "blocks": Exact(blocks.shape[1]),
            "pixels lost": lost(swap_blocks(images, 8, 30, lab.generator)),
            "pixels moved by no swap": Exact(float((swap_blocks(images, 8, 0, lab.generator) - images).abs().max())),
            **{f"at home after {swaps}": home(swaps) for swaps in SWAPS[1:]},
        }
    )
    drawn = torch.randint(16, (20, 16), generator=lab.generator)
    lab.control(**{"pixels lost": lost(blocks[torch.arange(20)[:, None], drawn])})


@claim(
    "SO-13",
    where="Section 4.1.1, Fig. 1",
    rule=greater_than(0.1),
    control="the same images with their pixels permuted",
    runs=block_swapped,
    **FIGURE_1 | {"readings": FIGURE_1["readings"] | {"highest": ("blocks", "3 x 3 pixels left")}},
)
def test_orderness_is_low_at_the_highest_scale(lab, data, neighbours, estimator, fit, highest):
    """Orderness at the highest scale is significantly lower than at the first ones, in all three data sets.

    Measured is the orderness at scale 1 less that at the highest scale, of images without swaps.  The highest scale of
    the figure is not stated: it is read as the size of the blocks, or as the largest that leaves triples to measure.
    """
    scales = lab.runs[0].scales
    top = BLOCK[data] if highest == "blocks" else scales[-1]
    at = {scale: curve(lab, scale, neighbours, estimator) for scale in scales}
    lab.measure(at[1][0] - at[top][0])
    lab.control(at[1]["permuted", 0] - at[top]["permuted", 0])
    for swaps in SWAPS:
        lab.series(f"{swaps} swaps", scales, [at[scale][swaps].value for scale in scales])


@claim(
    "SO-01",
    where="Abstract, section 4.1.1",
    rule=greater_than(0.1),
    control="images whose pixels are permuted beforehand: no order to lose",
    runs=block_swapped,
    **FIGURE_1,
)
def test_swapping_blocks_lowers_orderness(lab, data, neighbours, estimator, fit):
    """Synthetic disruption of the spatial structure, by swapping blocks of the image, decreases spatial orderness.

    Measured is by how much 30 swaps lower it at the scale of the blocks.
    """
    found = curve(lab, BLOCK[data], neighbours, estimator)
    lab.measure(found[0] - found[30])
    lab.control(found["permuted", 0] - found["permuted", 30])


@claim(
    "SO-14",
    where="Section 4.1.1, Fig. 1",
    paper={"left": 0.0},
    rule={
        "first ten": greater_than(0.0),
        "second ten": greater_than(0.0),
        "third ten": greater_than(0.0),
        "left": less_than(0.1),
    },
    control="images whose pixels are permuted beforehand: nothing falls",
    runs=block_swapped,
    **FIGURE_1,
)
def test_more_swaps_lower_orderness_steadily_to_zero(lab, data, neighbours, estimator, fit):
    """The more blocks are swapped, the lower the orderness at the scale of the blocks, down to zero.

    Measured are the falls from 0 to 10, 10 to 20 and 20 to 30 swaps, and what is left after 30.
    """
    found = curve(lab, BLOCK[data], neighbours, estimator)
    permuted = {swaps: found["permuted", swaps] for swaps in SWAPS}
    for report, at in ((lab.measure, found), (lab.control, permuted)):
        report(
            **{
                "first ten": at[0] - at[10],
                "second ten": at[10] - at[20],
                "third ten": at[20] - at[30],
                "left": at[30],
            }
        )


@claim(
    "SO-15",
    where="Sections 4.1 and 4.1.1",
    rule={"lowest scale": equivalent_to(0.0, within=0.2), "scale next to the blocks": equivalent_to(0.0, within=0.2)},
    control="single pixels permuted in place of blocks",
    runs=block_swapped,
    **FIGURE_1,
)
def test_scales_below_the_blocks_are_not_overly_affected(lab, data, neighbours, estimator, fit):
    """Swapping blocks does not overly affect spatial orderness at scales below the size of the blocks.

    Measured is the relative change after 30 swaps, at scale 1 and at the largest measured scale below the blocks (half
    their size); "not overly" is read as by at most 20 %.
    """
    below = divisors(BLOCK[data])[-2]

    def change(scale, name):
        found = curve(lab, scale, neighbours, estimator)
        return found[name] / found[0] - 1

    for report, name in ((lab.measure, 30), (lab.control, ("permuted", 0))):
        report(**{"lowest scale": change(1, name), "scale next to the blocks": change(below, name)})


@claim(
    "SO-16",
    where="Section 4.1, footnote 2",
    rule={"drop at scale 1": greater_than(0.0), "change inside blocks": equals(0.0, within=1e-9)},
    control="single pixels permuted, and blocks swapped where they have been",
    runs=block_swapped,
    **FIGURE_1,
)
def test_borders_of_blocks_disturb_the_lowest_scale(lab, data, neighbours, estimator, fit):
    """Even large blocks disturb the order at low scales when they are swapped, due to their boundaries.

    Measured are the drop of orderness at scale 1 after 30 swaps, and the relative change of the squared differences
    between neighbours inside blocks: there is none, so that the drop comes from pairs across a border.  Of the pairs in
    a row of N pixels, (N/k - 1) / (N - 1) lie across one: 3 of 31 for N = 32 and k = 8.  A lone edge has orderness 1
    along straight triples, so that borders can also raise an orderness that was lower, as in rough textures.
    """
    size = BLOCK[data]
    images = fit_to_blocks(lab.images(data).images[:500].double(), size, fit)

    def inside(images):
        blocks = to_blocks(images, size)
        return float(blocks.diff(dim=-1).square().sum() + blocks.diff(dim=-2).square().sum())

    def change(distorted):
        return Exact(inside(distorted) / inside(images) - 1)

    found = curve(lab, 1, neighbours, estimator)
    swapped, permuted = swap_blocks(images, size, 30, lab.generator), permute_pixels(images, lab.generator)
    lab.measure(**{"drop at scale 1": found[0] - found[30], "change inside blocks": change(swapped)})
    lab.control(
        **{
            "drop at scale 1": found["permuted", 0] - found["permuted", 30],
            "change inside blocks": change(permuted),
        }
    )
