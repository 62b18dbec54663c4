"""The detector: its shape, and shuffles where their names say and nowhere else."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from claims.fan2019.methods.detection_arms import ARMS
from claims.fan2019.methods.detector import BACKBONES, detector
from claims.fan2019.methods.shuffle_layer import Shuffle
from claims.fan2019.methods.shuffle_layers import seed_shuffles, shuffles
from harness.measures.support import jacobian_support
from harness.networks.resnet import bottlenecks, resnet
from harness.system.torchvision_compat import torchvision

NARROW: dict[str, Any] = {"backbone": "narrow", "classes": 3, "width": 2, "head": 4, "stride": 8}


def built(seed=0, **parameters):
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return detector(**{**NARROW, **parameters}).double().eval()


def lively(network, seed=1):
    """The network with normalisations that let every branch through, the head's too."""
    generator = torch.Generator().manual_seed(seed)
    for layer in network.modules():
        if isinstance(layer, torch.nn.BatchNorm2d):
            layer.weight.data.uniform_(0.5, 1.5, generator=generator)
    return network


def pictures(n=2, size=32, seed=2):
    return torch.randn(n, 3, size, size, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize(("stride", "size", "cells"), [(32, 128, 4), (16, 64, 4), (8, 32, 4), (32, 64, 2)])
def test_the_grid_has_a_cell_for_each_stride(stride, size, cells):
    with torch.no_grad():
        out = built(stride=stride, boxes=3)(pictures(size=size))
    assert out.shape == (2, cells, cells, 3 * 5 + 3)


def test_the_papers_detector_has_resnet50_without_classifier_and_yolos_output():
    with torch.device("meta"):
        network = detector()
        out = network(torch.zeros(1, 3, 448, 448))
        theirs = torchvision.models.resnet50()
    assert out.shape == (1, 14, 14, 30)
    state = {name: value.shape for name, value in network.backbone.state_dict().items()}
    assert state == {n: v.shape for n, v in theirs.state_dict().items() if not n.startswith("fc.")}
    assert len(bottlenecks(network.head)) == 3
    assert isinstance(network.head[-1], torch.nn.Conv2d)
    assert network.head[-1].kernel_size == (3, 3)
    assert len(bottlenecks(network.backbone)) == 16


def test_the_backbone_begins_as_the_residual_network_does():
    with torch.random.fork_rng():
        torch.manual_seed(3)
        backbone = detector(width=4, head=4).backbone
        torch.manual_seed(3)
        plain = resnet(50, classes=1, width=4)
    for name, value in backbone.state_dict().items():
        assert torch.equal(value, plain.state_dict()[name]), name


def test_a_detector_that_there_is_not_is_refused():
    for wrong in ({"backbone": "vgg16"}, {"stride": 4}, {"shuffled": "skip"}):
        with pytest.raises(
            ValueError, match="backbones are resnet50, narrow, strides 32, 16, 8, shuffles none, branch"
        ):
            detector(**{**NARROW, **wrong})


def places(network):
    """In which bottlenecks of the backbone there are shuffles, and on which path."""
    found = []
    for number, block in enumerate(bottlenecks(network.backbone), 1):
        branch = shuffles(block.conv2)
        skip = shuffles(block.downsample) if block.downsample is not None else []
        found += [(number, "branch")] * len(branch) + [(number, "skip")] * len(skip)
    assert len(found) == len(shuffles(network)), "no shuffle is anywhere else"
    return found


@pytest.mark.parametrize("backbone", BACKBONES)
@pytest.mark.parametrize("arm", ARMS)
def test_shuffles_are_where_the_arm_says(backbone, arm):
    how: dict[str, Any] = ARMS[arm]
    with torch.device("meta"):
        network = detector(backbone, width=2, head=4, stride=16, **how)
    blocks = BACKBONES[backbone]
    last = range(sum(blocks) - (blocks[-1] if arm.startswith("stage") else 1) + 1, sum(blocks) + 1)
    paths = {"plain": (), "branch": ("branch",), "stage branch": ("branch",)}.get(arm, ("branch", "skip"))
    assert places(network) == [(number, path) for number in last for path in paths]
    assert all(layer.fixed == (arm == "fixed") for layer in shuffles(network))
    assert all(
        (layer.kind, layer.patch) == (("patch", 1) if arm == "1x1" else ("spatial", None))
        for layer in shuffles(network)
    )


@pytest.mark.parametrize("arm", ARMS)
def test_arms_of_a_seed_begin_with_the_same_weights(arm):
    network, plain = built(**ARMS[arm]), built()
    mine = [value for _, value in network.named_parameters()]
    theirs = [value for _, value in plain.named_parameters()]
    assert len(mine) == len(theirs)
    assert all(torch.equal(one, other) for one, other in zip(mine, theirs, strict=True))


def outputs(arm, seeds=(1, 2), **parameters):
    """What a network predicts under shuffles of two seeds."""
    network, found = lively(built(**ARMS[arm], **parameters)), []
    for seed in seeds:
        seed_shuffles(network, torch.Generator().manual_seed(seed))
        with torch.no_grad():
            found.append(network(pictures()))
    return found


@pytest.mark.parametrize("arm", ARMS)
def test_only_shuffles_that_are_drawn_anew_change_what_is_predicted(arm):
    first, second = outputs(arm)
    assert torch.equal(first, second) == (arm in ("plain", "1x1", "fixed"))


def test_shuffles_of_1x1_maps_cost_nothing_and_others_do():
    plain, _ = outputs("plain")
    assert torch.equal(outputs("1x1")[0], plain)
    assert not torch.equal(outputs("fixed")[0], plain)


@pytest.mark.parametrize(("arm", "blind"), [("both", True), ("branch", False), ("1x1", False), ("fixed", False)])
def test_no_order_reaches_the_head_where_both_paths_are_shuffled(arm, blind):
    """Put the pixels of what the last bottleneck sees elsewhere, and follow the shuffles: is the output the same?

    A shuffle after a rearrangement is as likely as the shuffle that undoes it, so that the head cannot tell the two
    apart just if composing every shuffle with it gives the same output.
    """
    block, order = lively(built(**ARMS[arm])).backbone.layer4[-1], torch.arange(16).roll(5)
    before = torch.randn(2, 64, 4, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(5))
    rearranged = before.flatten(2)[:, :, order].reshape(before.shape)
    follow = [layer for layer in shuffles(block) if layer.patch is None and not layer.fixed]
    for layer in shuffles(block):
        layer.generator, layer.fixed = torch.Generator().manual_seed(7), True
    with torch.no_grad():
        seen = block(rearranged)
        for layer in follow:
            layer.index = order[layer.index]
        plain = block(before)
    assert torch.allclose(seen, plain, atol=1e-12) == blind


@pytest.mark.parametrize(("arm", "blind"), [("both", True), ("stage both", True), ("branch", False), ("plain", False)])
def test_what_the_head_sees_is_on_average_the_same_everywhere(arm, blind):
    """Away from the border, the mean over shuffles of each channel has no place that differs from the others."""
    network = lively(built(**ARMS[arm]))
    seed_shuffles(network, torch.Generator().manual_seed(8))
    image, seen = pictures(1, 64), []
    network.backbone.register_forward_hook(lambda _m, _i, out: seen.append(out))
    with torch.no_grad():
        for _ in range(1 if arm == "plain" else 200):
            network(image)
    draws = torch.stack(seen)[:, 0, :, 1:-1, 1:-1].flatten(2)
    spread = draws.mean(0).var(1, unbiased=True).sum()
    expected = draws.var(0).mean(1).sum() / len(draws) if len(draws) > 1 else torch.zeros(())
    assert (spread < 3 * expected) == blind
    assert blind or spread > 20 * expected


def test_a_prediction_depends_on_a_part_of_the_map_only():
    network = lively(built())
    channels = network.head[0].conv1.in_channels
    support = jacobian_support(network.head, (channels, 15, 15), (7, 7), torch.Generator().manual_seed(0), probes=4)
    rows, columns = support.any(1).nonzero().flatten(), support.any(0).nonzero().flatten()
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (3, 11, 3, 11)


def test_a_shuffle_belongs_to_no_state():
    assert built(**ARMS["fixed"]).state_dict().keys() == built(**ARMS["both"]).state_dict().keys()
    assert not [name for name, _ in built(**ARMS["both"]).named_parameters() if "shuffle" in name.rpartition(".")[2]]
    assert isinstance(shuffles(built(**ARMS["both"]))[0], Shuffle)
