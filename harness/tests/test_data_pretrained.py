import io
import zipfile
from typing import Any

import numpy as np
import pytest

from harness.data import pretrained
from harness.data.dataset_errors import DatasetCorrupt, DatasetMissing
from harness.data.files import Stored
from harness.tests.fake_data import write

KERNELS: dict[str, Any] = {
    "first.weight": np.array([[1, -1], [1, 1], [-1, -2]], np.float32).reshape(3, 1, 1, 2),
    "first.bias": np.zeros(3, np.float32),
    "last.weight": np.full((2, 3, 1, 1), -1, np.float16),
}


def archive(**arrays):
    file = io.BytesIO()
    np.savez(file, **arrays)
    return file.getvalue()


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A data folder with the weights of one network, which the table knows as `toy`."""
    monkeypatch.setitem(pretrained.PRETRAINED, "toy", write(tmp_path, "pretrained/toy.npz", archive(**KERNELS)))
    return tmp_path


def test_kernels_by_layer(folder):
    found = pretrained.kernels("toy", folder)
    assert list(found) == ["first", "last"]
    assert all(weight.dtype == np.float32 for weight in found.values())
    assert np.array_equal(found["first"], KERNELS["first.weight"])


@pytest.mark.parametrize("root", [None, "elsewhere"])
def test_missing_weights_say_where_they_were_looked_for(root, tmp_path):
    with pytest.raises(DatasetMissing, match=r"SqueezeNet v1\.1 are not here.*--data DIR"):
        pretrained.kernels("SqueezeNet v1.1", root and tmp_path / root)


def test_altered_weights_are_refused(folder):
    path = folder / "pretrained/toy.npz"
    content = bytearray(path.read_bytes())
    content[-30] ^= 1
    path.write_bytes(content)
    with pytest.raises(DatasetCorrupt, match="SHA-256"):
        pretrained.kernels("toy", folder)


def test_pickles_are_never_loaded(tmp_path):
    harmful = archive(**{"first.weight": np.array([{"any": "object"}], dtype=object)})
    listed = write(tmp_path, "pickled.npz", harmful)
    with pytest.raises(DatasetCorrupt, match="no archive of arrays"):
        pretrained.read_kernels(Stored(tmp_path, listed))


def test_other_files_are_refused(tmp_path):
    empty = io.BytesIO()
    with zipfile.ZipFile(empty, "w") as file:
        file.writestr("first.weight", b"text")
    for content in (b"text", empty.getvalue()):
        with pytest.raises(DatasetCorrupt, match="no archive of arrays"):
            pretrained.read_kernels(Stored(tmp_path, write(tmp_path, "other.npz", content)))


def test_unknown_network():
    with pytest.raises(ValueError, match=r"no weights of 'LeNet'; there are those of SqueezeNet v1\.1"):
        pretrained.kernels("LeNet", None)
