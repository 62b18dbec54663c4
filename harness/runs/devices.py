"""Which of several GPUs a process computes on: one process a GPU, as long as there are enough.

GPUs are numbered as CUDA_VISIBLE_DEVICES lets the process see them.  Only those of the first one's model take part: a
run's key names the model.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from harness.system.lazy import torch

_DRIVERS = ("/dev/nvidiactl", "/dev/nvmap", "/dev/dxg", "/dev/kfd")
"""One of these is there wherever CUDA or ROCm has a GPU: on Linux, on a board, in WSL."""


def device_of(worker: int, name: str, gpus: Sequence[int]) -> str:
    """The device of a worker, numbered from 0, where `name` was asked for and these GPUs may be used.

    "cuda" goes round the GPUs; a device with a number, or the CPU, is every worker's.
    """
    return f"cuda:{gpus[worker % len(gpus)]}" if name == "cuda" and gpus else name


def own_device(name: str) -> str:
    """The device of this process: of its own where it is one of pytest-xdist's workers, else as asked for."""
    number = xdist_number(os.environ)
    return name if name != "cuda" or number is None else device_of(number, name, gpus())


def xdist_number(variables: Mapping[str, str]) -> int | None:
    """The number of the pytest-xdist worker whose environment this is; None for another process."""
    name = variables.get("PYTEST_XDIST_WORKER", "").removeprefix("gw")
    return int(name) if name.isdecimal() else None


def surely_no_gpu() -> bool:
    """Whether this machine can have no GPU that torch computes on, found without loading torch."""
    return sys.platform != "win32" and not any(Path(file).exists() for file in _DRIVERS)


def gpus() -> list[int]:
    """Numbers of the GPUs that are of the first one's model; none where there is no GPU."""
    names = [torch.cuda.get_device_name(number) for number in range(torch.cuda.device_count())]
    return [number for number, name in enumerate(names) if name == names[0]]


def not_here(name: str) -> str | None:
    """Why a device cannot be used on this machine; None where it can."""
    try:
        device = torch.device(name)
    except RuntimeError as problem:
        return f"{name}: {str(problem).splitlines()[0]}"
    count = torch.cuda.device_count()
    if device.type == "cuda" and (device.index or 0) >= count:
        return f"{name}: not here; torch can use {count} GPUs on this machine"
    return None
