"""Rank correlation between two properties of a network's layers, over several networks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.rules.sample import Estimate
from harness.system.lazy import np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

REPLICATES = 2000


def rank_correlations(x: ArrayLike, y: ArrayLike) -> NDArray[np.float64]:
    """Spearman's correlation within each row of two arrays of shape `(..., layers)`; ties have their mean rank.

    NaN for a row in which either does not vary.
    """
    from scipy.stats import rankdata

    a, b = (rankdata(np.asarray(values, dtype=float), axis=-1) for values in (x, y))
    a, b = a - a.mean(-1, keepdims=True), b - b.mean(-1, keepdims=True)
    with np.errstate(invalid="ignore", divide="ignore"):
        return (a * b).sum(-1) / np.sqrt((a * a).sum(-1) * (b * b).sum(-1))


def mean_rank_correlation(x: ArrayLike, y: ArrayLike, *, resample_layers: bool = False, seed: int = 0) -> Estimate:
    """Mean over networks of the rank correlation between layers.

    Args:
        x: shape `(networks, layers)`.
        y: likewise.
        resample_layers: let the standard error count, besides the choice of networks, that of layers: a bootstrap that
            draws networks, and layers, the same ones in all networks.  Otherwise the layers are those that there are,
            and networks are replicates.  With some ten layers the bootstrap's error is too large by a third to two
            thirds, never too small.
        seed: of the bootstrap's draws.

    Returns:
        The estimate, with one degree of freedom less than networks.
    """
    x, y = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    found = Estimate.from_replicates(rank_correlations(x, y))
    if not resample_layers or np.isnan(found.value):
        return found
    networks, layers = x.shape
    random = np.random.default_rng(seed)
    rows = random.integers(networks, size=(REPLICATES, networks, 1))
    columns = random.integers(layers, size=(REPLICATES, 1, layers))
    drawn = rank_correlations(x[rows, columns], y[rows, columns])
    defined = ~np.isnan(drawn)
    some = defined.any(1)
    replicates = np.where(defined, drawn, 0).sum(1)[some] / defined.sum(1)[some]
    # A bootstrap of n networks spreads as if there were n / (n - 1) times as many.
    error = float(np.std(replicates, ddof=1)) * (networks / (networks - 1)) ** 0.5
    method = f"bootstrap over {networks} networks and their {layers} layers, {REPLICATES} replicates"
    return Estimate(found.value, error, networks, networks - 1, "", method, replicates=found.replicates)
