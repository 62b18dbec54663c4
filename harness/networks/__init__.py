"""Architectures and initialisations by name; only building a network imports torch.

Those that several papers use have their modules here.  A paper registers its own in `methods/__init__.py`:
`NETWORKS.register("stripes", "claims.toy2026.methods.networks:stripes")`.  An initialisation is registered
likewise in `SCHEMES`: a function of a layer and a generator (`harness.networks.initialise`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from harness.system.registry import Registry

if TYPE_CHECKING:
    from torch import nn

NETWORKS = Registry("network")
NETWORKS.register("alexnet", "harness.networks.alexnet:alexnet")
NETWORKS.register("mlp", "harness.networks.mlp:mlp")
NETWORKS.register("vgg16", "harness.networks.vgg:vgg16")
NETWORKS.register("plain-vgg", "harness.networks.vgg:plain")

SCHEMES = Registry("initialisation")
for _name in ("kaiming", "vgg", "xavier"):
    SCHEMES.register(_name, f"harness.networks.initialise:{_name}")
SCHEMES.register("torch-default", "harness.networks.initialise:torch_default")
SCHEMES.register("normal-deviation-0.01", "harness.networks.initialise:normal_of_deviation")
SCHEMES.register("normal-variance-0.01", "harness.networks.initialise:normal_of_variance")


def build(name: str, **parameters: Any) -> nn.Module:
    """A new network, initialised as its architecture does it, from torch's global generator.

    Args:
        name: as registered.
        parameters: of the function or class that it stands for.

    Raises:
        UnknownName: for a name that leads nowhere.
    """
    network: nn.Module = NETWORKS.load(name)(**parameters)
    return network
