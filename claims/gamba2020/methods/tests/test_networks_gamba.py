from __future__ import annotations

import pytest
import torch

from claims.gamba2020.methods.lenet import LeNet
from claims.gamba2020.methods.projections import convolutional_layers
from harness.interventions.reinitialise import reset_layer
from harness.networks.alexnet import alexnet
from harness.networks.initialise import initialise, weighted_layers


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def small() -> torch.nn.Module:
    return torch.nn.Sequential(torch.nn.Conv2d(64, 96, 3), torch.nn.BatchNorm2d(96), torch.nn.Linear(128, 256))


@pytest.mark.parametrize("channels", [1, 3])
def test_lenet_has_six_convolutions_and_ten_scores(channels):
    network = LeNet(channels=channels)
    assert [layer.out_channels for layer in convolutional_layers(network).values()] == [6, 6, 16, 16, 64, 64]
    assert network(torch.zeros(2, channels, 28, 28)).shape == (2, 10)
    assert network(torch.zeros(2, channels, 32, 32)).shape == (2, 10)


@pytest.mark.parametrize("channels", [1, 3])
def test_alexnet_takes_images_of_63_pixels_or_more(channels):
    with torch.device("meta"):
        network = alexnet(classes=7, channels=channels)
        assert len(convolutional_layers(network)) == 5
        assert network(torch.zeros(1, channels, 63, 63)).shape == (1, 7)
        with pytest.raises(RuntimeError, match="too small"):
            network(torch.zeros(1, channels, 62, 62))


def parameters(network: torch.nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


def test_parameter_counts():
    with torch.device("meta"):
        assert parameters(alexnet()) == 61_100_840
    lenet_convolutions = 60 + 330 + 880 + 2320 + 9280 + 36928
    assert parameters(LeNet()) == lenet_convolutions + 69240 + 10164 + 850


VARIANCES = {
    "kaiming": (2 / (96 * 9), 2 / 256),
    "vgg": (2 / (96 * 9), 1e-4),
    "xavier": (4 / (9 * (64 + 96)), 4 / (128 + 256)),
    "torch-default": (1 / (3 * 64 * 9), 1 / (3 * 128)),
    "normal-deviation-0.01": (1e-4, 1e-4),
    "normal-variance-0.01": (1e-2, 1e-2),
}


@pytest.mark.parametrize("scheme", VARIANCES)
def test_weights_have_the_variance_that_the_scheme_names(scheme):
    network = small()
    initialise(network, scheme, generator())
    for layer, variance in zip(weighted_layers(network), VARIANCES[scheme], strict=True):
        assert layer.weight.var().item() == pytest.approx(variance, rel=0.05)
        assert abs(layer.weight.mean().item()) < 4 * (variance / layer.weight.numel()) ** 0.5
        assert layer.bias is not None
        assert bool(layer.bias.count_nonzero()) == (scheme == "torch-default")


def test_torch_default_is_what_torch_draws():
    ours, theirs = small(), small()
    initialise(ours, "torch-default", generator())
    for layer, other in zip(weighted_layers(ours), weighted_layers(theirs), strict=True):
        for mine, plain in ((layer.weight, other.weight), (layer.bias, other.bias)):
            assert mine is not None
            assert plain is not None
            assert mine.abs().max().item() == pytest.approx(plain.abs().max().item(), rel=0.05)


def test_the_same_generator_gives_the_same_network_and_touches_no_global_state():
    before = torch.get_rng_state()
    first, second = (LeNet() for _ in range(2))
    torch.set_rng_state(before)
    initialise(first, "xavier", generator(3))
    initialise(second, "xavier", generator(3))
    assert torch.equal(torch.get_rng_state(), before)
    for one, other in zip(first.parameters(), second.parameters(), strict=True):
        assert torch.equal(one, other)


def test_other_layers_and_missing_biases_are_left_alone():
    norm = torch.nn.BatchNorm2d(1)
    initialise(torch.nn.Sequential(torch.nn.Conv2d(1, 1, 3, bias=False), norm), "kaiming", generator())
    assert norm.weight.item() == 1.0


def parameters_of(network, layer):
    return dict(network.get_submodule(layer).named_parameters())


def test_lenet_and_alexnet_start_as_asked():
    conv = parameters_of(LeNet(initialisation="normal-variance-0.01"), "features.10")
    assert conv["weight"].std().item() == pytest.approx(0.1, rel=0.05)
    assert conv["bias"].abs().max().item() == 0
    start = parameters_of(alexnet(classes=2), "features.10")
    assert start["weight"].abs().max().item() == pytest.approx((256 * 9) ** -0.5, rel=1e-3)
    assert start["bias"].abs().max().item() > 0


def test_unknown_scheme_is_named_with_the_known_ones():
    with pytest.raises(ValueError, match="'orthogonal'; there are kaiming, vgg"):
        initialise(small(), "orthogonal", generator())


def test_reset_layer_takes_weight_and_bias_of_that_layer_only():
    trained, source = LeNet().state_dict(), LeNet().state_dict()
    reset = reset_layer(trained, "features.2", source)
    for name, value in reset.items():
        assert value is (source if name.startswith("features.2.") else trained)[name]
    assert {name for name in reset if reset[name] is source[name]} == {"features.2.weight", "features.2.bias"}


def test_reset_to_itself_changes_nothing_and_keeps_the_order():
    state = LeNet().state_dict()
    again = reset_layer(state, "features.0", state)
    assert list(again) == list(state)
    assert all(again[name] is state[name] for name in state)


def test_unknown_layers_are_refused():
    state = {"a.weight": torch.zeros(1), "b.weight": torch.zeros(1)}
    with pytest.raises(KeyError, match="no layer 'c' in the trained state; it has a, b"):
        reset_layer(state, "c", state)
    with pytest.raises(KeyError, match=r"lacks a\.weight"):
        reset_layer(state, "a", {"b.weight": torch.zeros(1)})
