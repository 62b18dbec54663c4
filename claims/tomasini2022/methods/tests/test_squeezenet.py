"""SqueezeNet as it was released, against torchvision's; and what is measured on it."""

from __future__ import annotations

import hashlib
import io
from typing import Any

import numpy as np
import pytest
import torch

from claims.tomasini2022.methods import squeezenet
from claims.tomasini2022.methods.probes import SMOOTH, probes
from claims.tomasini2022.methods.released_sensitivities import ReleasedSensitivities
from claims.tomasini2022.methods.sensitivity import sensitivities_by_layer
from claims.tomasini2022.methods.squeezenet import POOLS, SqueezeNet, as_input, drawn_anew, enlarged, released
from harness.data.files import DataFile, Stored
from harness.system.torchvision_compat import torchvision
from harness.tests.training_bench import MadeUpBench
from harness.training.randomness import stream

V1_1 = "SqueezeNet v1.1"


@pytest.fixture(scope="module")
def theirs() -> torch.nn.Module:
    torch.manual_seed(0)
    network: torch.nn.Module = torchvision.models.squeezenet1_1().double().eval()
    return network


@pytest.fixture(scope="module")
def ours(theirs) -> SqueezeNet:
    """The network with torchvision's weights."""
    fires = [module for module in theirs.features if type(module).__name__ == "Fire"]
    layers = {"conv1": theirs.features[0], "conv10": theirs.classifier[1]}
    for number, fire in zip(squeezenet.FIRES, fires, strict=True):
        for kind in ("squeeze", "expand1x1", "expand3x3"):
            name = "squeeze1x1" if kind == "squeeze" else kind
            layers[f"fire{number}/{name}"] = getattr(fire, kind)
    return SqueezeNet(
        {f"{name}.{key}": value.detach() for name, layer in layers.items() for key, value in layer.named_parameters()},
        POOLS[V1_1],
    )


def images(n: int = 3, size: int = 32) -> torch.Tensor:
    return torch.randint(256, (n, 3, size, size), generator=torch.Generator().manual_seed(1)).to(torch.uint8)


def test_scores_and_layers_are_torchvisions(theirs, ours):
    x = as_input(enlarged(images()))
    values = list(ours.representations(x))
    assert len(values) == len(ours.layer_names()) == 10
    with torch.no_grad():
        torch.testing.assert_close(values[-1], theirs(x))
        torch.testing.assert_close(values[0], theirs.features[:2](x))
        torch.testing.assert_close(values[2], theirs.features[:5](x))


def test_input_is_blue_first_less_the_mean():
    plain = torch.zeros(1, 3, 2, 2, dtype=torch.float64)
    plain[:, 0] = 200
    assert as_input(plain)[0, :, 0, 0].tolist() == [-104.0, -117.0, 200.0 - 123.0]


def test_enlarged_images_keep_their_range_and_their_middle():
    large = enlarged(images())
    assert large.shape == (3, 3, 227, 227)
    assert (float(large.min()) >= 0, float(large.max()) <= 255) == (True, True)
    flat = torch.full((1, 3, 32, 32), 7, dtype=torch.uint8)
    torch.testing.assert_close(enlarged(flat), torch.full((1, 3, 227, 227), 7.0).double())


def test_weights_drawn_anew_have_the_scale_that_keeps_a_signal(ours):
    drawn = drawn_anew(ours, torch.Generator().manual_seed(0))
    assert {name: value.shape for name, value in drawn.parameters.items()} == {
        name: value.shape for name, value in ours.parameters.items()
    }
    weight = drawn.parameters["fire9/expand3x3.weight"]
    assert float(weight.std()) == pytest.approx((2 / (64 * 9)) ** 0.5, rel=0.02)
    assert float(drawn.parameters["fire9/expand3x3.bias"].abs().max()) == 0
    assert drawn.pools == ours.pools


def written(folder, monkeypatch, network: SqueezeNet) -> None:
    """A released file with a network's weights, listed with its own sum."""
    content = io.BytesIO()
    arrays: dict[str, Any] = {name: value.half().numpy() for name, value in network.parameters.items()}
    np.savez(content, **arrays)
    (folder / "made.npz").write_bytes(content.getvalue())
    listed = DataFile("made.npz", len(content.getvalue()), hashlib.sha256(content.getvalue()).hexdigest())
    monkeypatch.setitem(squeezenet.PRETRAINED, V1_1, listed)


def test_a_released_file_is_read_whole(tmp_path, monkeypatch, ours):
    written(tmp_path, monkeypatch, ours)
    found = released(V1_1, tmp_path)
    assert found.pools == POOLS[V1_1]
    for name, value in ours.parameters.items():
        torch.testing.assert_close(found.parameters[name], value.half().double())


def test_a_file_is_looked_for_in_a_data_folder(tmp_path):
    with pytest.raises(FileNotFoundError, match="none is named"):
        released(V1_1, None)
    with pytest.raises(FileNotFoundError):
        Stored(tmp_path, squeezenet.PRETRAINED[V1_1]).read()


def test_the_recipe_measures_the_released_network_and_others(monkeypatch, ours):
    given = enlarged(images(6))
    monkeypatch.setattr(squeezenet, "released", lambda name, root: ours)
    monkeypatch.setattr(squeezenet, "enlarged", lambda some: given[: len(some)])
    found = ReleasedSensitivities(V1_1, "made-up", count=6, redrawn=1).compute(2, MadeUpBench()).metrics
    asked = probes(given, SMOOTH, stream(2, "probes"), as_input)
    plain = sensitivities_by_layer(lambda x: list(ours.representations(x)), *asked)
    assert found["released"]["deformation"] == pytest.approx(plain.deformation.tolist(), rel=1e-5)
    assert found["released"]["noise"] == pytest.approx(plain.noise.tolist(), rel=1e-5)
    (other,) = found["redrawn"]
    assert other["deformation"] != pytest.approx(plain.deformation.tolist(), rel=0.1)
