"""Shuffled channels and mean filters."""

from __future__ import annotations

import torch
from torch import nn

from claims.tomasini2022.methods import channels


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def network() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.Conv2d(8, 4, 3))


def test_shuffle_is_one_permutation_for_all_outputs():
    weight = torch.arange(5.0).expand(4, 5)[..., None] + 10 * torch.arange(4.0)[:, None, None]
    shuffled = channels.shuffle_input_channels(weight, generator(3))
    order = shuffled[0, :, 0].long()
    assert sorted(order.tolist()) == list(range(5))
    assert order.tolist() != list(range(5))
    torch.testing.assert_close(shuffled, weight[:, order])


def test_networks_are_copied_and_only_their_convolutions_change():
    original = network()
    before = {name: value.clone() for name, value in original.state_dict().items()}
    shuffled = channels.shuffle_channels(original, generator(1))
    for name, value in original.state_dict().items():
        assert torch.equal(value, before[name])
        is_filter = name in ("0.weight", "3.weight")
        assert torch.equal(shuffled.state_dict()[name], value) != is_filter


def test_shuffling_the_inputs_too_undoes_it():
    layer = nn.Conv2d(6, 4, 3)
    shuffled = channels.shuffle_channels(layer, generator(2))
    order = torch.randperm(6, generator=generator(2))
    images = torch.randn(2, 6, 5, 5, generator=generator())
    torch.testing.assert_close(shuffled(images[:, order]), layer(images))
