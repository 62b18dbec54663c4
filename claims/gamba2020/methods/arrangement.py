"""Geometry of the hyperplanes `W_m x + b_m = 0` of a layer (Gamba et al. 2020, sections 2.1 and 2.2).

Everywhere `matrix` has shape `(hyperplanes, dimension)`, one normal a row, and `bias` has shape `(hyperplanes,)`.
"""

from __future__ import annotations

from math import comb, inf
from typing import TYPE_CHECKING, NamedTuple

from harness.system.lazy import np, torch

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor


class LineCells(NamedTuple):
    """Whether the identity line passes through the all-positive and the all-negative cell."""

    positive: bool
    negative: bool


def common_apex(matrix: Tensor, bias: Tensor) -> Tensor | None:
    """The only point on all hyperplanes, shape `(dimension,)`; None where they share no point or more than one."""
    dimension = matrix.shape[1]
    if torch.linalg.matrix_rank(matrix) < dimension:
        return None
    point = torch.linalg.lstsq(matrix, -bias[:, None]).solution[:, 0]
    rounding = torch.finfo(matrix.dtype).eps ** 0.5 * (matrix.norm() * point.norm() + bias.norm())
    return point if (matrix @ point + bias).norm() <= rounding else None


def line_cosines(matrix: Tensor) -> Tensor:
    """Cosine between each hyperplane's normal and the identity line: shape `(hyperplanes,)`."""
    return matrix.sum(1) / (matrix.norm(dim=1) * matrix.shape[1] ** 0.5)


def cells_on_identity_line(matrix: Tensor, bias: Tensor) -> LineCells:
    """Which of the two uniform cells the identity line `t (1, ..., 1)` meets for some real t."""
    slopes = matrix.sum(1)
    return LineCells(_somewhere_positive(slopes, bias), _somewhere_positive(-slopes, -bias))


def _somewhere_positive(slopes: Tensor, offsets: Tensor) -> bool:
    """Whether some t has `slopes * t + offsets > 0` in every entry."""
    if (offsets[slopes == 0] <= 0).any():
        return False
    roots = -offsets / slopes
    lower = max(roots[slopes > 0].tolist(), default=-inf)
    upper = min(roots[slopes < 0].tolist(), default=inf)
    return lower < upper


def faces(matrix: Tensor, bias: Tensor) -> int:
    """Faces of the polyhedron `W x + b >= 0`: inequalities that the others do not imply, one linear programme each.

    Of repeated inequalities none counts: each is implied by its copy.
    """
    normals, offsets = matrix.double().numpy(), bias.double().numpy()
    return sum(_is_face(normals, offsets, row) for row in range(len(offsets)))


def _is_face(normals: NDArray[np.float64], offsets: NDArray[np.float64], row: int) -> bool:
    """Whether dropping one inequality, relaxed by one, lets a point through that it forbids."""
    from scipy.optimize import linprog

    relaxed = offsets.copy()
    relaxed[row] += 1
    found = linprog(normals[row], A_ub=-normals, b_ub=relaxed, bounds=(None, None))
    if found.status != 0:
        raise ValueError(f"cannot decide whether inequality {row} is a face: {found.message}")
    return bool(found.fun + offsets[row] < -1e-9)


def cells(matrix: Tensor, bias: Tensor) -> int:
    """Number of open cells into which the hyperplanes divide space, by growing the list of feasible sign patterns."""
    normals, offsets = matrix.double().numpy(), bias.double().numpy()
    patterns = [np.empty(0)]
    for count in range(1, len(offsets) + 1):
        longer = [np.append(pattern, side) for pattern in patterns for side in (-1.0, 1.0)]
        patterns = [p for p in longer if _has_interior(p[:, None] * normals[:count], p * offsets[:count])]
    return len(patterns)


def _has_interior(normals: NDArray[np.float64], offsets: NDArray[np.float64]) -> bool:
    """Whether some point has `normals @ x + offsets > 0`: the largest common margin, up to 1, is positive."""
    from scipy.optimize import linprog

    rows, dimension = normals.shape
    margin = np.r_[np.zeros(dimension), -1.0]
    found = linprog(
        margin,
        A_ub=np.c_[-normals, np.ones(rows)],
        b_ub=offsets,
        bounds=[*[(None, None)] * dimension, (None, 1.0)],
    )
    return bool(-found.fun > 1e-9)


def cells_in_general_position(hyperplanes: int, dimension: int) -> int:
    """Cells of hyperplanes in general position, `sum of C(n, i) for i = 0..d` (Zaslavsky 1975; footnote 2)."""
    return sum(comb(hyperplanes, i) for i in range(dimension + 1))
