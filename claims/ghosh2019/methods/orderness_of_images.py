"""Spatial orderness of a set of images, distorted or not, at several scales and under every reading."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from claims.ghosh2019.methods.distortions import Distortion
from claims.ghosh2019.methods.orderness import ESTIMATORS, HopSums, hop_sums, hop_sums_at_scales
from claims.ghosh2019.methods.triples import NEIGHBOURHOODS
from harness.runs.recipe import Recipe, Result
from harness.statistics.resampling import Bootstrapped, from_sums, per_image_ratios, ratio_of_means, resampled_sums
from harness.system.lazy import torch
from harness.system.stable_names import stable_name
from harness.training.randomness import stream

if TYPE_CHECKING:
    from harness.runs.bench import Bench
    from harness.store.record import Record


@stable_name("orderness-profile")
@dataclass(frozen=True)
class OrdernessProfile(Recipe):
    """Measure spatial orderness (ghosh2019, equation 6) and bootstrap it over images.

    The seed decides the distortions; more swaps of blocks go on from fewer.  The bootstrap draws the same images in
    every profile of the same number of images, so that profiles of one set under several distortions are paired.

    Attributes:
        data: name in the catalogue.
        split: "train" or "test".
        count: the first so many images; None takes all.
        distortions: done to the images in this order.
        scales: sides of the blocks that are averaged; they are to tile the images.
    """

    data: str
    split: str = "train"
    count: int | None = None
    distortions: tuple[Distortion, ...] = ()
    scales: tuple[int, ...] = (1,)

    def data_sets(self) -> tuple[tuple[str, str], ...]:
        """The one split that is measured."""
        return ((self.data, self.split),)

    def compute(self, seed: int, bench: Bench) -> Result:
        """Metrics: number of images, their sides, how many are flat.  Tensors: see `orderness_of`."""
        images = bench.images(self.data, self.split).images[: self.count]
        for position, distortion in enumerate(self.distortions):
            images = distortion.apply(images, stream(seed, f"distortion {position}"))
        sums = hop_sums_at_scales(images.to(bench.device), NEIGHBOURHOODS, self.scales)
        flat = {_name(*case): case_sums.flat for case, case_sums in sums.items()}
        metrics = {"images": len(images), "height": images.shape[-2], "width": images.shape[-1], "flat": flat}
        rows = resampled_sums(torch.cat([_columns(case_sums) for case_sums in sums.values()], 1))
        means = (rows[:, 0::2] / rows[:, 1::2] - 1).unflatten(1, (len(sums), len(ESTIMATORS)))
        return Result(metrics, {_name(*case): means[:, i].T.numpy() for i, case in enumerate(sums)})


def orderness_of(record: Record, neighbours: str, scale: int = 1, estimator: str = "pooled") -> Bootstrapped:
    """Spatial orderness as a profile's record has it."""
    name = _name(scale, neighbours)
    if name not in record.tensors:
        raise ValueError(f"the profile has no orderness at {name}; it has {', '.join(sorted(record.tensors))}")
    statistic = torch.from_numpy(record.tensors[name])[ESTIMATORS.index(estimator)]
    return from_sums(statistic, record.metrics["images"])


def bootstrapped_orderness(
    images: torch.Tensor, neighbours: str, scale: int = 1, estimator: str = "pooled", replicates: int = 300
) -> Bootstrapped:
    """Spatial orderness of images that a claim makes itself, bootstrapped over them.

    Args:
        images: shape `(n, c, height, width)`.
        neighbours: "four", "eight" or "straight".
        scale: side of the blocks that are averaged first.
        estimator: "pooled" or "mean of ratios".
        replicates: of the bootstrap; fewer than a profile's, which is done once and kept.
    """
    columns = _columns(hop_sums(images, neighbours, scale))
    first = 2 * ESTIMATORS.index(estimator)
    return ratio_of_means(columns[:, first], columns[:, first + 1], replicates) - 1


def _columns(sums: HopSums) -> torch.Tensor:
    """Numerator and denominator of each estimator, image by image: shape `(n, 4)`."""
    two, one = sums.two_hop.sum(1), sums.one_hop.sum(1)
    return torch.stack([two, one, *per_image_ratios(two, one)], 1)


def _name(scale: int, neighbours: str) -> str:
    return f"scale {scale}, {neighbours}"
