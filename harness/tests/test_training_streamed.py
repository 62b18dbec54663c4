"""Training on images in files: the same as on the same pixels resident, and the same after a cut."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from harness.runs import Bench, Run, perform
from harness.store import Store
from harness.tests.fake_imagenet import tiny_imagenet
from harness.tests.test_training_checkpoint import Cut, always, cut_before, same
from harness.training import Augmentation, Data, LabelNoise, Network, Sgd
from harness.training.data import Prepared, prepare
from harness.training.labelled import Resident, middle
from harness.training.loop import ImageTrainer, initial_network
from harness.training.training import Training

__all__ = ["always", "tiny_imagenet"]

SIDE = 32
RECIPE = Training(
    network=Network.of("plain-vgg", depth=11, width=4, classes=3),
    data=Data("imagenet", side=SIDE),
    optimiser=Sgd(0.01, 0.9),
    epochs=2,
    batch_size=10,
    augmentation=Augmentation(flip=True),
)
"""With dropout, which draws from torch's global generator."""


@pytest.fixture
def bench(tiny_imagenet):
    return Bench(data=tiny_imagenet)


def stacked(part):
    return torch.cat([images for images, _ in part.batches(5)])


def test_the_parts_are_the_files_of_their_splits(bench):
    sets = prepare(RECIPE.data, 0, bench, torch.float32)
    assert (len(sets.training), len(sets.validation)) == (24, 12)
    files = bench.image_files("imagenet", "test")
    expected = torch.stack([middle(files.open(number), 0, SIDE) for number in range(12)])
    assert torch.equal(stacked(sets.validation), expected)
    assert [labels.tolist() for _, labels in sets.validation.batches(5)] == [
        part.tolist() for part in files.labels.split(5)
    ]
    white = torch.full((1, 3, 2, 2), 255, dtype=torch.uint8)
    torch.testing.assert_close(
        sets.as_input(white)[0, :, 0, 0], (1 - torch.tensor(files.mean)) / torch.tensor(files.spread)
    )
    plain = prepare(replace(RECIPE.data, standardise=False), 0, bench, torch.float32)
    torch.testing.assert_close(plain.as_input(white), torch.ones(1, 3, 2, 2))


def test_held_out_images_are_those_that_are_not_trained_on(bench):
    sets = prepare(replace(RECIPE.data, held_out=6), 3, bench, torch.float32)
    assert (len(sets.training), len(sets.validation)) == (18, 6)
    both = torch.cat([stacked(sets.training), stacked(sets.validation)])
    assert len({image.numpy().tobytes() for image in both}) == 24
    other = prepare(replace(RECIPE.data, held_out=6), 4, bench, torch.float32)
    assert not torch.equal(stacked(other.validation), stacked(sets.validation))


@pytest.mark.parametrize("processes", [0, 1])
def test_streamed_equals_resident(processes, bench, monkeypatch):
    """The plain path: the same squares in memory from the start."""
    monkeypatch.setattr("harness.data.folders.processors", lambda: processes + 1)
    monkeypatch.setattr("harness.training.labelled.random_part", middle)
    recipe = RECIPE.with_(augmentation=Augmentation())
    streamed = prepare(recipe.data, 1, bench, torch.float32)

    def resident(part):
        return Resident(stacked(part), torch.cat([labels for _, labels in part.batches(5)]))

    held = Prepared(resident(streamed.training), resident(streamed.validation), streamed.mean, streamed.spread)
    curves = []
    for sets in (streamed, held):
        torch.manual_seed(0)
        trainer = ImageTrainer(recipe, 1, sets, initial_network(recipe, 1))
        trainer.run(bench, 1)
        curves.append((trainer.done.curves, trainer.network.state_dict()))
    (one, weights), (other, others) = curves
    assert one == other
    assert len(one["train_loss"]) == 2
    assert all(torch.equal(weights[name], others[name]) for name in weights)


def test_each_epoch_shows_other_parts(bench):
    sets = prepare(RECIPE.data, 0, bench, torch.float32)
    generator = torch.Generator().manual_seed(0)
    seen = []
    for _ in range(2):
        batch = torch.cat([torch.arange(24)[None], sets.training.draw(generator)])
        sets.training.ahead(batch.split(7, dim=1))
        images, labels = zip(*map(sets.training.taken, batch.split(7, dim=1)), strict=True)
        assert torch.equal(
            torch.cat(labels)[batch[0].argsort()], torch.cat([one for _, one in sets.training.batches(9)])
        )
        seen.append(torch.cat(images))
    assert seen[0].shape == (24, 3, SIDE, SIDE)
    assert not any(torch.equal(*pair) for pair in zip(*seen, strict=True))


@pytest.mark.parametrize("steps", [1, 3, 4])
def test_a_training_that_was_cut_ends_in_the_same_bits(steps, bench, tmp_path, monkeypatch, always):
    whole = perform(Run(RECIPE), Store(tmp_path / "whole"), bench)
    with monkeypatch.context() as patch:
        cut_before(patch, steps)
        with pytest.raises(Cut):
            perform(Run(RECIPE), Store(tmp_path / "cut"), bench)
    assert list((tmp_path / "cut/checkpoints").rglob("*"))
    same(perform(Run(RECIPE), Store(tmp_path / "cut"), bench), whole)


def test_a_seed_decides_everything(bench):
    first, again, other = (RECIPE.compute(seed, bench).metrics["train_loss"] for seed in (2, 2, 3))
    assert first == again != other


def test_what_files_cannot_be_is_refused():
    for change in ({"interventions": (object(),)}, {"label_noise": LabelNoise()}, {"shuffle_pixels": True}):
        with pytest.raises(ValueError, match="neither disturbed, relabelled nor reordered"):
            Data("imagenet", side=224, **change)


def test_streamed_runs_want_a_gpu_for_themselves():
    held = RECIPE.with_(data=Data("cifar10"))
    assert RECIPE.alone()
    assert not held.alone()
