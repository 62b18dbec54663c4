"""Which weights of a run are kept."""

from __future__ import annotations

import fnmatch
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.system.stable_names import stable_name

if TYPE_CHECKING:
    import numpy as np
    import torch


@stable_name("keep")
@dataclass(frozen=True)
class Keep:
    """Which weights are kept, and when.

    Attributes:
        weights: shell patterns over the names in the network's state, e.g. "layers.0.conv.weight", "*.conv.*".
        epochs: after how many epochs; 0 is the untrained network.
    """

    weights: tuple[str, ...] = ()
    epochs: tuple[int, ...] = ()

    def at(self, epoch: int, network: torch.nn.Module) -> dict[str, np.ndarray]:
        """The weights kept after this many epochs, by `name@epoch`; empty at the others.

        Raises:
            ValueError: when a pattern fits no name.
        """
        if epoch not in self.epochs:
            return {}
        state = network.state_dict()
        return {kept_name(name, epoch): state[name].cpu().numpy().copy() for name in self._chosen(list(state))}

    def _chosen(self, names: list[str]) -> list[str]:
        for pattern in self.weights:
            if not fnmatch.filter(names, pattern):
                raise ValueError(f"no weights are named {pattern!r}; the network has {', '.join(names)}")
        return [name for name in names if any(fnmatch.fnmatchcase(name, pattern) for pattern in self.weights)]


def kept_name(name: str, epoch: int) -> str:
    """Under which name a run's tensors hold the weights `name` after this many epochs."""
    return f"{name}@{epoch}"
