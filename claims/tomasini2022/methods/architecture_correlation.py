"""How sensitivities of a network's output go with its test error, over architectures (Tomasini et al. 2022, Fig. 5)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from harness.rules import Estimate
from harness.statistics.rank_correlation import rank_correlations
from harness.system.lazy import np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

Correlation = Literal["of logarithms", "of ranks"]
CORRELATIONS: tuple[Correlation, ...] = ("of logarithms", "of ranks")

REPLICATES = 2000


def log_error(accuracies: ArrayLike, images: int) -> NDArray[np.float64]:
    """Logarithm of each architecture's mean test error, `(architectures,)`, of accuracies `(architectures, seeds)`.

    Half an image is added to those that a network gets wrong: some get none wrong.
    """
    wrong = (1 - np.asarray(accuracies, dtype=float)) * images
    found: NDArray[np.float64] = np.log(((wrong + 0.5) / (images + 1)).mean(1))
    return found


def correlate(x: ArrayLike, y: ArrayLike, correlation: Correlation) -> NDArray[np.float64]:
    """Correlation along the last axis; NaN where either does not vary."""
    if correlation == "of ranks":
        return rank_correlations(x, y)
    a, b = (np.asarray(values, dtype=float) for values in (x, y))
    a, b = a - a.mean(-1, keepdims=True), b - b.mean(-1, keepdims=True)
    with np.errstate(invalid="ignore", divide="ignore"):
        found: NDArray[np.float64] = (a * b).sum(-1) / np.sqrt((a * a).sum(-1) * (b * b).sum(-1))
    return found


def correlations_with_error(
    error: ArrayLike, deformation: ArrayLike, noise: ArrayLike, correlation: Correlation, seed: int = 0
) -> dict[str, Estimate]:
    """Of the error with D, with less G, and by how much that with R exceeds the larger of the two.

    Args:
        error: its logarithm, one an architecture, `(n,)`.
        deformation: log D of the output, likewise.
        noise: log G of the output, likewise.
        correlation: by which all are taken.
        seed: of the bootstrap, which draws architectures: they are the replicates, not the seeds of one.
    """
    e, d, g = (np.asarray(values, dtype=float) for values in (error, deformation, noise))

    def of(drawn: NDArray[np.int64]) -> NDArray[np.float64]:
        with_d, with_g, with_r = (correlate(e[drawn], x[drawn], correlation) for x in (d, g, d - g))
        return np.stack([with_d, -with_g, with_r - np.maximum(with_d, -with_g)])

    n = len(e)
    values = of(np.arange(n))
    replicates = of(np.random.default_rng(seed).integers(n, size=(REPLICATES, n)))
    replicates = replicates[:, ~np.isnan(replicates).any(0)]
    # A bootstrap of n architectures spreads as if there were n / (n - 1) times as many.
    errors = replicates.std(1, ddof=1) * (n / (n - 1)) ** 0.5
    method = f"bootstrap over {n} architectures, {REPLICATES} replicates"
    return {
        part: Estimate(float(value), float(spread), n, n - 1, method=method)
        for part, value, spread in zip((WITH_D, AGAINST_G, R_BEST), values, errors, strict=True)
    }


WITH_D, AGAINST_G, R_BEST = "with D", "against G", "best with R"
