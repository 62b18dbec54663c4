"""Correlation between neighbouring pixels."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.statistics.resampling import REPLICATES, Bootstrapped, from_sums, resampled_sums
from harness.system.lazy import torch

if TYPE_CHECKING:
    from torch import Tensor


def neighbour_correlation(images: Tensor, replicates: int = REPLICATES, seed: int = 0) -> Bootstrapped:
    """Pearson's correlation over all pairs of horizontal and vertical neighbours of all images, pooled.

    Both orders of a pair count, so that both of its pixels have the same mean and variance.

    Args:
        images: shape `(n, c, height, width)`.
        replicates: number of bootstrap replicates over images.
        seed: seed of their draws.
    """
    pixels = images.double()
    pairs = ((pixels[..., 1:, :], pixels[..., :-1, :]), (pixels[..., 1:], pixels[..., :-1]))
    moments = [torch.stack([(a + b) / 2, (a.square() + b.square()) / 2, a * b], 1).flatten(2).sum(2) for a, b in pairs]
    count = sum(a.numel() for a, _ in pairs)
    mean, square, product = (resampled_sums(moments[0] + moments[1], replicates, seed) / count).T
    return from_sums((product - mean.square()) / (square - mean.square()), len(pixels))
