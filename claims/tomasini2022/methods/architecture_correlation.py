"""How sensitivities of networks go with their test error, over architectures (Tomasini et al. 2022, Figs. 1 and 5).

All are estimates of a bootstrap that draws architectures: they are the replicates, and the seeds of one are averaged
before.  Errors and sensitivities come as logarithms, one an architecture, `(n,)`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from harness.rules import Estimate
from harness.statistics.rank_correlation import rank_correlations
from harness.system.lazy import np

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import ArrayLike, NDArray

Correlation = Literal["of logarithms", "of ranks"]
CORRELATIONS: tuple[Correlation, ...] = ("of logarithms", "of ranks")

REPLICATES = 2000

WITH_D, AGAINST_G, R_BEST = "with D", "against G", "best with R"
WITH_R = "with R"


class Outputs(NamedTuple):
    """log D and log G of the output of each architecture."""

    deformation: NDArray[np.float64]
    noise: NDArray[np.float64]


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
        error: its logarithm.
        deformation: log D of the output.
        noise: log G of the output.
        correlation: by which all are taken.
        seed: of the bootstrap.
    """
    e, d, g = (np.asarray(values, dtype=float) for values in (error, deformation, noise))

    def of(drawn: NDArray[np.int64]) -> NDArray[np.float64]:
        with_d, against_g, with_r = signed(e, Outputs(d, g), drawn, correlation)
        return np.stack([with_d, against_g, with_r - np.maximum(with_d, against_g)])

    return _bootstrap(of, (WITH_D, AGAINST_G, R_BEST), len(e), seed)


def correlations_of_each(
    error: ArrayLike, outputs: Outputs, correlation: Correlation, seed: int = 0
) -> dict[str, Estimate]:
    """Of the error with D, with less G, and with R."""
    e = np.asarray(error, dtype=float)
    return _bootstrap(lambda drawn: signed(e, outputs, drawn, correlation), (WITH_D, AGAINST_G, WITH_R), len(e), seed)


def more_than_size(
    error: ArrayLike, outputs: Outputs, others: Outputs, correlation: Correlation, seed: int = 0
) -> dict[str, Estimate]:
    """By how much the correlations of `correlations_of_each` exceed the size of those of other networks' outputs.

    That of the same architectures before training, for instance, whichever sign they have there.
    """
    e = np.asarray(error, dtype=float)

    def of(drawn: NDArray[np.int64]) -> NDArray[np.float64]:
        return signed(e, outputs, drawn, correlation) - np.abs(signed(e, others, drawn, correlation))

    return _bootstrap(of, (WITH_D, AGAINST_G, WITH_R), len(e), seed)


def gain(error: ArrayLike, first: ArrayLike, last: ArrayLike, correlation: Correlation, seed: int = 0) -> Estimate:
    """By how much the error's correlation with `last` exceeds that with `first`."""
    e, a, b = (np.asarray(values, dtype=float) for values in (error, first, last))

    def of(drawn: NDArray[np.int64]) -> NDArray[np.float64]:
        return (correlate(e[drawn], b[drawn], correlation) - correlate(e[drawn], a[drawn], correlation))[None]

    return _bootstrap(of, ("gain",), len(e), seed)["gain"]


def signed(
    error: NDArray[np.float64], outputs: Outputs, drawn: NDArray[np.int64], correlation: Correlation
) -> NDArray[np.float64]:
    """Correlations of drawn architectures' errors with D, with less G, and with R: `(3, ...)` of `(..., n)`."""
    d, g = outputs
    with_d, with_g, with_r = (correlate(error[drawn], x[drawn], correlation) for x in (d, g, d - g))
    return np.stack([with_d, -with_g, with_r])


def _bootstrap(
    of: Callable[[NDArray[np.int64]], NDArray[np.float64]], parts: Sequence[str], n: int, seed: int
) -> dict[str, Estimate]:
    """Estimates of what `of` makes of drawn architectures, `(parts, ...)`."""
    values = of(np.arange(n))
    replicates = of(np.random.default_rng(seed).integers(n, size=(REPLICATES, n)))
    replicates = replicates[:, ~np.isnan(replicates).any(0)]
    # A bootstrap of n architectures spreads as if there were n / (n - 1) times as many.
    errors = replicates.std(1, ddof=1) * (n / (n - 1)) ** 0.5
    method = f"bootstrap over {n} architectures, {REPLICATES} replicates"
    return {
        part: Estimate(float(value), float(spread), n, n - 1, method=method)
        for part, value, spread in zip(parts, values, errors, strict=True)
    }
