"""How the projections of trained networks and what their layers' resets cost are read; what claims on them share.

Arrays have an entry a seed first; `name` is the claim's own name for a run.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, cast

from claims.gamba2020.methods.criticality import FRESH, Criticality, drops_of, shares_of
from claims.gamba2020.methods.projection_null import share_spread
from harness.system.lazy import np

if TYPE_CHECKING:
    from harness.lab.lab import Lab


CRITICAL, AMBIENT = 0.10, 0.02
"""A reset of a layer costs more than this share of the accuracy, or less than that."""

UNBIASED = 0.1
"""A layer is biased when its share of negative projections is this far from one half, or further."""


def recipe(lab: Lab, name: str = "vgg") -> Criticality:
    """The recipe of a run, known to be of this kind."""
    return cast("Criticality", lab.runs[name])


def last_epoch(lab: Lab, name: str = "vgg") -> str:
    """The name of the state after the last epoch: a layer that is reset to it is not changed."""
    return str(recipe(lab, name).training.epochs)


def eighths(layers: int) -> list[range]:
    """Numbers (from 0) of the layers of each eighth of a network: the first alone, the second with the next pair.

    So that layers of VGG-11 and VGG-19, with 8 and 16 convolutions, are judged alike.
    """
    some = layers // 8
    return [range(start, end) for start, end in pairwise([0, 1, *range(2 * some, 9 * some, some)])]


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
    return relative_squares(values, filters(lab, name)).mean(1)


def relative_squares(values: np.ndarray, filters: np.ndarray) -> np.ndarray:
    """Squared distances from the mean over runs, whose mean over runs is the sample variance in units of chance.

    Args:
        values: shares, `(runs, layers)`.
        filters: number of filters, `(layers,)`.
    """
    runs, by_chance = len(values), np.array([share_spread(count) for count in filters]) ** 2
    unbiased = runs / (runs - 1)  # as if the squares had been divided by n - 1: the mean is estimated too
    relative: np.ndarray = (values - values.mean(0)) ** 2 * unbiased / by_chance
    return relative


def bias(lab: Lab, name: str = "vgg", epoch: int = -1) -> np.ndarray:
    """Distance of the shares from one half after an epoch, `(seeds, layers)`."""
    distance: np.ndarray = np.abs(shares(lab, name)[:, epoch] - 0.5)
    return distance


def drops(lab: Lab, images: str = "test", source: str = "0", name: str = "vgg") -> np.ndarray:
    """Shares of the accuracy that resetting each layer to `source` costs, `(seeds, layers)`."""
    return np.array([drops_of(record, images, source) for record in lab.records(lab.runs[name])])


def draw_shares(lab: Lab, by_epoch: np.ndarray) -> None:
    """Put the mean over seeds of each layer's share after each epoch into the report."""
    for layer, curve in enumerate(by_epoch.mean(0).T, 1):
        lab.series(f"n of layer {layer}", range(len(curve)), curve)


def draw_heat_map(lab: Lab, images: str, name: str = "vgg", prefix: str = "") -> None:
    """Put the mean drop by layer for each epoch that layers were reset to into the report: a heat map's rows."""
    for source in [*map(str, recipe(lab, name).resets), FRESH]:
        mean = drops(lab, images, source, name).mean(0)
        lab.series(f"{prefix}reset to {source}", range(1, len(mean) + 1), mean)
    records = lab.records(lab.runs[name])
    accuracy = np.mean([record.metrics["accuracy"][images] for record in records])
    training = np.mean([record.metrics["train_accuracy"][-1] for record in records])
    trained = f"{training:.1%} on the training images, augmented"
    lab.note(f"{prefix}accuracy: {accuracy:.1%} on the {images} images, {trained}")
