"""What a detector can reach that knows what is in an image, but not where.

A detector is blind here if the boxes and scores that it gives for an image depend, beside chance of its own, on what
the image holds alone: of each kind (a class, or a class in one size) how many objects.  Images that hold the same
number of a kind are a group; to a blind detector they are all alike.  Let it know exactly what each image holds, and
choose its boxes with hindsight, from the annotations that it is tested on.

Bound.  Average over all ways to exchange the objects' places between the images of a group.  A detection in group g is
then true with a probability of at most (objects of g that its box covers) / (images of g).  The k boxes that a detector
puts into every image of g cover at most U(k) objects together, a concave function (`box_cover.Cover.most`).  Merged
over the groups of a class by falling slope, these say how many true detections, in expectation, are at most among the
first T: h(T).  Precision at rank T is at most h(T) / T, and average precision at most the mean of that over recalls.
Detections of difficult objects are counted as true in h, since they only spare a detector a false one.

That is a bound on expected counts.  The average precision of a finite list also gains by chance, which interpolation
turns to its favour: `with_chance` draws lists whose detections are true, independently, with the bound's probabilities.

Constructed predictor.  `fixed_boxes` are the detections of the greedily chosen boxes: what a blind detector does reach
with hindsight.  The best one lies between that and the bound.

What this does not say: a network is not blind, whatever happens to the order of its features, if their values say where
they come from, as those can that see a border or padding.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from claims.fan2019.methods.average_precision import average_precision
from claims.fan2019.methods.box_cover import Cover, cover
from claims.fan2019.methods.detections import Detections, Objects
from harness.system.lazy import np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.floating]
    Integers = NDArray[np.integer]

_LONGEST = 200_000
"""Detections after which a bound takes precision as constant."""


@dataclass(frozen=True, eq=False)
class Group:
    """Images that are alike to a blind detector as far as one kind of object goes.

    Attributes:
        label: the class of the kind.
        images: their numbers.
        cover: of the objects of that kind in these images.
    """

    label: int
    images: Integers
    cover: Cover

    def pieces(self) -> Floats:
        """True detections at most and detections, in expectation, of each straight piece of U; shape `(pieces, 2)`."""
        start, slope = self.cover.ceilings.T
        slope = np.minimum(slope, len(self.images))
        with np.errstate(divide="ignore", invalid="ignore"):
            crossings = (start[:, None] - start) / (slope - slope[:, None])
        counts = np.unique(np.append(crossings[np.isfinite(crossings) & (crossings > 0)], 0.0))
        hits = (start + counts[:, None] * slope).min(1)
        return np.stack([np.diff(hits), np.diff(counts) * len(self.images)], 1)


def groups(objects: Objects, kinds: Integers, *, numbers: int = 1) -> list[Group]:
    """The groups of images, and the boxes that cover their objects.

    Args:
        objects: of all images.
        kinds: what a blind detector knows of each object beside its class, shape `(m,)`; zeros for nothing.
        numbers: so many objects of a kind in an image are told from fewer, but not from more; 1 tells none from some.
    """
    key = np.stack([objects.images, objects.labels, kinds], 1)
    _, which, count = np.unique(key, axis=0, return_inverse=True, return_counts=True)
    seen = np.stack([objects.labels, kinds, np.minimum(count, numbers)[which]], 1)
    contents, group = np.unique(seen, axis=0, return_inverse=True)
    return [
        Group(int(label), np.unique(objects.images[group == number]), cover(objects.boxes[group == number]))
        for number, (label, _, _) in enumerate(contents)
    ]


def expected_hits(of_class: Iterable[Group], objects: int) -> Floats:
    """h(1), h(2), ... for the groups of one class, until h reaches the number of its objects."""
    pieces = np.concatenate([group.pieces() for group in of_class])
    pieces = pieces[pieces[:, 0] > 0]
    pieces = pieces[np.argsort(-pieces[:, 0] / pieces[:, 1], kind="stable")]
    hits, shown = np.concatenate([np.zeros((1, 2)), pieces.cumsum(0)]).T
    end = np.interp(objects, hits, shown)
    return np.minimum(np.interp(np.arange(1, min(np.ceil(end), _LONGEST) + 1), shown, hits), objects)


def bounds(found: Sequence[Group], objects: Objects, classes: int) -> Floats:
    """The bound on each class's average precision, shape `(classes,)`; NaN for a class without objects."""
    result = np.full(classes, np.nan)
    for label, hits, positives in _by_class(found, objects, classes):
        precision = hits / np.arange(1, len(hits) + 1)
        rest = positives - hits[-1]
        result[label] = (np.diff(hits, prepend=0.0) @ precision + rest * precision[-1]) / positives
    return result


def with_chance(
    found: Sequence[Group], objects: Objects, classes: int, *, seed: int, replicates: int = 100, rule: str
) -> Floats:
    """Average precisions, by one of VOC's rules, of lists drawn with the bound's probabilities.

    Returns:
        Shape `(replicates, classes)`; NaN for a class without objects.
    """
    result = np.full((replicates, classes), np.nan)
    for label, hits, positives in _by_class(found, objects, classes):
        draw = np.random.default_rng([seed, label]).random((replicates, len(hits)))
        true = (draw < np.diff(hits, prepend=0.0)).astype(float)
        true[true.cumsum(1) > positives] = 0.0
        result[:, label] = average_precision(true, 1.0 - true, np.full(replicates, float(positives)), rule)
    return result


def fixed_boxes(found: Sequence[Group], seed: int) -> Detections:
    """The detections of the groups' own boxes, scored by how often they are true; equal ones in random order."""
    boxes, scores, labels, images = [], [], [], []
    for group in found:
        rates = np.diff(group.cover.covered) / len(group.images)
        for box, rate in zip(group.cover.boxes, rates, strict=True):
            boxes.append(np.tile(box, (len(group.images), 1)))
            scores.append(np.full(len(group.images), rate))
            labels.append(np.full(len(group.images), group.label))
            images.append(group.images)
    order = np.random.default_rng(seed).permutation(sum(map(len, scores)))
    columns = (np.concatenate(column)[order] for column in (boxes, scores, labels, images))
    return Detections(*columns)


def _by_class(found: Sequence[Group], objects: Objects, classes: int) -> Iterable[tuple[int, Floats, int]]:
    for label in range(classes):
        positives = int(((objects.labels == label) & ~objects.difficult).sum())
        if positives:
            yield label, expected_hits([group for group in found if group.label == label], positives), positives
