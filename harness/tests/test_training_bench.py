"""The bench of the trainer: contenders that train, and operations counted as by hand."""

from __future__ import annotations

import pytest
import torch

from harness.benchmarks import training as bench
from harness.benchmarks.plain_training import plain_epochs
from harness.training import Augmentation
from harness.training.network import operations


@pytest.fixture
def trained(monkeypatch):
    """The networks that are built, in order, to see them change; few images."""
    networks = []
    plain = type(bench.SMALL).build

    def build(self):
        networks.append(plain(self))
        return networks[-1]

    monkeypatch.setattr(type(bench.SMALL), "build", build)
    monkeypatch.setattr(bench, "IMAGES", 96)
    monkeypatch.setitem(bench.COUNTED, "cpu", 64)
    return networks


@pytest.mark.parametrize(
    ("epochs", "argument"),
    [
        (plain_epochs, 0),
        (bench.suite_epochs, bench.Mode("float32")),
        (bench.suite_epochs, bench.Mode("bf16")),
        (bench.suite_epochs, bench.Mode("bf16", 3, replay=False)),
    ],
)
def test_every_contender_trains_on_all_images(epochs, argument, trained):
    recipe = next(iter(bench.CASES.values())).with_(augmentation=Augmentation(4, True))
    training = epochs(recipe, "cpu", argument)
    first = next(training)
    before = trained[0].layers[0].conv.weight.detach().clone()
    assert sum(next(training) for _ in range(3)) + first >= 96
    assert not torch.equal(trained[0].layers[0].conv.weight, before)
    assert len(trained) == getattr(argument, "at_once", 1)
    training.close()


def test_operations_are_those_of_the_layers():
    forwards = [2 * 28**2 * 64 * 9, 2 * 14**2 * 64 * 64 * 9, 2 * 7**2 * 64 * 64 * 9, 2 * 576 * 10]
    # Backwards twice as much, but for the first layer, whose input needs no gradient.
    expected = 3 * sum(forwards) - forwards[0]
    assert operations(bench.SMALL, (1, 28, 28)) == expected


def test_a_product_is_one_as_a_convolution_too():
    one, other = torch.randn(2, 16, 16).double()
    torch.testing.assert_close(bench._product_by_convolution(one, other), one @ other)


def test_contenders_share_the_machine_fairly():
    for one in bench.contenders("cpu", 4):
        assert one.processes * one.threads == 4
    assert {one.processes for one in bench.contenders("cuda", 4)} == {1}
    assert {one.argument.at_once for one in bench.contenders("cuda", 4) if one.epochs is bench.suite_epochs} == {
        1,
        8,
        24,
    }
