"""Counting the projections of a network that somebody else has trained."""

import numpy as np
import torch

from claims.gamba2020.methods.pretrained_projections import PretrainedProjections, projection_counts
from harness.data import pretrained
from harness.runs import Bench
from harness.tests.fake_data import write
from harness.tests.test_data_pretrained import KERNELS, archive


def test_projections_are_counted_with_ties(tmp_path, monkeypatch):
    monkeypatch.setitem(pretrained.PRETRAINED, "toy", write(tmp_path, "pretrained/toy.npz", archive(**KERNELS)))
    result = PretrainedProjections("toy", keep=("first",)).compute(0, Bench(data=tmp_path))
    assert result.metrics["layers"] == ["first", "last"]
    assert result.metrics["filters"] == [3, 2]
    assert result.metrics["negative"] == [2, 2]
    assert result.metrics["zero"] == [1, 0]
    assert result.metrics["sizes"] == [2, 1]
    assert torch.equal(torch.from_numpy(result.tensors["first"]), torch.from_numpy(KERNELS["first.weight"]))


def test_released_kernels_are_counted_in_the_order_of_the_layers():
    kernels = {
        "features.2": np.array([1, -1, 0, 1], np.float32).reshape(4, 1, 1, 1),
        "features.10": -np.ones((4, 2, 3, 3), np.float32),
    }
    counts = projection_counts(kernels, 0)
    assert (counts["filters"], counts["negative"], counts["zero"]) == ([4, 4], [2, 4], [1, 0])
