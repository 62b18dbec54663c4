from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from claims.ghosh2019.methods.kernel_updates import bound_constant, largest_hops, mean_hops, train_kernel, windows
from claims.ghosh2019.methods.triples import NEIGHBOURHOODS, hops
from harness.statistics.draws import normal


def trained(start=None):
    labels = torch.arange(12) % 3
    return train_kernel(normal(0, 12, 8, 8), labels, 3, 5, 0.1, torch.Generator().manual_seed(1), start)


def test_windows_are_all_those_of_the_image_row_by_row():
    image = normal(0, 2, 5, 6)
    found = windows(image, 3)
    assert found.shape == (2, 12, 3, 3)
    for index in range(12):
        row, column = divmod(index, 4)
        assert torch.equal(found[:, index], image[:, row : row + 3, column : column + 3])


@pytest.mark.parametrize("neighbours", NEIGHBOURHOODS)
def test_mean_hops_are_the_means_over_triples(neighbours):
    image = normal(1, 4, 5)
    inside = {(y, x) for y in range(4) for x in range(5)}
    one, two = [], []
    for y, x in inside:
        for step, reach in hops(neighbours):
            q, r = (y + step[0], x + step[1]), (y + reach[0], x + reach[1])
            if q in inside and r in inside:
                one.append((image[y, x] - image[q]) ** 2)
                two.append((image[y, x] - image[r]) ** 2)
    found = mean_hops(image, neighbours)
    assert found.one == pytest.approx(float(torch.stack(one).mean()))
    assert found.two == pytest.approx(float(torch.stack(two).mean()))


def test_training_is_gradient_descent_on_the_kernel():
    images, labels = normal(0, 12, 8, 8), torch.arange(12) % 3
    readout = torch.randn(36, 3, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    kernel = torch.zeros(1, 1, 3, 3, dtype=torch.float64, requires_grad=True)
    optimiser = torch.optim.SGD([kernel], lr=0.1)
    for _ in range(5):
        optimiser.zero_grad()
        outputs = torch.nn.functional.conv2d(images[:, None], kernel, torch.tensor([0.1], dtype=torch.float64))
        torch.nn.functional.cross_entropy(outputs.relu().flatten(1) @ readout, labels).backward()
        optimiser.step()
    torch.testing.assert_close(trained().end, kernel.detach()[0, 0])


@pytest.mark.parametrize("start", [None, normal(3, 3, 3)])
def test_kernel_is_its_start_and_the_sum_of_its_updates(start):
    kernel = trained(start)
    change = torch.einsum("tnm,nmpq->pq", kernel.coefficients, kernel.windows)
    torch.testing.assert_close(kernel.start + change, kernel.end)
    assert kernel.coefficients.shape == (5, 12, 36)
    assert (kernel.start == 0).all() == (start is None)


@settings(deadline=None, max_examples=20)
@given(seed=st.integers(0, 10**6), neighbours=st.sampled_from(NEIGHBOURHOODS), scale=st.sampled_from([1, 2]))
def test_no_coefficients_exceed_the_largest_hops(seed, neighbours, scale):
    updates = normal(seed, 7, 6, 6)
    coefficients = normal(seed + 1, 7)
    kernel = torch.einsum("u,upq->pq", coefficients, updates)
    found, largest = mean_hops(kernel, neighbours, scale), largest_hops(updates, neighbours, scale)
    constant = bound_constant(coefficients)
    assert found.one <= constant * largest.one * (1 + 1e-9)
    assert found.two <= constant * largest.two * (1 + 1e-9)


def test_largest_hops_are_reached_by_one_update_alone():
    update = normal(0, 1, 5, 5)
    assert largest_hops(update, "four") == pytest.approx(mean_hops(update, "four"))


def test_bound_constant():
    assert bound_constant(torch.tensor([[1.0, -2.0], [0.0, 2.0]])) == 9 * 4
