"""Block swapping disturbs spatial order at the scale of the blocks and above (sections 4.1 and 4.1.1, Fig. 1).

The paper swaps blocks of 6 in MNIST and Fashion-MNIST and of 8 in CIFAR-10, 0, 10, 20 and 30 times in each image.
Blocks of 6 do not tile 28 x 28 pixels: the images are cropped to 24 x 24 or padded with zeros to 30 x 30, two readings.
The scales are the divisors of the block size, so that blocks and averaged regions share their borders; the figure's
scales are not stated.  Tiers below `nightly` measure the first 10,000 training images, the others all.
"""

from __future__ import annotations

from harness.claim import claim
from harness.data.generated import noise
from harness.experiments.distortions import PermutePixels
from harness.experiments.orderness import OrdernessProfile, orderness_of
from harness.interventions.blocks import swap_blocks, swapped_order
from harness.interventions.pixels import permute_pixels
from harness.interventions.tiling import FITS, fit_to_blocks, to_blocks
from harness.lazy import torch
from harness.measures.orderness import ESTIMATORS
from harness.measures.triples import NEIGHBOURHOODS
from harness.rules import Exact, equals, equivalent_to, greater_than, less_than
from harness.training import SwapBlocks

BLOCK = {"mnist": 6, "fashion-mnist": 6, "cifar10": 8, "digits": 2, "textures": 8}
SIDE = {"mnist": 28, "fashion-mnist": 28, "cifar10": 32, "digits": 8, "textures": 32}
SWAPS = (0, 10, 20, 30)
IMAGES = {"smoke": 10_000, "quick": 10_000, "nightly": None, "paper": None}

FIGURE_1 = {
    "data": ("mnist", "fashion-mnist", "cifar10"),
    "proxies": ("digits", "textures"),
    "readings": {"neighbours": NEIGHBOURHOODS, "estimator": ESTIMATORS, "fit": FITS},
}


def scales(data):
    """The scales at which a data set is measured, up to the size of its blocks."""
    return tuple(scale for scale in range(1, BLOCK[data] + 1) if BLOCK[data] % scale == 0)


def block_swapped(tier, data, fit):
    """Profiles by number of swaps; and, of images whose pixels are permuted beforehand, by "permuted" and that number."""
    size = BLOCK[data]
    if SIDE[data] % size == 0:
        fit = "crop"  # blocks tile: both readings are the same run
    profile = OrdernessProfile(data, count=IMAGES[tier], scales=scales(data))
    swapped = {swaps: profile.with_(distortions=(SwapBlocks(size, swaps, fit),)) for swaps in SWAPS}
    permuted = {
        ("permuted", swaps): profile.with_(
            distortions=(SwapBlocks(size, 0, fit), PermutePixels(), SwapBlocks(size, swaps, fit))
        )
        for swaps in (0, 10, 30)
    }
    return swapped | permuted


def curve(lab, scale, neighbours, estimator):
    """Orderness at a scale, by the names of the runs."""
    return {name: orderness_of(lab.record(run), neighbours, scale, estimator) for name, run in lab.runs.items()}


@claim(
    "SO-17",
    where="Section 4.1",
    rule={
        "blocks": equals(16),
        "lost pixels": equals(0),
        "moved by no swap": equals(0),
        **{f"at home after {swaps}": equivalent_to(home, within=0.01) for swaps, home in AT_HOME.items()},
    },
    control="blocks put in a random order each time, and blocks copied over each other",
)
def test_random_pairs_of_blocks_are_swapped_entire(lab):
    """An image is cut into (N/k) x (N/k) blocks, which span it; in each iteration a random pair is swapped entire.

    Judged for N = 32 and k = 8.  Each of B blocks is in its own place after Ns swaps with probability
    1/B + (1 - 1/B) (1 - 2/(B - 1))^Ns, as for random transpositions: 0.287, 0.116 and 0.075 after 10, 20 and 30.
    """


