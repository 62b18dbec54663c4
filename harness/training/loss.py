"""What is minimised, and when a network is right.

A paper registers a loss of its own in `methods/__init__.py`: a function of scores and labels,
`LOSSES.register("squares", "claims.toy2026.methods.losses:squares")`.
"""

from __future__ import annotations

from harness.system.lazy import torch
from harness.system.registry import Registry

LOSSES = Registry("loss")
LOSSES.register("cross-entropy", "harness.training.loss:cross_entropy")
LOSSES.register("hinge", "harness.training.loss:hinge")


def cross_entropy(scores: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Mean cross-entropy of scores `(n, classes)` and labels `(n,)` from 0 on."""
    return torch.nn.functional.cross_entropy(scores, labels)


def hinge(scores: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Mean of max(0, 1 - y f) over one score f an image, `(n,)` or `(n, 1)`; y is 1 for labels above 0, else -1."""
    signs = torch.where(labels > 0, 1.0, -1.0)
    return (1 - signs * _single(scores)).clamp_min(0).mean()


def hits(scores: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """How many images a network gets right, float64: by its highest score, or by its one score's sign."""
    if scores.ndim == 1 or scores.shape[1] == 1:
        return ((_single(scores) > 0) == (labels > 0)).sum().double()
    return (scores.argmax(1) == labels).sum().double()


def _single(scores: torch.Tensor) -> torch.Tensor:
    if scores.ndim == 2 and scores.shape[1] > 1:
        raise ValueError(f"the hinge loss takes one score an image; the network gives {scores.shape[1]}")
    return scores.flatten()
