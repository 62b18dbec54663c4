"""The detector of tier nightly on annotations in the layout of VOC."""

from __future__ import annotations

from claims.fan2019.methods.detection_arms import arm
from harness.data.detection_catalogue import PUBLISHED
from harness.lab.pictures import OBJECT
from harness.runs import Bench, Run, ingredients
from harness.tests.test_detection_voc import SMALL, root
from harness.training import Network

__all__ = ["root"]


def test_a_detector_is_trained_and_tested_on_it(root, monkeypatch):
    """On two images at a quarter of their size, with a narrow network."""
    monkeypatch.setitem(PUBLISHED, "voc2007", SMALL)
    recipe = arm("both", "nightly", "voc2007").with_(size=64, epochs=2)
    narrow = {**dict(recipe.network.parameters), "width": 2, "head": 2}
    recipe = recipe.with_(network=Network.of(recipe.network.name, **narrow))
    bench = Bench(data=root)
    result = recipe.compute(0, bench)
    assert (result.metrics["test_images"], result.metrics["grid"], len(result.metrics["train_loss"])) == (1, 2, 2)
    objects = [box for box in result.metrics["pictured"][0] if box[4] == OBJECT]
    assert [box[:4] for box in objects] == [[0, 0, 64, 64], [16, 16, 32, 32]]
    assert result.metrics["shared_images"]["test"][1] == 1
    assert not result.tensors
    sums = {f"voc2007/{split}": SMALL.load(split, root).digest for split in ("train", "test")}
    assert ingredients(Run(recipe), bench)["data"] == sums
