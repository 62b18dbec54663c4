"""How the projections of trained networks and what their layers' resets cost are read; what claims on them share.

Arrays have an entry a seed first; `name` is the claim's own name for a run.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, cast

from claims.gamba2020.methods.criticality import FRESH, Criticality, drops_of, shares_of
from claims.gamba2020.methods.projection_null import share_spread
from harness.claims.about import Gate
from harness.rules import Estimate, Exact, Several
from harness.system.lazy import np

if TYPE_CHECKING:
    from harness.lab.lab import Lab


CRITICAL, AMBIENT = 0.10, 0.02
"""A reset of a layer costs more than this share of the accuracy, or less than that."""

UNBIASED = 0.1
"""A layer is biased when its share of negative projections is this far from one half, or further."""

SHARES, DISTANCES = (0.0, 1.0), (0.0, 0.5)
"""Bounds of a share of filters, and of its distance from one half."""

CONVERGED = Gate("training accuracy", at_least=0.95)
"""What networks must have reached that have more layers than their task needs."""


def recipe(lab: Lab, name: str = "vgg") -> Criticality:
    """The recipe of a run, known to be of this kind."""
    return cast("Criticality", lab.runs[name])


def last_epoch(lab: Lab, name: str = "vgg") -> str:
    """The name of the state after the last epoch: a layer that is reset to it is not changed."""
    return str(recipe(lab, name).training.epochs)


def first_half(layers: int) -> range:
    """Numbers (from 0) of a network's layers past the first up to its middle: VGG19's layers 2 to 8."""
    return range(1, layers // 2)


def second_half(layers: int) -> range:
    """Those of the layers past its middle: VGG19's layers 9 to 16."""
    return range(layers // 2, layers)


def gap(by_layer: np.ndarray) -> np.ndarray:
    """By how much the mean over layers 2 to 8 exceeds that over layers 9 to 16, of `(seeds, layers)`: `(seeds,)`."""
    layers = by_layer.shape[1]
    difference: np.ndarray = by_layer[:, first_half(layers)].mean(1) - by_layer[:, second_half(layers)].mean(1)
    return difference


def in_layers(values: np.ndarray, layers: range, bounds: tuple[float, float] | None = None) -> Several:
    """Some neighbouring layers of numbers by layer, `(seeds, layers)`, each judged over runs; counted from 1 on."""
    return Several.of(values[:, layers.start : layers.stop], "layer", bounds=bounds, first=layers.start + 1)


def largest_in_layers(values: np.ndarray, layers: range) -> Several:
    """The largest of such numbers in any run, layer by layer, where they are computed and vary by rounding only."""
    largest = tuple(Exact(float(values[:, layer].max())) for layer in layers)
    return Several(largest, tuple(f"layer {layer + 1}" for layer in layers))


def throughout(of_layer: np.ndarray) -> Several:
    """A layer's change since before training, by epoch, of its shares `(seeds, epochs + 1)`.

    An epoch at which the share is in every run what it was before training is left out, unless all are: such runs are
    as unbiased as untrained networks are, whose expected share is one half exactly (HP-33), and changes that are all 0
    have no spread to be judged by.
    """
    changes = of_layer[:, 1:] - of_layer[:, :1]
    changed = np.flatnonzero((changes != 0).any(0))
    judged = changed if changed.size else np.arange(changes.shape[1])
    samples = tuple(Estimate.from_replicates(changes[:, epoch]) for epoch in judged)
    return Several(samples, tuple(f"epoch {epoch + 1}" for epoch in judged))


def together(by_name: Mapping[str, Several]) -> Several:
    """The samples of several networks, called by the network's name and their own."""
    samples = tuple(sample for several in by_name.values() for sample in several.samples)
    return Several(samples, tuple(f"{name}, {own}" for name, several in by_name.items() for own in several.names))


def training_accuracies(lab: Lab, name: str = "vgg") -> list[float]:
    """What each run gets right of its training images, augmented, in its last epoch: for gates."""
    return [record.metrics["train_accuracy"][-1] for record in lab.records(lab.runs[name])]


def shares(lab: Lab, name: str = "vgg") -> np.ndarray:
    """Shares of negative projections, `(seeds, epochs + 1, layers)`."""
    return np.array([shares_of(record) for record in lab.records(lab.runs[name])])


def filters(lab: Lab, name: str = "vgg") -> np.ndarray:
    """Number of filters, `(layers,)`."""
    return np.array(lab.records(lab.runs[name])[0].metrics["filters"])


def log_variance(lab: Lab, name: str = "vgg", *, of: np.ndarray | None = None) -> np.ndarray:
    """Log of the variance over runs in units of chance, mean over layers: `(seeds,)`, of which see `log_variances`.

    `of` are other shares `(seeds, layers)` than those after training.
    """
    return log_variances(shares(lab, name)[:, -1] if of is None else of, filters(lab, name))


def log_variances(values: np.ndarray, filters: np.ndarray) -> np.ndarray:
    """Log of the variance over runs, as one number a run whose mean estimates it and whose spread says how surely.

    These are the jackknife's pseudo-values (Miller 1968), each from what leaving out one run changes.  The squared
    distances of runs from their mean, which were judged until their error rates were looked at, depend on one another
    and are skewed: with them, runs that vary by chance were said to vary less in 9 % (of 10 runs) to 14 % (of 4).

    Args:
        values: shares, `(runs, layers)`, of three runs or more.
        filters: number of filters, `(layers,)`; a layer's unit is the variance of its share before training, 1 / (4 F).

    Returns:
        Shape `(runs,)`; not finite where all runs but one are the same.
    """
    by_chance = np.array([share_spread(count) for count in filters]) ** 2

    def log_of(some: np.ndarray) -> float:
        return float(np.log((some.var(axis=0, ddof=1) / by_chance).mean()))

    runs = len(values)
    with np.errstate(divide="ignore", invalid="ignore"):
        without = np.array([log_of(np.delete(values, run, axis=0)) for run in range(runs)])
        pseudo_values: np.ndarray = runs * log_of(values) - (runs - 1) * without
    return pseudo_values


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
