"""Networks of growing depth on images whose blocks were swapped: Fig. 2, and Table 1 with Fig. 7.

The paper states 64 units and 3 x 3 kernels with 2 x 2 pooling behind each convolution, on CIFAR-10 behind every second;
for Table 1 blocks of 3, six trials and, of Fig. 7, 50 epochs; for Fig. 2 blocks of 6, on CIFAR-10 of 8.  It leaves open
the optimiser, how deep Fig. 2 goes, and whether images are cropped where blocks do not tile them.  Read here is: Adam
at 1e-3 (the rate of appendix B) and gradient descent, batches of 32, one to three convolutions, on CIFAR-10 one to six,
cropping; swaps are drawn once, of validation images too.

Tier `laptop` has 6000 images and 8 epochs, `nightly` 20 epochs of 55,000, `paper` 50, and CIFAR-10.
"""

from __future__ import annotations

from collections.abc import Mapping

from claims.ghosh2019.methods.blocks import SwapBlocks
from claims.ghosh2019.methods.map_progress import MapProgress
from claims.ghosh2019.methods.map_recipes import network as as_stated
from claims.ghosh2019.methods.optimisers import trained_by, with_optimiser
from harness.training import Data, Network
from harness.training.training import Training

SEEDS = range(20, 26)
REACH = {"laptop": "reduced", "nightly": "reduced", "paper": "paper"}

RATE = 0.1
"""Of gradient descent, of 0.01, 0.05, 0.1 and 0.2 the one whose networks of three layers are best without swaps.

On seed 100, of Fig. 2 at tier `laptop`, in per cent of the validation images of MNIST and Fashion-MNIST: 97.6 and 87.0
(Adam 98.0 and 86.5); 97.8 and 86.2 at 0.2; 94.1 and 79.8 at 0.01, with which Table 1 was first judged.
"""

DEPTHS = (1, 2, 3)
DEPTHS_ON_CIFAR10 = (1, 2, 3, 4, 5, 6)
TABLE_SWAPS, FIGURE_SWAPS = (0, 10, 30, 60), (0, 10, 20, 30)
BLOCKS_OF_TABLE_1 = 3

ON = {"laptop": ("mnist", "fashion-mnist"), "paper": ("mnist", "fashion-mnist", "cifar10")}
"""The data sets of Fig. 2, by tier: six convolutions on CIFAR-10 take four times as long as the two others together."""

Arm = tuple[int, int]
"""Convolutions, and swaps of each image."""

COUNT = {"laptop": 6000, "nightly": 55_000, "paper": 55_000}
HELD_OUT = {"laptop": 2000, "nightly": 5000, "paper": 5000}
EPOCHS = {"laptop": 8, "nightly": 20, "paper": 50}


def table_1(tier: str, optimiser: str = "Adam") -> Mapping[Arm, MapProgress]:
    """The runs of Table 1, of which Fig. 7 takes those of three layers, by convolutions and swaps."""
    return {
        (depth, swaps): _arm(tier, "mnist", depth, BLOCKS_OF_TABLE_1, swaps, optimiser)
        for depth in DEPTHS
        for swaps in TABLE_SWAPS
    }


def figure_2(tier: str, data: str, optimiser: str = "Adam") -> Mapping[Arm, MapProgress]:
    """The runs of Fig. 2 on a data set, likewise."""
    depths, block = (DEPTHS_ON_CIFAR10, 8) if data == "cifar10" else (DEPTHS, 6)
    return {
        (depth, swaps): _arm(tier, data, depth, block, swaps, optimiser) for depth in depths for swaps in FIGURE_SWAPS
    }


def _arm(tier: str, data: str, depth: int, block: int, swaps: int, optimiser: str) -> MapProgress:
    training = Training(
        network=_network(data, depth, block),
        data=Data(data, count=_count(tier, data), held_out=HELD_OUT[tier], interventions=(SwapBlocks(block, swaps),)),
        optimiser=trained_by(optimiser, RATE),
        epochs=EPOCHS[tier],
        batch_size=32,
    )
    layers = "layer" if depth == 1 else "layers"
    swapped = with_optimiser(f"{swaps} swaps of blocks of {block}", optimiser)
    return MapProgress(training, called=f"{depth} {layers}, {data}, {swapped}, {tier}")


def _network(data: str, depth: int, block: int) -> Network:
    if data == "cifar10":
        return as_stated(data, depth)
    return Network.of("ghosh-cnn", depth=depth, width=64, size=28 - 28 % block)


def _count(tier: str, data: str) -> int:
    """The training images: what MNIST has too many of for CIFAR-10 is left out."""
    return min(COUNT[tier], 50_000 - HELD_OUT[tier]) if data == "cifar10" else COUNT[tier]
