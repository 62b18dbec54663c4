"""Heavy libraries, loaded when they are first used.

Collecting the claims must not import torch or hypothesis: they cost seconds, and a session that selects nothing needs
neither.  Modules that claims import write `from harness.system.lazy import torch` in place of `import torch`.
Annotations are not evaluated (`from __future__ import annotations`).

A module that defines `torch.nn.Module` subclasses needs torch at once; it uses a plain import and is itself imported
inside the function that builds a network.
"""

from __future__ import annotations

import importlib
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import torch
    from hypothesis import strategies as st


class Deferred(ModuleType):
    """Stands for a module until one of its names is asked for.

    The standard library's lazy loader would also load it for what pytest asks of every object of a test module while it
    looks for tests and fixtures; names of that kind are none of the module's.
    """

    def __getattr__(self, name: str) -> Any:
        if name.startswith(("_", "pytest")) and name != "__version__":
            raise AttributeError(f"{self.__name__} is not loaded, and has no {name}")
        value = getattr(importlib.import_module(self.__name__), name)
        setattr(self, name, value)
        return value


if not TYPE_CHECKING:
    np = Deferred("numpy")
    st = Deferred("hypothesis.strategies")
    torch = Deferred("torch")

__all__ = ["np", "st", "torch"]
