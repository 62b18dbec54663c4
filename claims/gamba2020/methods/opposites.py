"""Whether the filters of a layer come in opposite pairs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.system.lazy import torch

if TYPE_CHECKING:
    from torch import Generator, Tensor


def nearest_opposite(weight: Tensor) -> float:
    """Mean over filters of the largest cosine between a filter and the negative of another; 1 if all come in pairs.

    Filters of zeros are left out.

    Args:
        weight: shape `(filters, channels, kernel, kernel)`.
    """
    rows = weight.detach().flatten(1).double()
    rows = rows[rows.norm(dim=1) > 0]
    cosines = -torch.nn.functional.normalize(rows) @ torch.nn.functional.normalize(rows).T
    return cosines.fill_diagonal_(-1).amax(1).mean().item()


def opposites_by_chance(weight: Tensor, draws: int, generator: Generator) -> list[float]:
    """`nearest_opposite` of so many layers with the same filters, each with a sign of its own at random.

    Patterns stay, and what makes pairs opposite rather than equal goes.

    Args:
        weight: shape `(filters, channels, kernel, kernel)`.
        draws: how many.
        generator: on the CPU.
    """
    signs = 2 * torch.randint(2, (draws, len(weight), 1, 1, 1), generator=generator) - 1
    return [nearest_opposite(weight * sign) for sign in signs]
