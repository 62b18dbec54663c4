import pytest
import torch
from torch import nn

from claims.fan2019.methods.gap_surgery import gap_fc_resnet, gap_fc_vgg
from harness.measures.complexity import map_sizes, parameters
from harness.networks.resnet import bottlenecks, resnet
from harness.networks.vgg import convolutions, vgg16


@pytest.fixture(autouse=True)
def seeded():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        yield


def images(n=2):
    return torch.randn(n, 3, 32, 32, generator=torch.Generator().manual_seed(3))


@pytest.mark.parametrize("count", range(14))
def test_vgg_loses_its_last_convolutions(count):
    with torch.device("meta"):
        network = vgg16(10, 4)
    lost = sum(layer.weight.numel() - layer.weight[:, :, 0, 0].numel() for layer in convolutions(network)[13 - count :])
    before = parameters(network)
    gap_fc_vgg(network, count)
    assert len(convolutions(network)) == 13 - count
    assert parameters(network) == before - lost
    assert network(torch.empty(2, 3, 32, 32, device="meta")).shape == (2, 10)


@pytest.mark.parametrize("count", [0, 1, 4, 13, 16])
def test_resnet_loses_its_last_spatial_convolutions(count):
    with torch.device("meta"):
        network = resnet(50, 10, 4, small_images=True)
    before = parameters(network)
    lost = sum(block.conv2.weight.numel() * 8 // 9 for block in bottlenecks(network)[16 - count :])
    gap_fc_resnet(network, count)
    assert parameters(network) == before - lost
    assert network(torch.empty(2, 3, 32, 32, device="meta")).shape == (2, 10)


def test_pooling_comes_after_the_max_pooling_before_the_first_replaced_convolution():
    features = gap_fc_vgg(vgg16(10, 4), 3).features
    names = [type(layer).__name__ for layer in features]
    cut = names.index("AdaptiveAvgPool2d")
    assert names[cut - 1 : cut + 5] == [
        "MaxPool2d", "AdaptiveAvgPool2d", "Flatten", "Linear", "BatchNorm1d", "ReLU",
    ]  # fmt: skip
    assert "MaxPool2d" not in names[cut:]


def test_vgg_computes_a_pooling_and_dense_layers():
    network = gap_fc_vgg(vgg16(10, 4), 2).eval()
    layers = list(network.features)
    cut = next(i for i, layer in enumerate(layers) if isinstance(layer, nn.AdaptiveAvgPool2d))
    x = network.features[:cut](images()).mean((2, 3))
    for linear, normalise in (layers[cut + 2 : cut + 4], layers[cut + 5 : cut + 7]):
        x = torch.relu(normalise(linear(x)))
    torch.testing.assert_close(network(images()), network.classifier(x))


def test_resnet_computes_a_pooling_and_dense_layers():
    network = resnet(50, 10, 4, small_images=True).eval()
    before = network(images())
    # On maps of one pixel the centre of a 3 x 3 kernel is all that acts: the surgery with these weights is the same
    # network on pooled maps.
    block = bottlenecks(network)[-1]
    centre = block.conv2.weight[:, :, 1, 1].clone()
    hook = block.register_forward_pre_hook(lambda _, inputs: (inputs[0].mean((2, 3), keepdim=True),))
    expected = network(images())
    hook.remove()
    gap_fc_resnet(network, 1)
    block.conv2[1].weight.data.copy_(centre)
    torch.testing.assert_close(network(images()), expected)
    assert not torch.allclose(expected, before)


@pytest.mark.parametrize("bias", [False, True])
def test_dense_layers_have_biases_where_the_convolutions_had(bias):
    network = gap_fc_vgg(vgg16(10, 4, bias=bias), 4)
    dense = [layer for layer in network.features if isinstance(layer, nn.Linear)]
    assert [layer.bias is not None for layer in dense] == [bias] * 4


def test_maps_behind_the_pooling_have_one_pixel():
    with torch.device("meta"):
        network = gap_fc_resnet(resnet(50, 10, 4, small_images=True), 5)
    sizes = list(map_sizes(network, (1, 3, 32, 32)).items())
    first = next(i for i, (name, _) in enumerate(sizes) if name == "layer3.4.conv1")
    assert {size for _, size in sizes[first:]} == {(1, 1)}
    assert (1, 1) not in {size for _, size in sizes[:first]}


@pytest.mark.parametrize(("surgery", "network"), [(gap_fc_vgg, vgg16), (gap_fc_resnet, lambda *_: resnet(50, 10, 4))])
def test_more_layers_than_there_are_is_refused(surgery, network):
    with torch.device("meta"), pytest.raises(ValueError, match="the last 17 of"):
        surgery(network(10, 4), 17)
