"""Errors of networks by their depth: how they are compared without choosing and testing on the same numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.system.lazy import np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]


def best_by_others(by_depth: Numbers) -> Numbers:
    """Each seed's error at the depth that is best in the other seeds: the least of several noisy errors is too small.

    Args:
        by_depth: errors, shape `(seeds, depths)`.
    """
    best = (by_depth.sum(0) - by_depth).argmin(1)
    found: Numbers = np.take_along_axis(by_depth, best[:, None], 1)[:, 0]
    return found


def worse_than_best(by_depth: Numbers) -> Numbers:
    """By how much the deepest is worse than the shallower depth that is best in the other seeds.

    Args:
        by_depth: errors, shape `(seeds, depths)`, the deepest last.
    """
    worse: Numbers = by_depth[:, -1] - best_by_others(by_depth[:, :-1])
    return worse
