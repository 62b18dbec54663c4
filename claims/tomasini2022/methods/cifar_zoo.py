"""The set of architectures whose test error on CIFAR-10 is held against the sensitivities of their outputs (Fig. 1).

The paper's set, adapted from Petrini et al. 2021, has VGG, ResNets, EfficientNet, AlexNet, LeNet and fully connected
networks.  Here are LeNet, AlexNet and VGG-11bn to 16bn at several widths and filter sizes: at tier `laptop` VGG and
AlexNet an eighth as wide, all trained on 10,000 of the images for 10 of 250 epochs; at tier `nightly` as wide as they
are, on all images for 20 epochs.  Lengths were chosen by their cost, and by whether networks with a seed from 100 on
begin to learn at all.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from claims.tomasini2022.methods.recipes import tomasini_convolutional
from claims.tomasini2022.methods.sensitivity_runs import LayerSensitivities
from harness.training import Cosine, Data, Network
from harness.training.network import Value

SEEDS = range(2)
"""The architecture is what counts, and seeds are averaged first."""

REACH = {"laptop": "proxy", "nightly": "reduced", "paper": "paper"}
COUNTS = {"laptop": 10_000, "nightly": 45_000, "paper": 45_000}
EPOCHS = {"laptop": 10, "nightly": 20, "paper": 250}
HELD_OUT = {"laptop": 500, "nightly": 5000, "paper": 5000}

WIDTHS = {"half as wide": 4, "as it is": 8, "twice as wide": 16}
"""Channels of the first layer: of VGG and AlexNet at an eighth of their width; of LeNet three quarters of it."""

NORMALISED: dict[str, Value] = {"depth": 11, "batch_norm": True}
LENET, ALEXNET, VGG = "tomasini-lenet", "tomasini-alexnet", "tomasini-vgg"

SHAPES: Mapping[str, tuple[str, dict[str, Value], tuple[int, int]]] = {
    **{f"LeNet, {share}": (LENET, {}, (w * 3 // 4, w * 3 // 4)) for share, w in WIDTHS.items()},
    **{f"AlexNet, {share}": (ALEXNET, {}, (w, 8 * w)) for share, w in WIDTHS.items()},
    **{f"VGG-11bn, {share}": (VGG, NORMALISED, (w, 8 * w)) for share, w in WIDTHS.items()},
    **{f"VGG-{depth}bn": (VGG, {**NORMALISED, "depth": depth}, (8, 64)) for depth in (13, 16)},
    **{f"VGG-11bn, {size} x {size}": (VGG, {**NORMALISED, "size": size}, (8, 64)) for size in (1, 5)},
}
"""Architectures by name: the network, its shape, and its width at tier `laptop` and above."""

NOISE = 0.3
"""Standard deviation of the noise on training images, in units of theirs: as large as what a deformation of one pixel
changes of an image."""


def zoo(tier: str) -> dict[str, LayerSensitivities]:
    """The set, trained as the text has it."""
    return {name: _trained(name, tier) for name in SHAPES}


def zoo_on_noisy_images(tier: str) -> dict[str, LayerSensitivities]:
    """The same with noise on the images that it is trained on, drawn anew each time."""
    return {name: _trained(name, tier, NOISE) for name in SHAPES}


def _trained(name: str, tier: str, noise: float = 0.0) -> LayerSensitivities:
    network, shape, widths = SHAPES[name]
    data = Data("cifar10", count=COUNTS[tier], held_out=HELD_OUT[tier])
    training = tomasini_convolutional(Network.of(network, **shape, width=widths[tier != "laptop"]), data)
    training = training.with_(
        epochs=EPOCHS[tier],
        schedule=Cosine(EPOCHS[tier]),
        augmentation=replace(training.augmentation, noise=noise),
    )
    narrow = " (an eighth as wide)" if tier == "laptop" and network != LENET else ""
    title = f"{name}{narrow}, {COUNTS[tier]} images of CIFAR-10{' with noise' if noise else ''}, {EPOCHS[tier]} epochs"
    return LayerSensitivities(training, shuffles=1, called=title)
