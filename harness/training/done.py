"""What a training has done so far."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import torch


@dataclass
class Done:
    """How far a training has come, and how it went.

    Attributes:
        curves: entries by name.
        epochs: finished ones.
        steps: those of finished epochs.
        last_loss: of the last of these steps.
        kept: weights that the result is to hold.
        draws: of the epoch under way, as its trainer draws them: int64, on the device, with a column for each image
            that it sees; None between epochs.
        losses, scores: of the steps of the epoch under way, scalars on the device.
    """

    curves: dict[str, list[float]]
    epochs: int = 0
    steps: int = 0
    last_loss: float = math.nan
    kept: dict[str, np.ndarray] = field(default_factory=dict)
    draws: torch.Tensor | None = None
    losses: list[torch.Tensor] = field(default_factory=list)
    scores: list[torch.Tensor] = field(default_factory=list)

    def ended(self, entries: Mapping[str, float]) -> None:
        """Enter an epoch: an entry for each of some curves."""
        for name, value in entries.items():
            self.curves[name].append(value)
        self.epochs += 1
        self.draws, self.losses, self.scores = None, [], []
