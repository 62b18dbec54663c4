"""What a paper might bring of its own: a set of images, a loss, an initialisation; importing this registers them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from harness.data import DATA_SETS
from harness.data.digest import content_digest
from harness.data.image_set import ImageSet
from harness.networks import SCHEMES
from harness.system.lazy import torch
from harness.training.loss import LOSSES
from harness.verdicts import Evidence

if TYPE_CHECKING:
    from torch import Tensor

DATA_SETS.register("test-stripes", "harness.tests.fake_methods:stripes")
DATA_SETS.register("test-mislabelled", "harness.tests.fake_methods:mislabelled")
LOSSES.register("test-squares", "harness.tests.fake_methods:squares")
SCHEMES.register("test-all-ones", "harness.tests.fake_methods:all_ones")


def stripes(split: str) -> ImageSet:
    """Images of 6 x 6 pixels, striped along rows (0) or columns (1)."""
    count = {"train": 40, "test": 10}[split]
    labels = torch.arange(count) % 2
    rows = (torch.arange(6) % 2 * 255).to(torch.uint8)[:, None].expand(6, 6)
    images = torch.stack([rows if label == 0 else rows.T for label in labels])[:, None]
    return ImageSet("test-stripes", split, images, labels, content_digest(images, labels), Evidence.PROXY)


def mislabelled(split: str) -> ImageSet:
    """Says that it is another set."""
    return stripes(split)


def squares(scores: Tensor, labels: Tensor) -> Tensor:
    """Mean square of what is missing to one for the label and to zero for the others."""
    return (scores - torch.nn.functional.one_hot(labels, scores.shape[1])).square().mean()


def all_ones(layer: Any, generator: object) -> None:
    """Draws nothing."""
    torch.nn.init.ones_(layer.weight)
