"""How much a shuffle takes away: entropy of its permutations, covariance between channels (Fan et al., section 3.1)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor


def permutation_entropy(height: int, width: int, patch: int) -> float:
    """Entropy, in nats, of a uniform shuffle within patches of `patch` by `patch` pixels of one map.

    `(h w / p^2) log((p^2)!)`: 0 for patches of one pixel, `log((h w)!)` when the patch is the map.

    Raises:
        ValueError: when the patches do not tile the map.
    """
    if patch < 1 or height % patch or width % patch:
        raise ValueError(f"patches of {patch} x {patch} do not tile a map of {height} x {width}; give a divisor")
    pixels = patch * patch
    return height * width / pixels * math.lgamma(pixels + 1)


def channel_correlation(x: Tensor, first: int = 0, second: int = 1) -> Tensor:
    """Correlation over the pixels of each image between two of its channels.

    Args:
        x: shape `(n, c, h, w)`.
        first: one channel.
        second: the other.

    Returns:
        Shape `(n,)`, float64; NaN where a channel is constant.
    """
    maps = x.flatten(2).double()
    centred = maps - maps.mean(2, keepdim=True)
    a, b = centred[:, first], centred[:, second]
    return (a * b).sum(1) / (a.norm(dim=1) * b.norm(dim=1))
