"""The networks and the images of the scale-detection task are those of the paper."""

from __future__ import annotations

import math

import pytest
import torch

from claims.tomasini2022.methods.image_networks import alexnet, lenet, vgg
from claims.tomasini2022.methods.scale_images import COUNTS, GAP, SCALE, scale_images
from claims.tomasini2022.methods.sensitivity_arms import on_cifar, on_the_task
from harness.training import Cosine, Sgd

NETWORKS = {"lenet": lenet, "alexnet": alexnet, "vgg": vgg}


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize(("channels", "size", "classes"), [(3, 32, 10), (1, 28, 1)])
def test_scores_are_those_of_the_last_layer(name, channels, size, classes):
    network = NETWORKS[name](classes=classes, channels=channels).eval()
    images = torch.randn(2, channels, size, size)
    *_, last = network.representations(images)
    torch.testing.assert_close(last, network(images))
    assert last.shape == (2, classes)
    assert len(list(network.representations(images))) == len(network.layer_names())


@pytest.mark.parametrize(
    ("network", "parameters"),
    [
        (lenet, 5 * 5 * 3 * 6 + 6 + 5 * 5 * 6 * 16 + 16 + 400 * 120 + 120 + 120 * 84 + 84 + 84 * 10 + 10),
        (vgg, 9_225_610),
    ],
)
def test_networks_have_the_published_numbers_of_parameters(network, parameters):
    assert sum(parameter.numel() for parameter in network().parameters()) == parameters


@pytest.mark.parametrize(("how", "kinds"), [({}, "conv relu pool"), ({"batch_norm": True}, "conv norm relu pool")])
def test_layers_are_named_in_order(how, kinds):
    assert vgg(width=8, **how).layer_names()[: len(kinds.split())] == kinds.split()


def test_filters_of_one_pixel_leave_the_receptive_field_to_the_pools():
    network = vgg(width=8, size=1, channels=3).double()
    images = torch.zeros(1, 3, 32, 32, dtype=torch.float64)
    images[:, :, 5, 5] = 1
    background = next(iter(network.representations(torch.zeros_like(images))))
    changed = (next(iter(network.representations(images))) != background).any(1)[0]
    assert changed.nonzero().tolist() == [[5, 5]]


def test_images_of_the_task_are_balanced_and_labelled_by_distance():
    seen = []
    for split in COUNTS:
        made = scale_images(split)
        assert made.labels.bincount().tolist() == [COUNTS[split] // 2] * 2
        assert torch.equal(made.images.mean((1, 2, 3)), torch.ones(len(made)))
        for image, label in zip(made.images[:200, 0], made.labels, strict=False):
            (a, b), (c, d) = image.nonzero().tolist()
            distance = math.hypot(a - c, b - d)
            assert distance < SCALE - GAP / 2 if label else distance >= SCALE + GAP / 2
            assert a != b
            assert c != d
        seen.append({tuple(image.flatten().nonzero().flatten().tolist()) for image in made.images})
    assert [len(images) for images in seen] == list(COUNTS.values())
    assert not seen[0] & seen[1]


@pytest.mark.parametrize("tier", ["laptop", "nightly", "paper"])
@pytest.mark.parametrize(("recipe", "decay", "period"), [("text", 0.0, 1.0), ("code", 5e-4, 0.8)])
def test_recipes_of_the_task_are_those_of_the_paper_and_of_its_code(tier, recipe, decay, period):
    for name in ("VGG-11", "VGG-11bn", "AlexNet", "LeNet"):
        training = on_the_task(name, tier, recipe).training
        assert training.optimiser == Sgd(0.05, 0.9, decay, decay_vectors=recipe == "text")
        assert training.schedule == Cosine(round(period * training.epochs))
        assert (training.loss, training.batch_size, training.data.count) == ("hinge", 128, 1024)
        assert training.epochs == (300 if tier != "laptop" or name == "LeNet" else 60)
        assert training.precision == ("bf16" if tier == "nightly" and name != "LeNet" else "float32")


def test_lenet_on_cifar_is_trained_as_the_paper_says_from_tier_nightly_on():
    training = on_cifar("LeNet", "nightly").training
    assert (training.epochs, training.optimiser.rate, training.schedule) == (250, 0.1, Cosine(250))
    assert training.precision == "float32"
    assert on_cifar("LeNet", "laptop").training.epochs == 10
