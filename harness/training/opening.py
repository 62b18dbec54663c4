"""The first steps of a training in full precision, by which a recheck tells a mistake from rounding.

Rounding grows about a hundredfold with each step of a network with batch norm, so that after ten steps two processors
are as far apart as two learning rates.  Over the first steps in float32 they are not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from harness.training.trainer import Trainer

STEPS = 4
"""As many as tell the two apart: see `harness.benchmarks.rounding`."""


def opening_losses(trainer: Trainer[Any]) -> list[float]:
    """Losses of the first steps of a trainer that has done nothing yet, and is thrown away afterwards."""
    trainer.set_out()
    batches = trainer.draw().to(trainer.device).split(trainer.recipe.batch_size, dim=1)[:STEPS]
    trainer.ahead(batches)
    return [trainer.step(batch)[0].item() for batch in batches]
