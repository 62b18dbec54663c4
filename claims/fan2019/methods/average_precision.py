"""Average precision of a detector by the rules of Pascal VOC (Everingham et al. 2010, section 4.2)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from claims.fan2019.methods.detections import Detections, Matches, Objects, by_score, match
from harness.system.lazy import np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.floating]
    Booleans = NDArray[np.bool_]

ALL_POINTS, ELEVEN_POINTS = "all points", "eleven points"
"""The area under the curve, as from VOC 2010 on, and the mean at recalls 0, 0.1, ..., 1, as up to VOC 2009."""


def average_precision(hits: Floats, misses: Floats, positives: Floats, rule: str = ALL_POINTS) -> Floats:
    """Average precision of ranked detections of one class.

    Precision at a recall is the largest that is reached at that recall or at a larger one.

    Args:
        hits: weight of each detection if it is true, else 0; the most confident first; shape `(..., n)`.
        misses: weight of each detection if it is false, else 0; shape `(..., n)`.
        positives: weight of all objects, shape `(...)`.
        rule: `ALL_POINTS` or `ELEVEN_POINTS`.

    Returns:
        Shape `(...)`; NaN where there are no objects.
    """
    true = hits.cumsum(-1)
    shown = true + misses.cumsum(-1)
    precision = np.divide(true, shown, out=np.zeros_like(true), where=shown > 0)
    precision = np.maximum.accumulate(precision[..., ::-1], -1)[..., ::-1]
    if rule == ALL_POINTS:
        area = (hits * precision).sum(-1)
    elif rule == ELEVEN_POINTS:
        # Counts of whole objects: a tenth of one is far above rounding.
        reached = [true >= tenths * positives[..., None] / 10 - 1e-6 for tenths in range(11)]
        area = positives * sum((precision * at).max(-1, initial=0.0) for at in reached) / 11
    else:
        raise ValueError(f"no rule {rule!r} of average precision; there are {ALL_POINTS!r} and {ELEVEN_POINTS!r}")
    return np.divide(area, positives, out=np.full_like(area, np.nan), where=positives > 0)


def average_precisions(
    detections: Detections,
    objects: Objects,
    classes: int,
    *,
    weights: Floats,
    threshold: float = 0.5,
    rule: str = ALL_POINTS,
    ignored: Booleans | None = None,
    matches: Matches | None = None,
) -> Floats:
    """Average precision of each class, with images as often as `weights` says.

    Detections of a difficult object count neither as true nor as false.

    Args:
        detections: of all images.
        objects: of all images.
        classes: number of classes.
        weights: how often each image is there, shape `(r, images)`; a row of ones for the images themselves.
        threshold: least intersection over union of a true detection.
        rule: `ALL_POINTS` or `ELEVEN_POINTS`.
        ignored: false detections that do not count, shape `(n,)`.
        matches: what `match` says of them, for the same threshold, where it is known.

    Returns:
        Shape `(r, classes)`; NaN for a class without objects.
    """
    matches = matches or match(detections, objects, threshold)
    near = matches.own_overlap >= threshold
    spared = near & np.append(objects.difficult, False)[matches.own]
    true, false = matches.first & ~spared, ~matches.first & ~spared
    if ignored is not None:
        false &= near | ~ignored
    order = by_score(detections)
    found = []
    for label in range(classes):
        mine = order[(detections.labels == label)[order] & (true | false)[order]]
        counted = objects.images[(objects.labels == label) & ~objects.difficult]
        found.append(_of_class(true[mine], detections.images[mine], counted, weights, rule))
    return np.stack(found, 1)


def mean_average_precision(detections: Detections, objects: Objects, classes: int, **options: Any) -> Floats:
    """Mean of `average_precisions` over the classes that have objects; shape `(r,)`, NaN where none has any."""
    each = average_precisions(detections, objects, classes, **options)
    there = np.isfinite(each)
    with np.errstate(invalid="ignore"):
        return np.where(there, each, 0.0).sum(1) / there.sum(1)


def _of_class(true: Booleans, images: NDArray, objects: NDArray, weights: Floats, rule: str) -> Floats:
    """Average precision of one class's ranked detections under each row of weights.

    Precision is wanted at the true ones alone; the false ones between two of them are counted together, by image.
    """
    passed = true.cumsum() - true
    between = ~true & (passed < true.sum())
    false = np.zeros((weights.shape[1], int(true.sum())))
    np.add.at(false, (images[between], passed[between]), 1.0)
    return average_precision(weights[:, images[true]], weights @ false, weights[:, objects].sum(1), rule)
