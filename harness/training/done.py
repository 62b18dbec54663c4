"""What a training has done so far."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import torch

CURVES = ("train_loss", "train_accuracy", "validation_accuracy")


@dataclass
class Done:
    """How far a training has come, and how it went.

    Attributes:
        epochs: finished ones.
        steps: those of finished epochs.
        last_loss: of the last of these steps.
        curves: entries by name.
        kept: weights that the result is to hold.
        draws: of the epoch under way, as its trainer draws them: int64, on the device, with a column for each image
            that it sees; None between epochs.
        losses, hits: of the steps of the epoch under way, scalars on the device.
    """

    epochs: int = 0
    steps: int = 0
    last_loss: float = math.nan
    curves: dict[str, list[float]] = field(default_factory=lambda: {name: [] for name in CURVES})
    kept: dict[str, np.ndarray] = field(default_factory=dict)
    draws: torch.Tensor | None = None
    losses: list[torch.Tensor] = field(default_factory=list)
    hits: list[torch.Tensor] = field(default_factory=list)

    def ended(self, loss: float, accuracy: float, validation: float) -> None:
        """Enter an epoch."""
        for name, value in zip(CURVES, (loss, accuracy, validation), strict=True):
            self.curves[name].append(value)
        self.epochs += 1
        self.draws, self.losses, self.hits = None, [], []
