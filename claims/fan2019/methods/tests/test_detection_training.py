"""Detectors in training and test: repeatable, resumed to the same bits, with detections as the record promises."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from claims.fan2019.methods.detection_arms import ARMS, arm, detectors, plain, title_of
from claims.fan2019.methods.detection_augmentation import DetectionAugmentation
from claims.fan2019.methods.detection_training import on_device
from claims.fan2019.methods.detector_test import DetectorTest
from claims.fan2019.methods.shuffle_layers import shuffles
from harness.data.scenes import CLASSES, MOST, scenes
from harness.lab.session import NotAvailable, Session
from harness.runs import Bench, Run, RunDiverged, ingredients, perform
from harness.runs.checkpoint import Checkpoints
from harness.store import Store
from harness.tests.test_training_checkpoint import Cut, cut_before, same
from harness.training import Adam, Constant, Cosine, Network, Sgd, Warm
from harness.verdicts import Evidence

SMALL = DetectorTest(
    Network.of("fan-detector", backbone="narrow", classes=len(CLASSES), width=2, head=4, stride=8), "scenes", 32,
    Adam(1e-3), epochs=3, batch_size=8, schedule=Warm(1, Cosine(3)),
    augmentation=DetectionAugmentation(0.2, True, 1.5), count=20, tested=10,
)  # fmt: skip


def with_arm(name, **changes):
    network = Network.of(SMALL.network.name, **dict(SMALL.network.parameters), **ARMS[name])
    return SMALL.with_(network=network, **changes)


@pytest.mark.parametrize("name", ["plain", "both", "fixed"])
def test_a_cut_training_goes_on_to_the_same_bits(name, tmp_path, monkeypatch):
    monkeypatch.setattr("harness.training.checkpoint.EVERY", 0.0)
    monkeypatch.setattr("harness.training.checkpoint.COST", 1e9)
    recipe = with_arm(name, precision="bf16" if name == "both" else "float32")
    whole = recipe.compute(3, Bench())
    same(recipe.compute(3, Bench()), whole)
    for cut in (2, 3, 7):
        bench = replace(Bench(), checkpoints=Checkpoints(tmp_path / str(cut)))
        with monkeypatch.context() as patch:
            cut_before(patch, cut)
            with pytest.raises(Cut):
                recipe.compute(3, bench)
        with monkeypatch.context() as patch:
            cut_before(patch, 9 - cut)
            same(recipe.compute(3, bench), whole)


def test_another_seed_gives_another_detector():
    one, other = (SMALL.with_(epochs=1).compute(seed, Bench()) for seed in (0, 1))
    assert one.metrics["train_loss"] != other.metrics["train_loss"]


def test_shuffles_of_1x1_maps_change_nothing_at_all():
    same(with_arm("1x1").compute(0, Bench()), SMALL.compute(0, Bench()))


def test_the_record_holds_what_it_promises():
    result = with_arm("both", tested=70).compute(0, Bench())
    metrics, tensors, test = result.metrics, result.tensors, scenes("test").chosen(torch.arange(70))
    assert [len(metrics[name]) for name in ("train_loss", "train_overlap")] == [3, 3]
    assert (metrics["test_images"], metrics["image_size"], metrics["grid"]) == (70, 32, 4)
    assert metrics["class_names"] == list(CLASSES)
    kinds = {"boxes": "float32", "scores": "float32", "labels": "int64", "images": "int64", "object_boxes": "float32",
             "object_labels": "int64", "object_images": "int64", "object_difficult": "bool"}  # fmt: skip
    assert {name: str(values.dtype) for name, values in tensors.items()} == kinds
    n = len(tensors["scores"])
    assert n > 0
    assert tensors["boxes"].shape == (n, 4)
    assert ((tensors["boxes"] >= 0) & (tensors["boxes"] <= 32)).all()
    assert set(tensors["images"]) <= set(range(70))
    assert np.bincount(tensors["images"]).max() <= 100
    order = np.lexsort((-tensors["scores"], tensors["images"]))
    assert (np.diff(tensors["images"]) >= 0).all()
    assert np.array_equal(tensors["scores"][order], tensors["scores"])
    np.testing.assert_array_equal(tensors["object_boxes"], test.boxes.numpy() * 32)
    np.testing.assert_array_equal(tensors["object_images"], test.owners.numpy())


def test_each_test_image_has_a_shuffle_of_its_own_but_for_fixed_ones():
    for name, own in (("both", True), ("fixed", False)):
        recipe = with_arm(name)
        network = recipe.network.build().eval()
        with torch.no_grad():
            network(torch.zeros(1, 3, 32, 32))
        before = [layer.index for layer in shuffles(network)]
        recipe._detections(network, scenes("test").chosen(torch.arange(5)), 0, torch.device("cpu"))
        assert [layer.per_image for layer in shuffles(network)] == [own, own]
        assert all(one is layer.index for one, layer in zip(before, shuffles(network), strict=True))


def test_what_a_test_image_is_given_depends_on_no_other_without_shuffles():
    few, many = (SMALL.with_(tested=count).compute(0, Bench()).tensors for count in (66, 70))
    kept = many["images"] < 66
    for name in ("boxes", "scores"):
        np.testing.assert_allclose(many[name][kept], few[name], atol=1e-4)


def test_a_divergence_is_told_with_its_step():
    with pytest.raises(RunDiverged, match=r"diverged at step \d+ \(loss (nan|inf)\): learning rate 1e\+20"):
        SMALL.with_(optimiser=Sgd(1e20), schedule=Constant()).compute(0, Bench())


def test_training_learns(tmp_path):
    losses = SMALL.with_(epochs=8, schedule=Constant(), count=40, tested=1).compute(0, Bench()).metrics["train_loss"]
    assert losses[-1] < 0.8 * losses[0]


def test_difficult_objects_are_not_trained_on():
    few = scenes("train").chosen(torch.arange(30))
    some = replace(few, difficult=torch.arange(len(few.labels)) % 3 == 0)
    found = on_device(some, 16, torch.device("cpu"))
    assert found.objects.boxes.shape[1] <= MOST
    for number in range(30):
        mine = (few.owners == number) & ~some.difficult
        there = found.objects.labels[number] >= 0
        assert torch.equal(found.objects.boxes[number][there], few.boxes[mine])
        assert torch.equal(found.objects.labels[number][there], few.labels[mine])


def test_a_run_is_stored_once_and_its_key_accounts_for_the_data(tmp_path, monkeypatch):
    run, store = Run(SMALL.with_(epochs=1, tested=5), 0), Store(tmp_path)
    record = perform(run, store, Bench())
    assert perform(run, store, Bench(), compute=False).content == record.content
    made_of = ingredients(run, Bench())
    assert made_of["data"] == {f"scenes/{split}": scenes(split).digest for split in ("train", "test")}
    other = replace(scenes("test"), digest="another")
    monkeypatch.setattr(Bench, "detection", lambda self, name, split="train": other)
    assert ingredients(run, Bench()) != made_of


def test_the_code_of_data_network_loss_and_shuffles_is_in_the_key():
    from harness.runs.code import closure

    used = closure([DetectorTest.__module__, *SMALL.modules()])
    for name in ("data.scenes", "data.voc", "networks.detector", "networks.resnet", "networks.shuffle",
                 "training.detection_loss", "training.detection_decoding", "training.detection"):  # fmt: skip
        assert f"harness.{name}" in used, name


def test_work_counts_the_images_that_are_seen():
    assert SMALL.work() == 3 * 20
    assert [plain(*which).work() for which in GRIDS] == [16_000, 16_000, 120_000, 30 * 5_011, 500 * 16_551]


def test_images_are_drawn_by_the_seed_and_there_are_enough(monkeypatch):
    draws = [SMALL._training_set(seed, Bench()) for seed in (0, 0, 1)]
    assert [len(one) for one in draws] == [20] * 3
    assert torch.equal(draws[0].boxes, draws[1].boxes)
    assert draws[0].boxes.shape != draws[2].boxes.shape or not torch.equal(draws[0].boxes, draws[2].boxes)
    with pytest.raises(ValueError, match="6001 training images are wanted and scenes has 6000"):
        SMALL.with_(count=6001)._training_set(0, Bench())


@pytest.mark.parametrize("wrong", [{"precision": "float16"}, {"epochs": -1}, {"batch_size": 0}, {"size": 0}])
def test_a_recipe_that_makes_no_sense_is_refused(wrong):
    with pytest.raises(ValueError, match=r"precision is|nothing to do"):
        SMALL.with_(**wrong)


GRIDS = {("quick", "scenes"): 4, ("quick", "voc2007"): 4, ("nightly", "scenes"): 8, ("nightly", "voc2007"): 7,
         ("paper", "voc2007"): 14}  # fmt: skip


@pytest.mark.parametrize(("tier", "data"), GRIDS)
def test_every_arm_can_be_built_at_every_tier(tier, data):
    runs = detectors(*ARMS)(tier, data)
    assert runs.keys() == ARMS.keys()
    for name, recipe in runs.items():
        assert recipe == arm(name, tier, data)
        with torch.device("meta"):
            network = recipe.network.build().eval()
        assert bool(shuffles(network)) == (name != "plain")
    with torch.device("meta"):
        network = plain(tier, data).network.build().eval()
        out = network(torch.zeros(1, 3, recipe.size, recipe.size))
    assert out.shape[1:3] == (GRIDS[tier, data],) * 2


def test_the_papers_recipe_is_the_texts():
    recipe = plain("paper", "voc2007")
    assert (recipe.data, recipe.epochs, recipe.optimiser.rate) == ("voc2007+2012", 500, 1e-3)
    assert recipe.schedule.share(500) == pytest.approx(0.01)
    assert dict(recipe.network.parameters) == {"classes": 20}
    assert recipe.augmentation == DetectionAugmentation(0.2, True, 1.5)
    with pytest.raises(ValueError, match="voc2007 or scenes, not on 'cifar10'"):
        plain("quick", "cifar10")


def test_the_rate_is_warmed_up_to_another_schedule():
    warm = Warm(2, Cosine(10))
    assert [warm.share(epoch) for epoch in (0, 1)] == pytest.approx([1 / 9, 4 / 9 * Cosine(10).share(1)])
    assert [warm.share(epoch) for epoch in range(2, 10)] == [Cosine(10).share(epoch) for epoch in range(2, 10)]
    assert math.isclose(Warm(0, Constant()).share(0), 1)


def test_a_claim_has_the_record_and_where_its_data_come_from(tmp_path):
    place = Session(tier="quick", data=tmp_path, store=tmp_path / "store", device="cpu", train=True)
    record = place.record(SMALL.with_(epochs=1), 0)
    assert record.metrics["test_images"] == 10
    assert record.tensors["object_boxes"].shape[1] == 4
    assert place.provenance("scenes", "test").reach is Evidence.PROXY
    assert place.provenance("digits", "test").digest == place.images("digits", "test").digest
    with pytest.raises(NotAvailable, match=r"voc2007 is not here: no .*test.txt"):
        place.provenance("voc2007", "test")
    with pytest.raises(NotAvailable, match=r"voc2007\+2012 is not here"):
        place.record(plain("paper", "voc2007"), 0)


def test_every_detector_has_a_title_of_its_own():
    assert len({title_of(name) for name in ARMS}) == len(ARMS)
    assert title_of("plain") == "detector, unshuffled"
    assert title_of("stage both") == "detector, branch and skip of all bottlenecks of the last stage shuffled"
    assert title_of("fixed") == "detector, branch and skip of the last bottleneck shuffled, one permutation for good"
