"""Which process computes on which device."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from harness.lab.session import Session
from harness.runs import Bench, default_workers
from harness.runs.devices import device_of, gpus, own_device, xdist_number


@pytest.fixture
def machine(monkeypatch):
    """Let torch see GPUs of these models."""

    def having(*models):
        monkeypatch.setattr(torch.cuda, "device_count", lambda: len(models))
        monkeypatch.setattr(torch.cuda, "get_device_name", lambda number: models[number])

    return having


@given(count=st.integers(1, 8), workers=st.integers(1, 20))
def test_workers_share_the_gpus_evenly_and_have_one_each_while_there_are_enough(count, workers):
    devices = [device_of(worker, "cuda", range(count)) for worker in range(workers)]
    shares = [devices.count(f"cuda:{number}") for number in range(count)]
    assert sum(shares) == workers
    assert max(shares) - min(shares) <= 1


@pytest.mark.parametrize(("name", "available"), [("cpu", [0, 1]), ("cuda:1", [0, 1, 2]), ("cuda", [])])
def test_a_device_that_is_named_exactly_is_every_workers(name, available):
    assert [device_of(worker, name, available) for worker in range(3)] == [name] * 3


def test_only_gpus_of_the_first_ones_model_take_part(machine):
    machine("big", "small", "big")
    assert gpus() == [0, 2]
    assert [device_of(worker, "cuda", gpus()) for worker in range(3)] == ["cuda:0", "cuda:2", "cuda:0"]
    machine()
    assert gpus() == []


@pytest.mark.parametrize(
    ("variables", "number"),
    [({"PYTEST_XDIST_WORKER": "gw3"}, 3), ({}, None), ({"PYTEST_XDIST_WORKER": "master"}, None)],
)
def test_a_worker_of_xdist_knows_its_number(variables, number):
    assert xdist_number(variables) == number


def test_a_worker_of_xdist_has_a_gpu_of_its_own(machine, monkeypatch, tmp_path):
    machine("big", "big")
    monkeypatch.setenv("PYTEST_XDIST_WORKER", "gw1")
    assert [own_device(name) for name in ("cuda", "cuda:0", "cpu")] == ["cuda:1", "cuda:0", "cpu"]
    assert Bench("cuda").device == torch.device("cuda:1")
    place = Session(tier="smoke", data=None, store=tmp_path, device="cuda", train=True)
    assert place.device == place.bench.device == torch.device("cuda:1")
    monkeypatch.delenv("PYTEST_XDIST_WORKER")
    assert Bench("cuda").device == torch.device("cuda")


def test_there_are_as_many_workers_as_gpus(machine, monkeypatch):
    monkeypatch.delenv("PYTEST_XDIST_WORKER", raising=False)
    machine("big", "big", "big", "small")
    assert default_workers(Bench("cuda")) == 3
    assert default_workers(Bench("cuda:2")) == 1
    machine()
    assert default_workers(Bench("cuda")) == 1
    assert default_workers(Bench("cpu")) >= 1
