"""Small made-up test sets of a detector, and the plain way to match them."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from claims.fan2019.methods.detections import Detections, Objects

CLASSES, IMAGES = 3, 4


def detections(*found):
    """From (image, label, score, box) each."""
    images, labels, scores, boxes = zip(*found, strict=True) if found else ((), (), (), ())
    return Detections(
        np.array(boxes, float).reshape(-1, 4), np.array(scores, float), np.array(labels, int), np.array(images, int)
    )


def objects(*there, difficult=()):
    """From (image, label, box) each; `difficult` are numbers of objects."""
    images, labels, boxes = zip(*there, strict=True) if there else ((), (), ())
    return Objects(
        np.array(boxes, float).reshape(-1, 4), np.array(labels, int), np.array(images, int),
        np.isin(np.arange(len(images)), difficult),
    )  # fmt: skip


def random_case(seed, found=40, there=12, side=12, images=IMAGES):
    """Boxes on a small grid, so that overlaps and ties of them are frequent; scores are distinct.

    Every other detection is of an object, up to a pixel at a side, half of these with the right class.
    """
    source = np.random.default_rng(seed)

    def boxes(count):
        corners = source.integers(0, side, (count, 2, 2))
        low, high = corners.min(1), corners.max(1) + 1
        return np.concatenate([low, high], 1).astype(np.float32)

    labels = [source.integers(0, CLASSES, count) for count in (found, there)]
    where = [source.integers(0, images, count) for count in (found, there)]
    proposed, annotated = boxes(found), boxes(there)
    of = source.integers(0, there, found)
    near = np.arange(found) % 2 == 0
    proposed[near] = (annotated[of] + source.integers(0, 2, (found, 4)) * [-1, -1, 1, 1])[near]
    where[0][near] = where[1][of][near]
    labels[0][::4] = labels[1][of][::4]
    return (
        Detections(proposed, source.permutation(found) / found, labels[0], where[0]),
        Objects(annotated, labels[1], where[1], source.random(there) < 0.2),
    )


seeds = st.integers(0, 2**31)


def overlap(a, b):
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    shared = max(width, 0) * max(height, 0)
    either = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - shared
    return shared / either if either else 0.0


def plain_matches(found, there, threshold=0.5):
    """One detection after the other: own object, its overlap, the largest other overlap, whether it is the first."""
    taken, results = set(), {}
    for number in sorted(range(len(found.scores)), key=lambda i: -found.scores[i]):
        own, most, other = -1, 0.0, 0.0
        for target in range(len(there.labels)):
            if there.images[target] != found.images[number]:
                continue
            value = overlap(found.boxes[number].astype(float), there.boxes[target].astype(float))
            if there.labels[target] != found.labels[number]:
                other = max(other, value)
            elif value > most:
                own, most = target, value
        first = most >= threshold and own not in taken
        if first:
            taken.add(own)
        results[number] = (own, most, other, first)
    return [results[number] for number in range(len(found.scores))]


def repeated(found, there, counts):
    """The test set with image i there `counts[i]` times."""
    copies = [image for image, count in enumerate(counts) for _ in range(int(count))]

    def taken(columns):
        picks = [np.flatnonzero(columns.images == image) for image in copies]
        rows = np.concatenate([np.zeros(0, int), *picks])
        named = np.concatenate([np.zeros(0, int), *(np.full(len(pick), new) for new, pick in enumerate(picks))])
        return columns.at(rows)._replace(images=named)

    return taken(found), taken(there)
