"""Made-up outcomes of the paper's trainings, for tests of what claims say of them."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from claims.gamba2020.methods.criticality import FRESH, Criticality

Layers = float | Sequence[float] | Callable[[int], Sequence[float]]
"""One number for all layers, one for each, or those by how many layers there are."""

CONVOLUTIONS: dict[Any, int] = {7: 6, 11: 8, 19: 16, "alexnet": 5, "gamba-lenet": 6}
"""By the depth of a VGG, or by the name of another network."""

FILTERS = {"alexnet": [64, 192, 384, 256, 256], "gamba-lenet": [6] * 6}


def first(value: float, others: float) -> Callable[[int], Sequence[float]]:
    """One value for the first layer, and another for the others."""
    return lambda layers: [value] + [others] * (layers - 1)


def first_half(value: float, others: float) -> Callable[[int], Sequence[float]]:
    """One value for the first half of the layers, and another for the second."""
    return lambda layers: [value] * (layers // 2) + [others] * (layers - layers // 2)


def falling(highest: float, lowest: float) -> Callable[[int], Sequence[float]]:
    """Values that fall from the first layer to the last."""
    return lambda layers: list(np.linspace(highest, lowest, layers))


@dataclass(frozen=True)
class MadeUp:
    """How a training came out, the same for all seeds but for a little noise.

    Attributes:
        before, after: shares of negative projections by layer, untrained and trained.
        course: how far from `before` to `after` the shares are after each epoch, from epoch 0 on, from 0 to 1; there
            after five epochs unless told.
        chance, noise: standard deviation, over layers and runs, of the untrained and of the trained shares.
        drops: share of the accuracy that resetting each layer costs, to any epoch but the last.
        drop_noise: that resets cost more, by chance.
        changes: how far weights moved and turned.
        metrics: others, or others in the place of those here.
    """

    before: Layers = 0.5
    after: Layers = 0.5
    course: Sequence[float] | None = None
    chance: float = 0.005
    noise: float = 0.005
    drops: Layers = 0.3
    drop_noise: float = 0.0025
    changes: float = 0.1
    metrics: dict[str, Any] = field(default_factory=dict)

    def but(self, **changes: Any) -> MadeUp:
        """The same with some fields changed."""
        return replace(self, **changes)

    def of(self, recipe: Criticality, seed: int) -> dict[str, Any]:
        """The metrics of the recipe's run with this seed."""
        layers, epochs = layers_of(recipe), recipe.training.epochs
        random = np.random.default_rng([seed, zlib.crc32(repr(recipe).encode())])  # two recipes differ by chance too
        after = by_layer(self.after, layers) + self.noise * random.normal(size=layers)
        course = np.clip(np.arange(epochs + 1) / 5, 0, 1) if self.course is None else np.asarray(self.course)
        before = by_layer(self.before, layers) + self.chance * random.normal(size=layers)
        shares = before + course[:, None] * (after - before)
        left = list(1 - by_layer(self.drops, layers) - self.drop_noise * np.abs(random.normal(size=layers)))
        reset = {**{str(epoch): left for epoch in recipe.resets}, FRESH: left, str(epochs): [1.0] * layers}
        both = ("test", "validation")
        return {
            "negative": (shares * filters_of(recipe)).tolist(),  # not whole, so that noise is as small as it says
            "filters": filters_of(recipe),
            "moved": [self.changes] * layers,
            "turned": [self.changes] * layers,
            "train_loss": list(np.linspace(2.0, 0.5, epochs)),
            "train_accuracy": [0.99] * epochs,
            "final_validation_accuracy": 0.5,
            "accuracy": dict.fromkeys(both, 1.0),
            "reset": dict.fromkeys(both, reset),
            **{name: made(seed) if callable(made) else made for name, made in self.metrics.items()},
        }


def by_layer(values: Layers, layers: int) -> np.ndarray:
    """One number a layer."""
    return np.array(np.broadcast_to(values(layers) if callable(values) else values, layers), dtype=float)


def layers_of(recipe: Criticality) -> int:
    """Number of the network's convolutions."""
    network = recipe.training.network
    depth = dict(network.parameters).get("depth")
    return CONVOLUTIONS[depth if network.name == "plain-vgg" else network.name]


def filters_of(recipe: Criticality) -> list[int]:
    """Number of filters of each; many, so that few seeds decide."""
    return FILTERS.get(recipe.training.network.name, [256] * layers_of(recipe))
