"""Spatial frequencies of filters (Eq. 2, Figs. 3 and 8)."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from claims.tomasini2022.methods.filter_modes import aggregate_frequency, laplacian, mode_energy, modes, relative_energy
from harness.claims.claim import claim
from harness.claims.kinds import Kind
from harness.rules import Exact, equals, equivalent_to, worst_case
from harness.system.lazy import st, torch

if TYPE_CHECKING:
    from torch import Tensor

    from harness.lab.lab import Lab

EIGENVALUES = (0, 1, 1, 2, 3, 3, 4, 4, 6)


@claim(
    "SP-17",
    where="Section 2, Eq. 2",
    kind=Kind.DEFINITION,
    paper="F² = 9 modes",
    rule={
        "orthonormal": equals(0.0, within=1e-12),
        "eigenvectors": equals(0.0, within=1e-12),
        "eigenvalues": equals(0.0, within=1e-12),
        "energy": equals(0.0, within=1e-9),
    },
    control="products of sines, which vanish beyond the borders; the rows of the operator itself; the eigenvalues of a "
    "torus; energies that leave out each filter's mean",
)
def test_modes_are_the_eigenvectors_of_the_grids_laplacian(lab: Lab) -> None:
    """The modes are an orthonormal basis of eigenvectors of the discrete Laplace operator on the filter's grid.

    For 3 x 3 filters three eigenvalues come twice, so that of these pairs of modes only the sum of the energies is
    defined.
    """
    matrix, (values, vectors) = laplacian(3), modes(3)

    def parseval(seed: int, centred: bool = False) -> float:
        weight = torch.randn(4, 3, 3, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))
        counted = weight - weight.mean((2, 3), keepdim=True) if centred else weight
        return abs(float(mode_energy(counted).sum() * 12 / weight.square().sum()) - 1)

    def not_orthonormal(vectors: Tensor) -> Exact:
        return Exact(float((vectors @ vectors.T - torch.eye(9)).abs().max()))

    def off_eigenvalues(values: Tensor) -> Exact:
        return Exact(float((values - torch.tensor(EIGENVALUES)).abs().max()))

    def off_eigenvectors(vectors: Tensor) -> Exact:
        quotients = torch.einsum("mi,ij,mj->m", vectors, matrix, vectors)
        return Exact(float((vectors @ matrix - quotients[:, None] * vectors).abs().max()))

    lab.measure(
        orthonormal=not_orthonormal(vectors),
        eigenvectors=off_eigenvectors(vectors),
        eigenvalues=off_eigenvalues(values),
        energy=worst_case(parseval, examples=20, seed=st.integers(0, 2**31)),
    )
    angles = torch.arange(1, 4, dtype=torch.float64)
    sines = torch.sin(torch.pi * angles[:, None] * angles / 4) / 2**0.5
    ring, unit = 3 * torch.eye(3, dtype=torch.float64) - 1, torch.eye(3, dtype=torch.float64)
    torus = torch.kron(ring, unit) + torch.kron(unit, ring)
    lab.control(
        orthonormal=not_orthonormal(matrix),
        eigenvectors=off_eigenvectors(torch.kron(sines, sines)),
        eigenvalues=off_eigenvalues(torch.linalg.eigvalsh(torus)),
        energy=worst_case(partial(parseval, centred=True), examples=20, seed=st.integers(0, 2**31)),
    )


@claim(
    "SP-19",
    where="Fig. 3, dotted",
    kind=Kind.DEFINITION,
    readings={"start": ("uniform", "He normal")},
    rule={f"eigenvalue {value}": equivalent_to(1.0, within=0.05) for value in (0, 1, 2, 3, 4, 6)},
    control="the same weights with their standard deviation added to each",
)
def test_filters_are_flat_at_initialisation(lab: Lab, start: str) -> None:
    """At initialisation the energy of the filters is the same in all modes, at low and high frequencies.

    Energies of the eigenspaces per mode, of 3 x 3 filters between 256 and 256 channels, in units of their mean; each
    initialisation is a replicate.  So it is by definition for independent weights of one variance.  The paper does not
    say how it drew them: PyTorch's uniform weights or normal ones.
    """

    def draw() -> Tensor:
        weight = torch.empty(256, 256, 3, 3)
        if start == "uniform":
            return torch.nn.init.kaiming_uniform_(weight, a=5**0.5, generator=lab.generator)
        return torch.nn.init.kaiming_normal_(weight, generator=lab.generator)

    def parts(weights: list[Tensor]) -> dict[str, Tensor]:
        spaces = torch.stack([relative_energy(weight) for weight in weights], 1)
        return {f"eigenvalue {value}": row for value, row in zip((0, 1, 2, 3, 4, 6), spaces, strict=True)}

    weights = [draw() for _ in range(8)]
    lab.measure(**parts(weights))
    lab.control(**parts([weight + weight.std() for weight in weights]))


@claim(
    "SP-21",
    where="Fig. 8, caption",
    kind=Kind.DERIVED,
    rule={
        "white": equals(1.0, within=1e-9),
        "homogeneous": equals(0.0, within=1e-9),
        "smoothing": equals(0.0, within=1e-12),
    },
    control="a checkerboard in place of a homogeneous filter, sharpening in place of smoothing, smoothed filters in "
    "place of white ones",
)
def test_aggregate_frequency_is_relative_to_white_filters(lab: Lab) -> None:
    """The aggregate measure of frequency is 1 for white filters, 0 for homogeneous ones, and smoothing lowers it.

    The caption's N is taken as the number of modes, F²: otherwise white filters would not be at 1.  Smoothing is a step
    of diffusion on the filter's grid; the value is by how much the measure rises at most.
    """

    def diffused(weight: Tensor, step: float) -> Tensor:
        return weight - step * (weight.flatten(2) @ laplacian(3)).reshape(weight.shape)

    def rise(seed: int, step: float) -> float:
        weight = torch.randn(2, 2, 3, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))
        return max(0.0, aggregate_frequency(diffused(weight, step)) - aggregate_frequency(weight))

    rows = torch.arange(3)
    white = torch.eye(9, dtype=torch.float64).reshape(9, 1, 3, 3)
    board = (-1.0) ** (rows[:, None] + rows)
    lab.measure(
        white=Exact(aggregate_frequency(white)),
        homogeneous=Exact(aggregate_frequency(torch.ones(1, 1, 3, 3))),
        smoothing=worst_case(rise, seed=st.integers(0, 2**31), step=st.floats(0, 1 / 6)),
    )
    lab.control(
        white=Exact(aggregate_frequency(diffused(white, 0.1))),
        homogeneous=Exact(aggregate_frequency(board[None, None])),
        smoothing=Exact(rise(0, -0.1)),
    )
    highest = aggregate_frequency(modes(3).vectors[-1].reshape(1, 1, 3, 3))
    lab.note(f"The largest value that 3 x 3 filters can have is {highest:.2f}.")
