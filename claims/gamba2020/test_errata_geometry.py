"""Statements on the geometry of filters that are wrong as printed, and what holds in their place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from claims.gamba2020.methods.convolution_matrix import Mode, convolution_matrix
from harness.claims.claim import claim
from harness.claims.kinds import Erratum, Kind, Remark
from harness.rules import Count, Exact, equals, proportion_above
from harness.statistics.draws import normal
from harness.system.lazy import torch

if TYPE_CHECKING:
    from harness.lab.lab import Lab


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
        printed="The approximation is exact when r = CHW and each row of $\\mathbf{W}^l$ is highly sparse. For "
        "instance, this holds for single-channel convolutions (C = 1) with stride s = 1, zero-padding "
        "p = 2, spatial kernel size k = 3 and $k \\ll HW$",
        correct="Under one pixel of circular padding on each side the matrix is doubly block-circulant: its rows are "
        "the shifts of one another in the plane.  It is circulant on a line alone; r = CHW is not enough.",
        derivation="Two pixels on each side give (H + 2)(W + 2) receptive fields, not HW.  Two in all, one on each "
        "side, give HW, but zero padding cuts weights off the rows at the border: 28 of 64 rows on 8 x 8 pixels.  On "
        "larger maps their share falls, 892 of 50,176 on 224 x 224, and is never none.",
        consequence="The symmetry about the identity line that sections 2.1 to 2.3 argue from is exact for no network "
        "of the paper; see HP-13.",
    ),
)
def test_two_pixels_of_zero_padding_make_the_matrix_circulant(lab: Lab, two_pixels: str) -> None:
    """With one channel, stride 1, zero padding p = 2 and 3 x 3 kernels, the matrix of a filter is exactly circulant.

    Read as favourably as can be: its rows are shifts of one another in the plane.  Shifts of the row as a line, which
    footnote and section 2.1 speak of, no convolution of an image has (HP-03).
    """
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
        printed=r"$m = ir, \dots, (i+1)r\}$ ... $m = ir, \ldots, (i+1)r$, the inner product",
        meant="m = ir, ..., (i + 1) r - 1, as section 2 has it.",
        derivation="Row (i + 1) r holds the weights of filter i + 1; for the last filter there is no such row.",
    ),
)
def test_rows_of_a_filter_end_before_the_next_filters_first(lab: Lab) -> None:
    """The rows of the matrix that belong to filter i are those from i r to (i + 1) r - 1."""
    lab.measure(foreign_rows(15))
    lab.control(foreign_rows(16))
