"""What is kept of a detector's detections: average precision and shares of errors, on its test images and resampled.

Detections and objects themselves are not kept.  Every statistic that a claim reads is a row of 1 + `REPLICATES` numbers
in per cent: on the test images, then on images drawn with replacement, in the same draws for all detectors that are
tested on as many images.  So two detectors are still compared image by image (`methods.seeds_and_images`).

Replicates are few and rounded to `DIGITS` digits, so that a record stays below 30 KB.  What is lost by that: the
variance over images is known no better than `REPLICATES` - 1 degrees of freedom tell, which the intervals take into
account, and statistics that nobody thought of can only be had from another run.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from claims.fan2019.methods.average_precision import ALL_POINTS, ELEVEN_POINTS, mean_average_precision
from claims.fan2019.methods.detection_errors import (
    CONVENTIONS,
    HOIEM,
    KINDS,
    Kind,
    detection_errors,
    similar_labels,
    top,
    top_counts,
    top_shares,
)
from claims.fan2019.methods.detections import Detections, Matches, Objects, match
from claims.fan2019.methods.object_sizes import LARGE, MEDIUM, SMALL, coco_edges, only, quantile_edges, sizes
from harness.lab.pictures import CORRECT, MISPLACED, OBJECT, WRONG
from harness.statistics import resampling
from harness.system.lazy import np

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.floating]

    Rows = dict[str, dict[str, list[float | None]]]
    """By group and name; None where there is no such number."""

WHOLE, ODD, EVEN = "all images", "odd images", "even images"
ELSEWHERE, RENAMED = "annotations of the next image", "each class taken for the next one"
"""What a detector is judged on: its test images, every other one, annotations that belong to another image, or with all
of its detections under the name of another class."""

QUANTILES, COCO = SIZES = ("sizes within the class", "COCO areas")
"""How objects' sizes are told apart.  COCO's small and medium ones are one kind here, small: hardly any are small."""

MEAN_AP, LARGE_AP, SMALL_MISLOCALISED, LARGE_MISLOCALISED = (
    "mean AP", "mean AP of large objects", "mislocalised for each small object", "mislocalised for each large object",
)  # fmt: skip
"""Groups of statistics; the others are called by their convention."""

REPLICATES = 50
DIGITS = 4
"""Significant decimal digits of a replicate."""

PICTURED = 4
"""Test images, the first ones, of which boxes are kept."""


class Findings(NamedTuple):
    """A test set with what a detector found in it.

    Attributes:
        found: detections.
        there: objects.
        images: how many there are.
        side: of an image in pixels.
        classes: names in the order of the labels.
        similar: groups of names that are like one another.
    """

    found: Detections
    there: Objects
    images: int
    side: int
    classes: Sequence[str]
    similar: Collection[Collection[str]]

    def matched(self) -> Matches:
        """Which detections belong to which objects."""
        return match(self.found, self.there, similar=similar_labels(self.classes, self.similar))

    def elsewhere(self) -> Findings:
        """The same on the annotations of other images."""
        return self._replace(found=self.found._replace(images=(self.found.images + 1) % self.images))

    def renamed(self) -> Findings:
        """The same with each class taken for the next one."""
        return self._replace(found=self.found._replace(labels=(self.found.labels + 1) % len(self.classes)))


def statistics(tested: Findings, replicates: int = REPLICATES) -> dict[str, Rows]:
    """The rows that claims read, by what the detector is judged on, group and name."""
    every = resampling.weights(tested.images, replicates)
    odd = np.arange(tested.images) % 2 == 1
    whole = _Reading(tested)
    elsewhere, renamed = _Reading(tested.elsewhere()), _Reading(tested.renamed())
    halves = {
        on: {
            **whole.mean_ap(every * half),
            **whole.shares(every * half, (Kind.CORRECT, Kind.LOCALISATION)),
            **whole.mislocalised(every * half),
        }
        for on, half in {ODD: odd, EVEN: ~odd}.items()
    }
    found = {
        WHOLE: {**whole.mean_ap(every), **whole.shares(every), **whole.mislocalised(every), **whole.large_ap(every)},
        **halves,
        ELSEWHERE: {**elsewhere.shares(every), **elsewhere.large_ap(every)},
        RENAMED: renamed.shares(every),
    }
    return {
        on: {group: {name: _kept(row) for name, row in rows.items()} for group, rows in groups.items()}
        for on, groups in found.items()
    }


def pictured(tested: Findings) -> list[list[list[Any]]]:
    """The boxes of the first `PICTURED` images: what is there, and the top predictions, judged by Hoiem et al.

    Returns:
        For each image the fields of `harness.lab.pictures.Box`, corners to a tenth of a pixel.
    """
    found, there, matches = tested.found, tested.there, tested.matched()
    kinds = detection_errors(found, there, HOIEM, matches=matches)
    shown: list[list[list[Any]]] = [[] for _ in range(min(PICTURED, tested.images))]
    for number in (there.images < len(shown)).nonzero()[0]:
        words = tested.classes[there.labels[number]]
        shown[there.images[number]].append(_box(there.boxes[number], OBJECT, words))
    for number in top(found, there, kinds):
        if found.images[number] < len(shown):
            words = f"{tested.classes[found.labels[number]]}, {found.scores[number]:.2f}"
            shown[found.images[number]].append(_box(found.boxes[number], _shown(kinds[number]), words))
    return shown


class _Reading:
    """Statistics of one test set: by group and name, arrays of shape `(rows of weights,)`, as shares of 1."""

    def __init__(self, tested: Findings) -> None:
        self._tested = tested
        self._found, self._there = tested.found, tested.there
        self._matches = tested.matched()
        self._count = len(tested.classes)

    def mean_ap(self, weights: Floats) -> dict[str, dict[str, Floats]]:
        """Mean average precision at an overlap of 0.5, by its rule."""
        return {MEAN_AP: {rule: self._mean_ap(self._there, weights, rule=rule) for rule in (ALL_POINTS, ELEVEN_POINTS)}}

    def large_ap(self, weights: Floats) -> dict[str, dict[str, Floats]]:
        """The same for large objects alone."""
        found = {}
        for by in SIZES:
            counted, ignored = only(LARGE, self._found, self._there, self._edges(by))
            found[by] = self._mean_ap(counted, weights, ignored=ignored)
        return {LARGE_AP: found}

    def shares(self, weights: Floats, among: Collection[Kind] = tuple(Kind)) -> dict[str, dict[str, Floats]]:
        """Shares of the kinds of errors among the top predictions, by convention."""
        found = {}
        for convention in CONVENTIONS:
            kinds = detection_errors(self._found, self._there, convention, matches=self._matches)
            shares = top_shares(self._found, self._there, kinds, weights=weights)
            found[convention] = {
                kind.name.lower(): shares[:, kind] for kind in KINDS[convention] if kind in among
            }  # fmt: skip
        return found

    def mislocalised(self, weights: Floats) -> dict[str, dict[str, Floats]]:
        """Localisation errors (of Hoiem et al.) among the top predictions: about small and large objects, for each."""
        found: dict[str, dict[str, Floats]] = {SMALL_MISLOCALISED: {}, LARGE_MISLOCALISED: {}}
        kinds = detection_errors(self._found, self._there, HOIEM, matches=self._matches)
        counted = ~self._there.difficult
        for by in SIZES:
            size = sizes(self._there.boxes, self._there.labels, self._edges(by))
            about = np.where(kinds == Kind.LOCALISATION, np.append(size, MEDIUM)[self._matches.own], MEDIUM)
            category = np.where(kinds == Kind.IGNORED, -1, about)
            errors = top_counts(self._found, self._there, category, 3, weights=weights).sum(1)
            for group, one in ((SMALL_MISLOCALISED, SMALL), (LARGE_MISLOCALISED, LARGE)):
                objects = weights[:, self._there.images[counted & (size == one)]].sum(1)
                with np.errstate(invalid="ignore", divide="ignore"):  # without objects of a size, NaN
                    found[group][by] = errors[:, one] / objects
        return found

    def _mean_ap(self, there: Objects, weights: Floats, **how: Any) -> Floats:
        return mean_average_precision(self._found, there, self._count, weights=weights, matches=self._matches, **how)

    def _edges(self, by: str) -> Floats:
        if by == QUANTILES:
            return quantile_edges(self._there, self._count)
        return coco_edges(float(self._tested.side) ** 2, self._count)[:, [1, 1]]


def _kept(row: Floats) -> list[float | None]:
    """A row in per cent as JSON: the value as it is, replicates rounded, None for what is no number."""
    value, *replicates = (100 * row).tolist()
    kept = [value, *(float(f"{one:.{DIGITS}g}") for one in replicates)]
    return [one if np.isfinite(one) else None for one in kept]


def _box(corners: Floats, kind: str, words: str) -> list[Any]:
    return [*(round(edge, 1) for edge in corners.tolist()), kind, words]


def _shown(kind: int) -> str:
    return {Kind.CORRECT: CORRECT, Kind.LOCALISATION: MISPLACED}.get(Kind(kind), WRONG)
