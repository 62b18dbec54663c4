"""What is added around an image before 3 x 3 filters go over it, by name: readings of several claims."""

from __future__ import annotations

from typing import TYPE_CHECKING

from claims.gamba2020.methods.convolution_matrix import Mode, convolution_matrix

if TYPE_CHECKING:
    from torch import Tensor

PADDINGS: dict[str, tuple[int, Mode]] = {
    "none": (0, "zeros"),
    "circular": (1, "circular"),
    "zeros": (1, "zeros"),
    "zeros, 2 a side": (2, "zeros"),
}
"""Pixels on either side, and what is added.  Two a side are one way to read footnote 1."""

COMMON = ("none", "circular", "zeros")
"""Those that keep a 3 x 3 filter's map as it is or smaller."""


def matrix_of(weight: Tensor, size: tuple[int, int], padding: str) -> Tensor:
    """The matrix of 3 x 3 filters under a named padding, as `convolution_matrix` has it.

    Args:
        weight: shape `(filters, channels, 3, 3)`.
        size: height and width of the input.
        padding: a key of `PADDINGS`.
    """
    pixels, mode = PADDINGS[padding]
    return convolution_matrix(weight, size, padding=pixels, mode=mode)
