"""Wrong labels."""

from __future__ import annotations

from dataclasses import dataclass

from harness.system.lazy import torch
from harness.system.stable_names import stable_name

READINGS = ("any class", "another class")


@stable_name("label-noise")
@dataclass(frozen=True)
class LabelNoise:
    """Random labels in place of some of the training images', drawn once.

    Attributes:
        share: of the images, which are drawn at random.
        reading: "any class" draws uniformly from all, the true one too (as Zhang et al. 2017 fit random labels);
            "another class" uniformly from all but the true one.
    """

    share: float = 1.0
    reading: str = "another class"

    def __post_init__(self) -> None:
        if not 0 <= self.share <= 1 or self.reading not in READINGS:
            raise ValueError(f"{self.share} of the labels, {self.reading!r}; it takes 0 to 1, and one of {READINGS}")

    def apply(self, labels: torch.Tensor, classes: int, generator: torch.Generator) -> torch.Tensor:
        """Labels `(n,)` from 0 to `classes` - 1, some of them drawn anew."""
        chosen = torch.randperm(len(labels), generator=generator)[: round(self.share * len(labels))]
        least = 1 if self.reading == "another class" else 0
        away = torch.randint(least, classes, chosen.shape, generator=generator)
        noisy = labels.clone()
        noisy[chosen] = (noisy[chosen] + away) % classes
        return noisy
