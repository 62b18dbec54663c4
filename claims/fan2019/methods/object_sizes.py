"""Small, medium and large objects, as two authorities tell them apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

from claims.fan2019.methods.detections import Detections, Objects, areas
from harness.system.lazy import np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.floating]

SMALL, MEDIUM, LARGE = range(3)

_COCO = (32.0**2 / (640 * 480), 96.0**2 / (640 * 480))


def coco_edges(image_area: float, classes: int) -> Floats:
    """Areas in pixels at which objects become medium and large, shape `(classes, 2)`.

    COCO's are 32 x 32 and 96 x 96 pixels, on images most of which have 640 x 480; here they are the same shares of the
    image, 0.33 and 3 %.
    """
    return np.tile(np.array(_COCO) * image_area, (classes, 1))


def quantile_edges(objects: Objects, classes: int) -> Floats:
    """The same from the sizes of each class, as in Hoiem et al. 2012 (section 3.2), shape `(classes, 2)`.

    Its extra small and small objects, the smaller 30 % of a class, are small here, its large and extra large ones, the
    larger 30 %, large.  A class without objects has edges of 0.
    """
    area = areas(objects.boxes)
    return np.array(
        [np.quantile(area[mine], (0.3, 0.7)) if (mine := objects.labels == label).any() else (0.0, 0.0)
         for label in range(classes)]
    )  # fmt: skip


def sizes(boxes: Floats, labels: NDArray, edges: Floats) -> NDArray:
    """`SMALL`, `MEDIUM` or `LARGE` for each box, shape `(n,)`; a box as large as an edge is the larger kind."""
    return (areas(boxes)[:, None] >= edges[labels]).sum(1)


def only(size: int, detections: Detections, objects: Objects, edges: Floats) -> tuple[Objects, NDArray]:
    """What it takes to judge a detector on objects of one size, as COCO's evaluation does.

    Returns:
        The objects, those of other sizes as difficult ones; and the detections of other sizes, shape `(n,)`, which
        `average_precisions` is to ignore unless they overlap an object.
    """
    elsewhere = sizes(objects.boxes, objects.labels, edges) != size
    ignored = sizes(detections.boxes, detections.labels, edges) != size
    return objects._replace(difficult=objects.difficult | elsewhere), ignored
