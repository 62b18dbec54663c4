"""Patterns that come back to the same value after two hops: the opposite of spatial order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.system.lazy import torch

if TYPE_CHECKING:
    from torch import Tensor


def alternation(neighbours: str, height: int, width: int) -> Tensor:
    """A pattern of 1 and -1, shape `(height, width)`, float64, of an orderness far below 0 under a reading.

    A checkerboard: -1 under "four" and "straight".  Under "eight" diagonal neighbours would be alike on it, as many as
    are not; rows in turns are then the pattern whose neighbours differ and whose two-hop neighbours do not.

    Args:
        neighbours: "four", "eight" or "straight", see `triples`.
        height: in pixels.
        width: in pixels.
    """
    rows, columns = torch.arange(height)[:, None], torch.arange(width)
    place = rows + 0 * columns if neighbours == "eight" else rows + columns
    return 1.0 - 2.0 * (place % 2).double()
