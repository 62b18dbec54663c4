"""What a network costs: parameters, floating point operations, sizes of its maps.

Networks built on the meta device (`with torch.device("meta"): ...`) are counted without allocating or computing.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from harness.system.lazy import torch

if TYPE_CHECKING:
    from torch import Size, Tensor, nn


def parameters(network: nn.Module) -> int:
    """Trainable numbers in a network; the running statistics of batch normalisation are none."""
    return sum(parameter.numel() for parameter in network.parameters())


def flops(network: nn.Module, shape: tuple[int, ...]) -> int:
    """Floating point operations of one forward pass, two for each multiplication with its addition.

    Only convolutions and matrix products count, as is customary; moving data (a shuffle) counts nothing.

    Args:
        network: any module.
        shape: of its input, e.g. `(1, 3, 32, 32)`.
    """
    from torch.utils.flop_counter import FlopCounterMode

    with FlopCounterMode(display=False) as counter:
        _evaluate(network, shape)
    return int(counter.get_total_flops())


def map_sizes(network: nn.Module, shape: tuple[int, ...]) -> dict[str, tuple[int, int]]:
    """Height and width of the maps that each convolution reads, by its name, in the order of the computation.

    Args:
        network: any module.
        shape: of its input, e.g. `(1, 3, 32, 32)`.
    """
    sizes: dict[str, tuple[int, int]] = {}
    names: dict[nn.Module, str] = {
        layer: name for name, layer in network.named_modules() if isinstance(layer, torch.nn.Conv2d)
    }

    def note(layer: nn.Module, inputs: tuple[Tensor]) -> None:
        sizes[names[layer]] = _height_and_width(inputs[0].shape)

    handles = [layer.register_forward_pre_hook(note) for layer in names]
    try:
        _evaluate(network, shape)
    finally:
        for handle in handles:
            handle.remove()
    return sizes


def _height_and_width(shape: Size) -> tuple[int, int]:
    return shape[-2], shape[-1]


def _evaluate(network: nn.Module, shape: tuple[int, ...]) -> None:
    like = next(network.parameters())
    with _evaluating(network), torch.no_grad():
        network(torch.zeros(shape, dtype=like.dtype, device=like.device))


@contextmanager
def _evaluating(network: nn.Module) -> Iterator[None]:
    training = network.training
    network.eval()
    try:
        yield
    finally:
        network.train(training)
