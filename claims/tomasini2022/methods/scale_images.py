"""The scale-detection task in two dimensions as a set of images to train on (Tomasini et al. 2022, Fig. 5)."""

from __future__ import annotations

from claims.tomasini2022.methods.scale_task import scale_detection_2d
from harness.data import ImageSet
from harness.data.digest import content_digest
from harness.system.lazy import torch
from harness.verdicts import Evidence

NAME = "scale-detection-2d"
SIZE, SCALE, GAP = 28, 14, 2
"""Pixels along a side, ξ and g.  VGG and AlexNet pad images to the 32 pixels that Fig. 5 names."""

COUNTS = {"train": 4096, "test": 4096}
"""Images of a split, half of each class; a run draws its 1,024 from the first."""

ACTIVE = SIZE**2 / 2
"""Value of an active pixel, so that an image's mean is 1; where they coincide, twice as much."""


def scale_images(split: str) -> ImageSet:
    """Images `(n, 1, 28, 28)`, float32; label 1 for pixels nearer than the scale, 0 for farther ones.

    As in the authors' code, the gap is half on each side, and no pixel with equal coordinates is active.
    """
    task = scale_detection_2d(SIZE, SCALE, GAP, "half", diagonal=False)
    generator = torch.Generator().manual_seed(0)
    drawn = []
    for label in (1, -1):
        members = (task.labels == label).nonzero().flatten()
        order = members[torch.randperm(len(members), generator=generator)]
        first = 0 if split == "train" else COUNTS["train"] // 2
        drawn.append(order[first : first + COUNTS[split] // 2])
    chosen = torch.stack(drawn, 1).flatten()
    kept = task._replace(pairs=task.pairs[chosen], labels=task.labels[chosen])
    images, labels = ACTIVE * kept.images(torch.float32), (kept.labels > 0).long()
    digest = content_digest(images, labels)
    return ImageSet(NAME, split, images, labels, digest, Evidence.PAPER, ("farther", "nearer"))
