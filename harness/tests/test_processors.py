"""How many processors a process may use."""

from __future__ import annotations

import os

import pytest

from harness.runs import Bench, batch
from harness.system.processors import processors

SEEN = 64


@pytest.fixture
def host(monkeypatch):
    """A machine of 64 processors, all of which the process may run on."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(range(SEEN)), raising=False)


@pytest.mark.parametrize(
    ("files", "number"),
    [
        ({}, SEEN),
        ({"cpu.max": "200000 100000\n"}, 2),
        ({"cpu.max": "150000 100000\n"}, 2),
        ({"cpu.max": "1000 100000\n"}, 1),
        ({"cpu.max": "9900000 100000\n"}, SEEN),
        ({"cpu.max": "max 100000\n"}, SEEN),
        ({"cpu.max": "nonsense"}, SEEN),
        ({"cpu/cpu.cfs_quota_us": "300000\n", "cpu/cpu.cfs_period_us": "100000\n"}, 3),
        ({"cpu/cpu.cfs_quota_us": "-1\n", "cpu/cpu.cfs_period_us": "100000\n"}, SEEN),
        ({"cpu/cpu.cfs_quota_us": "300000\n"}, SEEN),
    ],
)
def test_a_containers_share_of_time_counts(tmp_path, host, files, number):
    for name, content in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(content)
    assert processors(tmp_path) == number


def test_without_affinity_the_machines_count(tmp_path, monkeypatch):
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: 5)
    assert processors(tmp_path) == 5
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert processors(tmp_path) == 1


def test_there_is_a_run_for_each_of_them(monkeypatch):
    monkeypatch.setattr(batch, "processors", lambda: 3)
    assert batch.default_workers(Bench("cpu")) == 3
