"""Networks that cannot pool: what no weight changes in them, and what little more would."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from claims.tomasini2022.methods import unpooled
from claims.tomasini2022.methods.channels import shuffle_channels
from claims.tomasini2022.methods.image_networks import LayeredNetwork
from claims.tomasini2022.methods.layer_sensitivities import layer_sensitivities
from claims.tomasini2022.methods.sensitivity import sensitivity
from claims.tomasini2022.methods.sensitivity_runs import AS_IT_IS, SHUFFLED, TRAINED, UNTRAINED
from claims.tomasini2022.methods.unpooled import (
    CHANNEL_BY_CHANNEL,
    NETWORKS,
    PIXEL_BY_PIXEL,
    channel_by_channel,
    depth_of,
    pixel_by_pixel,
    whatever_the_weights,
)
from harness.rules import Exact


def drawn() -> torch.Generator:
    return torch.Generator().manual_seed(3)


@pytest.mark.parametrize("state", [TRAINED, UNTRAINED])
@pytest.mark.parametrize("channels", [AS_IT_IS, SHUFFLED])
@pytest.mark.parametrize("layers", ["activations", "every layer"])
def test_pixel_by_pixel_no_layer_differs_from_the_first(state, channels, layers):
    depth = depth_of(PIXEL_BY_PIXEL, state, channels, layers)
    for values in (depth.deformation, depth.noise, depth.relative):
        assert values.shape[0] == NETWORKS
        assert values.shape[1] > 1
        assert (values == values[:1, :1]).all()


def test_pixel_by_pixel_sensitivities_are_those_of_the_images():
    images, deformed, noisy = unpooled._probes(torch.Generator().manual_seed(0))
    depth = depth_of(PIXEL_BY_PIXEL)
    assert depth.deformation[0, -1] == pytest.approx(float(sensitivity(images, deformed).log()))
    assert depth.noise[0, -1] == pytest.approx(float(sensitivity(images, noisy).log()))


def test_with_a_pool_behind_it_is_flat_no_more():
    network = LayeredNetwork(*pixel_by_pixel(drawn()), nn.MaxPool2d(2))
    found = layer_sensitivities(network, unpooled._probes(drawn()))
    assert float(found.deformation[-1]) < 0.95 * float(found.deformation[-2])


def test_channel_by_channel_a_shuffle_exchanges_nothing():
    depth = {of: depth_of(CHANNEL_BY_CHANNEL, TRAINED, of).relative for of in (AS_IT_IS, SHUFFLED)}
    assert (depth[AS_IT_IS] == depth[SHUFFLED]).all()
    assert np.ptp(depth[AS_IT_IS][:, -1]) > 0.1
    network = channel_by_channel(drawn())
    for name, weight in shuffle_channels(network, drawn()).state_dict().items():
        assert torch.equal(weight, network.state_dict()[name])


def test_what_the_networks_have_in_common_is_exact():
    assert whatever_the_weights(PIXEL_BY_PIXEL, np.zeros(6)).samples == (Exact(0.0),)
    with pytest.raises(ValueError, match="pixel by pixel differ"):
        whatever_the_weights(PIXEL_BY_PIXEL, np.array([0.0, 1e-9]))
