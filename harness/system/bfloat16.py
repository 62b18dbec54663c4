"""bfloat16 on processors that have no instructions for it, at the speed of float32.

torch's autocast gives convolutions and linear layers tensors in bfloat16.  Where the processor cannot multiply those,
its kernels take ten times and more as long as in float32 (`python -m harness.benchmarks training`).  What they compute
is plain: factors of eight bits, products and sums in float32, the result rounded to eight bits.  `emulated` has it
computed so, by float32 kernels from rounded factors, forwards and backwards; only the order of the sums is another one.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from typing import Any

import torch
from torch.overrides import TorchFunctionMode

LAYERS = frozenset({torch.conv1d, torch.conv2d, torch.conv3d, torch.nn.functional.linear})
"""What is computed by other kernels; anything else that autocast rounds is left to torch's own."""


@functools.cache
def native() -> bool:
    """Whether torch has fast kernels for bfloat16 on this machine's CPU."""
    return torch.backends.mkldnn.is_available() and bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())


def where_needed(device: torch.device) -> AbstractContextManager[Any]:
    """What to compute in on a device: `emulated` on a CPU that has no bfloat16, else a context that does nothing."""
    return emulated() if device.type == "cpu" and not native() else contextlib.nullcontext()


def emulated() -> AbstractContextManager[Any]:
    """A context in which layers under autocast to bfloat16, on the CPU, are computed by float32 kernels.

    It holds for the thread that enters it.  Backwards passes may lie outside.
    """
    return _Emulation()


class _Emulation(TorchFunctionMode):
    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Iterable[type],
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        kwargs = kwargs or {}
        tensors = [value for value in (*args, *kwargs.values()) if isinstance(value, torch.Tensor)]
        if func not in LAYERS or not _to_bfloat16() or not all(map(_rounded_by_autocast, tensors)):
            return func(*args, **kwargs)
        with torch.autocast("cpu", enabled=False):
            rounded = func(*map(_rounded, args), **{name: _rounded(value) for name, value in kwargs.items()})
            return rounded.to(torch.bfloat16)


def _to_bfloat16() -> bool:
    return torch.is_autocast_enabled("cpu") and torch.get_autocast_dtype("cpu") == torch.bfloat16


def _rounded_by_autocast(tensor: torch.Tensor) -> bool:
    """Autocast leaves float64 as it is, and what is on another device."""
    return tensor.device.type == "cpu" and tensor.dtype in (torch.float32, torch.bfloat16)


def _rounded(value: Any) -> Any:
    return value.to(torch.bfloat16).to(torch.float32) if isinstance(value, torch.Tensor) else value
