"""The set of architectures on CIFAR-10: which they are, and that noise is all that its two forms differ by."""

from __future__ import annotations

import pytest
import torch

from claims.tomasini2022.methods.cifar_zoo import NOISE, SHAPES, zoo, zoo_on_noisy_images
from claims.tomasini2022.methods.diffeomorphism import deform
from harness.training.loop import initial_network


@pytest.mark.parametrize("tier", ["laptop", "nightly"])
def test_architectures_differ_and_give_ten_scores(tier):
    recipes = zoo(tier)
    assert len(recipes) == len(SHAPES) == len(set(recipes.values()))
    for recipe in recipes.values():
        assert initial_network(recipe.training, 0).eval()(torch.zeros(2, 3, 32, 32)).shape == (2, 10)


def test_at_the_widths_of_the_paper_a_network_as_it_is_names_the_usual_one():
    first = {name: recipe.training.network for name, recipe in zoo("paper").items()}
    assert dict(first["LeNet, as it is"].parameters)["width"] == 6
    assert dict(first["AlexNet, as it is"].parameters)["width"] == 64
    assert dict(first["VGG-16bn"].parameters)["width"] == 64


def test_noise_is_all_that_is_added():
    for plain, noisy in zip(zoo("laptop").values(), zoo_on_noisy_images("laptop").values(), strict=True):
        augmentation = noisy.training.augmentation
        assert (augmentation.noise, augmentation.shift, augmentation.flip) == (NOISE, 4, True)
        assert noisy.training.with_(augmentation=plain.training.augmentation) == plain.training


def test_noise_is_about_as_large_as_a_deformation_of_one_pixel():
    generator = torch.Generator().manual_seed(0)
    smooth = torch.nn.functional.interpolate(torch.randn(40, 1, 8, 8, generator=generator), 32, mode="bicubic").double()
    smooth = smooth / smooth.std()
    change = (deform(smooth, generator) - smooth).square().mean().sqrt()
    assert float(change) == pytest.approx(NOISE, rel=0.5)
