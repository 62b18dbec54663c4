"""Shares of the filters, or of the layers, of networks: a network is one trial, however many filters it has.

Filters of one network are trained together and depend on one another, and so do layers of one run: counted together as
independent trials they support by chance far more often than they should.  The run is the replicate.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.rules.sample import Count, Estimate
from harness.system.lazy import np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

SHARES = (0.0, 1.0)


def share_by_run(holds: ArrayLike, among: ArrayLike | None = None) -> Estimate:
    """The mean over runs of the share of a run's things of which something holds (t over runs, n - 1).

    Args:
        holds: truth values, shape `(runs, things)`.
        among: which things count, likewise; all by default.  A run that has none says nothing and is left out, which
            `n` and `method` show.
    """
    truths = np.asarray(holds, dtype=bool)
    counted = np.ones_like(truths) if among is None else np.asarray(among, dtype=bool)
    if truths.ndim != 2 or counted.shape != truths.shape:
        raise ValueError(f"truth values come as runs by things; got shapes {truths.shape} and {counted.shape}")
    some = counted.any(1)
    shares = (truths & counted)[some].sum(1) / counted[some].sum(1)
    return Estimate.from_replicates(shares, bounds=SHARES)


def runs_above(values: ArrayLike, threshold: float) -> Count:
    """In how many runs a value lies above a threshold, for an exact test over runs.

    By `proportion_above(0.5)` that is the sign test, for which 5 runs of 5 are enough, and 4 of 4 are not.

    Args:
        values: one a run, shape `(runs,)`.
        threshold: a value on it is not above.
    """
    return Count.of(np.asarray(values, dtype=float) > threshold)
