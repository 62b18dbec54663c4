"""What claims read off the records of detectors: average precision and shares of errors, by seed and resample.

Arrays are `(seeds, 1 + replicates)`, in per cent: of each seed's detector on the test images, then on resampled ones.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from harness.lazy import np
from harness.measures import resampling
from harness.measures.average_precision import ALL_POINTS, mean_average_precision
from harness.measures.detection_errors import HOIEM, Kind, detection_errors, similar_labels, top_counts, top_shares
from harness.measures.detections import Detections, Objects, from_tensors, match
from harness.measures.object_sizes import LARGE, SMALL, coco_edges, only, quantile_edges, sizes

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from harness.store.record import Record

    Floats = NDArray[np.floating]
    Integers = NDArray[np.integer]

WHOLE, ODD, EVEN, ELSEWHERE = "all images", "odd images", "even images", "annotations of the next image"
"""What a detector is judged on: its test images, every other one, or annotations that belong to another image."""

QUANTILES, COCO = SIZES = ("sizes within the class", "COCO areas")
"""How objects' sizes are told apart.  COCO's small and medium ones are one kind here, small: hardly any are small."""

_done: dict[tuple[object, ...], Floats] = {}
"""What was read off before in this process, by the record's key; the same record serves many claims."""


class Detectors:
    """The records of some arms: one a seed for each, all with the same test images."""

    def __init__(self, records: Mapping[str, Sequence[Record]]) -> None:
        self.records = records
        first = next(iter(records.values()))[0].metrics
        self.images: int = first["test_images"]
        self.classes: list[str] = first["class_names"]
        self._area = float(first["image_size"]) ** 2
        self._similar = similar_labels(self.classes, first["similar"])

    @property
    def objects(self) -> Objects:
        """What is in the test images."""
        return from_tensors(next(iter(self.records.values()))[0].tensors)[1]

    def sizes(self, by: str) -> Integers:
        """`SMALL`, `MEDIUM` or `LARGE` for each of the objects."""
        there = self.objects
        return sizes(there.boxes, there.labels, self._edges(there, by))

    def mean_ap(self, arm: str, on: str = WHOLE, *, rule: str = ALL_POINTS) -> Floats:
        """Mean average precision at an overlap of 0.5."""

        def read(found: Detections, there: Objects) -> Floats:
            return mean_average_precision(found, there, len(self.classes), weights=self._weights(on), rule=rule)

        return 100 * self._read(arm, on, ("mean_ap", rule), read)

    def mean_ap_of_size(self, arm: str, on: str = WHOLE, *, small: bool, by: str) -> Floats:
        """The same for small or for large objects."""

        def read(found: Detections, there: Objects) -> Floats:
            size, edges = (SMALL if small else LARGE), self._edges(there, by)
            counted, ignored = only(size, found, there, edges)
            return mean_average_precision(found, counted, len(self.classes), weights=self._weights(on), ignored=ignored)

        return 100 * self._read(arm, on, ("mean_ap_of_size", small, by), read)

    def shares(self, arm: str, convention: str, on: str = WHOLE) -> dict[Kind, Floats]:
        """Shares of the kinds of errors among the top predictions."""

        def read(found: Detections, there: Objects) -> Floats:
            kinds = detection_errors(found, there, convention, similar=self._similar)
            return top_shares(found, there, kinds, weights=self._weights(on))

        whole = 100 * self._read(arm, on, ("shares", convention), read)
        return {kind: whole[..., kind] for kind in Kind if kind >= 0}

    def mislocalised(self, arm: str, on: str = WHOLE, *, small: bool, by: str) -> Floats:
        """Localisation errors (of Hoiem et al.) about objects of a size among the top predictions, an object."""

        def read(found: Detections, there: Objects) -> Floats:
            kinds, edges = detection_errors(found, there, HOIEM, similar=self._similar), self._edges(there, by)
            size, wanted = sizes(there.boxes, there.labels, edges), SMALL if small else LARGE
            about = (kinds == Kind.LOCALISATION) & (np.append(size, -1)[match(found, there).own] == wanted)
            category = np.where(kinds == Kind.IGNORED, -1, about.astype(int))
            errors = top_counts(found, there, category, 2, weights=self._weights(on))[..., 1].sum(1)
            counted = there.images[(size == wanted) & ~there.difficult]
            return errors / self._weights(on)[:, counted].sum(1)

        return 100 * self._read(arm, on, ("mislocalised", small, by), read)

    def notes(self) -> list[str]:
        """Sentences for the report: the grid, and each arm's mean average precision by seed."""
        grid = next(iter(self.records.values()))[0].metrics["grid"]
        values = {arm: ", ".join(f"{one:.1f}" for one in self.mean_ap(arm)[:, 0]) for arm in self.records}
        return [f"{grid} x {grid} cells; {self.images} test images", *(f"mAP {arm}: {v}" for arm, v in values.items())]

    def _weights(self, on: str) -> Floats:
        every = _weights(self.images)
        if on in (ODD, EVEN):
            return every * (np.arange(self.images) % 2 == (on == ODD))
        return every

    def _edges(self, there: Objects, by: str) -> Floats:
        if by == QUANTILES:
            return quantile_edges(there, len(self.classes))
        edges = coco_edges(self._area, len(self.classes))
        return np.stack([edges[:, 1]] * 2, 1)

    def _read(
        self, arm: str, on: str, what: tuple[object, ...], read: Callable[[Detections, Objects], Floats]
    ) -> Floats:
        """A statistic of every record of an arm, stacked over seeds."""
        found = []
        for record in self.records[arm]:
            key = (record.key, on, *what)
            if key not in _done:
                seen, there = from_tensors(record.tensors)
                if on == ELSEWHERE:
                    seen = seen._replace(images=(seen.images + 1) % self.images)
                _done[key] = read(seen, there)
            found.append(_done[key])
        return np.stack(found)


def crossed(read: Callable[[str], Floats]) -> tuple[Floats, Floats]:
    """A statistic of detectors on even images, and of each next seed's on odd ones: the same thing twice, apart."""
    return read(EVEN), np.roll(read(ODD), 1, axis=0)


@functools.cache
def _weights(images: int) -> Floats:
    return resampling.weights(images)
