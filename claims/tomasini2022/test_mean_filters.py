"""The average filters of trained networks, as the paper prints them (Table 1) and of networks trained here."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from claims.tomasini2022.methods import ring_training
from claims.tomasini2022.methods.filter_modes import coefficient_of_variation
from claims.tomasini2022.methods.pooling_sensitivity import log_slope
from claims.tomasini2022.methods.printed_filters import FIRST, INITIAL, ROUNDING, TRAINED, WIDTH
from claims.tomasini2022.methods.receptive_field import receptive_field, receptive_field_size
from claims.tomasini2022.methods.ring_arms import BIASES, ENOUGH, REACH, SEEDS, on_48_images
from harness.claims.about import About
from harness.claims.claim import claim
from harness.claims.kinds import Kind, Remark
from harness.rules import Estimate, Exact, Several, equivalent_to, greater_than, in_all, matches
from harness.system.lazy import np, torch

if TYPE_CHECKING:
    from torch import Tensor

    from harness.lab.lab import Lab

    Filter = Sequence[float]


class Table(NamedTuple):
    """Average filters of the twelve layers, as Table 1 has them, and how far rounding may have moved an entry."""

    before: Sequence[Filter]
    after: Sequence[Filter]
    rounding: float = 0.0


PRINTED = Table(INITIAL, TRAINED, ROUNDING)
REACHES = {"smoke": "printed", **REACH}
"""The paper's own numbers; from tier `laptop` on those of networks that are trained here."""


def tables(lab: Lab) -> list[Table]:
    """The printed one, or that of each network."""
    if not lab.runs:
        return [PRINTED]
    records = [record.metrics["mean_filters"] for record in lab.records(lab.runs[ENOUGH])]
    return [Table(of[ring_training.UNTRAINED], of[ring_training.TRAINED]) for of in records]


def value_of(lab: Lab, value: Callable[[Table], float]) -> Exact | Estimate:
    """A value of the printed table, or of each network's."""
    if not lab.runs:
        return Exact(value(PRINTED))
    return Estimate.from_replicates([value(table) for table in tables(lab)])


def within_rounding(row: Filter, rounding: float) -> list[Tensor]:
    """The filters that may stand behind the numbers: the corners of the box that rounds to them."""
    return [
        torch.tensor([x + r for x, r in zip(row, shifts, strict=True)], dtype=torch.float64)
        for shifts in itertools.product((-rounding, 0, rounding), repeat=len(row))
    ]


@claim(
    "SP-31",
    where="Appendix B, Table 1",
    readings={"biases": tuple(BIASES)},
    about=About.SIZE,
    runs=on_48_images,
    seeds=SEEDS,
    reach=REACHES,
    rule=greater_than(1.0),
    control="the columns of the table exchanged",
)
def test_network_learns_filters_that_are_more_homogeneous(lab: Lab, biases: str) -> None:
    """The network learns filters which are much more homogeneous than at initialisation.

    The value is the median over layers of the coefficient of variation within an average filter at initialisation, over
    the largest after training: every learnt filter is more homogeneous than most initial ones.  (Of the paper's, every
    learnt one is more so than every initial one, which with other initial weights is a matter of luck.)  The caption
    says "much" and no number.  At tier `smoke` it is that of the printed numbers, for their least favourable rounding,
    else one of each network that is trained here.  An average over H² weights that were drawn is of size 1/H: what
    narrow networks, or such as were trained for less long, keep of it hides what they learn, and is no more than a
    number beside the paper's.
    """

    def spreads(
        rows: Sequence[Filter], rounding: float, least_favourable: Callable[[list[float]], float]
    ) -> list[float]:
        return [least_favourable([*map(coefficient_of_variation, within_rounding(row, rounding))]) for row in rows]

    def ratio(table: Table) -> float:
        before, after = (spreads(table.before, table.rounding, min), spreads(table.after, table.rounding, max))
        return float(np.median(before)) / max(after)

    lab.measure(value_of(lab, ratio))
    lab.control(value_of(lab, lambda table: ratio(Table(table.after, table.before, table.rounding))))
    for name in ("after", "before"):
        each = [[coefficient_of_variation(torch.tensor(row)) for row in getattr(table, name)] for table in tables(lab)]
        lab.series(f"coefficient of variation by layer, {name} training", range(1, 13), np.median(each, 0).tolist())


@claim(
    "SP-32",
    where="Appendix B.2, Table 1",
    paper="layers 1 to 9",
    readings={"biases": tuple(BIASES)},
    about=About.SIZE,
    runs=on_48_images,
    seeds=SEEDS,
    reach=REACHES,
    rule=greater_than(0.0),
    control="the same layers at initialisation",
)
def test_average_filters_are_positive_in_the_first_nine_layers(lab: Lab, biases: str) -> None:
    """The average filters over channels are positive in the first 9 hidden layers; the value is the smallest entry.

    At tier `smoke` that of the printed numbers, else one of each network that is trained here; SP-31 says why narrow
    ones decide nothing.
    """
    lab.measure(value_of(lab, lambda table: min(map(min, table.after[:FIRST])) - table.rounding))
    lab.control(value_of(lab, lambda table: min(map(min, table.before[:FIRST])) - table.rounding))
    positive = np.array([[min(row) > 0 for row in table.after] for table in tables(lab)])
    lab.note(
        "Positive are those of " + ", ".join(f"layer {k}: {share:.0%}" for k, share in enumerate(positive.mean(0), 1))
    )


AS_PRINTED = 0.1
"""Of an entry's own size: the paper has four seeds and says nothing of how far they differ."""


@claim(
    "SP-70",
    where="Appendix B, Table 1, After training",
    paper="0.2928, 0.2605, 0.2928 in layer 1, 0.0039, 0.0035, 0.0039 in layer 2 and so on",
    tier="laptop",
    readings={"biases": tuple(BIASES)},
    about=About.SIZE,
    runs=on_48_images,
    seeds=SEEDS,
    reach=REACH,
    rule=in_all(equivalent_to(0.0, within=AS_PRINTED, refuted_beyond=2)),
    control="the same layers at initialisation",
)
def test_average_filters_are_those_of_table_1(lab: Lab, biases: str) -> None:
    """The average filters after training are 0.2928, 0.2605, 0.2928 in layer 1, 0.0039, 0.0035, 0.0039 in layer 2 etc.

    Each entry of the first nine layers over the printed one, less 1.
    """
    printed = np.array(TRAINED[:FIRST])

    def apart(filters: Callable[[Table], Sequence[Filter]]) -> Several:
        off = np.array([filters(table)[:FIRST] for table in tables(lab)]) / printed - 1
        samples = tuple(Estimate.from_replicates(column) for column in off.reshape(len(off), -1).T)
        return Several(samples, tuple(f"layer {k}, entry {i}" for k in range(1, FIRST + 1) for i in (1, 2, 3)))

    lab.measure(apart(lambda table: table.after))
    lab.control(apart(lambda table: table.before))
    entries = np.mean([table.after for table in tables(lab)], axis=0)
    lab.note("; ".join(f"layer {k}: {', '.join(f'{x:.4f}' for x in row)}" for k, row in enumerate(entries, 1)))


@claim(
    "SP-33",
    where="Appendix B, Table 1, Init.",
    kind=Kind.DERIVED,
    reach={"smoke": "printed"},
    rule=matches(1.0, within=0.4),
    control="the average filters after training",
)
def test_average_filters_start_as_averages_of_chance(lab: Lab) -> None:
    """Before training, the average filters are what averages of independent weights of variance 1 are.

    Root mean square of the entries in units of their standard error: 1/√1000 for layer 1 with one input channel, 1/1000
    for the others.  So the weights act divided by the root of the fan-in: PyTorch's own initial weights would have
    given averages a hundred times smaller in the layers 2 to 12.
    """

    def scores(rows: Sequence[Filter]) -> Tensor:
        filters = torch.tensor(rows, dtype=torch.float64)
        pairs = torch.tensor([WIDTH] + [WIDTH**2] * (len(rows) - 1))
        return (filters * pairs[:, None].sqrt()).flatten()

    def spread(rows: Sequence[Filter]) -> Exact:
        return Exact(float(scores(rows).square().mean().sqrt()))

    lab.measure(spread(INITIAL))
    lab.control(spread(TRAINED))
    lab.note(f"The largest entry is {float(scores(INITIAL).abs().max()):.1f} standard errors, of 36.")


@claim(
    "SP-62",
    where="Appendix B, Table 1; section 4",
    paper=0.5,
    kind=Kind.DERIVED,
    reach={"smoke": "printed"},
    rule=matches(0.5, within=0.05),
    control="the same filters with stride 2",
)
def test_printed_filters_spread_pixels_diffusively(lab: Lab) -> None:
    """The trained network's average filters, as printed, spread a pixel diffusively: A_k ~ √k.

    Exponent of A_k in the depth over the first nine layers.  The paper says that the network behaves like its average
    filters.
    """

    def sizes(stride: int) -> list[float]:
        filters = [torch.tensor(row) for row in TRAINED[:FIRST]]
        return [receptive_field(filters[:k], stride).variance ** 0.5 for k in range(1, FIRST + 1)]

    lab.measure(Exact(log_slope(range(1, FIRST + 1), sizes(stride=1))))
    lab.control(Exact(log_slope(range(1, FIRST + 1), sizes(stride=2))))
    lab.series("A_k of the printed filters", range(1, FIRST + 1), sizes(1))
    difference = max(abs(size / receptive_field_size(3, k) - 1) for k, size in enumerate(sizes(1), start=1))
    lab.note(f"A_k differs from that of homogeneous filters by {difference:.1%} at most.")


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
