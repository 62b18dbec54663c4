"""How much a trained network's accuracy depends on what one layer has learned (Zhang et al. 2019, section 2)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from harness.system.lazy import torch

if TYPE_CHECKING:
    from torch import Tensor, nn

    State = Mapping[str, Tensor]


def reset_hits(network: nn.Module, sources: Mapping[str, State], images: Tensor, labels: Tensor) -> dict[str, Tensor]:
    """How many images a network gets right when one convolution at a time is as it is in another state.

    What comes before a layer does not depend on its weights, so that each layer's input is computed once for all
    sources; only what follows is computed for each.

    Args:
        network: parts `features`, `avgpool` and `classifier`, as torchvision's VGG and AlexNet have them; in
            evaluation mode.
        sources: states to take the layer's weight and bias from, by a name of their own.
        images: shape `(n, channels, height, width)`.
        labels: shape `(n,)`.

    Returns:
        For each source the hits with each layer reset, shape `(layers,)`, int64; under "" those of the network itself,
        shape `(1,)`.

    Raises:
        KeyError: when a state lacks a layer.
    """
    chain, names = _chain(network), {module: name for name, module in network.named_modules()}
    hits: dict[str, list[Tensor]] = {source: [] for source in sources}
    reached = images
    for position, module in enumerate(chain):
        if isinstance(module, torch.nn.Conv2d):
            for source, state in sources.items():
                outcome = torch.func.functional_call(module, _parameters(module, names[module], state), (reached,))
                hits[source].append(_right(_through(chain[position + 1 :], outcome), labels))
        reached = module(reached)
    return {"": _right(reached, labels)[None], **{source: torch.stack(counts) for source, counts in hits.items()}}


def relative_drop(accuracy: float, after: float) -> float:
    """Share of an accuracy that a reset costs: 0 where nothing is lost, negative where something is won.

    Raises:
        ValueError: for an accuracy of 0, of which nothing can be lost.
    """
    if accuracy <= 0:
        raise ValueError("nothing can drop from an accuracy of 0: the network gets no image right")
    return (accuracy - after) / accuracy


def _chain(network: nn.Module) -> list[nn.Module]:
    features, classifier = network.get_submodule("features"), network.get_submodule("classifier")
    return [*features.children(), network.get_submodule("avgpool"), torch.nn.Flatten(), *classifier.children()]


def _parameters(module: nn.Module, name: str, state: State) -> dict[str, Tensor]:
    return {own: state[f"{name}.{own}"] for own, _ in module.named_parameters()}


def _through(chain: list[nn.Module], reached: Tensor) -> Tensor:
    for module in chain:
        reached = module(reached)
    return reached


def _right(logits: Tensor, labels: Tensor) -> Tensor:
    return (logits.argmax(1) == labels).sum()
