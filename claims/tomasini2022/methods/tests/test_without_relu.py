"""Networks that do the opposite of trained ones, and networks in which nothing may be seen to change."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from claims.tomasini2022.methods.channels import shuffle_channels
from claims.tomasini2022.methods.image_networks import LayeredNetwork
from claims.tomasini2022.methods.layer_sensitivities import layer_sensitivities, shuffled_sensitivities
from claims.tomasini2022.methods.matched_noise import matched_noise
from claims.tomasini2022.methods.probes import Probes, moved_pixels
from claims.tomasini2022.methods.scale_task import scale_detection_2d
from claims.tomasini2022.methods.sensitivity import sensitivity
from claims.tomasini2022.methods.sensitivity_readings import rise
from claims.tomasini2022.methods.sensitivity_runs import AS_IT_IS, SHUFFLED
from claims.tomasini2022.methods.without_relu import (
    BY_CHANNELS,
    HOMOGENEOUS,
    NETWORKS,
    ROUGH,
    by_channels,
    depth_of,
    homogeneous,
)


def drawn() -> torch.Generator:
    return torch.Generator().manual_seed(3)


@pytest.mark.parametrize("kind", [HOMOGENEOUS, ROUGH, BY_CHANNELS])
def test_networks_of_a_kind_differ(kind):
    depth = depth_of(kind)
    for values in (depth.deformation, depth.noise, depth.relative):
        assert values.shape == (NETWORKS, 6)
        assert len(set(rise(values))) == NETWORKS


@pytest.mark.parametrize(("kind", "sign"), [(HOMOGENEOUS, 1), (ROUGH, -1), (BY_CHANNELS, 1)])
def test_relative_sensitivity_rises_through_homogeneous_filters_in_every_network(kind, sign):
    depth = depth_of(kind)
    assert (sign * rise(depth.relative) > 0).all()
    assert (sign * rise(depth.deformation) < 0).all()
    assert (sign * rise(depth.noise) < 0).all()


def test_convolutions_made_of_channels_are_homogeneous_ones():
    generator = [torch.Generator().manual_seed(5) for _ in range(2)]
    whole, in_channels = homogeneous(generator[0]), by_channels(generator[1])
    images = torch.randn(2, 1, 9, 9, dtype=torch.float64, generator=drawn())
    for index in range(3):
        in_two = in_channels[: 2 * index + 2](images)
        assert torch.allclose(in_two, whole[: index + 1](images))


def test_a_shuffle_undoes_what_channels_make():
    as_it_is, shuffled = (depth_of(BY_CHANNELS, channels).relative for channels in (AS_IT_IS, SHUFFLED))
    assert (shuffled[:, 0] == as_it_is[:, 0]).all()
    assert (shuffled[:, -1] < as_it_is[:, -1]).all()


class TestNothingChanges:
    """Without biases, on images and noise that are nowhere negative, what cannot pool leaves D and G as they are."""

    @pytest.fixture
    def asked(self) -> Probes:
        images = scale_detection_2d(12, 6, 2).images(torch.float64)[:60]
        deformed = moved_pixels(images, drawn())
        return Probes(images, deformed, images + matched_noise(images, deformed, drawn()).relu())

    @staticmethod
    def network(size: int, groups: int, width: int = 16) -> LayeredNetwork:
        layers: list[nn.Module] = []
        generator = drawn()
        for before in (1, *[width] * 5):
            convolution = nn.Conv2d(
                before, width, size, padding=size // 2, groups=min(groups, before), bias=False, dtype=torch.float64
            )
            with torch.no_grad():
                convolution.weight.normal_(generator=generator)
            layers += [convolution, nn.ReLU()]
        return LayeredNetwork(*layers)

    def test_by_filters_of_one_pixel_in_any_layer(self, asked):
        network = self.network(size=1, groups=1)
        for found in (layer_sensitivities(network, asked), shuffled_sensitivities(network, asked, 2, drawn())):
            np.testing.assert_allclose(found.deformation, float(sensitivity(asked.images, asked.deformed)), rtol=1e-9)
            np.testing.assert_allclose(found.noise, float(sensitivity(asked.images, asked.noisy)), rtol=1e-9)

    def test_but_behind_a_pool(self, asked):
        network = LayeredNetwork(*self.network(size=1, groups=1), nn.MaxPool2d(2))
        found = layer_sensitivities(network, asked)
        assert float(found.deformation[-1]) < 0.95 * float(found.deformation[-2])

    def test_by_shuffles_of_group_convolutions_of_one_channel_each(self, asked):
        network = self.network(size=3, groups=16)
        for name, weight in shuffle_channels(network, drawn()).state_dict().items():
            assert torch.equal(weight, network.state_dict()[name])
        as_it_is, shuffled = layer_sensitivities(network, asked), shuffled_sensitivities(network, asked, 1, drawn())
        np.testing.assert_allclose(shuffled.relative, as_it_is.relative, rtol=1e-9)
