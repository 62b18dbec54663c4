"""How networks of several layers on swapped images are read (appendix C)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from claims.ghosh2019.methods.map_readings import TESTED
from harness.system.lazy import np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from harness.lab.lab import Lab

    Numbers = NDArray[np.float64]


def deepest(lab: Lab, neighbours: str) -> tuple[Numbers, Numbers]:
    """Of the networks with most layers: the layers' orderness, and the input's at twice the scale of each.

    Both of shape `(seeds, layers, swaps)`.
    """
    depth = max(depth for depth, _ in lab.runs)
    swaps = sorted({swaps for _, swaps in lab.runs})
    metrics = [[record.metrics for record in lab.records(lab.runs[depth, swap])] for swap in swaps]
    maps = [[[layer[TESTED][-1] for layer in one["orderness"][neighbours]] for one in of] for of in metrics]
    inputs = [[one["input_orderness"][neighbours][:depth] for one in of] for of in metrics]
    return np.array(maps).transpose(1, 2, 0), np.array(inputs).transpose(1, 2, 0)


def correlations(one: Numbers, other: Numbers) -> Numbers:
    """Pearson's correlation over the last axis."""
    a, b = (values - values.mean(-1, keepdims=True) for values in (one, other))
    found: Numbers = (a * b).sum(-1) / np.sqrt((a * a).sum(-1) * (b * b).sum(-1))
    return found
