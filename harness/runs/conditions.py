"""What is held fixed while a run computes, and what is noted of where it did."""

from __future__ import annotations

import contextlib
import importlib.metadata
import os
import platform
import random
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch

THREADS = 1
"""Threads of each library, so that a result does not depend on the machine's cores, nor on who else is computing."""

_TRIM_THRESHOLD, _TOP_PAD, _MMAP_THRESHOLD = -1, -2, -3
"""Parameters of glibc's mallopt, from malloc.h."""

_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


@contextlib.contextmanager
def one_thread() -> Iterator[None]:
    """Compute with one thread: torch, the libraries that are loaded by now, and those that are loaded meanwhile."""
    import threadpoolctl
    import torch

    threads, variables = torch.get_num_threads(), {name: os.environ.get(name) for name in _VARIABLES}
    os.environ.update(dict.fromkeys(_VARIABLES, str(THREADS)))
    try:
        with threadpoolctl.threadpool_limits(THREADS):
            torch.set_num_threads(THREADS)
            yield
    finally:
        torch.set_num_threads(threads)
        for name, value in variables.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def keep_freed_memory() -> None:
    """Let this process keep the memory that it frees, for good; does nothing where the C library is not glibc.

    It would otherwise give large tensors back to the system at every step and have them zeroed anew at the next.
    """
    import ctypes

    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        for parameter, size in ((_TRIM_THRESHOLD, 2**31 - 1), (_MMAP_THRESHOLD, 2**30), (_TOP_PAD, 2**26)):
            mallopt(parameter, size)


@contextlib.contextmanager
def own_randomness(seed: int, device: torch.device) -> Iterator[None]:
    """Seed the global generators, which a library may use without telling, and put them back afterwards."""
    import numpy as np
    import torch

    python, numpy = random.getstate(), np.random.get_state()
    with torch.random.fork_rng(devices=[]), _own_generator(device):
        random.seed(seed)
        np.random.seed(seed % 2**32)
        torch.manual_seed(seed)
        try:
            yield
        finally:
            random.setstate(python)
            np.random.set_state(numpy)


@contextlib.contextmanager
def _own_generator(device: torch.device) -> Iterator[None]:
    """Give a GPU's global generator another state object: graphs that are captured meanwhile keep drawing from it."""
    import torch

    if device.type != "cuda":
        yield
        return
    torch.cuda.init()
    generator = torch.cuda.default_generators[torch.cuda.current_device() if device.index is None else device.index]
    before = generator.graphsafe_get_state()
    generator.graphsafe_set_state(generator.clone_state())
    try:
        yield
    finally:
        generator.graphsafe_set_state(before)


@contextlib.contextmanager
def own_stream(device: torch.device) -> Iterator[None]:
    """Compute on a stream of one's own, where the device is a GPU; all of it is done at the end."""
    import torch

    if device.type != "cuda":
        yield
        return
    stream = torch.cuda.Stream(device)
    stream.wait_stream(torch.cuda.current_stream(device))
    with torch.cuda.stream(stream):
        yield
    stream.synchronize()


def environment(device: torch.device) -> dict[str, Any]:
    """Facts for the reader of a record: versions, platform, device."""
    import torch

    on_gpu = device.type == "cuda"
    return {
        "suite": _suite_version(),
        "python": platform.python_version(),
        "torch": torch.__version__,
        "cuda": torch.version.cuda if on_gpu else None,
        "processor": processor(),
        "platform": f"{platform.system()} {platform.release()} {platform.machine()}",
        "device": torch.cuda.get_device_name(device) if on_gpu else f"cpu ({torch.backends.cpu.get_cpu_capability()})",
        "threads": torch.get_num_threads(),
    }


def processor() -> str:
    """The processor's model, which decides how sums are rounded."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _suite_version() -> str:
    try:
        return importlib.metadata.version("spatial-claims")
    except importlib.metadata.PackageNotFoundError:
        return "not installed"
