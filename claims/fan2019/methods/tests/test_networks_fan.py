from typing import Any

import pytest
import torch
from torch import nn

from claims.fan2019.methods.modified_networks import fan
from claims.fan2019.methods.shuffle_layers import (
    last,
    seed_shuffles,
    set_shuffling,
    shuffle_resnet,
    shuffle_vgg,
    shuffles,
)
from harness.measures.complexity import map_sizes, parameters
from harness.networks.resnet import ResNet, bottlenecks, resnet
from harness.networks.vgg import convolutions, vgg16
from harness.system.torchvision_compat import torchvision

VGG: dict[str, Any] = {"architecture": "vgg16", "width": 4, "classes": 10}
RESNET: dict[str, Any] = {"architecture": "resnet50", "width": 4, "classes": 10}


@pytest.fixture(autouse=True)
def seeded():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        yield


def structure(**parameters: Any) -> Any:
    with torch.device("meta"):
        return fan(**parameters)


def images(n=2, size=32):
    return torch.randn(n, 3, size, size, generator=torch.Generator().manual_seed(3))


@pytest.mark.parametrize(
    ("network", "expected"),
    [
        ({"architecture": "vgg16"}, 37_698_472),
        ({"architecture": "vgg16", "bias": True}, 37_702_696),
        ({"architecture": "vgg16", "method": "spatial", "last": 1}, 37_698_472),
        ({"architecture": "vgg16", "method": "gap-fc", "last": 1}, 35_601_320),
        ({"architecture": "vgg16", "method": "gap-fc", "last": 1, "bias": True}, 35_605_544),
        ({"architecture": "vgg16", "method": "gap-fc", "last": 4}, 29_309_864),
        ({"architecture": "vgg16", "method": "gap-fc", "last": 4, "bias": True}, 29_314_088),
        ({"architecture": "resnet50"}, 25_557_032),
        ({"architecture": "resnet50", "method": "gap-fc", "last": 1}, 23_459_880),
        ({"architecture": "resnet152"}, 60_192_808),
        ({"architecture": "resnet152", "method": "gap-fc", "last": 5}, 52_852_776),
    ],
)
def test_parameters_to_the_last_digit(network, expected):
    assert parameters(structure(classes=1000, small_images=False, **network)) == expected


def test_vgg_is_made_of_the_layers_of_torchvisions():
    with torch.device("meta"):
        own, theirs = vgg16(bias=True), torchvision.models.vgg16_bn()
    assert [str(layer) for layer in own.features] == [str(layer) for layer in theirs.features]


@pytest.mark.parametrize("depth", [50, 152])
def test_resnet_takes_torchvisions_weights(depth):
    with torch.device("meta"):
        own, theirs = resnet(depth), getattr(torchvision.models, f"resnet{depth}")()
    shapes = [{name: value.shape for name, value in network.state_dict().items()} for network in (own, theirs)]
    assert shapes[0] == shapes[1]


def test_resnet_computes_what_torchvisions_computes():
    own = ResNet((1, 2, 1, 1), classes=7).eval()
    with torch.device("meta"):
        theirs = torchvision.models.resnet.ResNet(torchvision.models.resnet.Bottleneck, [1, 2, 1, 1], num_classes=7)
    theirs.eval().load_state_dict(own.state_dict(), assign=True)
    x = images(1, 64)
    torch.testing.assert_close(own(x), theirs(x), rtol=0, atol=0)


def test_shuffling_a_torchvision_resnet():
    with torch.device("meta"):
        network = torchvision.models.resnet50()
    assert len(shuffles(shuffle_resnet(network, last(2, 16)))) == 4


@pytest.mark.parametrize("which", [VGG, RESNET])
def test_shuffled_networks_keep_names_and_weights(which):
    torch.manual_seed(1)
    before = fan(**which).state_dict()
    torch.manual_seed(1)
    after = fan(**which, method="spatial", last=3).state_dict()
    assert list(before) == list(after)
    assert all(torch.equal(before[name], after[name]) for name in before)


@pytest.mark.parametrize("which", [VGG, RESNET])
def test_switched_off_shuffles_change_nothing(which):
    torch.manual_seed(1)
    network = fan(**which).eval()
    torch.manual_seed(1)
    shuffled = fan(**which, method="spatial", last=6).eval()
    x = images()
    set_shuffling(shuffled, False)
    torch.testing.assert_close(shuffled(x), network(x), rtol=0, atol=0)
    set_shuffling(shuffled, True)
    assert not torch.equal(shuffled(x), network(x))


@pytest.mark.parametrize(
    ("which", "method"),
    [(RESNET, "spatial"), *((VGG, method) for method in ("spatial", "patch", "channel", "channel-per-position"))],
)
def test_shuffles_draw_from_one_generator(which, method):
    network = fan(**which, method=method, only=6, patch=4 if method == "patch" else None).eval()
    outputs = []
    for seed in (4, 4, 5):
        seed_shuffles(network, torch.Generator().manual_seed(seed))
        outputs.append(network(images()))
    assert torch.equal(outputs[0], outputs[1])
    assert not torch.equal(outputs[0], outputs[2])


def test_only_the_named_layers_are_shuffled():
    network = structure(**VGG, method="spatial", last=4)
    assert [hasattr(layer, "shuffle") for layer in convolutions(network)] == [False] * 9 + [True] * 4
    network = structure(**RESNET, method="spatial", only=3)
    assert [hasattr(block.conv2, "shuffle") for block in bottlenecks(network)] == [False] * 2 + [True] + [False] * 13


def test_skip_connections_have_permutations_of_their_own():
    # Blocks 13 and 14: an identity and a projection on the skip connection.
    with torch.device("meta"):
        both = [shuffle_resnet(resnet(50, 10, 4, True), [13, 14], skip=skip) for skip in (True, False)]
    assert [len(shuffles(network)) for network in both] == [4, 2]
    block = bottlenecks(shuffle_resnet(resnet(50, 10, 4, True), [16]))[15].double().eval()
    x = torch.randn(1, 128, 4, 4, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    for layer in shuffles(block):
        layer.index = torch.arange(16).reshape(1, 1, 16)
    plain = block(x)
    block.downsample.index = torch.arange(16).flip(0).reshape(1, 1, 16)
    assert not torch.equal(block(x), plain)


def test_stride_takes_the_place_of_the_pooling():
    how: dict[str, Any] = {**VGG, "method": "spatial", "last": 4}
    pooled_or_strided: Any = (fan(**how, downsampling=way).eval() for way in ("pool", "stride"))
    pool, stride = pooled_or_strided
    assert list(pool.state_dict()) == list(stride.state_dict())
    assert list(map_sizes(pool, (1, 3, 32, 32)).values()) == list(map_sizes(stride, (1, 3, 32, 32)).values())
    assert [layer.stride for layer in convolutions(stride)][-4:] == [(2, 2), (1, 1), (1, 1), (2, 2)]
    pools = [sum(isinstance(layer, nn.MaxPool2d) for layer in network.features) for network in (pool, stride)]
    assert pools == [5, 3]
    assert stride(images()).shape == (2, 10)


def test_stem_is_layer_0():
    with torch.device("meta"):
        network = shuffle_resnet(resnet(50, 10, 4, True), [0])
    assert len(shuffles(network)) == 1
    assert hasattr(network.conv1, "shuffle")


def test_training_a_shuffled_network_moves_every_weight():
    for which in (VGG, RESNET):
        network = fan(**which, method="spatial", last=2)
        network(images(4)).square().sum().backward()
        assert all(weight.grad is not None and weight.grad.abs().sum() > 0 for weight in network.parameters())


@pytest.mark.parametrize(("architecture", "last", "left"), [("vgg16", 4, 9), ("vgg16", 0, 13)])
def test_a_truncated_vgg_is_cut_where_another_method_begins(architecture, last, left):
    torch.manual_seed(1)
    cut: Any = fan(architecture, "truncated", last=last, width=4, classes=10).eval()
    torch.manual_seed(1)
    whole: Any = fan(architecture, width=4, classes=10).eval()
    assert len(convolutions(cut)) == left
    assert cut(images()).shape == (2, 10)
    if last:
        features = list(whole.features)
        before = nn.Sequential(*features[: features.index(convolutions(whole)[-last])])
        torch.testing.assert_close(cut.features(images()), before(images()), rtol=0, atol=0)


def test_the_short_resnet_has_maps_of_8_and_of_4_pixels():
    network = fan("short-resnet", "spatial", last=2, width=4, classes=10)
    sizes = {name: size[0] for name, size in map_sizes(network, (1, 3, 32, 32)).items() if name.endswith("conv2")}
    assert list(sizes.values()) == [8, 8, 8, 4], "seen; the third halves them"
    assert [hasattr(block.conv2, "shuffle") for block in bottlenecks(network)] == [False, False, True, True]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"method": "truncated", "last": 8}, "head does not fit"),
        ({"architecture": "resnet50", "method": "truncated", "last": 1}, "only a VGG"),
        ({"architecture": "vgg17"}, "unknown architecture"),
        ({"method": "rotate"}, "unknown method"),
        ({"method": "gap-fc", "only": 3}, "give `last`"),
        ({"method": "spatial", "last": 14}, "the last 14 of 13"),
        ({"method": "spatial", "only": 14}, "no layer 14"),
        ({"method": "spatial", "last": 1, "downsampling": "none"}, "unknown downsampling"),
    ],
)
def test_what_does_not_exist_is_refused(wrong, message):
    with pytest.raises(ValueError, match=message):
        structure(**{**VGG, **wrong})


def test_depths_that_do_not_exist_are_refused():
    with pytest.raises(ValueError, match="no ResNet-51"):
        resnet(51)


def test_a_layer_is_shuffled_once():
    with pytest.raises(ValueError, match="has a 'shuffle' already"):
        shuffle_vgg(vgg16(10, 4), [3, 3])
