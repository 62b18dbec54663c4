import pytest
import torch
from torch import nn

from harness.measures.complexity import flops, map_sizes, parameters
from harness.measures.support import jacobian_support


def network():
    return nn.Sequential(
        nn.Conv2d(3, 8, 3, padding=1, bias=False), nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(8, 4, 1, stride=2), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 5),
    )  # fmt: skip


def test_parameters_of_a_small_network():
    assert parameters(network()) == 3 * 8 * 9 + 2 * 8 + (8 * 4 + 4) + (4 * 5 + 5)


@pytest.mark.parametrize("device", ["cpu", "meta"])
def test_flops_of_a_small_network(device):
    expected = 2 * (8 * 8 * 8 * 3 * 9 + 2 * 2 * 4 * 8 + 4 * 5)
    assert flops(network().to(device), (1, 3, 8, 8)) == expected
    assert flops(network().to(device), (3, 3, 8, 8)) == 3 * expected


def test_map_sizes_are_those_of_the_inputs():
    assert map_sizes(network(), (1, 3, 8, 6)) == {"0": (8, 6), "4": (4, 3)}


def test_counting_leaves_a_network_as_it_was():
    counted = network()
    before = {name: value.clone() for name, value in counted.state_dict().items()}
    flops(counted, (1, 3, 8, 8))
    map_sizes(counted, (1, 3, 8, 8))
    assert counted.training
    assert all(torch.equal(before[name], value) for name, value in counted.state_dict().items())
    assert not any(layer._forward_pre_hooks for layer in counted)


@pytest.mark.parametrize(
    ("layer", "expected"),
    [
        (nn.Conv2d(2, 3, 3, padding=1), 9),
        (nn.Conv2d(2, 3, 1), 1),
        (nn.Conv2d(2, 3, 1, stride=2), 1),
        (nn.Conv2d(2, 3, 3, padding=2, dilation=2), 9),
        (nn.Sequential(nn.Conv2d(2, 3, 3, padding=1), nn.ReLU(), nn.Conv2d(3, 3, 3, padding=1)), 25),
        (nn.AdaptiveAvgPool2d(9), 1),
    ],
)
def test_support_of_a_layer(layer, expected):
    found = jacobian_support(layer.double(), (2, 9, 9), (2, 2), torch.Generator().manual_seed(0))
    assert found.shape == (9, 9)
    assert found.sum() == expected


def test_support_of_a_dense_layer_is_everything():
    dense = nn.Sequential(nn.Flatten(), nn.Linear(2 * 5 * 5, 3), nn.Unflatten(1, (3, 1, 1))).double()
    assert jacobian_support(dense, (2, 5, 5), (0, 0), torch.Generator().manual_seed(0)).all()


def test_support_lies_where_the_kernel_reaches():
    shifted = nn.Conv2d(1, 1, (1, 3), padding=(0, 1), bias=False).double()
    found = jacobian_support(shifted, (1, 4, 4), (1, 0), torch.Generator().manual_seed(0))
    assert found.nonzero().tolist() == [[1, 0], [1, 1]]


def test_channels_that_cancel_in_a_plain_sum_are_seen():
    def opposite(x):
        return torch.cat([x, -x], 1)

    found = jacobian_support(opposite, (1, 4, 4), (1, 2), torch.Generator().manual_seed(0))
    assert found.nonzero().tolist() == [[1, 2]]
