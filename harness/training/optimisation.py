"""Optimisers, torch-free descriptions that make the real thing over given parameters, and learning-rate schedules."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.system.lazy import torch
from harness.system.stable_names import stable_name

if TYPE_CHECKING:
    from torch.optim import Optimizer


@stable_name("sgd")
@dataclass(frozen=True)
class Sgd:
    """Stochastic gradient descent.

    Weight decay is added to the gradient of every parameter; with `decay_vectors` off only to that of matrices and
    kernels, so that biases and normalisations go free.
    """

    rate: float
    momentum: float = 0.0
    weight_decay: float = 0.0
    decay_vectors: bool = True

    def over(self, parameters: Iterable[torch.nn.Parameter]) -> Optimizer:
        """The optimiser of these parameters."""
        every = list(parameters)
        decayed = [one for one in every if self.decay_vectors or one.ndim > 1]
        free = [one for one in every if not (self.decay_vectors or one.ndim > 1)]
        groups = [{"params": decayed, "weight_decay": self.weight_decay}, {"params": free, "weight_decay": 0.0}]
        return torch.optim.SGD([group for group in groups if group["params"]], lr=self.rate, momentum=self.momentum)


@stable_name("adam")
@dataclass(frozen=True)
class Adam:
    """Adam with its usual moments (0.9, 0.999)."""

    rate: float
    weight_decay: float = 0.0

    def over(self, parameters: Iterable[torch.nn.Parameter]) -> Optimizer:
        """The optimiser of these parameters."""
        return torch.optim.Adam(parameters, lr=self.rate, weight_decay=self.weight_decay, fused=True)


@stable_name("constant-rate")
@dataclass(frozen=True)
class Constant:
    """The same learning rate throughout."""

    def share(self, epoch: int) -> float:
        """What part of the optimiser's rate an epoch has; the first is 0."""
        return 1.0


@stable_name("step-rate")
@dataclass(frozen=True)
class Steps:
    """The rate times `factor` once each of the `milestones` (in epochs) is done."""

    milestones: tuple[int, ...]
    factor: float = 0.1

    def share(self, epoch: int) -> float:
        """What part of the optimiser's rate an epoch has; the first is 0."""
        return self.factor ** sum(milestone <= epoch for milestone in self.milestones)


@stable_name("cosine-rate")
@dataclass(frozen=True)
class Cosine:
    """Half a cosine from the full rate to zero over `period` epochs; beyond them the rate rises again."""

    period: int

    def share(self, epoch: int) -> float:
        """What part of the optimiser's rate an epoch has; the first is 0."""
        return (1 + math.cos(math.pi * epoch / self.period)) / 2


@stable_name("exponential-rate")
@dataclass(frozen=True)
class Exponential:
    """The rate times `factor` after every epoch."""

    factor: float

    def share(self, epoch: int) -> float:
        """What part of the optimiser's rate an epoch has; the first is 0."""
        return self.factor**epoch


@stable_name("warm-up")
@dataclass(frozen=True)
class Warm:
    """Another schedule, reached by a parabola: epoch i of the first `epochs` has ((i + 1)/(epochs + 1))^2 of it."""

    epochs: int
    then: Constant | Steps | Cosine | Exponential

    def share(self, epoch: int) -> float:
        """What part of the optimiser's rate an epoch has; the first is 0."""
        return min(1.0, (epoch + 1) / (self.epochs + 1)) ** 2 * self.then.share(epoch)


Optimiser = Sgd | Adam
Schedule = Constant | Steps | Cosine | Exponential | Warm
