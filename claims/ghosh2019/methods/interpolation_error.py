"""How well a pixel can be guessed from others around it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING

from claims.ghosh2019.methods.triples import Lag, hops
from harness.system.lazy import torch

if TYPE_CHECKING:
    from torch import Tensor

REACH = 2
"""How far the pixels that are used may lie away; pixels nearer to the border are not guessed."""


@dataclass(frozen=True)
class InterpolationErrors:
    """Mean squared errors of linear predictions of a pixel, by image: shape `(n - n // 2,)`, float64.

    Attributes:
        from_neighbours: by the pixels next to it.
        from_two_hops: by the pixels two hops away.
    """

    from_neighbours: Tensor
    from_two_hops: Tensor


def interpolation_errors(images: Tensor, neighbours: str, together: bool) -> InterpolationErrors:
    """Predict each pixel linearly from its neighbours, and from the pixels two hops away.

    The coefficients are those of least squares over the first half of the images, the errors those on the second.

    Args:
        images: shape `(n, c, height, width)`, two images or more, larger than 4 x 4; the channels share coefficients.
        neighbours: "four", "eight" or "straight", see `triples`.
        together: predict from all of the neighbours (or of the pixels two hops away) at once; otherwise from any one.
    """
    if len(images) < 2 or min(images.shape[-2:]) <= 2 * REACH:
        raise ValueError(f"two images of more than {2 * REACH} pixels a side are needed; got {tuple(images.shape)}")
    pairs = hops(neighbours)
    near, far = (sorted({pair[i] for pair in pairs}) for i in (0, 1))
    pixels = images.double()
    return InterpolationErrors(_errors(pixels, near, together), _errors(pixels, far, together))


def _errors(images: Tensor, lags: Collection[Lag], together: bool) -> Tensor:
    known = torch.stack([_inside(images, lag) for lag in lags], -1)[..., None]
    if together:
        known = known.transpose(-1, -2)
    known = torch.cat([torch.ones_like(known[..., :1]), known], -1)
    target = _inside(images, (0, 0))[..., None].expand(known.shape[:-1])
    half = len(images) // 2
    design, wanted = known[:half].flatten(0, -2), target[:half].flatten()
    coefficients = torch.linalg.pinv(design.T @ design, hermitian=True) @ (design.T @ wanted)
    return (known[half:] @ coefficients - target[half:]).square().flatten(1).mean(1)


def _inside(images: Tensor, lag: Lag) -> Tensor:
    """The pixels at a lag from those that are guessed."""
    height, width = images.shape[-2:]
    rows, columns = lag
    return images[..., REACH + rows : height - REACH + rows, REACH + columns : width - REACH + columns]
