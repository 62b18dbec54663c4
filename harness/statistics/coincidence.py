"""Whether two curves of one training change sharply at the same time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.system.lazy import np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

NEIGHBOURS = 2
"""Points to each side whose mean is what a curve would be without anything sharp."""

NEARLY_ONE = 0.999
"""Correlations are kept this far from 1, where Fisher's transform is infinite."""


def coincidence(x: ArrayLike, y: ArrayLike, most: int = 2) -> NDArray[np.float64]:
    """By how much two curves go together at the same time more than at times up to `most` points apart.

    Each point less the mean of its four neighbours is what is sharp; of that, the correlation without a lag, less the
    mean of the correlations with lags of 1 to `most` to both sides, each as Fisher's z (arctanh), which is nearly
    normal.  For unrelated curves it is zero on average, whatever noise they are made of and whatever smooth course both
    have; so that a t test over runs (`greater_than(0)`, n - 1) errs with its nominal chance on each side.  Negative
    where one rises as the other falls, and where they go together a point or more apart.  (The *largest* of the lagged
    correlations in the place of their mean is above zero for noise, and refutes four runs of it in 41 %.)

    Args:
        x: shape `(runs, points)`: changes from point to point, not levels.
        y: likewise, of the same runs.
        most: the largest lag.

    Returns:
        Shape `(runs,)`; NaN where a curve does not vary.

    Raises:
        ValueError: when the shapes differ, or so few points are left that a correlation has fewer than four.
    """
    a, b = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    if a.shape != b.shape or a.ndim != 2:
        raise ValueError(f"two arrays of runs by points are compared; got shapes {a.shape} and {b.shape}")
    least = 2 * NEIGHBOURS + most + 4
    if a.shape[1] < least:
        raise ValueError(f"{a.shape[1]} points are too few for lags of up to {most}: {least} are needed")
    sharp_x, sharp_y = _sharp(a), _sharp(b)
    z = {lag: _fisher_z(*_shifted(sharp_x, sharp_y, lag)) for lag in range(-most, most + 1)}
    return z.pop(0) - np.mean(list(z.values()), axis=0)


def _sharp(curves: NDArray[np.float64]) -> NDArray[np.float64]:
    """Each point less the mean of its neighbours; the ends, which lack some, are left out."""
    windows = np.lib.stride_tricks.sliding_window_view(curves, 2 * NEIGHBOURS + 1, axis=-1)
    middle = windows[..., NEIGHBOURS]
    return middle - (windows.sum(-1) - middle) / (2 * NEIGHBOURS)


def _shifted(
    x: NDArray[np.float64], y: NDArray[np.float64], lag: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The pairs `x[t]`, `y[t + lag]`."""
    points = x.shape[-1]
    return x[:, max(0, -lag) : points - max(0, lag)], y[:, max(0, lag) : points + min(0, lag)]


def _fisher_z(x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
    x, y = x - x.mean(-1, keepdims=True), y - y.mean(-1, keepdims=True)
    with np.errstate(invalid="ignore", divide="ignore"):
        correlation = (x * y).sum(-1) / np.sqrt((x * x).sum(-1) * (y * y).sum(-1))
    return np.arctanh(correlation.clip(-NEARLY_ONE, NEARLY_ONE))
