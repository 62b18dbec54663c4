"""Statements on the geometry of filters that are wrong as printed, slips, and how far approximations go."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from claims.gamba2020.methods.arrangement import line_cosines
from claims.gamba2020.methods.convolution_matrix import Mode, convolution_matrix, interior
from harness.claims.claim import claim
from harness.claims.kinds import Erratum, Kind, Remark
from harness.rules import Count, Exact, equals, greater_than, proportion_above, worst_case
from harness.statistics.draws import normal
from harness.system.lazy import torch

if TYPE_CHECKING:
    from harness.lab.lab import Lab

DRAWN: dict[str, Any] = {
    "seed": range(10**6),
    "channels": range(1, 4),
    "height": range(3, 7),
    "width": range(3, 7),
}


def disagreement(
    seed: int, channels: int, height: int, width: int, rows: str = "all", mode: Mode = "zeros"
) -> dict[str, float]:
    """Range of a filter's cosines over its hyperplanes, and share of them on the rarer side; nought by rounding is 0.

    `rows`: all hyperplanes, or those whose receptive fields lie inside the map.
    """
    matrix = convolution_matrix(normal(seed, 1, channels, 3, 3), (height, width), padding=1, mode=mode)
    inside = interior((height, width), 3, padding=1)
    chosen = {"all": torch.ones_like(inside), "inside": inside}[rows]
    cosines = line_cosines(matrix[chosen])
    negative = float((cosines < 0).double().mean())
    spread = float(cosines.max() - cosines.min())
    return {"angle": spread if spread > 1e-12 else 0.0, "side": min(negative, 1 - negative)}


def worst_disagreement(rows: str, mode: Mode = "zeros") -> dict[str, Exact]:
    """Largest of both, over filters and maps."""
    return {
        part: worst_case(lambda part=part, **case: disagreement(**case, rows=rows, mode=mode)[part], 30, **DRAWN)
        for part in ("angle", "side")
    }


@claim(
    "HP-81",
    where="Section 2.3.1",
    kind=Kind.DERIVED,
    rule={"angle": greater_than(0.0), "side": greater_than(0.0)},
    control="hyperplanes whose receptive fields lie inside the map, and all under circular padding",
    formerly=("E-HP2",),
)
def test_zero_padding_gives_the_hyperplanes_of_a_filter_several_angles(lab: Lab) -> None:
    """Under zero padding, which the networks have, not all hyperplanes of a filter share one angle and one side.

    Section 2.3.1 has that they do, 'due to the circulant symmetry', of matrices that section 2.1 says approximate a
    circulant one: it is no error, and this is how far the approximation goes.  A receptive field that reaches over the
    border has the weights cut off that fall on zeros: its row of the matrix has another sum and another length.  A
    3 x 3 filter has nine different rows: itself, four without an outer row or column, four without both; their sums may
    differ in sign.  n_l is computed from the whole filter and stays what it is, but its reading does not, of random
    filters (HP-76) and of layers 13 to 16 of VGG19 on images of 32 x 32 pixels that are not scaled up (HP-73).
    """
    lab.measure(**worst_disagreement("all"))
    inside, circular = worst_disagreement("inside"), worst_disagreement("all", mode="circular")
    lab.control(**{part: max(inside[part], circular[part], key=lambda one: one.value) for part in inside})


@claim(
    "HP-76",
    kind=Kind.DERIVED,
    where="Section 2.3.1",
    readings={"channels": (1, 16, 64)},
    rule=proportion_above(0.5),
    control="circular padding",
)
def test_zero_padding_splits_the_hyperplanes_of_most_random_filters(lab: Lab, channels: int) -> None:
    """Under zero padding most random 3 x 3 filters have hyperplanes on both sides of the identity line.

    Counted among 4000 filters; a map of 3 x 3 pixels has all nine kinds of rows.  About 69 % whatever the number of
    channels, since the sums over channels of normal weights are normal.
    """
    weight = torch.randn(4000, channels, 3, 3, generator=lab.generator)

    def split(mode: Mode) -> Count:
        rows = convolution_matrix(weight.sum(1, keepdim=True), (3, 3), padding=1, mode=mode).sum(1).reshape(4000, 9)
        return Count(int(((rows > 0).any(1) & (rows < 0).any(1)).sum()), 4000)

    lab.measure(split("zeros"))
    lab.control(split("circular"))


def rows_that_are_no_shifts(padding: int, mode: Mode = "zeros") -> Exact:
    """Receptive fields of a 3 x 3 filter on 8 x 8 pixels whose rows are no cyclic shifts of it in the plane."""
    weight = normal(0, 1, 1, 3, 3)
    circulant = convolution_matrix(weight, (8, 8), padding=1, mode="circular")
    shifts = {tuple(row) for row in circulant.tolist()}
    matrix = convolution_matrix(weight, (8, 8), padding=padding, mode=mode)
    return Exact(float(sum(tuple(row) not in shifts for row in matrix.tolist())))


@claim(
    "E-HP3",
    where="Footnote 1",
    readings={"two_pixels": ("on each side", "in all")},
    rule=equals(0, within=0),
    control="the corrected statement: one pixel on each side, circular",
    erratum=Erratum(
        printed="The approximation is exact when r = CHW and each row of ... is highly sparse. For instance, this "
        "holds for single-channel convolutions (C = 1) with stride s = 1, zero-padding p = 2, spatial kernel size k = "
        "3",
        correct="It is exact for one pixel of circular padding on each side; r = CHW is not enough.",
        derivation="Two pixels on each side give (H + 2)(W + 2) receptive fields, not HW.  Two in all, one on each "
        "side, give HW, but zero padding cuts weights off the rows at the border: 28 of 64 rows on 8 x 8 pixels.",
        consequence="The symmetry about the identity line that sections 2.1 to 2.3 argue from is exact for no network "
        "of the paper; see HP-81.",
    ),
)
def test_two_pixels_of_zero_padding_make_the_matrix_circulant(lab: Lab, two_pixels: str) -> None:
    """With one channel, stride 1, zero padding p = 2 and 3 x 3 kernels, the matrix of a filter is exactly circulant."""
    lab.measure(rows_that_are_no_shifts(2 if two_pixels == "on each side" else 1))
    lab.control(rows_that_are_no_shifts(1, "circular"))


def foreign_rows(last: int) -> Exact:
    """Rows in `0 ... last`, inclusive, of a layer of two filters that do not hold the first filter's weights."""
    weight = normal(0, 2, 2, 3, 3)
    matrix = convolution_matrix(weight, (4, 4), padding=1, mode="circular")
    own = weight[0].flatten().sort().values
    entries = [row[row != 0].sort().values for row in matrix[: last + 1]]
    return Exact(float(sum(not torch.equal(row, own) for row in entries)))


@claim(
    "N-HP5",
    where="Sections 2.1 and 2.3",
    rule=equals(0, within=0),
    control="the printed range, up to (i + 1) r",
    formerly=("E-HP5",),
    remark=Remark(
        Kind.SLIP,
        printed="m = ir, ... (i+1)r",
        meant="m = ir, ..., (i + 1) r - 1",
        derivation="Row (i + 1) r holds the weights of filter i + 1; for the last filter there is no such row.  The "
        "submatrix W_[ir : (i + 1) r] of section 2.1 ends before it, in the notation of arrays.",
    ),
)
def test_rows_of_a_filter_end_before_the_next_filters_first(lab: Lab) -> None:
    """The rows of the matrix that belong to filter i are those from i r to (i + 1) r - 1."""
    lab.measure(foreign_rows(15))
    lab.control(foreign_rows(16))
