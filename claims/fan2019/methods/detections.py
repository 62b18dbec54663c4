"""What a detector found in a set of images, what is there, and which of its boxes belongs to which object.

Boxes are left, top, right, bottom in pixels, the right and the lower edge outside: a box that covers one pixel is
`x, y, x + 1, y + 1`.  In the annotations of Pascal VOC, which count pixels from 1 and have the last one inside, that is
`xmin - 1, ymin - 1, xmax, ymax`.  All arrays are NumPy's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from harness.system.lazy import np

if TYPE_CHECKING:
    from collections.abc import Collection

    from numpy.typing import NDArray

    Floats = NDArray[np.floating]
    Integers = NDArray[np.integer]
    Booleans = NDArray[np.bool_]

NONE = -1
"""In the place of an object's number: there is none."""


class Detections(NamedTuple):
    """Boxes that a detector proposes, of all images.

    Attributes:
        boxes: shape `(n, 4)`.
        scores: shape `(n,)`, the larger the more confident; where equal, the earlier one goes first.
        labels: classes, shape `(n,)`.
        images: number of the image of each, shape `(n,)`.
    """

    boxes: Floats
    scores: Floats
    labels: Integers
    images: Integers

    def at(self, which: NDArray) -> Detections:
        """Some of them, by number or by mask."""
        return Detections(self.boxes[which], self.scores[which], self.labels[which], self.images[which])


class Objects(NamedTuple):
    """Annotated boxes of all images.

    Attributes:
        boxes: shape `(m, 4)`.
        labels: classes, shape `(m,)`.
        images: number of the image of each, shape `(m,)`.
        difficult: those that count neither as found nor as missed, shape `(m,)`.
    """

    boxes: Floats
    labels: Integers
    images: Integers
    difficult: Booleans

    def at(self, which: NDArray) -> Objects:
        """Some of them, by number or by mask."""
        return Objects(self.boxes[which], self.labels[which], self.images[which], self.difficult[which])


class Matches(NamedTuple):
    """What each detection has to do with the objects of its image; one entry a detection.

    Attributes:
        own: the object of its class that it overlaps most, `NONE` where it overlaps none.
        own_overlap: intersection over union with that.
        other: the object of another class that it overlaps most, `NONE` where it overlaps none.
        other_overlap: intersection over union with that.
        similar_overlap: the largest intersection over union with an object of a similar class.
        first: whether it overlaps its own object by the threshold or more, as the first to do so in order of score.
    """

    own: Integers
    own_overlap: Floats
    other: Integers
    other_overlap: Floats
    similar_overlap: Floats
    first: Booleans


def by_score(detections: Detections) -> Integers:
    """The numbers of the detections, the most confident first."""
    return np.argsort(-detections.scores, kind="stable")


def areas(boxes: Floats) -> Floats:
    """Areas of boxes of shape `(..., 4)`; float64."""
    sides = boxes[..., 2:].astype(float) - boxes[..., :2]
    return np.maximum(sides, 0.0).prod(-1)


def overlaps(first: Floats, second: Floats) -> Floats:
    """Intersection over union of boxes of shapes `(..., 4)` that broadcast; 0 where both are empty; float64."""
    corners = np.maximum(first[..., :2], second[..., :2]), np.minimum(first[..., 2:], second[..., 2:])
    shared = areas(np.concatenate(corners, -1))
    either = areas(first) + areas(second) - shared
    return np.divide(shared, either, out=np.zeros_like(shared), where=either > 0)


def match(
    detections: Detections, objects: Objects, threshold: float = 0.5, similar: Collection[Collection[int]] = ()
) -> Matches:
    """Match detections with objects by the rule of Pascal VOC's development kit.

    A detection belongs to the object of its class that it overlaps most, whether or not another one has that already.
    `similar` are sets of classes that are like one another.
    """
    detection, target = _pairs(detections.images, objects.images)
    overlap = overlaps(detections.boxes[detection], objects.boxes[target])
    meets = overlap > 0
    detection, target, overlap = detection[meets], target[meets], overlap[meets]
    label, its = detections.labels[detection], objects.labels[target]
    count, alike = len(detections.scores), np.any([np.isin(label, [*g]) & np.isin(its, [*g]) for g in similar], axis=0)
    own, own_overlap = _largest(detection, target, overlap, label == its, count)
    other, other_overlap = _largest(detection, target, overlap, label != its, count)
    similar_overlap = np.zeros(count)
    np.maximum.at(similar_overlap, detection, overlap * (alike & (label != its)))
    first = _first(detections, own, own_overlap >= threshold)
    return Matches(own, own_overlap, other, other_overlap, similar_overlap, first)


def _pairs(images: Integers, of_objects: Integers) -> tuple[Integers, Integers]:
    """The numbers of detection and object for all pairs in the same image."""
    order = np.argsort(of_objects, kind="stable")
    start, end = (np.searchsorted(of_objects[order], images, side) for side in ("left", "right"))
    detection = np.repeat(np.arange(len(images)), end - start)
    within = np.arange(len(detection)) - np.repeat(np.cumsum(end - start) - (end - start), end - start)
    return detection, order[start[detection] + within]


def _largest(
    detection: Integers, target: Integers, overlap: Floats, among: Booleans, count: int
) -> tuple[Integers, Floats]:
    """For each detection the object that it overlaps most, and by how much."""
    detection, target, overlap = detection[among], target[among], overlap[among]
    order = np.lexsort((target, -overlap, detection))
    _, starts = np.unique(detection[order], return_index=True)
    best = order[starts]
    found, most = np.full(count, NONE), np.zeros(count)
    found[detection[best]], most[detection[best]] = target[best], overlap[best]
    return found, most


def _first(detections: Detections, own: Integers, enough: Booleans) -> Booleans:
    """Of the detections that overlap an object enough, the most confident one."""
    order = by_score(detections)
    order = order[enough[order]]
    _, starts = np.unique(own[order], return_index=True)
    first = np.zeros(len(own), dtype=bool)
    first[order[starts]] = True
    return first
