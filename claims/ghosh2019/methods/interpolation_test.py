"""How well pixels are predicted from their neighbours and from two hops away, in images and in permuted ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from claims.ghosh2019.methods.interpolation_error import interpolation_errors
from harness.interventions.pixels import permute_pixels
from harness.runs.recipe import Recipe, Result
from harness.statistics.resampling import Bootstrapped, ratio_of_means
from harness.system.lazy import torch
from harness.system.stable_names import stable_name
from harness.training.randomness import stream

if TYPE_CHECKING:
    from harness.runs.bench import Bench
    from harness.store.record import Record


@stable_name("interpolation-test")
@dataclass(frozen=True)
class Interpolation(Recipe):
    """Measure the errors of linear predictions, image by image (ghosh2019, section 3).

    Attributes:
        data: name in the catalogue; its training images are used.
        neighbours: "four", "eight" or "straight".
        together: predict from all pixels at a distance at once, or from any one.
        permuted: whether the pixels of each image are permuted first; the seed decides how.
        count: images; the predictions are fitted to the first half and tried on the second.
    """

    data: str
    neighbours: str
    together: bool
    permuted: bool = False
    count: int = 400

    def data_sets(self) -> tuple[tuple[str, str], ...]:
        """The training split."""
        return ((self.data, "train"),)

    def compute(self, seed: int, bench: Bench) -> Result:
        """Tensors: the mean squared error of each image of the second half, by what it is predicted from."""
        images = bench.images(self.data).images[: self.count]
        if self.permuted:
            images = permute_pixels(images, stream(seed, "permutation"))
        errors = interpolation_errors(images, self.neighbours, self.together)
        return Result(
            {"images": len(images)},
            {"neighbours": errors.from_neighbours.cpu().numpy(), "two hops": errors.from_two_hops.cpu().numpy()},
        )


def excess_error(record: Record) -> Bootstrapped:
    """By which share the error from two hops away is larger than that from neighbours."""
    errors = {name: torch.from_numpy(record.tensors[name]) for name in ("neighbours", "two hops")}
    return ratio_of_means(errors["two hops"], errors["neighbours"]) - 1
