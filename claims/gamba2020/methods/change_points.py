"""When a curve of a training begins to change."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.system.lazy import np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


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
