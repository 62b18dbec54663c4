"""Detectors in training and test: repeatable, resumed to the same bits, with detections as the record promises."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from claims.fan2019.methods import detection_training, detector_test
from claims.fan2019.methods.detection_arms import ARMS, arm, detectors, plain, title_of
from claims.fan2019.methods.detection_augmentation import DetectionAugmentation
from claims.fan2019.methods.detection_statistics import Findings, pictured, statistics
from claims.fan2019.methods.detection_training import on_device
from claims.fan2019.methods.detector_test import DetectorTest
from claims.fan2019.methods.rounding_benchmark import MISTAKES, begin
from claims.fan2019.methods.shuffle_layers import shuffles
from harness.data.scenes import CLASSES, MOST, scenes
from harness.evidence.recheck import Difference, compare
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
    monkeypatch.setattr(detection_training, "opening_losses", lambda trainer: [])  # whose steps are not cut
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


def detections_of(recipe, count=None):
    """What the recipe's detector of seed 0 finds in the first so many test images, and the network."""
    trained = detection_training.train(recipe, recipe._training_set(0, Bench()), 0, Bench())
    test = scenes("test").chosen(torch.arange(count or recipe.tested)).pixels(recipe.size, torch.device("cpu"))
    found, _ = recipe._detections(trained.network, test, len(CLASSES), 0)
    return detector_test._flat(found, recipe.size)


def test_the_record_holds_what_it_promises():
    recipe = with_arm("both", tested=70)
    result = recipe.compute(0, Bench())
    metrics, test = result.metrics, scenes("test").chosen(torch.arange(70))
    assert not result.tensors
    assert [len(metrics[name]) for name in ("train_loss", "train_overlap", "rate")] == [3, 3, 3]
    assert (metrics["test_images"], metrics["grid"]) == (70, 4)
    objects = detector_test._objects(test, 32)
    np.testing.assert_array_equal(objects.boxes, test.boxes.numpy() * 32)
    np.testing.assert_array_equal(objects.images, test.owners.numpy())
    one = Findings(detections_of(recipe), objects, 70, 32, test.classes, test.similar)
    assert metrics["statistics"] == statistics(one)
    assert metrics["pictured"] == pictured(one)
    assert len(json.dumps(metrics, allow_nan=False, separators=(",", ":"))) < 30_000


def test_detections_are_in_pixels_and_in_order():
    found = detections_of(with_arm("both"), 70)
    kinds = {"boxes": "float32", "scores": "float32", "labels": "int64", "images": "int64"}
    assert {name: str(values.dtype) for name, values in found._asdict().items()} == kinds
    n = len(found.scores)
    assert n > 0
    assert found.boxes.shape == (n, 4)
    assert ((found.boxes >= 0) & (found.boxes <= 32)).all()
    assert set(found.images) <= set(range(70))
    assert np.bincount(found.images).max() <= 100
    order = np.lexsort((-found.scores, found.images))
    assert (np.diff(found.images) >= 0).all()
    assert np.array_equal(found.scores[order], found.scores)


def test_the_record_says_what_the_seed_decided_and_that_no_test_image_was_trained_on():
    one, again, other, shuffled = (
        recipe.with_(epochs=1).compute(seed, Bench()).metrics
        for recipe, seed in ((SMALL, 0), (SMALL, 0), (SMALL, 1), (with_arm("both"), 0))
    )
    assert one["fingerprints"] == again["fingerprints"] == shuffled["fingerprints"]
    assert not set(one["fingerprints"].values()) & set(other["fingerprints"].values())
    assert one["shared_images"] == {"test": [0, 10]}
    assert len(one["opening_losses"]) == 3  # as many steps as an epoch has
    assert one["opening_losses"] != other["opening_losses"]
    assert set(one["optimiser"][0]) == {"betas", "weight_decay"}


def test_a_test_image_that_was_trained_on_is_told(monkeypatch):
    """The set's own training images as test images."""
    bench = Bench()
    monkeypatch.setattr(Bench, "detection", lambda self, name, split="train": scenes("train"))
    recipe = SMALL.with_(epochs=0, count=6000, tested=10)
    assert recipe.compute(0, bench).metrics["shared_images"] == {"test": [10, 10]}


@pytest.mark.parametrize("precision", ["float32", "bf16"])
def test_the_first_epoch_done_again_is_that_of_the_record(precision):
    recipe = with_arm("fixed", precision=precision, schedule=Warm(1, Cosine(10)))
    whole, opening = recipe.compute(2, Bench()).metrics, recipe.opening().compute(2, Bench()).metrics
    made_of = ingredients(Run(recipe, 2), Bench())
    comparison = compare(whole, opening, made_of, to_the_bit=True)
    assert comparison.differences == ()
    assert comparison.compared > 6
    assert recipe.with_(epochs=1).opening() is None
    hot = recipe.opening().with_(optimiser=Adam(1.5e-3)).compute(2, Bench()).metrics
    assert compare(whole, hot, made_of).differences


def test_rounding_as_with_another_number_of_threads_is_none_at_the_first_steps():
    recipe = arm("both", "laptop", "scenes")
    plain, threads = begin(recipe, 100), torch.get_num_threads()
    torch.set_num_threads(2 if threads == 1 else 1)
    now = begin(recipe, 100)
    torch.set_num_threads(threads)
    assert now != plain
    assert not beside(plain, now)


@pytest.mark.parametrize("mistake", MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_more_than_rounding_at_the_first_steps(mistake):
    recipe = arm("both", "laptop", "scenes")
    assert beside(begin(recipe, 100), begin(mistake(recipe), 100))


def beside(recorded: list[float], now: list[float]) -> tuple[Difference, ...]:
    """What differs in the first losses of a detector, where another processor did it again."""
    made_of = ingredients(Run(arm("both", "laptop", "scenes"), 100), Bench())
    one, other = ({"train_overlap": [0.5], "opening_losses": losses} for losses in (recorded, now))
    return compare(one, other, made_of).differences


def test_each_test_image_has_a_shuffle_of_its_own_but_for_fixed_ones():
    for name, own in (("both", True), ("fixed", False)):
        recipe = with_arm(name)
        network = recipe.network.build().eval()
        with torch.no_grad():
            network(torch.zeros(1, 3, 32, 32))
        before = [layer.index for layer in shuffles(network)]
        recipe._detections(network, torch.zeros(5, 3, 32, 32, dtype=torch.uint8), len(CLASSES), 0)
        assert [layer.per_image for layer in shuffles(network)] == [own, own]
        assert all(one is layer.index for one, layer in zip(before, shuffles(network), strict=True))


def test_what_a_test_image_is_given_depends_on_no_other_without_shuffles():
    few, many = (detections_of(SMALL, count) for count in (66, 70))
    kept = many.images < 66
    for name in ("boxes", "scores"):
        np.testing.assert_allclose(getattr(many, name)[kept], getattr(few, name), atol=1e-4)


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
    own = ("detector", "shuffle_layers", "detection_loss", "detection_decoding", "detection_training",
           "detection_statistics", "detection_errors", "average_precision", "object_sizes")  # fmt: skip
    shared = ("data.scenes", "data.voc", "networks.resnet", "statistics.resampling")
    for name in (*(f"claims.fan2019.methods.{name}" for name in own), *(f"harness.{name}" for name in shared)):
        assert name in used, name


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


GRIDS = {("laptop", "scenes"): 4, ("laptop", "voc2007"): 4, ("nightly", "scenes"): 8, ("nightly", "voc2007"): 7,
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
        plain("laptop", "cifar10")


def test_the_rate_is_warmed_up_to_another_schedule():
    warm = Warm(2, Cosine(10))
    assert [warm.share(epoch) for epoch in (0, 1)] == pytest.approx([1 / 9, 4 / 9 * Cosine(10).share(1)])
    assert [warm.share(epoch) for epoch in range(2, 10)] == [Cosine(10).share(epoch) for epoch in range(2, 10)]
    assert math.isclose(Warm(0, Constant()).share(0), 1)


def test_a_claim_has_the_record_and_where_its_data_come_from(tmp_path):
    place = Session(tier="laptop", data=tmp_path, store=tmp_path / "store", device="cpu", train=True)
    record = place.record(SMALL.with_(epochs=1), 0).record
    assert record.metrics["test_images"] == 10
    assert record.tensors == {}
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
