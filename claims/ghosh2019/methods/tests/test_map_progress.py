"""Maps that are looked at while a network trains: what a look sees, and that the training does not notice."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
import torch

from claims.ghosh2019.methods.map_progress import MapProgress, looks, steps_of
from claims.ghosh2019.methods.orderness import map_orderness, orderness
from claims.ghosh2019.methods.triples import NEIGHBOURHOODS
from claims.ghosh2019.methods.watched_training import SCALES, each_map
from harness.runs.checkpoint import Checkpoints
from harness.tests.test_training_checkpoint import Cut, always, cut_before, same
from harness.tests.training_bench import MadeUpBench
from harness.training import Adam, Data, Network
from harness.training.loop import train
from harness.training.training import Training

__all__ = ["always"]

TRAINING = Training(
    network=Network.of("ghosh-cnn", depth=2, width=4, classes=3, size=24),
    data=Data("made-up", count=24, held_out=12),
    optimiser=Adam(1e-2),
    epochs=3,
    batch_size=8,
)
RECIPE = MapProgress(TRAINING, steps=(1, 2, 3, 6), probes=10)


def bench(**more: Any) -> MadeUpBench:
    return MadeUpBench(size=24, **more)


def test_a_training_that_is_watched_goes_as_one_that_is_not():
    watched, plain = RECIPE.compute(3, bench()).metrics, train(TRAINING, 3, bench()).result.metrics
    assert {name: watched[name] for name in plain if name != "best_validation_accuracy"} == {
        name: value for name, value in plain.items() if name != "best_validation_accuracy"
    }


def test_looks_see_what_was_asked_for_and_the_ends():
    metrics = RECIPE.compute(3, bench()).metrics
    assert metrics["look_steps"] == [0, 1, 2, 3, 6, 9]
    assert json.loads(json.dumps(metrics["orderness"])) == metrics["orderness"]
    assert set(metrics["orderness"]) == set(metrics["last_layer"]) == set(NEIGHBOURHOODS)
    assert np.shape(metrics["orderness"]["four"]) == (2, 2, 6)
    assert np.shape(metrics["last_layer"]["four"]) == (3, 6)
    assert np.shape(metrics["dead_maps"]) == (2, 6)
    ends = [metrics["validation_accuracy"][epoch] for epoch in (0, 1, 2, 3)]
    assert [metrics["look_accuracy"][look] for look in (0, 3, 4, 5)] == pytest.approx(ends, abs=1e-5)


@pytest.mark.parametrize("neighbours", NEIGHBOURHOODS)
def test_the_last_look_is_at_the_trained_networks_maps(neighbours):
    metrics, fitted = RECIPE.compute(3, bench()).metrics, train(TRAINING, 3, bench())
    network: Any = fitted.network
    for half in (0, 1):
        probes = fitted.data.training.images[half * 10 :][:10]  # type: ignore[attr-defined]
        with torch.no_grad():
            maps = fitted.data.as_input(probes)
            for layer in (0, 1):
                maps = network.layers[layer](maps)
                plain = map_orderness(maps, neighbours)
                assert metrics["orderness"][neighbours][layer][half][-1] == pytest.approx(plain.value, abs=2e-5)
                assert metrics["dead_maps"][layer][-1] <= plain.dead
    whole = [orderness(probes, neighbours, scale) for scale in SCALES]
    assert metrics["input_orderness"][neighbours] == pytest.approx(whole, abs=2e-5)


def test_each_map_is_read_as_if_it_were_alone():
    maps = torch.rand(7, 5, 6, 6, generator=torch.Generator().manual_seed(1))
    maps[:, 2] = 0.25
    found = each_map(maps)
    assert found.shape == (len(NEIGHBOURHOODS), 5)
    assert np.isnan(found).tolist() == [[False, False, True, False, False]] * len(NEIGHBOURHOODS)
    for row, neighbours in zip(found, NEIGHBOURHOODS, strict=True):
        alone = [orderness(maps[:, [number]], neighbours) for number in (0, 1, 3, 4)]
        assert row[[0, 1, 3, 4]] == pytest.approx(alone)


@pytest.mark.usefixtures("always")
@pytest.mark.parametrize("cut", range(1, 9))
def test_a_cut_training_goes_on_to_the_same_looks(cut, tmp_path, monkeypatch):
    monkeypatch.setattr("claims.ghosh2019.methods.watched_training.opening_losses", lambda trainer: [])
    whole = RECIPE.compute(3, bench())
    with monkeypatch.context() as patch:
        cut_before(patch, cut)
        with pytest.raises(Cut):
            RECIPE.compute(3, bench(checkpoints=Checkpoints(tmp_path)))
    with monkeypatch.context() as patch:
        cut_before(patch, 9 - cut)
        same(RECIPE.compute(3, bench(checkpoints=Checkpoints(tmp_path))), whole)


def test_the_opening_is_the_first_epoch_with_its_looks():
    opening: Any = RECIPE.opening()
    assert (opening.training.epochs, opening.steps) == (1, (1, 2))
    metrics, whole = opening.compute(3, bench()).metrics, RECIPE.compute(3, bench()).metrics
    assert metrics["opening_losses"] == whole["opening_losses"]
    assert metrics["train_loss"] == whole["train_loss"][:1]


def test_it_looks_at_the_ends_of_epochs_and_on_a_grid_within_the_first():
    training = TRAINING.with_(data=Data("made-up", count=800, held_out=12))
    assert steps_of(training) == 300
    found = looks(training, within=1, each=2)
    assert found == (1, 3, 10, 32, 100, 200)
    assert set(found) < set(looks(training, within=2, each=4))
    assert max(looks(training)) < 300


def test_steps_cannot_be_counted_of_who_knows_how_many_images():
    with pytest.raises(ValueError, match="state how many"):
        steps_of(TRAINING.with_(data=Data("made-up")))


@pytest.mark.parametrize("steps", [(0, 1), (2, 1), (1, 1), (-1,)])
def test_steps_ascend_from_one(steps):
    with pytest.raises(ValueError, match="steps are positive and ascend"):
        MapProgress(TRAINING, steps=steps)


def test_halves_without_enough_images_are_refused():
    with pytest.raises(ValueError, match="two halves of 13 probes"):
        MapProgress(TRAINING, probes=13).compute(0, bench())
