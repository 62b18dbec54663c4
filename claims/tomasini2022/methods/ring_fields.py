"""Receptive fields of trained simple networks: how far each layer feels one active pixel (section 4)."""

from __future__ import annotations

import copy
import math
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any

from claims.tomasini2022.methods.receptive_field import effective_size
from claims.tomasini2022.methods.ring_training import (
    ACTIVE,
    FILTER,
    LENGTH,
    TRAINED,
    UNTRAINED,
    RingTraining,
)
from harness.runs.recipe import Recipe, Result
from harness.system.lazy import torch
from harness.system.stable_names import stable_name
from harness.training.randomness import stream

if TYPE_CHECKING:
    from claims.tomasini2022.methods.scale_networks import ScaleDetectionCNN
    from harness.runs.bench import Bench


@stable_name("ring-receptive-fields")
@dataclass(frozen=True)
class RingFields(Recipe):
    """A training of a simple network, and beside what it tells the size A_k of each layer's receptive field.

    Attributes:
        training: how it is trained; with filters of three pixels it is the same training to the bit.
        filter_size: pixels of a filter; with one, no layer looks beyond its own pixel, and the task cannot be solved.
    """

    training: RingTraining
    filter_size: int = FILTER

    def compute(self, seed: int, bench: Bench) -> Result:
        """Train and measure.

        Metrics: those of the training; `field[state]` and `reach[state]`, a list over layers each, before training and
        after: A_k in pixels, and the same of all pixels that are felt at all, each as much as any other.
        """
        from claims.tomasini2022.methods.scale_networks import AmplifiedCNN

        how = self.training
        network: ScaleDetectionCNN = AmplifiedCNN(
            how.width, how.depth, self.filter_size, bias=how.bias, generator=stream(seed, "weights")
        )
        found = {UNTRAINED: fields_of(network)}
        given = {each.name: getattr(how, each.name) for each in fields(how)}
        trained = _OfANetwork(**given, handed=network).compute(seed, bench)
        found[TRAINED] = fields_of(network.cpu())
        by_name = {name: {state: of[name] for state, of in found.items()} for name in ("field", "reach")}
        return Result({**trained.metrics, **by_name})

    def modules(self) -> tuple[str, ...]:
        """Those of the training."""
        return self.training.modules()

    def work(self) -> float:
        """That of the training."""
        return self.training.work() * self.filter_size / FILTER


@dataclass(frozen=True)
class _OfANetwork(RingTraining):
    """The training of a network that is handed over, so that one still has it afterwards."""

    handed: Any = field(kw_only=True)

    def network(self, seed: int) -> ScaleDetectionCNN:
        """The one that was handed over."""
        network: ScaleDetectionCNN = self.handed
        return network


def fields_of(network: ScaleDetectionCNN) -> dict[str, list[float | None]]:
    """Sizes of each layer's receptive field, in pixels: how far from an active pixel its activity changes.

    `field` is A_k, the standard deviation over pixels of the change between no active pixel and one, as large as its
    norm over channels; `reach` that of the pixels with any change, each counted alike.  Null where nothing changes.
    """
    images = torch.zeros(2, 1, LENGTH, dtype=torch.float64)
    images[1, 0, 0] = ACTIVE
    with torch.no_grad():
        layers = copy.deepcopy(network).double().representations(images)
    changes = [(active - blank).norm(dim=0) for blank, active in layers]
    return {
        "field": [_written(effective_size(change, 0)) for change in changes],
        "reach": [_written(effective_size((change > ROUNDING * change.max()).double(), 0)) for change in changes],
    }


ROUNDING = 1e-12
"""A smaller change than this share of a layer's largest is none."""


def _written(size: float) -> float | None:
    return float(f"{size:.6g}") if math.isfinite(size) else None
