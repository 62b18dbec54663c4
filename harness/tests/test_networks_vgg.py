import pytest
import torch

from harness.measures.complexity import parameters
from harness.networks import build
from harness.networks.vgg import CONFIGURATIONS, HEADS, VGG, convolutions, plain, vgg16
from harness.system.torchvision_compat import torchvision

DEPTHS = tuple(CONFIGURATIONS)


def on_meta(builder, *args, **options):
    with torch.device("meta"):
        return builder(*args, **options)


def seeded(builder, *args, **options):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return builder(*args, **options)


@pytest.mark.parametrize("depth", DEPTHS)
@pytest.mark.parametrize("suffix", ["", "_bn"])
def test_every_depth_takes_torchvisions_weights(depth, suffix):
    theirs = on_meta(getattr(torchvision.models, f"vgg{depth}{suffix}"))
    own = on_meta(VGG, bias=True, depth=depth, batch_norm=bool(suffix), head="torchvision")
    shapes = [{name: value.shape for name, value in one.state_dict().items()} for one in (own, theirs)]
    assert shapes[0] == shapes[1]
    assert [str(layer) for layer in own.features] == [str(layer) for layer in theirs.features]
    assert [type(layer) for layer in own.classifier] == [type(layer) for layer in theirs.classifier]


def test_vgg19_on_small_images_has_the_parameters_of_the_authors_network():
    assert parameters(on_meta(plain)) == 139_611_210


def test_plain_network_computes_what_torchvisions_computes():
    options = {"num_classes": 5, "dropout": 0.0}
    own = seeded(plain, 5, 4, depth=11).eval().double()
    scaled = [entry if entry == "M" else entry // 16 for entry in torchvision.models.vgg.cfgs["A"]]
    theirs = torch.nn.Sequential(
        torchvision.models.vgg.make_layers(scaled), torch.nn.AdaptiveAvgPool2d(7), torch.nn.Flatten()
    ).double()
    theirs[0].load_state_dict(own.features.state_dict())
    images = torch.randn(2, 3, 32, 32, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    torch.testing.assert_close(own(images), own.classifier(theirs(images)), rtol=0, atol=0)
    assert options["num_classes"] == own(images).shape[1]


@pytest.mark.parametrize("head", HEADS)
@pytest.mark.parametrize("channels", [1, 3])
def test_heads_give_a_score_for_each_class(head, channels):
    network = seeded(plain, 7, 4, depth=13, head=head, channels=channels).eval()
    assert network(torch.zeros(2, channels, 32, 32)).shape == (2, 7)


def test_plain_convolutions_begin_as_kaiming_without_bias():
    for layer in convolutions(seeded(plain, 10, 16, depth=16, head="linear")):
        expected = 2 / (layer.out_channels * 9)
        assert layer.weight.var().item() == pytest.approx(expected, rel=0.25)
        assert not layer.bias.any()


@pytest.mark.parametrize("width", [4, 16])
def test_one_deviation_scales_signals_as_at_the_width_of_64(width):
    for layer in convolutions(seeded(plain, 10, width, depth=11, head="linear", deviation=0.01))[1:]:
        fan_in = layer.weight[0].numel()
        at_64 = fan_in * 64 / width * 0.01**2
        assert fan_in * layer.weight.var().item() == pytest.approx(at_64, rel=0.3)
        assert not layer.bias.any()


def test_vgg16_is_the_network_that_it_was():
    own, other = (seeded(builder, 10, 4) for builder in (vgg16, VGG))
    assert list(own.state_dict()) == list(other.state_dict())
    assert all(torch.equal(a, b) for a, b in zip(own.parameters(), other.parameters(), strict=True))
    assert sum(isinstance(layer, torch.nn.BatchNorm2d) for layer in own.features) == 13
    assert all(layer.bias is None for layer in convolutions(own))


@pytest.mark.parametrize(("wrong", "message"), [({"depth": 12}, "no VGG-12"), ({"head": "none"}, "no head 'none'")])
def test_what_does_not_exist_is_refused(wrong, message):
    with pytest.raises(ValueError, match=message):
        on_meta(build, "plain-vgg", **wrong)


def test_the_small_network_is_the_first_three_stages():
    small, whole = (seeded(plain, 10, 16, depth=depth, head="linear", channels=1) for depth in (7, 13))
    shapes = [layer.weight.shape for layer in convolutions(whole)]
    assert [layer.weight.shape for layer in convolutions(small)] == shapes[:6]
    assert small(torch.zeros(2, 1, 8, 8)).shape == (2, 10)
    with pytest.raises(ValueError, match="takes 128 channels"):
        plain(10, 16, depth=7)
