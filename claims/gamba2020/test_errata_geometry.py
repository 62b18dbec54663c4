"""Statements on the geometry of filters that are wrong as printed, and what holds in their place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from claims.gamba2020.methods.arrangement import line_cosines
from claims.gamba2020.methods.convolution_matrix import Mode, convolution_matrix, interior
from harness.claims.claim import claim
from harness.claims.kinds import Erratum
from harness.rules import Count, Exact, equals, proportion_above, worst_case
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


def disagreement(seed: int, channels: int, height: int, width: int, rows: str = "all") -> dict[str, float]:
    """Range of a filter's cosines over its hyperplanes under zero padding, and share of them on the rarer side.

    `rows`: all hyperplanes, those whose receptive fields lie inside the map, or those at the border.
    """
    matrix = convolution_matrix(normal(seed, 1, channels, 3, 3), (height, width), padding=1)
    inside = interior((height, width), 3, padding=1)
    chosen = {"all": torch.ones_like(inside), "inside": inside, "border": ~inside}[rows]
    cosines = line_cosines(matrix[chosen])
    negative = float((cosines < 0).double().mean())
    return {"angle": float(cosines.max() - cosines.min()), "side": min(negative, 1 - negative)}


def worst_disagreement(rows: str) -> dict[str, Exact]:
    """Largest of both, over filters and maps."""
    return {
        part: worst_case(lambda part=part, **case: disagreement(**case, rows=rows)[part], 30, **DRAWN)
        for part in ("angle", "side")
    }


@claim(
    "E-HP2",
    where="Section 2.3.1",
    rule={"angle": equals(0, within=1e-12), "side": equals(0, within=0)},
    control="the corrected statement: hyperplanes whose receptive fields lie inside the map",
    erratum=Erratum(
        printed="Due to the circulant symmetry, every hyperplane of a filter shares the same angle with the identity "
        "line, so that its sign tells on which side of all of them the line lies.",
        correct="This holds for the hyperplanes whose receptive fields lie inside the map, and for all under circular "
        "padding.  The networks of the paper pad with zeros.",
        derivation="A receptive field that reaches over the border has the weights cut off that fall on zeros: its "
        "row of the matrix has another sum and another length.  A 3 x 3 filter has nine different rows: itself, four "
        "without an outer row or column, four without both; their sums may differ in sign.",
        consequence="n_l is computed from the whole filter and stays what it is, but its reading does not: under zero "
        "padding neither uniform cell contains the far identity line for two thirds of random filters (HP-76), and on "
        "32 x 32 images no hyperplane at all of VGG19's layers 13 to 16 has the angle that n_l counts (HP-73).",
    ),
)
def test_zero_padding_leaves_one_angle_for_all_hyperplanes(lab: Lab) -> None:
    """Every hyperplane of a filter shares one angle with the identity line; its sign tells the side of all of them."""
    lab.measure(**worst_disagreement("all"))
    lab.control(**worst_disagreement("inside"))


@claim(
    "E-HP2-corrected",
    where="Section 2.3.1",
    rule={"angle": equals(0, within=1e-12), "side": equals(0, within=0)},
    control="the hyperplanes at the border",
)
def test_hyperplanes_inside_the_map_share_one_angle(lab: Lab) -> None:
    """Under zero padding the hyperplanes of a filter whose receptive fields lie inside the map share one angle."""
    lab.measure(**worst_disagreement("inside"))
    lab.control(**worst_disagreement("border"))


@claim(
    "HP-76",
    where="Section 2.3.1",
    readings={"channels": (1, 16, 64)},
    rule=proportion_above(0.5),
    control="circular padding",
)
def test_zero_padding_splits_the_hyperplanes_of_most_random_filters(lab: Lab, channels: int) -> None:
    """Under zero padding most random 3 x 3 filters have hyperplanes on both sides of the identity line (derived check).

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
        printed="The approximation by a circulant matrix is exact when r = CHW and the rows are sparse, for instance "
        "for one channel, stride 1, zero padding p = 2 and 3 x 3 kernels.",
        correct="It is exact for one pixel of circular padding on each side; r = CHW is not enough.",
        derivation="Two pixels on each side give (H + 2)(W + 2) receptive fields, not HW.  Two in all, one on each "
        "side, give HW, but zero padding cuts weights off the rows at the border: 28 of 64 rows on 8 x 8 pixels.",
        consequence="The symmetry about the identity line that sections 2.1 to 2.3 argue from is exact for no network "
        "of the paper; see E-HP2.",
    ),
)
def test_two_pixels_of_zero_padding_make_the_matrix_circulant(lab: Lab, two_pixels: str) -> None:
    """With one channel, stride 1, zero padding p = 2 and 3 x 3 kernels, the matrix of a filter is exactly circulant."""
    lab.measure(rows_that_are_no_shifts(2 if two_pixels == "on each side" else 1))
    lab.control(rows_that_are_no_shifts(1, "circular"))


@claim(
    "E-HP3-corrected",
    where="Footnote 1",
    rule=equals(0, within=0),
    control="one pixel of zeros on each side",
)
def test_one_pixel_of_circular_padding_makes_the_matrix_circulant(lab: Lab) -> None:
    """With one channel, stride 1 and one pixel of circular padding, the matrix of a 3 x 3 filter is circulant."""
    lab.measure(rows_that_are_no_shifts(1, "circular"))
    lab.control(rows_that_are_no_shifts(1, "zeros"))


def foreign_rows(last: int) -> Exact:
    """Rows in `0 ... last`, inclusive, of a layer of two filters that do not hold the first filter's weights."""
    weight = normal(0, 2, 2, 3, 3)
    matrix = convolution_matrix(weight, (4, 4), padding=1, mode="circular")
    own = weight[0].flatten().sort().values
    entries = [row[row != 0].sort().values for row in matrix[: last + 1]]
    return Exact(float(sum(not torch.equal(row, own) for row in entries)))


@claim(
    "E-HP5",
    where="Sections 2.1 and 2.3",
    rule=equals(0, within=0),
    control="the corrected range, up to (i + 1) r - 1",
    erratum=Erratum(
        printed="The rows of filter i are m = ir, ..., (i + 1) r.",
        correct="m = ir, ..., (i + 1) r - 1, as section 2 has it.",
        derivation="Row (i + 1) r holds the weights of filter i + 1; for the last filter there is no such row.",
        consequence="None: a slip of notation.",
    ),
)
def test_rows_of_a_filter_run_up_to_the_next_filters_first(lab: Lab) -> None:
    """The rows of the matrix that belong to filter i are those from i r to (i + 1) r."""
    lab.measure(foreign_rows(16))
    lab.control(foreign_rows(15))


@claim(
    "E-HP5-corrected",
    where="Section 2",
    rule=equals(0, within=0),
    control="the printed range",
)
def test_rows_of_a_filter_end_before_the_next_filters_first(lab: Lab) -> None:
    """The rows of the matrix that belong to filter i are those from i r to (i + 1) r - 1."""
    lab.measure(foreign_rows(15))
    lab.control(foreign_rows(16))
