"""Trainings of other claims with the cause of the effect taken away: order of the pixels, labels, training itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from claims.ghosh2019.methods.depth_recipes import figure_2
from claims.ghosh2019.methods.fixed_disturbances import FixedOrder
from claims.ghosh2019.methods.map_progress import MapProgress
from claims.ghosh2019.methods.map_recipes import progress
from claims.ghosh2019.methods.untrained_looks import UntrainedLooks
from harness.runs.recipe import Recipe
from harness.training import Data, LabelNoise

PLAIN, IN_ONE_ORDER, MISLABELLED = "as they are", "in one order", "with random labels"
"""The images."""

DEPTHS, SWAPS = (1, 3), (0, 30)
"""The ends of what Fig. 2 has at tier `laptop`."""

Arm = tuple[str, int, int]
"""Images, convolutions, and swaps of each image."""


def in_one_order(tier: str, data: str, optimiser: str = "Adam") -> Mapping[Arm, MapProgress]:
    """Ends of Fig. 2, and the same with the pixels of all images, swapped before, in one random order."""
    found: dict[Arm, MapProgress] = {}
    for (depth, swaps), recipe in figure_2(tier, data, optimiser).items():
        if depth in DEPTHS and swaps in SWAPS:
            images = recipe.training.data
            images = replace(images, interventions=(*images.interventions, FixedOrder()))
            found[PLAIN, depth, swaps] = recipe
            found[IN_ONE_ORDER, depth, swaps] = _other(recipe, images, "pixels in one random order")
    return found


def with_random_labels(tier: str, data: str, optimiser: str = "Adam") -> Mapping[Arm, MapProgress]:
    """Ends of Fig. 2 without swaps, and the same where training images have random labels."""
    found: dict[Arm, MapProgress] = {}
    for depth in DEPTHS:
        recipe = figure_2(tier, data, optimiser)[depth, 0]
        images = replace(recipe.training.data, label_noise=LabelNoise(share=1.0, reading="any class"))
        found[PLAIN, depth, 0] = recipe
        found[MISLABELLED, depth, 0] = _other(recipe, images, "random labels")
    return found


def untrained(tier: str, data: str, optimiser: str) -> Mapping[str, Recipe]:
    """A network of Fig. 3, and the same before training, looked at as often; one for both optimisers."""
    watched = progress(tier, data, optimiser)["network"]
    begun = progress(tier, data, "Adam")["network"]
    return {
        "trained": watched,
        "untrained": UntrainedLooks(begun.training, watched.steps, called=f"{begun.called}, untrained"),
    }


def _other(recipe: MapProgress, images: Data, how: str) -> MapProgress:
    return recipe.with_(training=recipe.training.with_(data=images), called=f"{recipe.called}, {how}")
