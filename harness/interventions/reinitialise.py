"""Resetting one layer of a trained network (Zhang et al. 2019, section 2)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor


def reset_layer(trained: Mapping[str, Tensor], layer: str, source: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """A trained state with one layer's weight and bias as they are in another state; nothing is copied or changed.

    Args:
        trained: state dictionary of the trained network.
        layer: name of the layer, e.g. "features.0".
        source: state of the same network to reset to: at initialisation or at some epoch (re-initialisation), or of a
            freshly drawn network (re-randomisation).

    Raises:
        KeyError: when either state lacks the layer.
    """
    own = [name for name in trained if name.rpartition(".")[0] == layer]
    if not own:
        raise KeyError(f"no layer {layer!r} in the trained state; it has {', '.join(_layers(trained))}")
    missing = [name for name in own if name not in source]
    if missing:
        raise KeyError(f"the state to reset to lacks {', '.join(missing)}")
    return {**trained, **{name: source[name] for name in own}}


def _layers(state: Mapping[str, Tensor]) -> list[str]:
    return list(dict.fromkeys(name.rpartition(".")[0] for name in state))
