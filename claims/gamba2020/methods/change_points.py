"""When two curves of one training change: together, or one before the other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.system.lazy import np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


def lagged_correlations(x: ArrayLike, y: ArrayLike, most: int) -> NDArray[np.float64]:
    """Pearson's correlation of `x[t]` with `y[t + lag]` for each lag from `-most` to `most`: shape `(2 most + 1,)`.

    NaN where one of the curves does not vary.

    Raises:
        ValueError: when the curves differ in length, or leave fewer than three points at the largest lag.
    """
    a, b = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    if a.shape != b.shape or a.ndim != 1:
        raise ValueError(f"two curves of one length are compared; got shapes {a.shape} and {b.shape}")
    if len(a) - most < 3:
        raise ValueError(f"a lag of {most} leaves fewer than 3 of {len(a)} points; give longer curves or a smaller lag")
    pairs = [(a[max(0, -lag) : len(a) - max(0, lag)], b[max(0, lag) : len(b) + min(0, lag)]) for lag in _lags(most)]
    with np.errstate(invalid="ignore"):
        return np.array([np.corrcoef(*pair)[0, 1] for pair in pairs])


def lead_of_no_lag(x: ArrayLike, y: ArrayLike, most: int) -> float:
    """By how much the correlation without a lag exceeds the largest one with a lag of up to `most`."""
    correlations = lagged_correlations(x, y, most)
    lagged = np.delete(correlations, most)
    return float(correlations[most] - lagged.max())


def epoch_means(at_ends: ArrayLike) -> NDArray[np.float64]:
    """Means over each epoch of what was measured before the first and after each, by the trapezoidal rule."""
    values = np.asarray(at_ends, dtype=float)
    return (values[1:] + values[:-1]) / 2


def onset(curve: ArrayLike) -> int:
    """Index of the last point before a curve that was flat begins to rise or fall.

    The least-squares fit of a constant that turns into a straight line at one of the points; the first of equal ones.

    Raises:
        ValueError: for fewer than four points.
    """
    y = np.asarray(curve, dtype=float)
    if y.ndim != 1 or len(y) < 4:
        raise ValueError(f"an onset is looked for in a curve of four points or more; got shape {y.shape}")
    turns = range(len(y) - 1)
    return min(turns, key=lambda turn: _misfit(y, np.maximum(np.arange(len(y)) - turn, 0)))


def _misfit(y: NDArray[np.float64], rise: NDArray[np.int64]) -> float:
    design = np.stack([np.ones(len(y)), rise], axis=1)
    fitted = design @ np.linalg.lstsq(design, y, rcond=None)[0]
    return round(float(((y - fitted) ** 2).sum()), 12)


def _lags(most: int) -> range:
    return range(-most, most + 1)
