"""The matrix of a convolution: one row a receptive field, one column an input value (Gamba et al. 2020, section 2)."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Literal

from harness.system.lazy import torch

if TYPE_CHECKING:
    from torch import Tensor

Mode = Literal["zeros", "circular"]


def output_size(size: int, kernel: int, stride: int = 1, padding: int = 0) -> int:
    """Receptive fields along one axis of `size` pixels, for `padding` pixels on either side (section 2.1)."""
    return (size + 2 * padding - kernel) // stride + 1


def convolution_matrix(
    weight: Tensor, size: tuple[int, int], *, padding: int | tuple[int, int] = 0, mode: Mode = "zeros", stride: int = 1
) -> Tensor:
    """The matrix `W` with `W @ x.flatten()` equal to the convolution of `x`, filter by filter in row-major order.

    Args:
        weight: filters, shape `(filters, channels, kernel height, kernel width)`.
        size: height and width of the input.
        padding: pixels added on either side, of both axes or of each.
        mode: what is added: zeros, or the opposite side of the image.
        stride: step between receptive fields, of both axes.

    Returns:
        Shape `(filters * r, channels * height * width)` for `r` receptive fields.
    """
    filters, channels, kernel_height, kernel_width = weight.shape
    above, left = (padding, padding) if isinstance(padding, int) else padding
    height, width = size
    down = _starts(height, kernel_height, stride, above)
    along = _starts(width, kernel_width, stride, left)
    matrix = weight.new_zeros(filters, len(down), len(along), channels, height, width)
    for p, q in product(range(kernel_height), range(kernel_width)):
        for (i, top), (j, start) in product(enumerate(down), enumerate(along)):
            y, x = top + p, start + q
            if mode == "circular":
                y, x = y % height, x % width
            if 0 <= y < height and 0 <= x < width:
                matrix[:, i, j, :, y, x] += weight[:, :, p, q]
    return matrix.reshape(filters * len(down) * len(along), channels * height * width)


def _starts(size: int, kernel: int, stride: int, padding: int) -> range:
    count = output_size(size, kernel, stride, padding)
    if count < 1:
        raise ValueError(f"a kernel of {kernel} does not fit {size} pixels with padding {padding}")
    return range(-padding, -padding + count * stride, stride)


def interior(size: tuple[int, int], kernel: int, *, padding: int, stride: int = 1) -> Tensor:
    """Whether each receptive field lies inside the image, touching no padding: booleans of shape `(r,)`."""
    inside = [
        torch.tensor([0 <= start <= axis - kernel for start in _starts(axis, kernel, stride, padding)]) for axis in size
    ]
    return (inside[0][:, None] & inside[1][None, :]).flatten()


def same_padding(kernel: int) -> int:
    """Padding on either side that keeps the size of the map, for an odd kernel at stride 1."""
    if kernel % 2 == 0:
        raise ValueError(f"no symmetric padding keeps the size for an even kernel ({kernel}); use an odd one")
    return kernel // 2
