"""What claims read off the records of detectors: average precision and shares of errors, by seed and resample.

Arrays are `(seeds, 1 + replicates)`, in per cent: of each seed's detector on the test images, then on resampled ones.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from claims.fan2019.methods.average_precision import ALL_POINTS, mean_average_precision
from claims.fan2019.methods.detection_errors import (
    HOIEM,
    Kind,
    detection_errors,
    similar_labels,
    top,
    top_counts,
    top_shares,
)
from claims.fan2019.methods.detections import Detections, Matches, Objects, from_tensors, match
from claims.fan2019.methods.object_sizes import LARGE, MEDIUM, SMALL, coco_edges, only, quantile_edges, sizes
from harness.claims.claim import claim
from harness.lab.pictures import CORRECT, MISPLACED, OBJECT, WRONG, Box
from harness.statistics import resampling
from harness.system.lazy import np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from harness.lab.lab import Lab
    from harness.store.record import Record

    Reading = Callable[[Detections, Objects, Matches, "Floats"], "Floats"]

    Floats = NDArray[np.floating]

claim_on_detectors = functools.partial(
    claim, tier="quick", data={"quick": ("scenes",), "nightly": ("voc2007",)}, proxies=("scenes",), seeds=range(3),
    reach={"quick": "proxy", "nightly": "reduced", "paper": "paper"}, unit="points",
)  # fmt: skip
"""`claim` with what all claims on detectors declare."""

WHOLE, ODD, EVEN, ELSEWHERE = "all images", "odd images", "even images", "annotations of the next image"
"""What a detector is judged on: its test images, every other one, or annotations that belong to another image."""

QUANTILES, COCO = SIZES = ("sizes within the class", "COCO areas")
"""How objects' sizes are told apart.  COCO's small and medium ones are one kind here, small: hardly any are small."""

_done: dict[tuple[object, ...], Floats] = {}
_matched: dict[tuple[str, bool], tuple[Detections, Objects, Matches]] = {}
"""What was found before in this process, by the record's key; the same record serves many claims."""


class Detectors:
    """The records of some arms: one a seed for each, all with the same test images."""

    def __init__(self, records: Mapping[str, Sequence[Record]]) -> None:
        self.records = records
        first = next(iter(records.values()))[0].metrics
        self.images: int = first["test_images"]
        self.classes: list[str] = first["class_names"]
        self._count = len(self.classes)
        self._area = float(first["image_size"]) ** 2
        self._similar = similar_labels(self.classes, first["similar"])

    @classmethod
    def of(cls, lab: Lab) -> Detectors:
        """Those of a claim's runs; the grid and every mAP go into the report."""
        found = cls({name: lab.records(recipe) for name, recipe in lab.runs.items()})
        for line in found.notes():
            lab.note(line)
        return found

    def mean_ap(self, arm: str, on: str = WHOLE, *, rule: str = ALL_POINTS) -> Floats:
        """Mean average precision at an overlap of 0.5."""

        def read(found: Detections, there: Objects, matches: Matches, weights: Floats) -> Floats:
            return mean_average_precision(found, there, self._count, weights=weights, rule=rule, matches=matches)

        return 100 * self._read(arm, on, ("mean_ap", rule), read)

    def mean_ap_of_size(self, arm: str, on: str = WHOLE, *, size: int, by: str) -> Floats:
        """The same for objects that are `SMALL` or `LARGE`."""

        def read(found: Detections, there: Objects, matches: Matches, weights: Floats) -> Floats:
            counted, ignored = only(size, found, there, self._edges(there, by))
            how = {"weights": weights, "ignored": ignored, "matches": matches}
            return mean_average_precision(found, counted, self._count, **how)

        return 100 * self._read(arm, on, ("mean_ap_of_size", size, by), read)

    def shares(self, arm: str, convention: str, on: str = WHOLE) -> dict[Kind, Floats]:
        """Shares of the kinds of errors among the top predictions."""

        def read(found: Detections, there: Objects, matches: Matches, weights: Floats) -> Floats:
            return top_shares(
                found, there, detection_errors(found, there, convention, matches=matches), weights=weights
            )

        whole = 100 * self._read(arm, on, ("shares", convention), read)
        return {kind: whole[..., kind] for kind in Kind if kind >= 0}

    def mislocalised(self, arm: str, on: str = WHOLE, *, by: str) -> tuple[Floats, Floats]:
        """Localisation errors (of Hoiem et al.) among the top predictions: about small and large objects, for each."""

        def read(found: Detections, there: Objects, matches: Matches, weights: Floats) -> Floats:
            kinds = detection_errors(found, there, HOIEM, matches=matches)
            size = sizes(there.boxes, there.labels, self._edges(there, by))
            about = np.where(kinds == Kind.LOCALISATION, np.append(size, MEDIUM)[matches.own], MEDIUM)
            category = np.where(kinds == Kind.IGNORED, -1, about)
            errors = top_counts(found, there, category, 3, weights=weights).sum(1)
            counted = there.images[~there.difficult], size[~there.difficult]
            objects = [weights[:, counted[0][counted[1] == one]].sum(1) for one in (SMALL, LARGE)]
            with np.errstate(invalid="ignore", divide="ignore"):  # without objects of a size, NaN
                return errors[:, [SMALL, LARGE]] / np.stack(objects, 1)

        both = 100 * self._read(arm, on, ("mislocalised", by), read)
        return both[..., 0], both[..., 1]

    def boxes(self, arm: str, image: int) -> list[Box]:
        """What is in an image, and the top predictions of the first seed's detector there, by Hoiem et al."""
        found, there, matches = self._matched(self.records[arm][0], elsewhere=False)
        kinds = detection_errors(found, there, HOIEM, matches=matches)
        mine = [one for one in top(found, there, kinds) if found.images[one] == image]
        objects = (there.images == image).nonzero()[0]
        return [_box(there.boxes[one], OBJECT, self.classes[there.labels[one]]) for one in objects] + [
            _box(found.boxes[one], _shown(kinds[one]), f"{self.classes[found.labels[one]]}, {found.scores[one]:.2f}")
            for one in mine
        ]

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
            return quantile_edges(there, self._count)
        return coco_edges(self._area, self._count)[:, [1, 1]]

    def _read(self, arm: str, on: str, what: tuple[object, ...], read: Reading) -> Floats:
        """A statistic of every record of an arm, stacked over seeds."""
        return np.stack([self._remembered(record, on, what, read) for record in self.records[arm]])

    def _remembered(self, record: Record, on: str, what: tuple[object, ...], read: Reading) -> Floats:
        if (key := (record.key, on, *what)) not in _done:
            _done[key] = read(*self._matched(record, elsewhere=on == ELSEWHERE), self._weights(on))
        return _done[key]

    def _matched(self, record: Record, elsewhere: bool) -> tuple[Detections, Objects, Matches]:
        if (key := (record.key, elsewhere)) not in _matched:
            found, there = from_tensors(record.tensors)
            if elsewhere:
                found = found._replace(images=(found.images + 1) % self.images)
            _matched[key] = found, there, match(found, there, similar=self._similar)
        return _matched[key]


def _box(corners: Floats, kind: str, words: str) -> Box:
    left, top, right, bottom = corners.tolist()
    return Box(left, top, right, bottom, kind, words)


def _shown(kind: int) -> str:
    return {Kind.CORRECT: CORRECT, Kind.LOCALISATION: MISPLACED}.get(Kind(kind), WRONG)


def crossed(read: Callable[[str], Floats]) -> tuple[Floats, Floats]:
    """A statistic of detectors on even images, and of each next seed's on odd ones: the same thing twice, apart."""
    return read(EVEN), np.roll(read(ODD), 1, axis=0)


@functools.cache
def _weights(images: int) -> Floats:
    return resampling.weights(images)
