"""Which of several rows of replicates is the furthest from showing that it is zero."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.rules.sample import Estimate
from harness.system.lazy import np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


def least_sure(rows: Sequence[NDArray[np.float64]]) -> NDArray[np.float64]:
    """Of rows of replicates, the one whose mean with two standard errors reaches furthest from zero.

    Where this one is near zero, beyond doubt, all are: it stands for 'in every epoch', or 'in every network'.  Only its
    support is sound.  Tested as if it had not been selected, it is refuted by chance in 9 % (the worst of 2 rows) to
    31 % (of 20) when every row is on the margin; `in_all(rule)` of `Several` rows (`harness.rules`) knows better.
    """

    def reach(row: NDArray[np.float64]) -> float:
        one = Estimate.from_replicates(row)
        return abs(one.value) + 2 * one.standard_error

    return max(rows, key=reach)
