"""Sensitivities of all channels and of their mean: of networks in which they are alike, and beside the plain ones."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import nn

from claims.tomasini2022.methods import image_networks
from claims.tomasini2022.methods.layer_sensitivities import layer_sensitivities
from claims.tomasini2022.methods.mean_channels import ALL, MEAN, MeanChannels, alike
from claims.tomasini2022.methods.probes import SMOOTH, Probes, probes
from claims.tomasini2022.methods.recipes import tomasini_scale_detection
from claims.tomasini2022.methods.scale_images import NAME
from claims.tomasini2022.methods.sensitivity import sensitivity
from claims.tomasini2022.methods.sensitivity_runs import TRAINED, UNTRAINED, LayerSensitivities
from harness.runs import Bench
from harness.training import Data, Network


def asked() -> Probes:
    generator = torch.Generator().manual_seed(2)
    return probes(torch.randn(8, 3, 32, 32, generator=generator).double(), SMOOTH, generator, lambda x: x)


def network() -> image_networks.LayeredNetwork:
    torch.manual_seed(1)
    return image_networks.vgg(width=8).double().eval()


def test_all_channels_are_the_layers_behind_convolutions():
    made, given = network(), asked()
    names = made.layer_names()
    behind = [k for k, name in enumerate(names) if name == "relu"]
    plain, found = layer_sensitivities(made, given), alike(made, given)[ALL]
    assert found["deformation"] == pytest.approx(plain.deformation[behind].tolist(), rel=1e-5)
    assert found["noise"] == pytest.approx(plain.noise[behind].tolist(), rel=1e-5)


def test_the_mean_channel_is_the_mean_of_the_maps():
    made, given = network(), asked()
    f, moved, disturbed = (made[1](made[0](x)).mean(1).detach() for x in given)
    found = alike(made, given)[MEAN]
    assert found["deformation"][0] == pytest.approx(float(sensitivity(f, moved)), rel=1e-5)
    assert found["noise"][0] == pytest.approx(float(sensitivity(f, disturbed)), rel=1e-5)


def test_equal_channels_are_as_their_mean_and_others_are_not():
    made, given = network(), asked()
    equal = copy.deepcopy(made)
    with torch.no_grad():
        for layer in equal:
            if isinstance(layer, nn.Conv2d):
                layer.weight.copy_(layer.weight.abs().mean((0, 1), keepdim=True).expand_as(layer.weight))
                layer.bias.zero_()
    found = alike(equal, given)
    for what in ("deformation", "noise"):
        assert found[MEAN][what] == pytest.approx(found[ALL][what], rel=1e-4)
    assert alike(made, given)[MEAN]["deformation"] != pytest.approx(alike(made, given)[ALL]["deformation"], rel=0.1)


def test_dense_layers_are_left_out():
    assert len(alike(image_networks.lenet().double().eval(), asked())[ALL]["deformation"]) == 2


def test_the_training_is_that_of_the_layers_sensitivities():
    training = tomasini_scale_detection(Network.of("tomasini-lenet", classes=1, channels=1), Data(NAME, 64, 32))
    short = training.with_(epochs=1)
    plain, found = (kind(short, deformation="pixels", count=20, shuffles=1).compute(0, Bench()).metrics
                    for kind in (LayerSensitivities, MeanChannels))  # fmt: skip
    assert (found["train_loss"], found["test_accuracy"]) == (plain["train_loss"], plain["test_accuracy"])
    for state in (TRAINED, UNTRAINED):
        of_all = found["alike"][state][ALL]["deformation"]
        behind = plain["sensitivity"][state]["as it is"]["deformation"]
        assert of_all == pytest.approx([behind[1], behind[4]])
