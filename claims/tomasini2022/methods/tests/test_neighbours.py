"""Differences of adjacent pixels."""

from __future__ import annotations

import pytest
import torch

from claims.tomasini2022.methods.neighbours import neighbour_differences, variance_ratio


def test_differences_by_hand():
    image = torch.tensor([[[[1.0, 2.0], [4.0, 8.0]]]])
    assert sorted(neighbour_differences(image)[0].tolist()) == [1, 3, 4, 6]


def test_every_pair_counts_once():
    assert neighbour_differences(torch.zeros(2, 3, 4, 5)).shape == (2, 3 * (4 * 4 + 3 * 5))


@pytest.mark.parametrize("pool", [1, 2, 3])
def test_variance_ratio_is_that_of_white_images(pool):
    images = torch.randn(20000, 1, 6, 6, generator=torch.Generator().manual_seed(pool))
    pooled = torch.nn.functional.avg_pool2d(images, pool, stride=1)
    sampled = neighbour_differences(pooled).square().mean() / neighbour_differences(images).square().mean()
    assert variance_ratio(6, pool) == pytest.approx(sampled.item(), rel=0.03)


def test_two_by_two_pooling_divides_the_variance_by_eight():
    assert variance_ratio(5, 2) == pytest.approx(1 / 8)
