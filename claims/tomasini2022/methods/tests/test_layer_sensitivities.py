"""Sensitivities of every layer: by a computation written out, and by the one that holds all layers at once."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from claims.tomasini2022.methods import image_networks
from claims.tomasini2022.methods.layer_sensitivities import (
    layer_sensitivities,
    normalised_by,
    shuffled_sensitivities,
)
from claims.tomasini2022.methods.probes import PIXELS, SMOOTH, Probes, moved_pixels, probes
from claims.tomasini2022.methods.scale_images import scale_images
from claims.tomasini2022.methods.sensitivity import sensitivities_by_layer


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def network(batch_norm: bool = False) -> image_networks.LayeredNetwork:
    torch.manual_seed(1)
    return image_networks.vgg(classes=3, width=8, batch_norm=batch_norm).double().eval()


def one_convolution(*more: nn.Module, bias: float = 0.0) -> image_networks.LayeredNetwork:
    """The same filters at each call."""
    torch.manual_seed(2)
    layer = nn.Conv2d(3, 2, 3).double()
    with torch.no_grad():
        layer.bias.add_(bias)
    return image_networks.LayeredNetwork(layer, *more)


def asked(n: int = 12) -> Probes:
    images = torch.randn(n, 3, 32, 32, generator=generator(2), dtype=torch.float64)
    return probes(images, SMOOTH, generator(3), lambda x: x)


def test_d_and_g_of_a_layer_by_all_pairs_of_images():
    lenet, given = image_networks.lenet().double(), asked()
    found = layer_sensitivities(lenet, given)
    for layer, cut in ((0, 1), (4, 5), (10, 12)):  # the first convolution, a ReLU, the scores
        f, moved, disturbed = (lenet[:cut](x).flatten(1).detach() for x in given)
        pairs = sum((a - b).square().sum() for a in f for b in f) / len(f) ** 2
        assert float(found.deformation[layer]) == pytest.approx(float((moved - f).square().sum(1).mean() / pairs))
        assert float(found.noise[layer]) == pytest.approx(float((disturbed - f).square().sum(1).mean() / pairs))
    torch.testing.assert_close(found.relative, found.deformation / found.noise)


@pytest.mark.parametrize("batch", [1, 5, 100])
def test_images_may_come_some_at_a_time(batch):
    deep, given = network(batch_norm=True), asked()
    whole = sensitivities_by_layer(lambda x: list(deep.representations(x)), *given)
    for some, all_at_once in zip(layer_sensitivities(deep, given, batch), whole, strict=True):
        torch.testing.assert_close(some, all_at_once)


def test_sensitivities_keep_their_digits_far_from_zero():
    near, far = (layer_sensitivities(one_convolution(bias=bias), asked(), 5).deformation for bias in (0.0, 1e6))
    torch.testing.assert_close(far, near, rtol=1e-5, atol=0)


def test_a_layer_with_one_value_for_all_images_has_no_sensitivity():
    found = layer_sensitivities(one_convolution(nn.ReLU(), bias=-1e3), asked())
    assert found.deformation.isnan().tolist() == [False, True]


def test_shuffles_are_averaged_by_their_logarithms():
    deep, given = network(), asked()
    both, one = (shuffled_sensitivities(deep, given, shuffles, generator(5)) for shuffles in (2, 1))
    assert not torch.allclose(both.deformation, one.deformation)
    torch.testing.assert_close(both.relative, both.deformation / both.noise)
    plain = layer_sensitivities(deep, given)
    assert not torch.allclose(one.deformation[1:], plain.deformation[1:])


def test_networks_normalised_by_images_give_white_channels():
    deep, images = network(batch_norm=True), asked(20).images
    normalised = normalised_by(deep, images, batch=20)
    values = list(normalised.representations(images))[1]
    torch.testing.assert_close(values.mean((0, 2, 3)), torch.zeros(8).double(), rtol=0, atol=1e-9)
    torch.testing.assert_close(values.var((0, 2, 3), correction=0), torch.ones(8).double(), rtol=1e-3, atol=0)
    assert float(deep.state_dict()["1.running_mean"].abs().max()) == 0
    assert not normalised.training


def test_both_active_pixels_move_to_a_neighbour_each():
    images = scale_images("test").images[:2000].double()
    moved = moved_pixels(images, generator())
    far = 0
    for before, after in zip(images[:, 0], moved[:, 0], strict=True):
        places, found = before.nonzero(), after.nonzero()
        assert float(after.sum()) == float(before.sum())
        reach = (places[:, None] - found[None]).abs().amax(2)
        assert reach.min(1).values.max() <= 1
        far += int((reach.min(1).values == 0).sum())
    assert far < 0.1 * 2 * len(images)  # clipped at the border, or onto the other's place


def test_a_third_of_the_moves_are_diagonal():
    images = torch.zeros(4000, 1, 9, 9, dtype=torch.float64)
    images[:, :, 2, 2] = images[:, :, 6, 6] = 1
    places = moved_pixels(images, generator()).nonzero()[:, 2:].reshape(-1, 2, 2)
    steps = (places - torch.tensor([[2, 2], [6, 6]])).abs()
    assert steps.sum(2).min() == 1
    assert float((steps.sum(2) == 2).double().mean()) == pytest.approx(1 / 3, abs=0.02)


def test_images_without_two_active_pixels_are_refused():
    with pytest.raises(ValueError, match="two active pixels"):
        moved_pixels(torch.ones(2, 1, 4, 4), generator())


@pytest.mark.parametrize("deformation", [SMOOTH, PIXELS])
def test_noise_is_as_large_as_the_change_of_the_networks_input(deformation):
    images = scale_images("test").images[:50]
    found = probes(images, deformation, generator(), lambda x: (x - 1) / 20)
    torch.testing.assert_close(found.images, (images.double() - 1) / 20)
    change, noise = ((each - found.images).flatten(1).norm(dim=1) for each in (found.deformed, found.noisy))
    torch.testing.assert_close(change, noise)
    assert float(change.min()) > 0
