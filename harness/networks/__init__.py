"""Architectures by name.  Only building a network imports torch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import nn


def build(name: str, **parameters: Any) -> nn.Module:
    """A new network, initialised as its architecture does it, from torch's global generator.

    Args:
        name: a key of `BUILDERS`.
        parameters: of the function or class that the builder calls.

    Raises:
        ValueError: for an unknown name.
    """
    if name not in BUILDERS:
        raise ValueError(f"no network is named {name!r}; there are {', '.join(BUILDERS)}")
    return BUILDERS[name](**parameters)


# Each import is spelt out, so that the digest of a run's code sees it.


def _alexnet(**parameters: Any) -> nn.Module:
    from harness.networks.alexnet import alexnet

    return alexnet(**parameters)


def _ghosh_cnn(**parameters: Any) -> nn.Module:
    from harness.networks.ghosh_cnn import GhoshCnn

    return GhoshCnn(**parameters)


def _lenet(**parameters: Any) -> nn.Module:
    from harness.networks.lenet import LeNet

    return LeNet(**parameters)


def _mlp(**parameters: Any) -> nn.Module:
    from harness.networks.mlp import mlp

    return mlp(**parameters)


def _resnet(**parameters: Any) -> nn.Module:
    from harness.networks.resnet import resnet

    return resnet(**parameters)


def _vgg16(**parameters: Any) -> nn.Module:
    from harness.networks.vgg import vgg16

    return vgg16(**parameters)


BUILDERS = {
    "alexnet": _alexnet,
    "ghosh_cnn": _ghosh_cnn,
    "lenet": _lenet,
    "mlp": _mlp,
    "resnet": _resnet,
    "vgg16": _vgg16,
}
