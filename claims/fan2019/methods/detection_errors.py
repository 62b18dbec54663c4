"""What is wrong with each detection, under three conventions, and how often.

| convention | source | localisation error | duplicates | other types |
| --- | --- | --- | --- | --- |
| `FAN` | Fan et al. 2020, section 4.5 | right class, overlap below 0.5 | correct | other, background |
| `HOIEM` | Hoiem et al. 2012, section 3.1 | right class, overlap from 0.1 to 0.5 | too | similar, other, background |
| `TIDE` | Bolya et al. 2020, section 2 | right class, overlap from 0.1 to 0.5 | apart | other, both, background |
"""

from __future__ import annotations

import enum
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from claims.fan2019.methods.detections import Detections, Matches, Objects, by_score, match
from harness.system.lazy import np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.floating]
    Integers = NDArray[np.integer]
    Booleans = NDArray[np.bool_]

FAN, HOIEM, TIDE = CONVENTIONS = ("the paper's words", "Hoiem et al.", "TIDE")


class Kind(enum.IntEnum):
    """What a detection is; `IGNORED` where it is of a difficult object."""

    IGNORED = -1
    CORRECT = 0
    LOCALISATION = 1
    DUPLICATE = 2
    SIMILAR = 3
    OTHER = 4
    BOTH = 5
    BACKGROUND = 6


KINDS = {
    FAN: (Kind.CORRECT, Kind.LOCALISATION, Kind.OTHER, Kind.BACKGROUND),
    HOIEM: (Kind.CORRECT, Kind.LOCALISATION, Kind.SIMILAR, Kind.OTHER, Kind.BACKGROUND),
    TIDE: (Kind.CORRECT, Kind.LOCALISATION, Kind.DUPLICATE, Kind.OTHER, Kind.BOTH, Kind.BACKGROUND),
}
"""The kinds that a convention tells apart."""


def detection_errors(
    detections: Detections,
    objects: Objects,
    convention: str,
    *,
    similar: Collection[Collection[int]] = (),
    floor: float = 0.1,
    threshold: float = 0.5,
    matches: Matches | None = None,
) -> Integers:
    """The `Kind` of each detection, shape `(n,)`.

    - `FAN`: correct with an overlap of `threshold` or more with an object of its class.  A detection of a class that is
      in the image is otherwise mislocalised, however far off.  Of a class that is not there, it is other where it
      overlaps an object by `floor` or more, else background; the paper does not say.
    - `HOIEM`: correct as the first to overlap an object of its class by `threshold`; else mislocalised from `floor` on,
      duplicates too; else similar or other where it overlaps an object of such a class by `floor`; else background.
    - `TIDE`: correct as before; else mislocalised from `floor` to `threshold`; else other from `threshold` on with an
      object of another class; else duplicate; else both where it overlaps one by more than `floor`; else background.

    Objects are matched by the rule of Pascal VOC under all three; TIDE itself lets a detection take the nearest object
    that is left.

    Args:
        detections: of all images.
        objects: of all images.
        convention: one of `CONVENTIONS`.
        similar: sets of classes that are like one another.
        floor: least intersection over union with an object for a detection to be about it.
        threshold: least intersection over union of a correct detection.
        matches: what `match` says of them, for the same threshold and similar classes, where it is known.
    """
    matches = matches or match(detections, objects, threshold, similar)
    ignored = (matches.own_overlap >= threshold) & np.append(objects.difficult, False)[matches.own]
    if convention == FAN:
        cases = _fan(matches, _present(detections, objects), floor, threshold)
    elif convention == HOIEM:
        cases = _hoiem(matches, floor)
    elif convention == TIDE:
        cases = _tide(matches, floor, threshold)
    else:
        raise ValueError(f"no convention {convention!r}; there are {', '.join(map(repr, CONVENTIONS))}")
    return np.select([ignored, *cases.values()], [Kind.IGNORED, *cases], Kind.BACKGROUND)


def missed(detections: Detections, objects: Objects, *, floor: float = 0.1, threshold: float = 0.5) -> Booleans:
    """Objects that TIDE calls missed: not found, and not what a mislocalised or misclassified detection is about."""
    matches = match(detections, objects, threshold)
    kinds = detection_errors(detections, objects, TIDE, floor=floor, threshold=threshold)
    nearest = [
        matches.own[(kinds == Kind.CORRECT) | (kinds == Kind.LOCALISATION)], matches.other[kinds == Kind.OTHER],
    ]  # fmt: skip
    return ~np.isin(np.arange(len(objects.labels)), np.concatenate(nearest)) & ~objects.difficult


def top(detections: Detections, objects: Objects, kinds: Integers) -> Integers:
    """The numbers of the top predictions (see `top_counts`), class by class, the most confident first."""
    order = by_score(detections)
    order = order[kinds[order] != Kind.IGNORED]
    counts = np.bincount(objects.labels[~objects.difficult])
    return np.concatenate([order[detections.labels[order] == label][:n] for label, n in enumerate(counts)])


def top_counts(
    detections: Detections, objects: Objects, category: Integers, categories: int, *, weights: Floats
) -> Floats:
    """How many of the top predictions are of each category, with images as often as `weights` says.

    Of each class the N most confident detections count, where N is the number of its objects that are not difficult
    (Hoiem et al. 2012, section 3.1); under each row of weights they are chosen anew.

    Args:
        detections: of all images.
        objects: of all images.
        category: of each detection, shape `(n,)`, from 0 on; below 0 it is passed over.
        categories: number of categories.
        weights: how often each image is there, shape `(r, images)`.

    Returns:
        Shape `(r, classes, categories)`, a row for each class that has objects, in their order.
    """
    order = by_score(detections)
    order = order[category[order] >= 0]
    found = []
    for label in np.unique(objects.labels[~objects.difficult]):
        mine = order[detections.labels[order] == label]
        there = weights[:, objects.images[(objects.labels == label) & ~objects.difficult]].sum(1)
        taken = _taken(weights, detections.images[mine], there)
        found.append(taken @ np.eye(categories)[category[mine[: taken.shape[1]]]])
    return np.stack(found, 1)


def top_shares(detections: Detections, objects: Objects, kinds: Integers, *, weights: Floats) -> Floats:
    """The share of each `Kind` from `CORRECT` on among the top predictions of all classes, shape `(r, 7)`."""
    counts = top_counts(detections, objects, kinds, Kind.BACKGROUND + 1, weights=weights).sum(1)
    with np.errstate(invalid="ignore"):  # where nothing was found, NaN
        return counts / counts.sum(1, keepdims=True)


def similar_labels(names: Sequence[str], groups: Collection[Collection[str]]) -> list[set[int]]:
    """Sets of similar classes as numbers, from their names."""
    return [{names.index(name) for name in group} for group in groups]


def _taken(weights: Floats, images: Integers, wanted: Floats) -> Floats:
    """Weights of ranked detections until `wanted` of them, shape `(r,)`, are there: `(r, as many as it takes)`."""
    length = 2 * int(wanted.max(initial=1))
    while True:
        weight = weights[:, images[:length]]
        before = weight.cumsum(1) - weight
        if length >= len(images) or (before[:, -1] >= wanted).all():
            return np.clip(wanted[:, None] - before, 0.0, weight)
        length *= 2


def _fan(matches: Matches, present: Booleans, floor: float, threshold: float) -> dict[Kind, Booleans]:
    return {
        Kind.CORRECT: matches.own_overlap >= threshold,
        Kind.LOCALISATION: present,
        Kind.OTHER: matches.other_overlap >= floor,
    }


def _hoiem(matches: Matches, floor: float) -> dict[Kind, Booleans]:
    return {
        Kind.CORRECT: matches.first,
        Kind.LOCALISATION: matches.own_overlap >= floor,
        Kind.SIMILAR: matches.similar_overlap >= floor,
        Kind.OTHER: matches.other_overlap >= floor,
    }


def _tide(matches: Matches, floor: float, threshold: float) -> dict[Kind, Booleans]:
    return {
        Kind.CORRECT: matches.first,
        Kind.LOCALISATION: (matches.own_overlap >= floor) & (matches.own_overlap < threshold),
        Kind.OTHER: matches.other_overlap >= threshold,
        Kind.DUPLICATE: matches.own_overlap >= threshold,
        Kind.BOTH: np.maximum(matches.own_overlap, matches.other_overlap) > floor,
    }


def _present(detections: Detections, objects: Objects) -> Booleans:
    """Whether a detection's class is in its image."""
    there = set(zip(objects.images.tolist(), objects.labels.tolist(), strict=True))
    said = zip(detections.images.tolist(), detections.labels.tolist(), strict=True)
    return np.array([one in there for one in said], dtype=bool)
