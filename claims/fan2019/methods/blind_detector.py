"""How well a detector can do on a set of images that does not know where things are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.runs.recipe import Recipe, Result
from harness.system.lazy import np
from harness.system.stable_names import stable_name

if TYPE_CHECKING:
    from claims.fan2019.methods.detections import Objects
    from harness.data.detection_set import DetectionSet
    from harness.runs.bench import Bench


@stable_name("blind-detector")
@dataclass(frozen=True)
class BlindDetector(Recipe):
    """Bound the mean average precision of a position-blind detector (`methods.position_blind`).

    The seed decides what chance adds to the bound.  Nothing but the annotations of the test split is read.

    Attributes:
        data: name in the catalogue.
        tested: the first so many images; None takes all.
        sized: whether it knows the sizes of objects: small, medium or large within the class (Hoiem et al. 2012).
        numbers: so many objects in an image it tells from fewer, but not from more; 1 tells none from some.
    """

    data: str
    tested: int | None = None
    sized: bool = False
    numbers: int = 1

    def data_sets(self) -> tuple[tuple[str, str], ...]:
        """The test split."""
        return ((self.data, "test"),)

    def modules(self) -> tuple[str, ...]:
        """Where the annotations come from."""
        return ("harness.data.detection_catalogue",)

    def compute(self, seed: int, bench: Bench) -> Result:
        """Metrics, all from 0 to 1: `bound`; `with_chance`, the same in lists as short as these; `constructed`."""
        from claims.fan2019.methods.average_precision import ALL_POINTS, mean_average_precision
        from claims.fan2019.methods.object_sizes import quantile_edges, sizes
        from claims.fan2019.methods.position_blind import bounds, fixed_boxes, groups, with_chance

        test = bench.detection(self.data, "test")
        images, classes = min(len(test), self.tested or len(test)), len(test.classes)
        there = _objects(test, images)
        kinds = sizes(there.boxes, there.labels, quantile_edges(there, classes)) * self.sized
        alike = groups(there, kinds, numbers=self.numbers)
        drawn = with_chance(alike, there, classes, seed=seed, rule=ALL_POINTS)
        reached = mean_average_precision(fixed_boxes(alike, seed), there, classes, weights=np.ones((1, images)))
        limit = bounds(alike, there, classes)
        return Result(
            {
                "bound": float(np.nanmean(limit)), "with_chance": float(np.nanmean(drawn)),
                "constructed": float(reached[0]), "test_images": images,
            }
        )  # fmt: skip


def _objects(test: DetectionSet, images: int) -> Objects:
    from claims.fan2019.methods.detections import Objects

    columns = (test.boxes, test.labels, test.owners, test.difficult)
    return Objects(*(column.numpy() for column in columns)).at(test.owners.numpy() < images)
