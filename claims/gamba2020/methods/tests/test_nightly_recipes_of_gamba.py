"""Every network that tier `nightly` trains for Gamba et al. goes through two epochs, its resets and its shares."""

from dataclasses import replace

import pytest
import torch

from claims.gamba2020.methods.criticality import Criticality, drops_of, shares_of
from claims.gamba2020.methods.vgg_recipes import LENGTHS
from harness.claims.tiers import reaches
from harness.data.image_set import ImageSet
from harness.tests.made_up_records import as_record, cases_of, trained_claims_of
from harness.training import Network
from harness.verdicts import Evidence

CLASSES = {"mnist": 10, "cifar10": 10, "cifar100": 100, "textures": 4}
SIZES = {"mnist": (1, 28, 28), "cifar10": (3, 32, 32), "cifar100": (3, 32, 32)}


class Bench:
    """Images of noise in the shape of the named set."""

    device = torch.device("cpu")
    checkpoints = None

    def images(self, name, split="train"):
        generator = torch.Generator().manual_seed(1)
        images = torch.randint(0, 256, (24, *SIZES[name]), generator=generator, dtype=torch.uint8)
        labels = torch.randint(CLASSES[name], (24,), generator=generator)
        labels[:2] = torch.tensor([0, CLASSES[name] - 1])
        return ImageSet(name, split, images, labels, digest=split, reach=Evidence.PROXY)

    def progress(self, done, total, what):
        pass

    def give_way(self):
        pass


def recipes():
    """Those of all claims at tier `nightly`, on the papers' data, each once."""
    needed = {}
    for claim in trained_claims_of("gamba2020").values():
        if reaches("nightly", claim.tier):
            for case in cases_of(claim, "nightly"):
                needed.update(dict.fromkeys(claim.runs_within("nightly", case).values()))
    return [recipe for recipe in needed if isinstance(recipe, Criticality) and recipe.training.data.name in SIZES]


def shortened(recipe, width=None):
    """Two epochs of eight images, and all resets that there can be; of another width, where one is given."""
    training = recipe.training
    network = training.network
    if width and network.name == "plain-vgg":
        network = Network.of(network.name, **{**dict(network.parameters), "width": width})
    data = replace(training.data, count=8, held_out=4)
    training = training.with_(network=network, data=data, epochs=2, batch_size=4)
    return replace(recipe, training=training, resets=(0, 1, 2) if recipe.resets else ())


RECIPES = recipes()


def test_they_are_all_here():
    assert len(RECIPES) >= 11
    names = {recipe.training.data.name for recipe in RECIPES}
    assert names == set(SIZES)
    assert {len(recipe.resets) for recipe in RECIPES} == {0, len(LENGTHS["nightly"].resets)}
    depths = {dict(recipe.training.network.parameters).get("depth") for recipe in RECIPES}
    assert depths == {19, None}


@pytest.mark.parametrize("number", range(len(RECIPES)))
def test_each_runs_for_two_epochs(number):
    short = shortened(RECIPES[number], width=4)
    record = as_record(short.compute(0, Bench()))
    if "broke_at_step" in record.metrics:
        assert short.breakdown
        return
    layers = 16 if short.training.network.name == "plain-vgg" else 6
    assert shares_of(record).shape == (3, layers)
    if short.resets and record.metrics["accuracy"]["test"]:
        assert drops_of(record, "test", "2").tolist() == [0.0] * layers
