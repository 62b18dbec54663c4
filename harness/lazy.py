"""Heavy libraries, loaded when they are first used.

Collecting the claims must not import torch (it costs seconds and a test run that selects nothing needs none of it).
Modules that claims import write `from harness.lazy import torch` in place of `import torch`: the name is a module
that loads itself at its first attribute access.  Annotations are not evaluated (`from __future__ import annotations`).

A module that defines `torch.nn.Module` subclasses needs torch at once; it uses a plain import and is itself imported
inside the function that builds a network.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import lazy_loader

if TYPE_CHECKING:
    import numpy as np
    import torch
else:
    np = lazy_loader.load("numpy")
    torch = lazy_loader.load("torch")

__all__ = ["np", "torch"]
