from __future__ import annotations

from typing import TypeVar

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from claims.ghosh2019.methods.network import GhoshCnn
from harness.networks import build

Kind = TypeVar("Kind", bound=nn.Module)


def kinds(network: nn.Module, kind: type[Kind]) -> list[Kind]:
    return [module for module in network.modules() if isinstance(module, kind)]


def textbook_mnist_network(seed: int) -> nn.Sequential:
    """The three-layer network of section 5.2, written out, with each ReLU before its pooling."""
    torch.manual_seed(seed)
    return nn.Sequential(
        nn.Conv2d(1, 64, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(64, 64, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(64, 64, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(64 * 3 * 3, 10),
    )  # fmt: skip


def test_it_computes_what_the_textbook_network_does_and_so_do_its_gradients():
    with torch.random.fork_rng(devices=[]):
        textbook = textbook_mnist_network(0).double()
        images = torch.randn(4, 1, 28, 28, dtype=torch.float64)
    network = build("ghosh-cnn", depth=3).double()
    for ours, theirs in zip(network.parameters(), textbook.parameters(), strict=True):
        ours.data.copy_(theirs)
    ours, theirs = network(images), textbook(images)
    torch.testing.assert_close(ours, theirs)
    gradients = [
        torch.autograd.grad(out.square().sum(), [*net.parameters()])
        for out, net in ((ours, network), (theirs, textbook))
    ]
    torch.testing.assert_close(*gradients)


@pytest.mark.parametrize("depth", [1, 2, 3, 4, 5, 6])
def test_mnist_pools_after_every_convolution_while_there_is_something_to_pool(depth):
    network = GhoshCnn(depth=depth, width=2)
    sizes, maps = [], torch.zeros(1, 1, 28, 28)
    for layer in network.layers:
        maps = layer(maps)
        sizes.append(maps.shape[-1])
    assert sizes == [14, 7, 3, 1, 1, 1][:depth]
    assert len(kinds(network, nn.Linear)) == 1


def test_cifar_pools_after_every_second_convolution_and_has_two_linear_layers():
    network = GhoshCnn(depth=4, channels=3, size=32, pool_every=2, linear=2)
    assert [hasattr(layer, "pool") for layer in network.layers] == [False, True, False, True]
    assert [(layer.out_features, layer.in_features) for layer in kinds(network, nn.Linear)] == [
        (64, 64 * 8 * 8),
        (10, 64),
    ]
    assert network(torch.zeros(2, 3, 32, 32)).shape == (2, 10)


@pytest.mark.parametrize("kernel", [3, 7, 15, 27, 28])
def test_an_unpadded_first_layer_sees_each_place_of_its_kernel_once(kernel):
    network = GhoshCnn(first_kernel=kernel, first_padding=0, width=4)
    first = kinds(network, nn.Conv2d)[0]
    assert first.weight.shape == (4, 1, kernel, kernel)
    assert first(torch.zeros(1, 1, 28, 28)).shape[-1] == 28 - kernel + 1
    assert network(torch.zeros(2, 1, 28, 28)).shape == (2, 10)


@given(
    depth=st.integers(1, 6), width=st.integers(1, 5), kernel=st.sampled_from([1, 3, 5]), pool=st.integers(1, 3),
    linear=st.sampled_from([1, 2]), size=st.integers(1, 33), channels=st.sampled_from([1, 3]),
)  # fmt: skip
@settings(deadline=None, max_examples=25)
def test_any_such_network_gives_one_logit_a_class(depth, width, kernel, pool, linear, size, channels):
    network = build(
        "ghosh-cnn", depth=depth, width=width, first_kernel=kernel, pool_every=pool, linear=linear, size=size,
        channels=channels, classes=7,
    )  # fmt: skip
    assert network(torch.zeros(2, channels, size, size)).shape == (2, 7)
    assert len(kinds(network, nn.Conv2d)) == depth


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"depth": 0}, "0 convolutions"),
        ({"linear": 3}, "3 fully connected"),
        ({"first_kernel": 4}, "no padding keeps the size"),
        ({"first_kernel": 29, "first_padding": 0}, "leaves no pixels"),
    ],
)
def test_impossible_networks_are_refused(parameters, message):
    with pytest.raises(ValueError, match=message):
        build("ghosh-cnn", **parameters)


def test_it_is_found_by_its_registered_name():
    assert build("ghosh-cnn", classes=3, width=2)(torch.zeros(2, 1, 28, 28)).shape == (2, 3)
