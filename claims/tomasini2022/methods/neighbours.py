"""Differences between adjacent pixels, and what average pooling does to them (Tomasini et al. 2022, Fig. 1a)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.system.lazy import torch

if TYPE_CHECKING:
    from torch import Tensor


def neighbour_differences(images: Tensor) -> Tensor:
    """Differences of all pairs of adjacent pixels, `(n, pairs)`, of images of shape `(n, ..., height, width)`."""
    across, down = images.diff(dim=-1), images.diff(dim=-2)
    return torch.cat([across.flatten(1), down.flatten(1)], 1)


def variance_ratio(size: int, pool: int) -> float:
    """Mean squared difference of neighbours after average pooling (stride 1) over that before, for white images.

    Exact: the expectation over independent pixels of one variance is a sum over single active pixels.
    """
    single = torch.eye(size * size, dtype=torch.float64).reshape(-1, 1, size, size)
    pooled = torch.nn.functional.avg_pool2d(single, pool, stride=1)
    before, after = (neighbour_differences(images).square().sum(0).mean() for images in (single, pooled))
    return float(after / before)
