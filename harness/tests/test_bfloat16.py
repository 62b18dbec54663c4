"""bfloat16 by kernels of float32: the same numbers as rounded factors give, and as torch's own kernels."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import Any

import pytest
import torch
from torch.nn import functional

from harness.runs import Bench, Recipe, Result, Run
from harness.runs.execution import perform
from harness.store.store import Store
from harness.system import bfloat16
from harness.system.stable_names import stable_name

EIGHT_BITS = 2.0**-8
"""How far a number of eight bits lies from the one that it stands for, at the most, as a share."""

LAYERS: dict[str, tuple[Any, tuple[int, ...], tuple[int, ...]]] = {
    "linear": (functional.linear, (8, 20), (5, 20)),
    "1-D": (functional.conv1d, (2, 3, 16), (4, 3, 3)),
    "2-D": (functional.conv2d, (2, 3, 8, 8), (4, 3, 3, 3)),
    "3-D": (functional.conv3d, (2, 3, 5, 5, 5), (4, 3, 3, 3, 3)),
}


def drawn(*shapes):
    generator = torch.Generator().manual_seed(0)
    return [torch.randn(shape, generator=generator) for shape in shapes]


def passed(layer, inputs, weights, upstream, *, emulate):
    """The output under autocast and both gradients, of an upstream gradient."""
    inputs, weights = (tensor.clone().requires_grad_() for tensor in (inputs, weights))
    with bfloat16.emulated() if emulate else contextlib.nullcontext():
        with torch.autocast("cpu", torch.bfloat16):
            output = layer(inputs, weights)
        output.backward(upstream)
    return output.detach(), inputs.grad, weights.grad


@pytest.mark.parametrize("name", LAYERS)
def test_forwards_and_backwards_are_those_of_rounded_factors(name):
    layer, *shapes = LAYERS[name]
    inputs, weights = drawn(*shapes)
    upstream = torch.randn_like(layer(inputs, weights)).to(torch.bfloat16)
    found = passed(layer, inputs, weights, upstream, emulate=True)
    exact = [tensor.to(torch.bfloat16).double().requires_grad_() for tensor in (inputs, weights)]
    output = layer(*exact)
    output.backward(upstream.double())
    assert [tensor.dtype for tensor in found] == [torch.bfloat16, torch.float32, torch.float32]
    for mine, plain in zip(found, (output.detach(), exact[0].grad, exact[1].grad), strict=True):
        torch.testing.assert_close(mine.double(), plain, rtol=EIGHT_BITS, atol=1e-6)
        assert not torch.equal(mine.double(), plain)  # rounded, as autocast does


@pytest.mark.parametrize("name", LAYERS)
def test_torch_itself_comes_to_the_same(name):
    layer, *shapes = LAYERS[name]
    inputs, weights = drawn(*shapes)
    upstream = torch.randn_like(layer(inputs, weights)).to(torch.bfloat16)
    ours, torchs = (passed(layer, inputs, weights, upstream, emulate=emulate) for emulate in (True, False))
    for mine, own in zip(ours, torchs, strict=True):
        assert mine.dtype == own.dtype
        assert (mine - own).norm() < 4 * EIGHT_BITS * own.norm()


def test_what_autocast_leaves_as_it_is_stays_so():
    inputs, weights = drawn((8, 20), (5, 20))
    double = functional.linear(inputs.double(), weights.double())
    with bfloat16.emulated():
        assert torch.equal(functional.linear(inputs, weights), inputs @ weights.T)
        with torch.autocast("cpu", torch.bfloat16):
            assert torch.equal(functional.linear(inputs.double(), weights.double()), double)
        with torch.autocast("cpu", torch.float16):
            assert functional.linear(inputs, weights).dtype == torch.float16


inside: list[str] = []
"""Emulations that are on."""


@contextlib.contextmanager
def noticed():
    inside.append("emulated")
    yield
    inside.pop()


@stable_name("test-emulated")
@dataclass(frozen=True)
class Emulated(Recipe):
    """Tells whether it is computed within the emulation."""

    def compute(self, seed, bench):
        return Result({"emulated": bool(inside)})


@pytest.mark.parametrize("native", [True, False])
def test_a_run_emulates_where_the_processor_has_no_bfloat16(native, tmp_path, monkeypatch):
    monkeypatch.setattr(bfloat16, "native", lambda: native)
    monkeypatch.setattr(bfloat16, "emulated", noticed)
    record = perform(Run(Emulated(), seed=0), Store(tmp_path), Bench())
    assert record.metrics["emulated"] is not native
    assert not inside


def test_a_gpu_computes_by_itself(monkeypatch):
    monkeypatch.setattr(bfloat16, "native", lambda: False)
    assert isinstance(bfloat16.where_needed(torch.device("cuda")), contextlib.nullcontext)
    assert not isinstance(bfloat16.where_needed(torch.device("cpu")), contextlib.nullcontext)
