"""How the projections of trained networks and what their layers' resets cost are read; what claims on them share.

Arrays have an entry a seed first; `name` is the claim's own name for a run.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from claims.gamba2020.methods.criticality import FRESH, drops_of, shares_of
from claims.gamba2020.methods.projection_null import share_spread
from harness.system.lazy import np

if TYPE_CHECKING:
    from harness.lab.lab import Lab


def shares(lab: Lab, name: str = "vgg") -> np.ndarray:
    """Shares of negative projections, `(seeds, epochs + 1, layers)`."""
    return np.array([shares_of(record) for record in lab.records(lab.runs[name])])


def filters(lab: Lab, name: str = "vgg") -> np.ndarray:
    """Number of filters, `(layers,)`."""
    return np.array(lab.records(lab.runs[name])[0].metrics["filters"])


def relative_variance(lab: Lab, name: str = "vgg", *, of: np.ndarray | None = None) -> np.ndarray:
    """Each run's part in the variance over runs, in units of chance, mean over layers: `(seeds,)`, whose mean it is.

    A layer's unit is the variance of its share before training, 1 / (4 F) of F filters.  `of` are other shares
    `(seeds, layers)` than those after training.
    """
    values = shares(lab, name)[:, -1] if of is None else of
    runs, floor = len(values), np.array([share_spread(n) for n in filters(lab, name)]) ** 2
    found: np.ndarray = ((values - values.mean(0)) ** 2 * runs / (runs - 1) / floor).mean(1)
    return found


def drops(lab: Lab, images: str = "test", source: str = "0", name: str = "vgg") -> np.ndarray:
    """Shares of the accuracy that resetting each layer to `source` costs, `(seeds, layers)`."""
    return np.array([drops_of(record, images, source) for record in lab.records(lab.runs[name])])


def draw_shares(lab: Lab, by_epoch: np.ndarray) -> None:
    """Put the mean over seeds of each layer's share after each epoch into the report."""
    for layer, curve in enumerate(by_epoch.mean(0).T, 1):
        lab.series(f"n of layer {layer}", range(len(curve)), curve)


def draw_heat_map(lab: Lab, images: str, name: str = "vgg", prefix: str = "") -> None:
    """Put the mean drop by layer for each epoch that layers were reset to into the report: a heat map's rows."""
    recipe = lab.runs[name]
    for source in [*map(str, recipe.resets), FRESH]:  # type: ignore[attr-defined]
        mean = drops(lab, images, source, name).mean(0)
        lab.series(f"{prefix}reset to {source}", range(1, len(mean) + 1), mean)
    records = lab.records(recipe)
    accuracy = np.mean([record.metrics["accuracy"][images] for record in records])
    training = np.mean([record.metrics["train_accuracy"][-1] for record in records])
    trained = f"{training:.1%} on the training images, augmented"
    lab.note(f"{prefix}accuracy: {accuracy:.1%} on the {images} images, {trained}")
