"""A comparison in pairs whose outcome is known to be chance: the control of one that is not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.system.lazy import np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


def every_other_exchanged(differences: ArrayLike) -> NDArray[np.float64]:
    """Differences between the two sides of pairs, shape `(pairs,)`, as if every other pair had its sides exchanged.

    What one side has over the other in all pairs is gone, and the spread stays.  The mean can be anything.  (That of
    each pair's one side less the next pair's would be 0 whatever the sides are: a control that cannot fail.)
    """
    signs = 1.0 - 2.0 * (np.arange(len(np.asarray(differences))) % 2)
    return np.asarray(differences, dtype=float) * signs
