"""Small mistakes in projections, matrices and arrangements: each turns the verdict of a claim."""

from __future__ import annotations

import pytest

from harness.tests.planting import Mistake, turned

PROJECTIONS = "claims.gamba2020.methods.projections"
NULL = "claims.gamba2020.methods.projection_null"
MATRIX = "claims.gamba2020.methods.convolution_matrix"
ARRANGEMENT = "claims.gamba2020.methods.arrangement"


def without_the_root(right):
    def cosines(weight, size=None):
        ones = weight[0].numel() if size is None else weight.shape[1] * size[0] * size[1]
        return right(weight, size) / ones**0.5

    return cosines


def border_twice(right):
    def matrix(weight, size, **how):
        plain = right(weight, size, **how)
        images = plain.clone().reshape(len(plain), weight.shape[1], *size)
        images[:, :, 0] *= 2
        return images.flatten(1)

    return matrix


MISTAKES = [
    Mistake("a cosine without the root", f"{PROJECTIONS}:projection_cosines", without_the_root, "HP-12"),
    Mistake(
        "<= read as <",
        f"{PROJECTIONS}:negative_share",
        lambda right: lambda cosines: (cosines < 0).double().mean().item(),
        "HP-17",
    ),
    Mistake(
        "positive projections counted",
        f"{PROJECTIONS}:negative_share",
        lambda right: lambda cosines: right(-cosines),
        "HP-17",
    ),
    Mistake(
        "a spread without the half", f"{NULL}:share_spread", lambda right: lambda filters: 2 * right(filters), "HP-71"
    ),
    Mistake("the border counted twice", f"{MATRIX}:convolution_matrix", border_twice, "HP-02"),
    Mistake(
        "a kernel mirrored",
        f"{MATRIX}:convolution_matrix",
        lambda right: lambda weight, size, **how: right(weight.flip(2, 3), size, **how),
        "HP-02",
    ),
    Mistake(
        "padding on one side only",
        f"{MATRIX}:output_size",
        lambda right: lambda size, kernel, stride=1, padding=0: right(size + padding, kernel, stride),
        "HP-05",
    ),
    Mistake(
        "two signs where one is meant",
        f"{NULL}:aligned_probability",
        lambda right: lambda filters, *, either_sign=True: filters * 0.5**filters,
        "HP-32",
    ),
    Mistake(
        "one filter less than is aligned",
        f"{NULL}:aligned_probability",
        lambda right: lambda filters, *, either_sign=True: right(filters - 1, either_sign=either_sign),
        "E-HP1",
    ),
    Mistake(
        "cosines of the other direction",
        f"{ARRANGEMENT}:line_cosines",
        lambda right: lambda matrix: -right(matrix),
        "HP-81",
    ),
    Mistake(
        "rows of the filter before",
        f"{MATRIX}:convolution_matrix",
        lambda right: lambda weight, size, **how: right(weight.flip(0), size, **how),
        "N-HP5",
    ),
    Mistake(
        "a sum of Zaslavsky, one term short",
        f"{ARRANGEMENT}:cells_in_general_position",
        lambda right: lambda hyperplanes, dimension: right(hyperplanes, dimension - 1),
        "HP-64",
    ),
    Mistake(
        "an apex without the bias alone",
        f"{ARRANGEMENT}:common_apex",
        lambda right: lambda matrix, bias: None if bias.any() else right(matrix, bias),
        "HP-06",
    ),
]


@pytest.mark.parametrize("mistake", MISTAKES, ids=str)
def test_a_mistake_turns_a_verdict(mistake, tmp_path):
    before, after = turned(mistake, tmp_path)
    assert after != before, f"{mistake.claim} does not notice"
