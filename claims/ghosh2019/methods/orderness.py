"""Spatial orderness of images: do nearer pixels differ less?

Equation 6 of ghosh2019,

    so = E(I(p) - I(r))^2 / E(I(p) - I(q))^2 - 1

over two-hop triples (p, q, r).  It is computed over all of them (the paper draws a fixed number), as `triples` defines
them.  1 under a diffusion from p over q to r, 0 where the places of the pixels are exchangeable; always in [-1, 3],
since (a + b)^2 <= 2 a^2 + 2 b^2.  At scale a the images are first reduced to the means of a x a blocks.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from claims.ghosh2019.methods.tiling import block_means, fit_to_blocks
from claims.ghosh2019.methods.triples import Lag, pair_slices, pair_weights
from harness.system.lazy import torch

if TYPE_CHECKING:
    from torch import Tensor

ESTIMATORS = ("pooled", "mean of ratios")
"""One ratio of means over all images, or the mean over images of each image's ratio."""

_CHUNK = {"cpu": 1 << 18, "cuda": 1 << 24}
"""Pixels handled at once: what stays in the cache of a CPU, or what keeps a GPU busy."""


@dataclass(frozen=True)
class HopSums:
    """Sums of squared differences over the triples of each image and channel.

    Attributes:
        one_hop: of (I(p) - I(q))^2, shape `(n, c)`, float64.
        two_hop: of (I(p) - I(r))^2, likewise.
        triples: number of triples in one channel of one image.
    """

    one_hop: Tensor
    two_hop: Tensor
    triples: int

    def orderness(self, estimator: str = "pooled") -> float:
        """Spatial orderness; NaN where no neighbours differ.

        "mean of ratios" leaves out the images whose neighbours are all equal, see `flat`.
        """
        one, two = self.one_hop.sum(1), self.two_hop.sum(1)
        if estimator == "pooled":
            return float(two.sum() / one.sum()) - 1
        if estimator == "mean of ratios":
            return float((two / one)[one > 0].mean()) - 1
        raise ValueError(f"estimator is {estimator!r}; it must be one of {', '.join(ESTIMATORS)}")

    @property
    def flat(self) -> int:
        """Images whose neighbours are all equal: they have no orderness of their own."""
        return int((self.one_hop.sum(1) == 0).sum())


@dataclass(frozen=True)
class MeanOrderness:
    """Orderness of a layer: the mean over its live maps, and how many were live and dead (constant)."""

    value: float
    live: int
    dead: int


def orderness(
    images: Tensor, neighbours: str = "four", scale: int = 1, fit: str = "crop", estimator: str = "pooled"
) -> float:
    """Spatial orderness of a set of images (equation 6).

    Args:
        images: shape `(n, c, height, width)`, any float dtype or integers; the channels are pooled.
        neighbours: "four", "eight" or "straight", see `triples`.
        scale: side of the blocks that are averaged first.
        fit: "crop" or "pad", where such blocks do not tile the images.
        estimator: "pooled" (the paper's) or "mean of ratios".
    """
    return hop_sums(images, neighbours, scale, fit).orderness(estimator)


def map_orderness(maps: Tensor, neighbours: str = "four") -> MeanOrderness:
    """Spatial orderness of a layer: each map over all examples, then the mean over maps (ghosh2019, section 4.2).

    Args:
        maps: shape `(examples, maps, height, width)`.
        neighbours: as in `orderness`.

    Returns:
        NaN where no map is live.
    """
    sums = hop_sums(maps, neighbours)
    one, two = sums.one_hop.sum(0), sums.two_hop.sum(0)
    live = one > 0
    return MeanOrderness(float((two / one)[live].mean()) - 1, int(live.sum()), int((~live).sum()))


def hop_sums(images: Tensor, neighbours: str = "four", scale: int = 1, fit: str = "crop") -> HopSums:
    """The sums behind `orderness`, image by image."""
    return hop_sums_at_scales(images, (neighbours,), (scale,), fit)[scale, neighbours]


def hop_sums_at_scales(
    images: Tensor, neighbours: Sequence[str], scales: Iterable[int] = (1,), fit: str = "crop"
) -> dict[tuple[int, str], HopSums]:
    """The sums for several scales and readings in one pass: they share the squared differences.

    Args:
        images: shape `(n, c, height, width)`.
        neighbours: readings.
        scales: sides of the blocks that are averaged first.
        fit: as in `orderness`.

    Returns:
        The sums by (scale, reading).
    """
    flat = images.detach().reshape(-1, *images.shape[-2:])
    if not len(flat):
        raise ValueError(f"orderness is that of at least one image; got a tensor of shape {tuple(images.shape)}")
    tables = {scale: _PairTable.of(flat, neighbours, scale, fit) for scale in scales}
    parts = [{scale: table.sums(pixels) for scale, table in tables.items()} for pixels in _images_last(flat)]
    sums = {}
    for scale, table in tables.items():
        whole = torch.cat([part[scale] for part in parts], -1).reshape(len(neighbours), 2, *images.shape[:2])
        for reading, (one, two), triples in zip(neighbours, whole, table.triples, strict=True):
            sums[scale, reading] = HopSums(one, two, triples)
    return sums


@dataclass(frozen=True)
class _PairTable:
    """The pairs of pixels that the readings need at one scale, with their weights in each sum."""

    scale: int
    fit: str
    triples: tuple[int, ...]
    counts: dict[Lag, Tensor]
    """By lag: how often each sum (one-hop and two-hop, reading by reading) takes each pair; `(2 readings, pairs)`."""

    @classmethod
    def of(cls, images: Tensor, neighbours: Sequence[str], scale: int, fit: str) -> _PairTable:
        height, width = block_means(images[:1], scale, fit).shape[-2:]
        weights = [pair_weights(reading, height, width) for reading in neighbours]
        for reading, weight in zip(neighbours, weights, strict=True):
            if not weight.triples:
                raise ValueError(
                    f"no two-hop triple (neighbours: {reading}) fits on {height} x {width} pixels, what scale {scale} "
                    "leaves of the images; use a smaller scale"
                )
        hops = [pairs for weight in weights for pairs in (weight.one_hop, weight.two_hop)]
        lags = sorted({lag for pairs in hops for lag in pairs})
        counts = {lag: _stacked([pairs.get(lag) for pairs in hops]).to(images.device) for lag in lags}
        return cls(scale, fit, tuple(weight.triples for weight in weights), counts)

    def sums(self, pixels: Tensor) -> Tensor:
        """The weighted sums of squared differences: shape `(2 readings, n)` for pixels `(height, width, n)`."""
        coarse = _block_means(pixels, self.scale, self.fit)
        sums = coarse.new_zeros(2 * len(self.triples), coarse.shape[-1])
        room = torch.empty_like(coarse)
        for lag, counts in self.counts.items():
            behind, ahead = pair_slices(lag)
            pairs = coarse[ahead]
            squares = room.view(-1)[: pairs.numel()].view(pairs.shape)
            torch.sub(pairs, coarse[behind], out=squares).square_()
            sums.addmm_(counts, squares.flatten(0, 1))
        return sums


def _images_last(images: Tensor) -> Iterator[Tensor]:
    """Chunks of shape `(height, width, some)`, float64: long runs of memory whatever the lag.  All share one place."""
    size = max(1, _CHUNK.get(images.device.type, _CHUNK["cpu"]) // images[0].numel())
    room = images.new_empty((*images.shape[1:], min(size, len(images))), dtype=torch.float64)
    for chunk in images.split(size):
        yield room[..., : len(chunk)].copy_(chunk.permute(1, 2, 0))


def _block_means(pixels: Tensor, size: int, fit: str) -> Tensor:
    """`block_means` of pixels `(height, width, n)`."""
    tiled = fit_to_blocks(pixels.permute(2, 0, 1), size, fit).permute(1, 2, 0)
    if size > 1:
        tiled = tiled.unflatten(0, (-1, size)).mean(1).unflatten(1, (-1, size)).mean(2)
    return tiled.contiguous()


def _stacked(weights: Sequence[Tensor | None]) -> Tensor:
    """Weights of the same pairs in several sums, as rows of a matrix; zeros where a sum does not take them."""
    shape = next(weight.shape for weight in weights if weight is not None)
    return torch.stack([torch.zeros(shape, dtype=torch.float64) if w is None else w for w in weights]).flatten(1)
