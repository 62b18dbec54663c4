"""Disturbances that training and validation images share."""

from __future__ import annotations

import pytest
import torch

from claims.ghosh2019.methods.fixed_disturbances import FixedMask, FixedOrder
from claims.ghosh2019.methods.orderness import orderness
from harness.tests.training_bench import MadeUpBench
from harness.training import Data
from harness.training.data import prepare


def smooth(n: int, seed: int) -> torch.Tensor:
    """Images `(n, 1, 9, 9)` whose neighbours differ little."""
    noise = torch.randn(n, 1, 9, 9, generator=torch.Generator().manual_seed(seed))
    return noise.cumsum(2).cumsum(3)


@pytest.mark.parametrize(("made", "other"), [(FixedOrder(), FixedOrder(1)), (FixedMask(0.5), FixedMask(0.5, 1))])
def test_all_images_share_it_whatever_is_drawn_beside(made, other):
    one, two = smooth(3, 0), smooth(2, 1)
    together = made.apply(torch.cat([one, two]), torch.Generator().manual_seed(0))
    apart = [made.apply(images, torch.Generator().manual_seed(5)) for images in (one, two)]
    assert torch.equal(together, torch.cat(apart))
    assert not torch.equal(together[:3], other.apply(one, torch.Generator()))


def test_a_fixed_order_keeps_the_values_and_takes_all_order():
    images = smooth(400, 2)
    found = FixedOrder().apply(images, torch.Generator())
    assert torch.equal(found.flatten(1).sort(1).values, images.flatten(1).sort(1).values)
    assert orderness(images) > 0.5
    assert abs(orderness(found)) < 0.1


def test_a_mask_that_keeps_all_changes_nothing_and_one_that_keeps_none_leaves_the_mean():
    images = smooth(3, 3)
    torch.testing.assert_close(FixedMask(1.0).apply(images, torch.Generator()), images)
    mean = images.mean((2, 3), keepdim=True).expand_as(images)
    torch.testing.assert_close(FixedMask(0.0).apply(images, torch.Generator()), mean)


def test_validation_images_are_under_the_mask_of_the_training():
    data = prepare(Data("made-up", 30, 10, (FixedMask(0.5),)), 0, MadeUpBench(), torch.float64)
    plain = prepare(Data("made-up", 30, 10), 0, MadeUpBench(), torch.float64)
    for part in ("training", "validation"):
        expected = FixedMask(0.5).apply(getattr(plain, part).images, torch.Generator())
        torch.testing.assert_close(getattr(data, part).images, expected)
