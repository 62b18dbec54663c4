"""What a run would take on a GPU that has no records yet, by what it has to compute."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.runs.cost import UNKNOWN, Cost
from harness.runs.recipe import Recipe

if TYPE_CHECKING:
    from harness.runs.bench import Bench

RATE = 1e14
"""Operations a second that are assumed: an eighth of what the large matrix products of an H200 reach in bfloat16."""

STEP = 5e-4
"""Seconds that a step takes at least: the kernels of small networks are too short to fill a GPU."""

BASIS = "assumed GPU"


def gpu_cost(recipe: Recipe, bench: Bench) -> Cost:
    """What a run of this recipe would take on a GPU of `RATE`, one run at a time, tests after the training left out.

    Unknown where images come to the network in another shape than the data set has them, as cropped ones do.
    """
    try:
        effort = recipe.effort(bench)
    except RuntimeError:  # torch's word for shapes that do not fit
        return UNKNOWN
    return Cost(max(effort.operations / RATE, effort.steps * STEP), BASIS) if effort else UNKNOWN
