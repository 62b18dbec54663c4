"""The scale-detection task: two active pixels, nearer or farther than a scale (Tomasini et al. 2022, § 3).

An image has two active pixels at distance d; its label is sign(ξ - d) for the characteristic scale ξ.  Distances within
a gap g around ξ are left out, by one of two conventions: "full" keeps d < ξ - g and d >= ξ + g, "half" keeps
d < ξ - g/2 and d >= ξ + g/2.  Images are pairs of pixels until they are rendered: shape `(n, 2, axes)`, int64.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Literal, NamedTuple

from harness.system.lazy import torch

if TYPE_CHECKING:
    from torch import Tensor

Gap = Literal["full", "half"]


class ScaleDetection(NamedTuple):
    """Images of the task as pairs of pixels.

    Attributes:
        pairs: the active pixels, `(n, 2, axes)`.
        labels: 1 where they are nearer than the scale, -1 where farther: `(n,)`.
        shape: of the images, `(length,)` or `(height, width)`.
    """

    pairs: Tensor
    labels: Tensor
    shape: tuple[int, ...]

    def images(self, dtype: torch.dtype | None = None) -> Tensor:
        """The images, `(n, 1, *shape)`."""
        return render(self.pairs, self.shape, dtype)


def all_pairs(shape: tuple[int, ...], diagonal: bool = True) -> Tensor:
    """Every pair of different pixels, once; `diagonal=False` never activates a pixel of equal coordinates."""
    pixels = torch.tensor(list(itertools.product(*map(range, shape))))
    if not diagonal:
        pixels = pixels[(pixels != pixels[:, :1]).any(1)]
    first, second = torch.triu_indices(len(pixels), len(pixels), offset=1)
    return torch.stack([pixels[first], pixels[second]], 1)


def distances(pairs: Tensor, ring: int | None = None) -> Tensor:
    """Euclidean distance of each pair: `(n,)`, float64; the shorter way round along axes that close to a `ring`."""
    steps = (pairs[:, 0] - pairs[:, 1]).abs()
    if ring is not None:
        steps = torch.minimum(steps, ring - steps)
    return steps.double().square().sum(1).sqrt()


def labels(distance: Tensor, scale: float) -> Tensor:
    """sign(ξ - d): int64 of shape `(n,)`; 0 at the scale itself."""
    return torch.sign(scale - distance).long()


def outside_gap(distance: Tensor, scale: float, gap: float, convention: Gap) -> Tensor:
    """Whether a distance is kept: booleans of shape `(n,)`."""
    margin = gap if convention == "full" else gap / 2
    return (distance < scale - margin) | (distance >= scale + margin)


def scale_detection_1d(length: int, scale: float, gap: float, convention: Gap = "full") -> ScaleDetection:
    """Every image of the task on a ring of `length` pixels (appendix B.2: 32, scale 11, gap 4)."""
    pairs = all_pairs((length,))
    return _kept(pairs, distances(pairs, ring=length), (length,), scale, gap, convention)


def scale_detection_2d(
    size: int, scale: float, gap: float, convention: Gap = "half", diagonal: bool = True
) -> ScaleDetection:
    """Every image of the task on `size` x `size` pixels (Fig. 5: 32, scale 14, gap 2); half a million for 32."""
    pairs = all_pairs((size, size), diagonal)
    return _kept(pairs, distances(pairs), (size, size), scale, gap, convention)


def render(pairs: Tensor, shape: tuple[int, ...], dtype: torch.dtype | None = None) -> Tensor:
    """Images with the value 1 at each active pixel (2 where a pair coincides): `(n, 1, *shape)`."""
    images = torch.zeros(len(pairs), *shape, dtype=dtype or torch.get_default_dtype())
    rows = torch.arange(len(pairs))[:, None].expand(-1, 2)
    ones = images.new_ones(len(pairs), 2)
    return images.index_put_((rows, *pairs.unbind(-1)), ones, accumulate=True)[:, None]


def moves(axes: int) -> Tensor:
    """Every joint move of two pixels, each to one of its neighbours, the diagonal ones too: `(m, 2, axes)`."""
    steps = [step for step in itertools.product((-1, 0, 1), repeat=axes) if any(step)]
    return torch.tensor(list(itertools.product(steps, repeat=2)))


def displace(pairs: Tensor, move: Tensor, shape: tuple[int, ...], ring: bool = False) -> Tensor:
    """Pairs after a move of shape `(2, axes)` or `(n, 2, axes)`: clipped at the border, or around a ring."""
    size = torch.tensor(shape)
    moved = pairs + move
    return moved % size if ring else torch.minimum(moved.clamp(min=0), size - 1)


def _kept(
    pairs: Tensor, distance: Tensor, shape: tuple[int, ...], scale: float, gap: float, convention: Gap
) -> ScaleDetection:
    kept = outside_gap(distance, scale, gap, convention)
    return ScaleDetection(pairs[kept], torch.where(distance[kept] < scale, 1, -1), shape)
