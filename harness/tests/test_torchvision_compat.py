"""torchvision can be imported beside any PyTorch of its version."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from harness.system import torchvision_compat

USE = """
import warnings
warnings.simplefilter("error")
from harness.system.torchvision_compat import torchvision
import torch

with torch.device("meta"):
    model = torchvision.models.resnet50()
assert model(torch.empty(2, 3, 64, 64, device="meta")).shape == (2, 1000)

boxes = torch.tensor([[0.0, 0.0, 2.0, 2.0], [1.0, 0.0, 3.0, 2.0]])
torch.testing.assert_close(torchvision.ops.box_iou(boxes, boxes)[0, 1], torch.tensor(1 / 3))
assert torchvision.ops.clip_boxes_to_image(boxes, (1, 1)).max() == 1

assert torchvision.datasets.CIFAR10.base_folder == "cifar-10-batches-py"
assert torchvision.transforms.functional.hflip(torch.arange(3).view(1, 1, 3)).flatten().tolist() == [2, 1, 0]
"""


def test_models_boxes_data_sets_and_transforms_work_in_a_fresh_process():
    done = subprocess.run([sys.executable, "-c", USE], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_operators_are_declared_exactly_where_the_extension_does_not_load():
    assert len(torchvision_compat._declared) == (0 if torchvision_compat._extension_loads() else 1)


def test_every_extension_beside_torchvision_is_known_by_its_name():
    """One that is not, and loads all the same, ends the process: its operators are registered twice."""
    (folder,) = torchvision_compat.torchvision.__path__
    found = {file.name.partition(".")[0] for file in Path(folder).glob("_C*.so")}
    assert found <= set(torchvision_compat._EXTENSIONS)


@pytest.mark.parametrize("name", torchvision_compat._EXTENSIONS)
def test_the_extension_loads_under_either_name_and_a_refusal_is_none(monkeypatch, name):
    loaded: list[str] = []
    monkeypatch.setattr(
        torchvision_compat.PathFinder,
        "find_spec",
        lambda one, path: SimpleNamespace(origin=one) if one == name else None,
    )
    monkeypatch.setattr(torchvision_compat.torch.ops, "load_library", loaded.append)
    assert torchvision_compat._extension_loads()
    assert loaded == [name]

    def refuse(path):
        raise OSError("undefined symbol")

    monkeypatch.setattr(torchvision_compat.torch.ops, "load_library", refuse)
    assert not torchvision_compat._extension_loads()


@pytest.mark.parametrize(("loads", "known", "declared"), [(True, False, 0), (False, True, 0), (False, False, 1)])
def test_nothing_is_declared_beside_an_extension_or_twice(monkeypatch, loads: bool, known: bool, declared: int):
    calls = []
    monkeypatch.setattr(torchvision_compat, "_extension_loads", lambda: loads)
    monkeypatch.setattr(torchvision_compat, "_declare_missing_operators", lambda: calls.append(1))
    operators = SimpleNamespace(nms=1) if known else SimpleNamespace()
    monkeypatch.setattr(torchvision_compat.torch.ops, "torchvision", operators)
    assert torchvision_compat._import() is torchvision_compat.torchvision
    assert len(calls) == declared
