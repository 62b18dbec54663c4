"""Random tensors by seed, for statements 'for all' that a search draws seeds for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.system.lazy import torch

if TYPE_CHECKING:
    from torch import Tensor


def normal(seed: int, *shape: int) -> Tensor:
    """Independent standard normal numbers of a shape, float64 on the CPU; the same for the same seed and shape."""
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
