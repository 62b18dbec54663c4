"""`doctor`: what a session on this machine would find."""

from __future__ import annotations

import shutil

import pytest

from harness.__main__ import main
from harness.data.catalogue import describe
from harness.store import Store
from harness.system import bfloat16


@pytest.fixture
def told(capsys, tmp_path):
    """What doctor prints, and its status, of a folder of data."""

    def of(*options: str) -> tuple[int, list[str]]:
        status = main(["doctor", "--store", str(tmp_path / "store"), *options])
        return status, capsys.readouterr().out.splitlines()

    return of


def test_without_data_it_is_said_once(told, monkeypatch):
    monkeypatch.delenv("CLAIMS_DATA", raising=False)
    status, lines = told()
    assert status == 0
    (line,) = (line for line in lines if line.startswith("data: "))
    assert all(state.name in line for state in describe(None))
    assert "store" in lines[-1]
    assert lines[-1].endswith("none yet")


@pytest.mark.parametrize("native", [True, False])
def test_a_processor_without_bfloat16_is_told(native, told, monkeypatch):
    monkeypatch.setattr(bfloat16, "native", lambda: native)
    _, lines = told()
    assert any(line.startswith("bfloat16: ") for line in lines) is not native


def test_a_data_set_that_is_there_and_cannot_be_used_is_named_and_fails(told, tmp_path):
    (tmp_path / "data").mkdir()
    status, lines = told("--data", str(tmp_path / "data"))
    assert status == 0
    assert [line for line in lines if line.startswith("mnist: ") and f"not under {tmp_path / 'data'}" in line]
    broken = tmp_path / "data/MNIST/raw"
    broken.mkdir(parents=True)
    for name in ("train-images", "t10k-images"):
        (broken / f"{name}-idx3-ubyte").write_bytes(b"no images")
    for name in ("train-labels", "t10k-labels"):
        (broken / f"{name}-idx1-ubyte").write_bytes(b"no labels")
    status, lines = told("--data", str(tmp_path / "data"))
    assert status == 1
    assert not [line for line in lines if line.startswith("mnist: as")]


def test_memory_disk_and_records_are_told(told, tmp_path):
    Store(tmp_path / "store")
    _, lines = told()
    (line,) = (line for line in lines if line.startswith("memory"))
    free = shutil.disk_usage(tmp_path).free / 2**30
    assert float(line.split()[-2]) == pytest.approx(free, rel=0.05)
    assert lines[-1].endswith(": 0 records")


def test_a_file_in_the_place_of_the_store_is_one_clear_line(tmp_path, capsys):
    (tmp_path / "file").touch()
    assert main(["doctor", "--store", str(tmp_path / "file")]) == 2
    assert capsys.readouterr().err == (
        f"python -m harness doctor: {tmp_path / 'file'} is a file: the store is a folder, give another path\n"
    )
