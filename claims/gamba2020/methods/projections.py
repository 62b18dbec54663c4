"""Projection statistics of a layer's filters on the identity line (Gamba et al. 2020, section 2.3)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.system.lazy import torch

if TYPE_CHECKING:
    from torch import Tensor, nn


def projection_cosines(weight: Tensor, size: tuple[int, int] | None = None) -> Tensor:
    """Cosine between each filter's hyperplanes' normal and the identity line (Eq. 1).

    Args:
        weight: shape `(filters, channels, kernel, kernel)`.
        size: height and width of the layer's input, so that the line's direction has `channels * height * width` ones
            as in Eq. 1; without it the ones are counted over the kernel's own `channels * kernel * kernel` entries, as
            the authors' code does.  The two differ by a factor, never in sign.

    Returns:
        Shape `(filters,)`, float64.  A filter of zeros has no direction: its cosine is 0.
    """
    rows = weight.detach().flatten(1).double()
    ones = rows.shape[1] if size is None else weight.shape[1] * size[0] * size[1]
    length = rows.norm(dim=1)
    return torch.where(length > 0, rows.sum(1) / (length.clamp_min(torch.finfo(rows.dtype).tiny) * ones**0.5), 0.0)


def largest_cosine(kernel: int, size: tuple[int, int]) -> float:
    """What `projection_cosines(weight, size)` cannot exceed, reached by a constant filter: `kernel / sqrt(H W)`."""
    return kernel / (size[0] * size[1]) ** 0.5


def negative_share(cosines: Tensor) -> float:
    """Share of projections that are negative or zero: `n_l`, the empirical distribution function at 0 (Eq. 2)."""
    if cosines.numel() == 0:
        raise ValueError("a layer without filters has no share of negative projections")
    return (cosines <= 0).double().mean().item()


def convolutional_layers(network: nn.Module, *, pointwise: bool = False) -> dict[str, nn.Conv2d]:
    """The convolutional layers by name, in module order.

    Args:
        network: any module.
        pointwise: include 1 x 1 kernels, which the authors' code leaves out and the paper does not mention.
    """
    return {
        name: module
        for name, module in network.named_modules()
        if isinstance(module, torch.nn.Conv2d) and (pointwise or tuple(module.kernel_size) != (1, 1))
    }


def negative_shares(network: nn.Module, *, pointwise: bool = False) -> list[float]:
    """`n_l` of every convolutional layer, in module order."""
    layers = convolutional_layers(network, pointwise=pointwise).values()
    return [negative_share(projection_cosines(layer.weight)) for layer in layers]
