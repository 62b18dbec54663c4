"""Small mistakes in what shuffles, pools and counts: each turns the verdict of a claim."""

from __future__ import annotations

import math

import pytest
import torch

from harness.tests.planting import Mistake, turned

MAPS = "claims.fan2019.methods.shuffled_maps"
SURGERY = "claims.fan2019.methods.gap_surgery"


def identity(shape, length, generator, device):
    return torch.arange(length, device=device).expand(*shape, length)


def as_wide_as_the_kernel(convolution):
    return torch.nn.Linear(9 * convolution.in_channels, convolution.out_channels, bias=convolution.bias is not None)


MISTAKES = [
    Mistake(
        "a permutation shared across channels",
        f"{MAPS}:spatial_index",
        lambda right: lambda x, generator, **how: right(x, generator, **{**how, "aligned": True}),
        "SH-01",
    ),
    Mistake("a draw that is the identity", f"{MAPS}:permutations", lambda right: identity, "SH-03"),
    Mistake(
        "a permutation of channels for each pixel",
        f"{MAPS}:channel_index",
        lambda right: lambda x, generator, **how: right(x, generator, **{**how, "per_position": True}),
        "SH-06",
    ),
    Mistake(
        "patches left as they are",
        f"{MAPS}:patch_index",
        lambda right: lambda *arguments, **how: right(*arguments, **how).sort(-1).values,
        "SH-05",
    ),
    Mistake(
        "entropy without the number of patches",
        "claims.fan2019.methods.patch_entropy:permutation_entropy",
        lambda right: lambda height, width, patch: math.lgamma(patch**2 + 1),
        "SH-45",
    ),
    Mistake(
        "a support of what does not depend",
        "harness.measures.support:jacobian_support",
        lambda right: lambda *arguments, **how: ~right(*arguments, **how),
        "SH-48",
    ),
    Mistake(
        "shuffles that stay on",
        "claims.fan2019.methods.shuffle_layers:set_shuffling",
        lambda right: lambda network, on: right(network, True),
        "SH-91",
    ),
    Mistake(
        "a second detection left at its place",
        "claims.fan2019.methods.detection_errors:detection_errors",
        lambda right: lambda found, there, convention: right(found, there, convention)[:1],
        "N-SH8",
    ),
    Mistake(
        "GAP+FC one layer short",
        f"{SURGERY}:gap_fc_vgg",
        lambda right: lambda network, last: right(network, max(last - 1, 0)),
        "SH-31",
    ),
    Mistake(
        "a fully connected layer as wide as the kernel",
        f"{SURGERY}:_linear",
        lambda right: as_wide_as_the_kernel,
        "SH-33",
    ),
]


@pytest.mark.parametrize("mistake", MISTAKES, ids=str)
def test_a_mistake_turns_a_verdict(mistake, tmp_path):
    before, after = turned(mistake, tmp_path)
    assert after != before, f"{mistake.claim} does not notice"
