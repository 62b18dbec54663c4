"""Data sets, losses and initialisations are found by registered name, from wherever they stand."""

from __future__ import annotations

import subprocess
import sys

import pytest
import torch
from torch import nn

from harness.data import DATA_SETS, catalogue, load, provenance
from harness.networks import NETWORKS, SCHEMES
from harness.networks.initialise import initialise
from harness.runs import Bench, Run, perform, perform_all
from harness.store import Store
from harness.system.registry import Registry, UnknownName, register_all, registered
from harness.tests import fake_methods
from harness.training import Adam, Data, Network
from harness.training.loop import initial_network
from harness.training.loss import LOSSES
from harness.training.training import Training
from harness.verdicts import Evidence

RECIPE = Training(
    Network.of("mlp", inputs=36, width=16, classes=2),
    Data("test-stripes"),
    Adam(0.01),
    epochs=10,
    batch_size=10,
    initialisation="xavier",
    loss="test-squares",
)


def test_a_registered_data_set_is_in_the_catalogue():
    assert "test-stripes" in catalogue.names()
    assert catalogue.present("test-stripes", None)
    assert catalogue.extent("test-stripes") == (40, (1, 6, 6))
    images = load("test-stripes", "test", None)
    assert len(images) == 10
    assert load("test-stripes", "test", None) is images
    assert provenance("test-stripes", "train", None).reach is Evidence.PROXY


def test_a_data_set_that_says_it_is_another_is_refused():
    with pytest.raises(ValueError, match="fake_methods:mislabelled says of test-mislabelled/train that it is "):
        load("test-mislabelled", "train", None)


@pytest.mark.parametrize("change", ["name", "split", "digest"])
def test_a_data_set_is_what_it_says(change, monkeypatch):
    made = fake_methods.stripes("test")
    wrong = type(made)(**{**vars(made), change: "other"})
    monkeypatch.setattr(fake_methods, "stripes", lambda split: wrong)
    load_anew = load.__globals__["_built"].__wrapped__
    with pytest.raises(ValueError, match="says of test-stripes/test that it is"):
        load_anew("test-stripes", "test")


@pytest.mark.parametrize("name", ["mnist", "imagenet", "small-imagenet", "scenes", "voc2007"])
def test_no_data_set_takes_the_name_of_a_published_one(name):
    with pytest.raises(ValueError, match=f"data set '{name}' is a published one; package.images:mine needs another"):
        DATA_SETS.register(name, "package.images:mine")


@pytest.mark.parametrize(
    ("state", "message"),
    [
        (lambda: Data("test-strips"), "there is no data set 'test-strips'; there are mnist, .*test-stripes"),
        (lambda: Network.of("mpl"), "there is no network 'mpl'; there are .*mlp"),
        (lambda: RECIPE.with_(loss="test-square"), "there is no loss 'test-square'; there are .*test-squares"),
        (
            lambda: RECIPE.with_(initialisation="kaming"),
            "there is no initialisation 'kaming'; there are kaiming, vgg, xavier, torch-default, normal-deviation-0.01",
        ),
    ],
    ids=["data set", "network", "loss", "initialisation"],
)
def test_a_misspelt_name_is_told_when_the_recipe_is_made(state, message):
    with pytest.raises(UnknownName, match=message):
        state()


def test_recipes_with_registered_names_are_stated_without_torch():
    code = (
        "import sys, harness.tests.fake_methods\n"
        "from harness.data import catalogue\n"
        "from harness.training import Data, Network, Sgd\n"
        "from harness.training.training import Training\n"
        "assert catalogue.present('test-stripes', None)\n"
        "Training(Network.of('mlp'), Data('test-stripes'), Sgd(1.0), 1, 1, initialisation='test-all-ones', "
        "loss='test-squares')\n"
        "sys.exit('torch._C' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_registered_initialisation_draws_the_initial_weights():
    network = initial_network(RECIPE.with_(initialisation="test-all-ones"), 0)
    assert all((layer.weight == 1).all() for layer in network.modules() if isinstance(layer, nn.Linear))
    with pytest.raises(UnknownName, match="there is no initialisation 'ones'"):
        initialise(network, "ones")


@pytest.mark.parametrize("scheme", list(SCHEMES))
def test_every_scheme_leads_somewhere(scheme):
    initialise(NETWORKS.load("mlp")(inputs=4), scheme)


def test_a_training_minimises_the_registered_loss_on_the_registered_images():
    metrics = RECIPE.compute(0, Bench()).metrics
    images = load("test-stripes", "train", None)
    assert metrics["train_loss"][-1] < metrics["train_loss"][0] / 2
    assert metrics["final_validation_accuracy"] == 1
    one_step = RECIPE.with_(epochs=1, batch_size=40)
    inputs = (images.images / 255.0 - 0.5) / (images.images / 255.0).std(correction=0)
    scores = initial_network(one_step, 0)(inputs)
    expected = fake_methods.squares(scores, images.labels).item()
    assert one_step.compute(0, Bench()).metrics["train_loss"] == [pytest.approx(expected, rel=1e-5)]


def test_worker_processes_know_what_is_registered(tmp_path):
    outcomes = perform_all([Run(RECIPE, seed) for seed in range(2)], Store(tmp_path / "two"), Bench(), workers=2)
    for outcome in outcomes:
        alone = perform(outcome.run, Store(tmp_path / "one"), Bench())
        assert (outcome.record.key, outcome.record.content) == (alone.key, alone.content)


def test_what_a_recipe_names_is_part_of_its_code():
    assert RECIPE.modules() == ("harness.networks.mlp", "harness.tests.fake_methods", "harness.networks.initialise")


def test_a_registry_that_is_made_late_begins_with_what_was_told(monkeypatch):
    monkeypatch.setattr(Registry, "all", {})
    register_all({"colour": {"red": "paints.warm:red"}})
    colours = Registry("colour")
    colours.register("blue", "paints.cold:blue")
    assert registered() == {"colour": {"red": "paints.warm:red", "blue": "paints.cold:blue"}}
    assert list(colours) == ["red", "blue"]


def test_losses_of_the_suite():
    assert {"cross-entropy", "hinge"} <= set(LOSSES)
    scores, labels = torch.tensor([[2.0, 0.0]]), torch.tensor([0])
    assert LOSSES.load("cross-entropy")(scores, labels).item() == pytest.approx(0.126928)
