"""Whether the filters of a layer come in opposite pairs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.interventions.pixels import permute_pixels
from harness.lazy import torch

if TYPE_CHECKING:
    from torch import Generator, Tensor

CHANCES = ("weights in a random order", "signs at random")


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


def opposites_by_chance(weight: Tensor, chance: str, draws: int, generator: Generator) -> list[float]:
    """`nearest_opposite` of so many layers that differ from this one by chance alone.

    Args:
        weight: as above.
        chance: "weights in a random order" (of each filter, its channels together), which breaks its pattern, or
            "signs at random" (of whole filters), which leaves the patterns and breaks what makes pairs opposite.
        draws: how many.
        generator: on the CPU.
    """
    if chance not in CHANCES:
        raise ValueError(f"unknown kind of chance {chance!r}; there are {', '.join(CHANCES)}")
    if chance == CHANCES[0]:
        return [nearest_opposite(permute_pixels(weight, generator)) for _ in range(draws)]
    signs = 2 * torch.randint(2, (draws, len(weight), 1, 1, 1), generator=generator) - 1
    return [nearest_opposite(weight * sign) for sign in signs]
