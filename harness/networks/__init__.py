"""Architectures, one module a family.  Only building a network imports torch."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import nn


def module_of(name: str) -> str:
    """The module that builds the network `name`, by its full name: "harness.networks.lenet" for "lenet.LeNet"."""
    module, _, builder = name.partition(".")
    if not (module.isidentifier() and builder.isidentifier()):
        raise ValueError(f"a network is named by module and builder, e.g. 'lenet.LeNet'; got {name!r}")
    return f"{__name__}.{module}"


def build(name: str, **parameters: Any) -> nn.Module:
    """A new network, initialised as its architecture does it, from torch's global generator.

    Args:
        name: module of this package and its function or class, e.g. "lenet.LeNet".
        parameters: of that function or class.

    Raises:
        ValueError: for a name that leads nowhere.
    """
    try:
        builder = getattr(importlib.import_module(module_of(name)), name.partition(".")[2])
    except (ModuleNotFoundError, AttributeError) as error:
        raise ValueError(f"no network is named {name!r}: {error}") from error
    network: nn.Module = builder(**parameters)
    return network
