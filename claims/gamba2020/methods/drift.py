"""How far weights have gone from where they began."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from torch import Tensor


class Drift(NamedTuple):
    """Both relative to the length of the first weights; all weights of a layer are one vector.

    Attributes:
        moved: length of the difference.
        turned: length of what of the difference is no multiple of the first weights: weight decay alone leaves it 0.
    """

    moved: float
    turned: float


def drift(before: Tensor, after: Tensor) -> Drift:
    """From the weights `before` to the weights `after`, of the same shape.

    Raises:
        ValueError: when the first weights are all zero, and have no direction.
    """
    start, end = before.detach().flatten().double(), after.detach().flatten().double()
    length = start.norm()
    if length == 0:
        raise ValueError("weights that begin at zero have no direction to turn from")
    direction = start / length
    change = end - start
    turned = change - (change @ direction) * direction
    return Drift((change.norm() / length).item(), (turned.norm() / length).item())
