"""Fully connected networks beside convolutional ones, on the images of Table 1 without swaps (section 1).

The paper cites others for them, and states neither widths nor depths.  Read here is: 64 rectified units in each hidden
layer, as the convolutions have channels, none to eight hidden layers, and all else as in `methods.depth_recipes`.
"""

from __future__ import annotations

from collections.abc import Mapping

from claims.ghosh2019.methods.depth_recipes import DEPTHS, table_1
from harness.runs.recipe import Recipe
from harness.training import Network

DENSE, CONVOLUTIONAL = "dense", "convolutional"

DEEPEST = {"four": 4, "eight": 8}
"""Hidden layers of the deepest fully connected network, by reading: the paper says "quickly"."""

HIDDEN = (0, 1, 2, 4, 8)

PIXELS = 27 * 27


def dense_and_convolutional(tier: str) -> Mapping[tuple[str, int], Recipe]:
    """Trainings by the kind of network and its hidden layers; those of convolutions are Table 1's."""
    plain = {depth: table_1(tier)[depth, 0] for depth in DEPTHS}
    dense = {
        depth: plain[1].training.with_(
            network=Network.of("mlp", inputs=PIXELS, width=64, depth=depth),
            called=f"fully connected, {depth} hidden layer{'s' * (depth != 1)}, {tier}",
        )
        for depth in HIDDEN
    }
    return {
        **{(CONVOLUTIONAL, depth): recipe for depth, recipe in plain.items()},
        **{(DENSE, depth): recipe for depth, recipe in dense.items()},
    }
