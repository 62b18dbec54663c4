"""Counting the projections of a network that somebody else has trained."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from claims.gamba2020.methods.pretrained_projections import PretrainedProjections, projection_counts
from harness.data import pretrained
from harness.runs import Bench
from harness.tests.fake_data import write
from harness.tests.made_up_records import claims_of, judge
from harness.tests.test_data_pretrained import KERNELS, archive
from harness.verdicts import Verdict


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


def weights(mixed=()):
    """Released kernels that are all negative, but for the networks that are `mixed`."""

    def of(name):
        sign = np.where(np.arange(128) % 2, -1, 1) if name in mixed else -np.ones(128)
        layers = {f"layer {number}": np.float32(sign[:, None, None, None] * np.ones((2, 3, 3))) for number in range(6)}
        return SimpleNamespace(sha256="made up", file=Path("made-up"), kernels=layers)

    return of


@pytest.mark.parametrize(("mixed", "verdict"), [((), Verdict.SUPPORTED), (("torchvision AlexNet",), Verdict.REFUTED)])
def test_deep_layers_of_every_released_network_must_be_of_one_sign(mixed, verdict):
    found = judge(claims_of("gamba2020")["HP-78"], lambda recipe, seed: {}, weights=weights(mixed))
    assert (found.verdict, found.control_faults) == (verdict, {})
    assert found.control is Verdict.REFUTED
