"""Which input pixels an output depends on."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from harness.system.lazy import torch

if TYPE_CHECKING:
    from torch import Generator, Tensor


def jacobian_support(
    function: Callable[[Tensor], Tensor],
    shape: tuple[int, int, int],
    position: tuple[int, int],
    generator: Generator,
    probes: int = 4,
) -> Tensor:
    """The pixels on which the output at one position depends, in any channel.

    The gradient of a random mixture of the output's channels is taken at random inputs; a pixel counts where it is not
    zero at any of them.  For piecewise linear functions more probes open more of the pieces.

    Args:
        function: maps `(1, c, h, w)` to `(1, c', h', w')`.
        shape: `(c, h, w)` of its input.
        position: row and column in the output.
        generator: of the inputs and mixtures; on the function's device.
        probes: random inputs.

    Returns:
        Booleans of shape `(h, w)`.
    """
    support = torch.zeros(shape[1:], dtype=torch.bool, device=generator.device)
    for _ in range(probes):
        gradient = _gradient(function, shape, position, generator)
        support |= (gradient != 0).any(1)[0]
    return support


def _gradient(
    function: Callable[[Tensor], Tensor], shape: tuple[int, int, int], position: tuple[int, int], generator: Generator
) -> Tensor:
    x = _normal((1, *shape), generator).requires_grad_()
    output = function(x)[0, :, position[0], position[1]]
    mixture = (output * _normal((len(output),), generator)).sum()
    return torch.autograd.grad(mixture, x)[0]


def _normal(shape: tuple[int, ...], generator: Generator) -> Tensor:
    return torch.randn(shape, dtype=torch.float64, device=generator.device, generator=generator)
