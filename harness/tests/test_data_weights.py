import hashlib
import io
from typing import Any

import numpy as np
import pytest
import torch

from harness.data import weights as module
from harness.data.dataset_errors import DatasetCorrupt, DatasetMissing, DownloadFailed
from harness.data.weights import MATCONVNET, TORCHVISION, weights

STATE: dict[str, Any] = {
    "features.10.weight": -np.ones((4, 2, 3, 3), np.float32),
    "features.2.weight": np.array([1, -1, 0, 1], np.float32).reshape(4, 1, 1, 1),
    "features.2.bias": np.zeros(4, np.float32),
    "classifier.weight": np.ones((5, 4), np.float32),
}


@pytest.fixture(autouse=True)
def no_downloads(tmp_path, monkeypatch):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))


def put(root, name, content):
    file = root / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)
    return file


def state_dict():
    file = io.BytesIO()
    torch.save({name: torch.from_numpy(value) for name, value in STATE.items()}, file)
    return file.getvalue()


def released(monkeypatch, content):
    """Make this content what torchvision released of its AlexNet; the name of the file."""
    name = f"alexnet-{hashlib.sha256(content).hexdigest()[:8]}.pth"
    monkeypatch.setitem(TORCHVISION, "torchvision AlexNet", name)
    return name


def saved(suffix):
    if suffix == ".npz":
        file = io.BytesIO()
        np.savez(file, **STATE)
        return file.getvalue()
    from safetensors.numpy import save

    return save(STATE)


@pytest.mark.parametrize("suffix", [".npz", ".safetensors"])
def test_kernels_in_the_order_of_the_layers(tmp_path, suffix):
    content = saved(suffix)
    put(tmp_path, f"pretrained/matconvnet_vgg_16{suffix}", content)
    found = weights("MatConvNet VGG-16", tmp_path)
    assert list(found.kernels) == ["features.2", "features.10"]
    assert np.array_equal(found.kernels["features.2"], STATE["features.2.weight"])
    assert found.sha256 == hashlib.sha256(content).hexdigest()


@pytest.mark.parametrize("place", ["data/pretrained", "torch/hub/checkpoints"])
def test_a_released_file_is_found_and_checked(tmp_path, monkeypatch, place):
    content = state_dict()
    name = released(monkeypatch, content)
    file = put(tmp_path, f"{place}/{name}", content)
    found = weights("torchvision AlexNet", tmp_path / "data")
    assert [np.array_equal(kernel, STATE[f"{name}.weight"]) for name, kernel in found.kernels.items()] == [True, True]
    file.write_bytes(content + b"0")
    with pytest.raises(DatasetCorrupt, match="should begin with"):
        weights("torchvision AlexNet", tmp_path / "data")


def test_a_state_dict_never_runs_code(tmp_path, monkeypatch):
    file = io.BytesIO()
    torch.save({"features.0.weight": Harmful()}, file)
    put(tmp_path, f"pretrained/{released(monkeypatch, file.getvalue())}", file.getvalue())
    with pytest.raises(DatasetCorrupt, match="no plain arrays"):
        weights("torchvision AlexNet", tmp_path)


class Harmful:
    def __reduce__(self):
        return (pytest.fail, ("code of a file was run",))


def test_files_without_kernels_are_refused(tmp_path):
    put(tmp_path, "pretrained/matconvnet_alexnet.npz", b"text")
    with pytest.raises(DatasetCorrupt, match="no plain arrays"):
        weights("MatConvNet AlexNet", tmp_path)
    file = io.BytesIO()
    np.savez(file, **{name: STATE[name] for name in STATE if name == "classifier.weight"})
    put(tmp_path, "pretrained/matconvnet_alexnet.npz", file.getvalue())
    with pytest.raises(DatasetCorrupt, match="none of its arrays"):
        weights("MatConvNet AlexNet", tmp_path)


@pytest.mark.parametrize("name", [*TORCHVISION, *MATCONVNET])
def test_missing_weights_say_where_they_are_looked_for(tmp_path, name):
    with pytest.raises(DatasetMissing, match="pretrained") as missing:
        weights(name, tmp_path)
    assert ("--download" in str(missing.value)) == (name in TORCHVISION)


class Response(io.BytesIO):
    url = "https://example.org"


@pytest.fixture
def published(monkeypatch):
    """What is published of torchvision's AlexNet: its name, its content in a list, and the addresses asked for."""
    content, asked = [state_dict()], []

    def opened(url, timeout):
        asked.append(url)
        return Response(content[0])

    monkeypatch.setattr("urllib.request.urlopen", opened)
    return released(monkeypatch, content[0]), content, asked


def test_nothing_is_fetched_unless_it_is_allowed(tmp_path, published):
    name, _, asked = published
    with pytest.raises(DatasetMissing):
        weights("torchvision AlexNet", tmp_path)
    assert not asked
    file = weights("torchvision AlexNet", tmp_path, download=True).file
    assert file == tmp_path / "torch/hub/checkpoints" / name
    assert asked == [f"https://download.pytorch.org/models/{name}"]
    assert file.stat().st_mode & 0o777 == 0o644


def test_what_was_not_released_is_not_kept(tmp_path, published):
    name, content, _ = published
    content[0] += b"0"
    with pytest.raises(DownloadFailed, match=f"{name}: found SHA-256 .*nothing was written"):
        weights("torchvision AlexNet", tmp_path, download=True)
    assert not list(tmp_path.rglob("*.pth"))


def test_unknown_networks():
    with pytest.raises(ValueError, match="nothing is known of 'LeNet'"):
        weights("LeNet", None)


def test_torchs_folder_is_where_torch_keeps_them():
    assert str(module._downloads()) == f"{torch.hub.get_dir()}/checkpoints"
