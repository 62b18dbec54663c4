from __future__ import annotations

import math
import subprocess
import sys
from dataclasses import dataclass

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.tests.training_bench import MadeUpBench
from harness.training import Adam, Augmentation, Constant, Cosine, Data, Exponential, Keep, Network, Sgd, Steps
from harness.training.augmentation import shifted
from harness.training.data import prepare
from harness.training.randomness import global_stream, stream
from harness.training.training import Training

RECIPE = Training(Network.of("mlp", width=3), Data("made-up"), Adam(1e-3), epochs=1, batch_size=10)
CPU = torch.device("cpu")


def prepared(data: Data, seed: int = 0, bench: MadeUpBench | None = None):
    return prepare(data, seed, bench or MadeUpBench(), torch.float64)


def rows(images: torch.Tensor) -> set[bytes]:
    return {image.numpy().tobytes() for image in images}


# Recipes


def test_recipes_are_stated_without_torch():
    code = "import sys, harness.training.training, harness.networks; sys.exit('torch._C' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_recipes_that_say_the_same_are_equal_and_hashable():
    assert Network.of("mlp", width=3, depth=2) == Network.of("mlp", depth=2, width=3)
    assert len({RECIPE, RECIPE.with_(), RECIPE.with_(epochs=2)}) == 2
    assert RECIPE.with_(schedule=Cosine(5)) != RECIPE


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"precision": "fp8"}, "precision is 'fp8'; it is one of"),
        ({"epochs": -1}, "-1 epochs"),
        ({"batch_size": 0}, "batches of 0"),
        ({"keep": Keep(("*",), (0, 2))}, r"after epochs \[2\], but there are 1"),
    ],
)
def test_impossible_recipes_are_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        RECIPE.with_(**changes)


def test_a_recipe_names_the_splits_that_it_reads():
    assert RECIPE.data_sets() == (("made-up", "train"), ("made-up", "test"))
    assert RECIPE.with_(data=Data("made-up", held_out=0)).data_sets() == (("made-up", "train"),)


# Data


def test_held_out_images_are_not_trained_on():
    bench = MadeUpBench()
    sets = prepared(Data("made-up", count=40, held_out=15), seed=1, bench=bench)
    assert (len(sets.training), len(sets.validation)) == (40, 15)
    assert not rows(sets.training.images) & rows(sets.validation.images)
    whole = bench.images("made-up")
    place = {image.numpy().tobytes(): label for image, label in zip(whole.images, whole.labels, strict=True)}
    for part in (sets.training, sets.validation):
        assert [place[image.numpy().tobytes()] for image in part.images] == part.labels.tolist()


def test_the_seed_draws_the_split():
    data = Data("made-up", count=20, held_out=20)
    first, again, other = (prepared(data, seed).training.images for seed in (0, 0, 1))
    assert torch.equal(first, again)
    assert rows(first) != rows(other)


def test_all_images_are_trained_on_and_the_test_split_validates_unless_told_otherwise():
    bench = MadeUpBench(train=30, test=8)
    sets = prepared(Data("made-up"), bench=bench)
    assert rows(sets.training.images) == rows(bench.images("made-up", "train").images)
    assert torch.equal(sets.validation.images, bench.images("made-up", "test").images)
    assert len(prepared(Data("made-up", held_out=10), bench=bench).training) == 20


@pytest.mark.parametrize(
    "data", [Data("made-up", count=61), Data("made-up", count=50, held_out=11), Data("made-up", held_out=60)]
)
def test_more_images_than_there_are_is_refused(data):
    with pytest.raises(ValueError, match="ask for fewer"):
        prepared(data)


def test_inputs_are_standardised_by_the_training_images_channel_by_channel():
    sets = prepared(Data("made-up", held_out=10), bench=MadeUpBench(channels=3))
    inputs = sets.as_input(sets.training.images)
    torch.testing.assert_close(inputs.mean((0, 2, 3)), torch.zeros(3).double())
    torch.testing.assert_close(inputs.std((0, 2, 3), correction=0), torch.ones(3).double())
    validation = sets.validation.images.double()
    expected = (validation - sets.training.images.double().mean((0, 2, 3), keepdim=True)) / sets.spread
    torch.testing.assert_close(sets.as_input(sets.validation.images), expected)


def test_otherwise_inputs_are_between_0_and_1():
    sets = prepared(Data("made-up", standardise=False))
    torch.testing.assert_close(sets.as_input(sets.training.images), sets.training.images.double() / 255)


def test_floating_point_images_are_taken_as_they_are():
    bench = MadeUpBench()
    whole = bench.sets["train"]
    bench.sets["train"] = type(whole)(**{**vars(whole), "images": whole.images.float() / 255})
    sets = prepared(Data("made-up", held_out=0, count=60, standardise=False), bench=bench)
    before = sets.training.images.clone()
    torch.testing.assert_close(sets.as_input(sets.training.images), before.double())
    assert torch.equal(sets.training.images, before)


def test_constant_images_do_not_divide_by_zero():
    bench = MadeUpBench()
    bench.sets["train"].images.zero_()
    sets = prepared(Data("made-up"), bench=bench)
    assert (sets.as_input(sets.training.images) == 0).all()


@dataclass(frozen=True)
class Noisy:
    """An intervention: noise of a deviation."""

    deviation: float

    def apply(self, images: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        return images + self.deviation * torch.randn(images.shape, generator=generator)


def test_interventions_disturb_both_sets_each_from_a_stream_of_its_own():
    plain, disturbed = (prepared(Data("made-up", 30, 10, steps), seed=4) for steps in ((), (Noisy(5.0),)))
    for part in ("training", "validation"):
        images = getattr(plain, part).images
        expected = Noisy(5.0).apply(images, stream(4, f"intervention 0 {part}"))
        assert torch.equal(getattr(disturbed, part).images, expected)
        assert not torch.equal(expected, images)
        assert torch.equal(getattr(disturbed, part).labels, getattr(plain, part).labels)


# Schedules


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        (Constant(), [1.0] * 8),
        (Steps((2, 5), 0.1), [1, 1, 0.1, 0.1, 0.1, 0.01, 0.01, 0.01]),
        (Exponential(0.95), [0.95**epoch for epoch in range(8)]),
        (Cosine(5), [(1 + math.cos(math.pi * epoch / 5)) / 2 for epoch in range(8)]),
    ],
)
def test_rates_follow_the_schedule(schedule, expected):
    assert [schedule.share(epoch) for epoch in range(8)] == pytest.approx(expected, abs=1e-12)


@given(epochs=st.integers(1, 60), period=st.integers(1, 40), each=st.floats(0.1, 1), data=st.data())
@settings(deadline=None, max_examples=25)
def test_schedules_are_those_of_torch(epochs, period, each, data):
    milestones = tuple(sorted(data.draw(st.sets(st.integers(1, 60), max_size=3))))
    schedulers = torch.optim.lr_scheduler
    for ours, theirs in (
        (Steps(milestones, each), lambda optimiser: schedulers.MultiStepLR(optimiser, list(milestones), each)),
        (Cosine(period), lambda optimiser: schedulers.CosineAnnealingLR(optimiser, period)),
        (Exponential(each), lambda optimiser: schedulers.ExponentialLR(optimiser, each)),
    ):
        optimiser = Sgd(1.0).over([torch.nn.Parameter(torch.zeros(1))])
        scheduler = theirs(optimiser)
        for epoch in range(epochs):
            assert ours.share(epoch) == pytest.approx(optimiser.param_groups[0]["lr"], abs=1e-9)
            optimiser.step()
            scheduler.step()


# Augmentation


@given(seed=st.integers(0, 10**6), height=st.integers(1, 7), width=st.integers(1, 7), most=st.integers(1, 4))
@settings(deadline=None, max_examples=30)
def test_a_shift_is_a_crop_of_the_padded_image(seed, height, width, most):
    generator = torch.Generator().manual_seed(seed)
    images = torch.randint(1, 256, (5, 2, height, width), dtype=torch.uint8, generator=generator)
    down, right = torch.randint(-most, most + 1, (2, 5), generator=generator)
    padded = torch.nn.functional.pad(images, (most,) * 4)
    expected = [
        image[:, most - d : most - d + height, most - r : most - r + width]
        for image, d, r in zip(padded, down.tolist(), right.tolist(), strict=True)
    ]
    moved = shifted(images, down, right)
    assert moved.dtype == images.dtype
    assert torch.equal(moved, torch.stack(expected))


def augmented(augmentation: Augmentation, images: torch.Tensor) -> torch.Tensor:
    return augmentation.apply(images, augmentation.draw(len(images), torch.Generator().manual_seed(0)))


def test_every_shift_occurs_equally_often():
    image = torch.zeros(9000, 1, 3, 3, dtype=torch.uint8)
    image[:, :, 1, 1] = 1
    places = augmented(Augmentation(shift=1), image).sum((0, 1))
    assert places.sum() == 9000
    assert ((places - 1000).abs() < 150).all()


def test_half_of_the_images_are_mirrored():
    images = torch.arange(12).reshape(1, 1, 3, 4).expand(1000, 1, 3, 4)
    flipped = augmented(Augmentation(flip=True), images)
    mirrored = (flipped == images.flip(3)).all((1, 2, 3))
    assert torch.equal(flipped[~mirrored], images[~mirrored])
    assert 400 < mirrored.sum() < 600


def test_no_augmentation_leaves_the_images():
    images = torch.randn(2, 1, 3, 3)
    assert augmented(Augmentation(), images) is images
    assert (Augmentation().draw(7, torch.Generator()) == torch.zeros(3, 7)).all()


# Randomness


def test_streams_differ_by_seed_and_by_purpose_and_can_be_drawn_again():
    draws = {
        (seed, purpose): torch.rand(4, generator=stream(seed, purpose))
        for seed in (0, 1)
        for purpose in ("order", "split")
    }
    assert len({tuple(draw.tolist()) for draw in draws.values()}) == 4
    assert torch.equal(draws[1, "order"], torch.rand(4, generator=stream(1, "order")))


def test_the_global_generator_is_lent_and_put_back():
    before = torch.get_rng_state()
    with global_stream(0, "weights", CPU):
        first = torch.rand(3)
    assert torch.equal(torch.get_rng_state(), before)
    torch.manual_seed(5)
    with global_stream(0, "weights", CPU):
        assert torch.equal(torch.rand(3), first)
    torch.set_rng_state(before)
