"""What claims read off the records of detectors: average precision and shares of errors, by seed and resample.

Arrays are `(seeds, 1 + replicates)`, in per cent: of each seed's detector on the test images, then on resampled ones.
"""

from __future__ import annotations

import functools
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Generic, TypeVar

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

Key = TypeVar("Key")
Value = TypeVar("Value")

claim_on_detectors = functools.partial(
    claim, tier="quick", data={"quick": ("scenes",), "nightly": ("voc2007",)}, proxies=("scenes",), seeds=range(3),
    reach={"quick": "proxy", "nightly": "reduced", "paper": "paper"}, unit="points",
)  # fmt: skip
"""`claim` with what all claims on detectors declare."""

WHOLE, ODD, EVEN = "all images", "odd images", "even images"
ELSEWHERE, RENAMED = "annotations of the next image", "each class taken for the next one"
"""What a detector is judged on: its test images, every other one, annotations that belong to another image, or with all
of its detections under the name of another class."""

QUANTILES, COCO = SIZES = ("sizes within the class", "COCO areas")
"""How objects' sizes are told apart.  COCO's small and medium ones are one kind here, small: hardly any are small."""


class _Remembered(Generic[Key, Value]):
    """What was found before in this process; of more than `limit` things the one that was not asked for longest goes.

    The same record serves many claims, each of which makes `Detectors` of its own: keys begin with the record's.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._values: OrderedDict[Key, Value] = OrderedDict()

    def get(self, key: Key, find: Callable[[], Value]) -> Value:
        """What was found under this key, or what `find` finds now."""
        if key not in self._values:
            self._values[key] = find()
        self._values.move_to_end(key)
        if len(self._values) > self._limit:
            self._values.popitem(last=False)
        return self._values[key]


_statistics: _Remembered[tuple[object, ...], Floats] = _Remembered(limit=512)
_matches: _Remembered[tuple[str, bool, bool], tuple[Detections, Objects, Matches]] = _Remembered(limit=32)


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
        found, there, matches = self._matched(self.records[arm][0], WHOLE)
        kinds = detection_errors(found, there, HOIEM, matches=matches)
        objects = [
            _box(there.boxes[number], OBJECT, self.classes[there.labels[number]])
            for number in (there.images == image).nonzero()[0]
        ]
        predictions = [
            _box(found.boxes[number], _shown(kinds[number]), f"{self.classes[label]}, {found.scores[number]:.2f}")
            for number in top(found, there, kinds)
            if found.images[number] == image
            for label in [found.labels[number]]
        ]
        return objects + predictions

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
        return _statistics.get((record.key, on, *what), lambda: read(*self._matched(record, on), self._weights(on)))

    def _matched(self, record: Record, on: str) -> tuple[Detections, Objects, Matches]:
        """Detections, objects, and which belong together; odd and even images share them with all images."""
        elsewhere, renamed = on == ELSEWHERE, on == RENAMED

        def match_now() -> tuple[Detections, Objects, Matches]:
            found, there = from_tensors(record.tensors)
            if elsewhere:
                found = found._replace(images=(found.images + 1) % self.images)
            if renamed:
                found = found._replace(labels=(found.labels + 1) % self._count)
            return found, there, match(found, there, similar=self._similar)

        return _matches.get((record.key, elsewhere, renamed), match_now)


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
