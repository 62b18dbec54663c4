"""The average filters of trained networks that the paper prints (Table 1)."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from claims.tomasini2022.methods.filter_modes import coefficient_of_variation
from claims.tomasini2022.methods.pooling_sensitivity import log_slope
from claims.tomasini2022.methods.receptive_field import receptive_field, receptive_field_size
from harness.claims.claim import claim
from harness.claims.kinds import Kind, Remark
from harness.rules import Exact, greater_than, less_than, matches
from harness.system.lazy import torch

if TYPE_CHECKING:
    from torch import Tensor

    from harness.lab.lab import Lab

    Filter = tuple[float, float, float]

WIDTH = 1000
"""Channels of each layer (appendix B.2)."""

INITIAL = (
    (0.0132, 0.0023, -0.0068),
    (0.0014, -0.0007, -0.0009),
    (-0.0006, -0.0001, 0.0010),
    (3.4610e-05, 6.5687e-04, -9.1634e-04),
    (-0.0006, 0.0002, -0.0009),
    (0.0012, -0.0011, -0.0003),
    (-0.0006, 0.0004, 0.0003),
    (0.0005, -0.0012, 0.0010),
    (0.0005, -0.0012, 0.0010),
    (-0.0025, 0.0015, -0.0006),
    (-0.0006, 0.0005, 0.0009),
    (3.3418e-04, 3.3521e-05, 1.3936e-03),
)
TRAINED = (
    (0.2928, 0.2605, 0.2928),
    (0.0039, 0.0035, 0.0039),
    (0.0043, 0.0038, 0.0043),
    (0.0039, 0.0033, 0.0038),
    (0.0038, 0.0032, 0.0038),
    (0.0038, 0.0031, 0.0038),
    (0.0041, 0.0032, 0.0040),
    (0.0036, 0.0024, 0.0035),
    (0.0021, 0.0016, 0.0017),
    (-0.0013, -0.0008, -0.0010),
    (0.0002, 0.0002, 0.0002),
    (0.0009, 0.0008, 0.0009),
)
ROUNDING = 5e-5
"""Half of the last printed digit."""

FIRST = 9
"""Layers in which the paper says that the average filter is positive."""


def within_rounding(row: Filter) -> list[Tensor]:
    """The filters that may stand behind the printed numbers: the corners of the box that rounds to them."""
    return [
        torch.tensor([x + r for x, r in zip(row, shifts, strict=True)], dtype=torch.float64)
        for shifts in itertools.product((-ROUNDING, 0, ROUNDING), repeat=len(row))
    ]


@claim(
    "SP-31",
    where="Table 1",
    rule=less_than(0.2),
    control="the same layers at initialisation",
)
def test_average_filters_are_nearly_homogeneous_after_training(lab: Lab) -> None:
    """After training the average filters of the first layers are nearly homogeneous.

    The value is the largest coefficient of variation within a filter among the first nine layers, for the least
    favourable rounding of the printed numbers.
    """

    def largest(rows: Sequence[Filter]) -> float:
        return max(coefficient_of_variation(taps) for row in rows for taps in within_rounding(row))

    lab.measure(Exact(largest(TRAINED[:FIRST])))
    lab.control(Exact(min(coefficient_of_variation(torch.tensor(row)) for row in INITIAL[:FIRST])))
    lab.series(
        "coefficient of variation by layer", range(1, 13), [coefficient_of_variation(torch.tensor(r)) for r in TRAINED]
    )


@claim(
    "SP-32",
    where="Appendix B.2, Table 1",
    paper="layers 1 to 9",
    rule=greater_than(0.0),
    control="the same layers at initialisation",
)
def test_average_filters_are_positive_in_the_first_nine_layers(lab: Lab) -> None:
    """The average filters over channels are positive in the first 9 hidden layers; the value is the smallest entry."""
    lab.measure(Exact(min(map(min, TRAINED[:FIRST])) - ROUNDING))
    lab.control(Exact(min(map(min, INITIAL[:FIRST]))))
    later = [k + 1 for k in range(FIRST, len(TRAINED)) if min(TRAINED[k]) > 0]
    lab.note(f"So are those of layers {later}.")


@claim(
    "SP-33",
    where="Table 1, Init.",
    rule={"largest": less_than(4.0), "spread": matches(1.0, within=0.4)},
    control="the average filters after training",
)
def test_average_filters_start_as_averages_of_chance(lab: Lab) -> None:
    """Before training, the average filters are what averages of independent weights of variance 1 are.

    Entries are in units of their standard error: 1/√1000 for layer 1 with one input channel, 1/1000 for the others.
    The variance tells that the weights act divided by the root of the fan-in: PyTorch's own initial weights would have
    given averages a hundred times smaller in the layers 2 to 12.
    """

    def scores(rows: Sequence[Filter]) -> Tensor:
        filters = torch.tensor(rows, dtype=torch.float64)
        pairs = torch.tensor([WIDTH] + [WIDTH**2] * (len(rows) - 1))
        return (filters * pairs[:, None].sqrt()).flatten()

    def parts(rows: Sequence[Filter]) -> dict[str, Exact]:
        entries = scores(rows)
        return {"largest": Exact(float(entries.abs().max())), "spread": Exact(float(entries.square().mean().sqrt()))}

    lab.measure(**parts(INITIAL))
    lab.control(**parts(TRAINED))


@claim(
    "SP-62",
    where="Table 1, section 4",
    paper=0.5,
    rule={"exponent": matches(0.5, within=0.05), "size": less_than(0.05)},
    control="the same filters with stride 2",
)
def test_printed_filters_spread_pixels_like_homogeneous_ones(lab: Lab) -> None:
    """The trained network's average filters, as printed, spread a pixel diffusively, like homogeneous filters.

    Exponent of A_k in the depth over the first nine layers, and the largest relative difference of A_k from that of
    homogeneous filters.  The paper says that the network behaves like its average filters.
    """

    def sizes(stride: int) -> list[float]:
        filters = [torch.tensor(row) for row in TRAINED[:FIRST]]
        return [receptive_field(filters[:k], stride).variance ** 0.5 for k in range(1, FIRST + 1)]

    def parts(stride: int) -> dict[str, Exact]:
        by_layer = sizes(stride)
        difference = max(abs(size / receptive_field_size(3, k) - 1) for k, size in enumerate(by_layer, start=1))
        return {"exponent": Exact(log_slope(range(1, FIRST + 1), by_layer)), "size": Exact(difference)}

    lab.measure(**parts(stride=1))
    lab.control(**parts(stride=2))
    lab.series("A_k of the printed filters", range(1, FIRST + 1), sizes(1))


@claim(
    "N-SP6",
    where="Appendix B, Table 1, Init., k = 8 and k = 9",
    paper="[0.0005, -0.0012, 0.0010] in both rows",
    remark=Remark(
        Kind.SLIP,
        printed="k = 8 ... [0.0005, -0.0012, 0.0010 ... k = 9 ... [0.0005, -0.0012, 0.0010",
        meant="two rows that differ; in the text we read, one is probably a copy of the other",
        derivation="Each entry is an average of 10^6 independent weights, of standard deviation 10^-3, printed in "
        "steps of 10^-4.  Two such entries print alike with probability 1/(2√π · 10) = 2.8 %, three with 2.2e-5; that "
        "any two of the eleven layers 2 to 12 do has probability at most 55 · 2.2e-5 = 0.12 %.  The pattern was seen "
        "first and its chance computed afterwards, and the copy may be the extraction's, which damaged this table "
        "elsewhere.  The table's point does not depend on one row.",
    ),
    formerly=("E-SP6",),
    reach={"smoke": "printed"},
    rule=greater_than(0.01),
    control="the table at the letter",
)
def test_no_two_layers_start_alike(lab: Lab) -> None:
    """Without the row k = 9 of Table 1, no two of the layers 2 to 12 start with the same average filter.

    The value is the chance, for independent layers, of at least as many equal rows as there are.
    """

    def chance(rows: Sequence[Filter]) -> float:
        equal = sum(a == b for a, b in itertools.combinations(rows, 2))
        return min(1.0, math.comb(len(rows), 2) * alike() ** 3) if equal else 1.0

    lab.measure(Exact(chance(INITIAL[1:8] + INITIAL[9:])))
    lab.control(Exact(chance(INITIAL[1:])))


def alike() -> float:
    """Probability that two independent averages of a million weights print the same."""
    cells = torch.arange(-80, 81, dtype=torch.float64)
    ends = torch.special.ndtr((cells - 0.5) * 1e-4 * WIDTH), torch.special.ndtr((cells + 0.5) * 1e-4 * WIDTH)
    return float((ends[1] - ends[0]).square().sum())
