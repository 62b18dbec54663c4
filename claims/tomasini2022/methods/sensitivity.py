"""Sensitivity of a representation to deformations and to noise (Tomasini et al. 2022, Eq. 1).

For a function f of images, with f's values flattened,

    D = E |f(τ(x)) - f(x)|² / E |f(x₁) - f(x₂)|²,    G = E |f(x + η) - f(x)|² / E |f(x₁) - f(x₂)|²,    R = D / G.

All take representations of shape `(n, ...)`, one row an image, and accumulate in float64.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Literal, NamedTuple

from harness.system.lazy import torch

if TYPE_CHECKING:
    from torch import Tensor

Average = Literal["mean", "median"]


class Sensitivities(NamedTuple):
    """Sensitivity to deformations, to noise, and relative to noise; a number each, or a row of one for each layer."""

    deformation: Tensor
    noise: Tensor
    relative: Tensor


def mean_square_distance(values: Tensor, diagonal: bool = True) -> Tensor:
    """Mean squared distance between the rows' values over pairs of images.

    Args:
        values: shape `(n, ...)`.
        diagonal: whether the n pairs of an image with itself count, as in an expectation over independent draws.
    """
    values = values.flatten(1).double()
    if len(values) < 2:
        raise ValueError(f"distances between images need at least two; got {len(values)}")
    spread = 2 * (values - values.mean(0)).square().sum(1).mean()
    return spread if diagonal else spread * len(values) / (len(values) - 1)


def mean_square_change(clean: Tensor, perturbed: Tensor, average: Average = "mean") -> Tensor:
    """Squared distance between an image's value and that of its perturbed version, averaged over images."""
    squares = (perturbed.double() - clean.double()).flatten(1).square().sum(1)
    return squares.mean() if average == "mean" else squares.median()


def sensitivity(clean: Tensor, perturbed: Tensor, *, diagonal: bool = True, average: Average = "mean") -> Tensor:
    """Mean squared change under a perturbation, in units of the mean squared distance between images."""
    return mean_square_change(clean, perturbed, average) / mean_square_distance(clean, diagonal)


def sensitivities(
    function: Callable[[Tensor], Tensor],
    images: Tensor,
    deformed: Tensor,
    noisy: Tensor,
    *,
    diagonal: bool = True,
    average: Average = "mean",
) -> Sensitivities:
    """Sensitivities of a function of images, given the same images deformed and with noise added."""
    return sensitivities_by_layer(lambda x: [function(x)], images, deformed, noisy, diagonal=diagonal, average=average)


def sensitivities_by_layer(
    representations: Callable[[Tensor], Sequence[Tensor]],
    images: Tensor,
    deformed: Tensor,
    noisy: Tensor,
    *,
    diagonal: bool = True,
    average: Average = "mean",
) -> Sensitivities:
    """Sensitivities of each of a network's representations: rows of shape `(layers,)`."""
    with torch.no_grad():
        clean, moved, disturbed = representations(images), representations(deformed), representations(noisy)
    pairs = zip(clean, moved, disturbed, strict=True)
    values = [[sensitivity(f, g, diagonal=diagonal, average=average) for g in perturbed] for f, *perturbed in pairs]
    deformation, noise = torch.tensor(values, dtype=torch.float64).T
    return Sensitivities(deformation, noise, deformation / noise)
