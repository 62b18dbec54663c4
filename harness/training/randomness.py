"""Where a run's randomness comes from: its seed alone, one independent stream for each purpose.

With a stream of its own for each purpose, runs that share a seed share their split and their initial weights even when
one of them is augmented and the other is not.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager

from harness.system.lazy import torch


def stream(seed: int, purpose: str, device: torch.device | str = "cpu") -> torch.Generator:
    """The generator from which a run of this seed draws for `purpose`, from its start."""
    return torch.Generator(device).manual_seed(_number(seed, purpose))


@contextmanager
def global_stream(seed: int, purpose: str, device: torch.device) -> Iterator[None]:
    """Give what can only draw from torch's global generators (default initialisations, dropout) a stream of its own.

    The generators of the CPU and of `device` are put back afterwards.
    """
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        torch.manual_seed(_number(seed, purpose))
        yield


def _number(seed: int, purpose: str) -> int:
    return int.from_bytes(hashlib.sha256(f"{seed}/{purpose}".encode()).digest()[:7], "big")
