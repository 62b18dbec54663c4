"""The arithmetic of table 1 (appendix D): gain from another layer, and orderness of the last layer's maps.

What is judged here is what the table says of itself.  Of networks of ours, SO-66 has the sign of the correlation and
SO-63 the numbers, beside those that are printed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from claims.ghosh2019.methods.printed_table import PRINTED_GAINS, PRINTED_ORDERNESS
from harness.claims.claim import claim
from harness.rules import ALPHA, Exact, equals, less_than
from harness.statistics.rounding import before_rounding, correlation_range
from harness.system.lazy import np

if TYPE_CHECKING:
    from harness.lab.lab import Lab
    from harness.rules import Rule
    from harness.statistics.rounding import Range

RULES: dict[str, Rule] = {"distance from the printed correlation": equals(0, within=0), "p-value": less_than(ALPHA)}


def agreement(
    row: str, printed: float, decimals: int, orderness: tuple[float, ...] | None = None
) -> tuple[dict[str, Exact], Range]:
    """How far the printed correlation lies from those that the row allows, and the p-value of the row as printed."""
    from scipy.stats import pearsonr

    orderness = PRINTED_ORDERNESS[row] if orderness is None else orderness
    allowed = correlation_range(PRINTED_GAINS[row], orderness, 2)
    distance = allowed.distance(before_rounding(printed, decimals))
    p = float(pearsonr(PRINTED_GAINS[row], orderness).pvalue)
    return dict(zip(RULES, (Exact(distance), Exact(p)), strict=True)), allowed


def judge(lab: Lab, row: str, printed: float, decimals: int) -> None:
    """Measure one row; the control has the row's orderness backwards."""
    parts, allowed = agreement(row, printed, decimals)
    lab.measure(**parts)
    lab.control(**agreement(row, printed, decimals, orderness=PRINTED_ORDERNESS[row][::-1])[0])
    correlation = np.corrcoef(PRINTED_GAINS[row], PRINTED_ORDERNESS[row])[0, 1]
    lab.note(
        f"correlation of the printed numbers {correlation:.3f}; their rounding allows {allowed.low:.3f} to "
        f"{allowed.high:.4f}; four points"
    )
    lab.series(f"gain by orderness, {row}", PRINTED_ORDERNESS[row], PRINTED_GAINS[row])


@claim(
    "SO-52",
    where="Table 1",
    paper=0.99,
    reach={"smoke": "printed"},
    rule=RULES,
    control="the same gains with the orderness of the row in the opposite order",
)
def test_gain_from_a_second_layer_goes_with_orderness(lab: Lab) -> None:
    """The gain from a second layer correlates significantly with the first layer's orderness, r = 0.99.

    Recomputed from the table's four columns: 0.985, which rounding explains.
    """
    judge(lab, "1->2", 0.99, 2)


@claim(
    "SO-53",
    where="Table 1",
    paper=0.985,
    reach={"smoke": "printed"},
    rule=RULES,
    control="the same gains with the orderness of the row in the opposite order",
)
def test_gain_from_a_third_layer_goes_with_orderness(lab: Lab) -> None:
    """The gain from a third layer correlates significantly with the second layer's orderness, r = 0.985.

    Recomputed from the table's four columns: 0.974, which rounding explains.
    """
    judge(lab, "2->3", 0.985, 3)
