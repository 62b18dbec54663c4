"""Putting an operation before a layer of a finished network, without renaming any of its parameters."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor, nn


def prepend(layer: nn.Module, name: str, operation: nn.Module) -> None:
    """Let `layer` see its input through `operation`, a module without parameters that becomes its child `name`.

    A network keeps its state dict's keys this way: weights move freely between it and the unchanged network.
    """
    if hasattr(layer, name):
        raise ValueError(f"{type(layer).__name__} has a {name!r} already; build the network anew to change it")
    layer.add_module(name, operation)
    layer.register_forward_pre_hook(_Through(name))


class _Through:
    """A forward hook that, unlike a closure, survives copying and pickling of the network."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __call__(self, layer: nn.Module, inputs: tuple[Tensor]) -> Tensor:
        result: Tensor = layer.get_submodule(self.name)(*inputs)
        return result
