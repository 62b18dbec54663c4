"""torchvision, also beside a PyTorch that its compiled extension was not built for.

`from harness.system.torchvision_compat import torchvision` takes the place of `import torchvision` everywhere.

torchvision registers fake kernels for its operators `nms` and `qnms` while it is imported, and that registration stops
with "operator torchvision::nms does not exist" where the extension that defines them could not be loaded: a CUDA build
of torchvision beside a CPU build of PyTorch, as package indexes serve them.  Declaring the two schemas first is enough
for the models, data sets, transforms and box functions; the compiled operators themselves (`nms`, `roi_align`, ...)
then stay unavailable and say so when called.  Where the extension loads, nothing is declared.

Importing this module imports torch.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
from importlib.machinery import PathFinder
from types import ModuleType

import torch

_EXTENSIONS = ("_C_stable", "_C")
"""Names of the extension: from torchvision 0.29 on, and before."""

_SUPPRESSION = "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"

# Held for the life of the process: a library that is collected takes its declarations with it.
_declared: list[torch.library.Library] = []


def _extension_loads() -> bool:
    """Whether torchvision's compiled operators can be had; loads them if so, as importing torchvision would."""
    package = importlib.util.find_spec("torchvision")
    where = package.submodule_search_locations if package is not None else None
    for name in _EXTENSIONS if where else ():
        extension = PathFinder.find_spec(name, where)
        if extension is not None and extension.origin is not None:
            with contextlib.suppress(OSError):
                torch.ops.load_library(extension.origin)
                return True
    return False


def _declare_missing_operators() -> None:
    library = torch.library.Library("torchvision", "DEF")
    for operator in ("nms", "qnms"):
        library.define(operator + _SUPPRESSION)
    _declared.append(library)


def _import() -> ModuleType:
    if not _extension_loads() and not hasattr(torch.ops.torchvision, "nms"):
        _declare_missing_operators()
    return importlib.import_module("torchvision")


torchvision = _import()
