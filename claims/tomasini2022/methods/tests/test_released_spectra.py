"""Which layers of a released network are looked at, and what is read off them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from claims.tomasini2022.methods import released_spectra
from claims.tomasini2022.methods.filter_modes import relative_energy
from claims.tomasini2022.methods.released_spectra import ReleasedSpectra, spectra_of
from harness.data.dataset_errors import DatasetMissing
from harness.runs import Bench

RNG = np.random.default_rng(0)
SIZES = (3, 1, 3, 3, 5, 3, 3, 3, 3)


def layers() -> dict[str, np.ndarray]:
    return {f"layer {k}": RNG.normal(size=(6, 4, size, size)).astype(np.float32) for k, size in enumerate(SIZES, 1)}


def test_layers_are_the_first_five_past_the_first_with_filters_of_3_x_3():
    assert spectra_of(layers(), 0)["names"] == ["layer 3", "layer 4", "layer 6", "layer 7", "layer 8"]


def test_energies_are_those_of_the_filters_and_of_normal_ones():
    kernels = {name: weight + 0.5 for name, weight in layers().items()}
    found = spectra_of(kernels, 0)
    for name, energy in zip(found["names"], found["energy"], strict=True):
        assert energy == pytest.approx(relative_energy(torch.from_numpy(kernels[name])).tolist(), rel=1e-5)
        assert energy[0] > 1.5
    drawn = spectra_of({name: np.ones((200, 200, 3, 3), np.float32) for name in "abcdef"}, 0)
    assert np.array(drawn["energy"])[:, 0] == pytest.approx(9.0, rel=1e-5)
    assert np.array(drawn["energy_drawn"]) == pytest.approx(1.0, abs=0.05)
    assert (
        drawn["energy_drawn"] != spectra_of({name: np.ones((200, 200, 3, 3)) for name in "abcdef"}, 1)["energy_drawn"]
    )


def test_the_recipe_reads_a_torchvision_network_where_its_weights_lie(tmp_path):
    made = layers()
    (tmp_path / "pretrained").mkdir()
    arrays: dict[str, Any] = {f"{name}.weight": weight for name, weight in made.items()}
    np.savez(tmp_path / "pretrained" / "torchvision_vgg_11.npz", **arrays)
    bench = Bench(data=tmp_path)
    assert ReleasedSpectra("torchvision VGG-11").compute(0, bench).metrics == spectra_of(made, 0)
    with pytest.raises(DatasetMissing):
        ReleasedSpectra("torchvision AlexNet").compute(0, Bench())


def test_the_recipe_reads_the_network_that_it_names(monkeypatch):
    made = layers()
    monkeypatch.setattr(released_spectra, "kernels", lambda name, root: made if name == "SqueezeNet v1.1" else {})
    assert ReleasedSpectra("SqueezeNet v1.1").compute(0, Bench()).metrics == spectra_of(made, 0)
