"""Which network is trained."""

from __future__ import annotations

import functools
from dataclasses import dataclass

from harness.networks import NETWORKS, build
from harness.system.lazy import torch
from harness.system.stable_names import stable_name
from harness.training.randomness import global_stream

Value = int | float | str | bool | None


@stable_name("network")
@dataclass(frozen=True)
class Network:
    """An architecture by its name in `harness.networks` ("vgg16"), with its parameters, sorted by name."""

    name: str
    parameters: tuple[tuple[str, Value], ...] = ()

    def __post_init__(self) -> None:
        NETWORKS.target(self.name)

    @classmethod
    def of(cls, name: str, **parameters: Value) -> Network:
        """The network `name` built with these parameters."""
        return cls(name, tuple(sorted(parameters.items())))

    @property
    def module(self) -> str:
        """Full name of the module that builds it."""
        return NETWORKS.module(self.name)

    def build(self) -> torch.nn.Module:
        """A new instance, initialised as the architecture does it, from torch's global generator."""
        return build(self.name, **dict(self.parameters))

    def started(self, seed: int) -> torch.nn.Module:
        """The instance that a run of this seed begins with, on the CPU."""
        with global_stream(seed, "architecture's initialisation", torch.device("cpu")):
            return self.build()


@functools.cache
def operations(network: Network, shape: tuple[int, int, int]) -> float:
    """Floating-point operations on an image of shape `(c, h, w)`, forwards and backwards, as torch counts them."""
    from torch.utils.flop_counter import FlopCounterMode

    with torch.device("meta"), FlopCounterMode(display=False) as counter:
        network.build()(torch.empty(2, *shape)).sum().backward()
    return counter.get_total_flops() / 2
