"""The house's own networks, found by their registered names."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

from harness.networks import build


def test_an_mlp_is_linear_layers_with_rectifiers_between():
    network = build("mlp", inputs=12, width=5, depth=2, classes=3)
    assert [tuple(layer.weight.shape) for layer in network.modules() if isinstance(layer, nn.Linear)] == [
        (5, 12),
        (5, 5),
        (3, 5),
    ]
    assert sum(isinstance(layer, nn.ReLU) for layer in network.modules()) == 2
    assert network(torch.zeros(2, 3, 2, 2)).shape == (2, 3)
    assert len([*build("mlp", depth=0).children()]) == 2


SMALL: dict[str, tuple[dict[str, Any], tuple[int, ...]]] = {
    "alexnet": ({}, (3, 63, 63)),
    "mlp": ({"inputs": 12}, (3, 2, 2)),
    "vgg16": ({"width": 8}, (3, 32, 32)),
}


@pytest.mark.parametrize("name", SMALL)
def test_a_name_builds_a_network_with_its_parameters(name):
    parameters, shape = SMALL[name]
    network = build(name, classes=3, **parameters).eval()
    assert network(torch.zeros(2, *shape)).shape == (2, 3)


@pytest.mark.parametrize("name", ["lenet", "lenet.Lenet", "no_such.Net", "../lenet.LeNet", ""])
def test_a_name_that_leads_nowhere_is_an_error_that_says_so(name):
    with pytest.raises(ValueError, match="there is no network"):
        build(name)
