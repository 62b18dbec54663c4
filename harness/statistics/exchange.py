"""A comparison in pairs whose outcome is known to be chance: the control of one that is not.

If the two sides of a pair do not differ, its difference has either sign with the same chance.  `signs_at_random` makes
such differences of any: a rule on them is supported in at most `ALPHA` of the draws, and in that share where the spread
allows.  By `greater_than(0)`, on differences that all have one sign and hardly vary, that is 2^-n: 1 in 16 of four
pairs (above `ALPHA`), 1 in 32 of five.

No such control can be *refuted* but by the same chance.  A control that must be refuted has to have data for which the
claim is false: the reading with its arms exchanged for a claim of direction (which refutes as surely as the measurement
supports, and shows that the reading tells its arms apart), or arms that are known to differ.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.system.lazy import np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


def signs_at_random(differences: ArrayLike, seed: int) -> NDArray[np.float64]:
    """Differences between the two sides of pairs, shape `(pairs,)`, each with its sides exchanged or not by a coin."""
    values = np.asarray(differences, dtype=float)
    return values * np.random.default_rng(seed).choice((-1.0, 1.0), size=values.shape)


def every_other_exchanged(differences: ArrayLike) -> NDArray[np.float64]:
    """Differences between the two sides of pairs, shape `(pairs,)`, as if every other pair had its sides exchanged.

    What one side has over the other in all pairs is gone, and the spread stays.  Where the effect is large beside the
    spread, the alternating signs make the mean 0 of an even number of pairs: such a control is never supported nor
    refuted, and shows less than `signs_at_random`.
    """
    signs = 1.0 - 2.0 * (np.arange(len(np.asarray(differences))) % 2)
    return np.asarray(differences, dtype=float) * signs
