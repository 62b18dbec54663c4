from __future__ import annotations

import torch

from harness.statistics.draws import normal


def test_draws_are_a_function_of_seed_and_shape_alone():
    before = torch.get_rng_state()
    assert torch.equal(normal(3, 2, 5), normal(3, 2, 5))
    assert not torch.equal(normal(3, 2, 5), normal(4, 2, 5))
    assert normal(3, 2, 5).dtype == torch.float64
    assert torch.equal(torch.get_rng_state(), before)


def test_draws_are_standard_normal():
    values = normal(0, 20000)
    assert abs(values.mean()) < 4 * 20000**-0.5
    assert abs(values.var() - 1) < 4 * (2 / 20000) ** 0.5
