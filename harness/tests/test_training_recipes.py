"""What recipes are made of: losses, label noise, shuffled pixels, noisy inputs, weight decay."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.tests.training_bench import MadeUpBench
from harness.training import Augmentation, Data, LabelNoise, Network, Sgd
from harness.training.data import prepare
from harness.training.loop import ImageTrainer, initial_network
from harness.training.loss import cross_entropy, hinge, hits
from harness.training.randomness import stream
from harness.training.training import Training

MLP = Network.of("mlp", inputs=64, width=8, depth=1, classes=3)
SMALL = Training(MLP, Data("made-up", count=40, held_out=20), Sgd(0.1), epochs=2, batch_size=16)


def prepared(data: Data, seed: int = 0, bench: MadeUpBench | None = None):
    return prepare(data, seed, bench or MadeUpBench(), torch.float64)


# Losses


@given(seed=st.integers(0, 10**6), n=st.integers(1, 9), column=st.booleans())
@settings(deadline=None, max_examples=25)
def test_the_hinge_loss_is_the_mean_of_its_definition(seed, n, column):
    generator = torch.Generator().manual_seed(seed)
    scores = 2 * torch.randn(n, generator=generator, dtype=torch.float64)
    labels = torch.randint(2, (n,), generator=generator)
    pairs = list(zip(scores.tolist(), labels.tolist(), strict=True))
    expected = sum(max(0.0, 1 - (1 if y else -1) * f) for f, y in pairs) / n
    given_scores = scores[:, None] if column else scores
    for coding in (labels, 2 * labels - 1):
        assert hinge(given_scores, coding).item() == pytest.approx(expected)
        assert hits(given_scores, coding).item() == sum((f > 0) == bool(y) for f, y in pairs)


def test_the_gradient_of_the_hinge_loss_stops_at_the_margin():
    scores = torch.tensor([2.0, 0.5, -3.0], requires_grad=True)
    hinge(scores, torch.tensor([1, 1, 1])).backward()
    torch.testing.assert_close(scores.grad, torch.tensor([0.0, -1 / 3, -1 / 3]))


def test_the_cross_entropy_is_that_of_the_softmax():
    scores, labels = torch.randn(5, 3, dtype=torch.float64), torch.tensor([0, 2, 1, 1, 0])
    expected = -scores.softmax(1)[torch.arange(5), labels].log().mean()
    torch.testing.assert_close(cross_entropy(scores, labels), expected)
    assert hits(scores, scores.argmax(1)) == 5


def test_one_score_an_image_is_what_the_hinge_loss_takes():
    with pytest.raises(ValueError, match="takes one score an image; the network gives 3"):
        hinge(torch.zeros(2, 3), torch.zeros(2).long())
    with pytest.raises(ValueError, match="there is no loss 'l2'; there are cross-entropy, hinge"):
        SMALL.with_(loss="l2")


def test_a_network_with_one_score_learns_by_the_hinge_loss():
    bench = MadeUpBench()
    for images in bench.sets.values():
        images.labels.copy_(images.labels.clamp_max(1))
    recipe = SMALL.with_(network=Network.of("mlp", inputs=64, width=8, depth=1, classes=1), loss="hinge", epochs=20)
    metrics = recipe.compute(0, bench).metrics
    assert metrics["train_loss"][-1] < 0.1 < metrics["train_loss"][0]
    assert metrics["final_validation_accuracy"] >= 0.9


# Label noise


@pytest.mark.parametrize("reading", ["any class", "another class"])
@given(seed=st.integers(0, 10**6), classes=st.integers(2, 12), share=st.floats(0, 1))
@settings(deadline=None, max_examples=20)
def test_noisy_labels_are_labels_and_so_many_of_them_are_drawn(reading, seed, classes, share):
    generator = torch.Generator().manual_seed(seed)
    labels = torch.randint(classes, (200,), generator=generator)
    before = labels.clone()
    noisy = LabelNoise(share, reading).apply(labels, classes, generator)
    assert torch.equal(labels, before)
    assert noisy.min() >= 0
    assert noisy.max() < classes
    changed = int((noisy != labels).sum())
    assert changed == round(200 * share) if reading == "another class" else changed <= round(200 * share)


@pytest.mark.parametrize(("reading", "true"), [("any class", 0.1), ("another class", 0.0)])
def test_every_class_that_may_be_drawn_is_drawn_equally_often(reading, true):
    labels = torch.arange(10).repeat(4000)
    noisy = LabelNoise(1.0, reading).apply(labels, 10, torch.Generator().manual_seed(1))
    shares = torch.bincount((noisy - labels) % 10, minlength=10) / len(labels)
    assert shares[0].item() == pytest.approx(true, abs=0.008)
    torch.testing.assert_close(shares[1:], torch.full((9,), (1 - true) / 9), rtol=0, atol=0.008)


@pytest.mark.parametrize("noise", [(1.1, "any class"), (-0.1, "any class"), (0.5, "uniform")])
def test_noise_that_is_none_is_refused(noise):
    with pytest.raises(ValueError, match="it takes 0 to 1, and one of"):
        LabelNoise(*noise)


def test_only_the_training_labels_are_noisy_and_the_seed_draws_them():
    plain = prepared(Data("made-up", 40, 20), seed=3)
    noisy, again, other = (
        prepared(Data("made-up", 40, 20, label_noise=LabelNoise()), seed=seed).training.labels for seed in (3, 3, 4)
    )
    assert (noisy != plain.training.labels).all()
    assert torch.equal(noisy, again)
    assert not torch.equal(noisy, other)
    kept = prepared(Data("made-up", 40, 20, label_noise=LabelNoise()), seed=3)
    assert torch.equal(kept.validation.labels, plain.validation.labels)
    assert torch.equal(kept.training.images, plain.training.images)


# Shuffled pixels and noisy inputs


class Seeing(ImageTrainer):
    """A trainer that writes down what its network is shown."""

    seen: list[tuple[bool, torch.Tensor]]

    def _scores(self, inputs):
        self.__dict__.setdefault("seen", []).append((self.network.training, inputs))
        return super()._scores(inputs)


def shown(data: Data, augmentation: Augmentation, epochs: int = 2, channels: int = 1):
    """Inputs of the training images by epoch, in the order of the set; and the set."""
    bench = MadeUpBench(channels=channels)
    recipe = SMALL.with_(
        network=Network.of("mlp", inputs=64 * channels, width=8, depth=1, classes=3),
        data=data, augmentation=augmentation, precision="float64",
    )  # fmt: skip
    trainer = Seeing(recipe, 5, prepared(data, 5, bench), initial_network(recipe, 5))
    order, found = stream(5, "order"), []
    for _ in range(epochs):
        trainer.seen = []
        trainer.epoch()
        inputs = torch.cat([images for training, images in trainer.seen if training])
        found.append(inputs[torch.randperm(40, generator=order).argsort()])
        validated = torch.cat([images for training, images in trainer.seen if not training])
        ((images, _),) = trainer.data.validation.batches(20)
        torch.testing.assert_close(validated, trainer.data.as_input(images))
    return found, trainer.data


def test_each_training_image_has_its_pixels_in_an_order_of_its_own_that_stays():
    (first, second), data = shown(Data("made-up", 40, 20, shuffle_pixels=True), Augmentation(), channels=2)
    plain = data.as_input(data.training.images)
    assert torch.equal(first, second)
    assert torch.equal(first.flatten(2).sort(2).values, plain.flatten(2).sort(2).values)
    orders = data.orders.long()
    assert len({tuple(order.tolist()) for order in orders}) == 40
    assert torch.equal(orders.sort(1).values, torch.arange(64).expand(40, 64))
    for number in range(40):
        for channel in range(2):
            assert torch.equal(first[number, channel].flatten(), plain[number, channel].flatten()[orders[number]])


def test_pixels_are_shuffled_behind_augmentation():
    (first, second), data = shown(Data("made-up", 40, 20, shuffle_pixels=True), Augmentation(flip=True))
    plain = data.as_input(data.training.images)
    back = torch.empty_like(first).flatten(2)
    for epoch in (first, second):
        back.scatter_(2, data.orders.long()[:, None], epoch.flatten(2))
        images = back.reshape(plain.shape)
        mirrored = (images == plain.flip(3)).flatten(1).all(1)
        assert ((images == plain).flatten(1).all(1) | mirrored).all()
        assert 5 < mirrored.sum() < 35
    assert not torch.equal(first, second)


def test_noise_is_drawn_anew_each_time_and_has_its_deviation():
    (first, second), data = shown(Data("made-up", 40, 20), Augmentation(noise=0.3))
    plain = data.as_input(data.training.images)
    noise = torch.stack([first - plain, second - plain])
    assert noise.std().item() == pytest.approx(0.3, rel=0.05)
    assert noise.mean().item() == pytest.approx(0, abs=0.02)
    assert abs(torch.corrcoef(noise.flatten(1))[0, 1].item()) < 0.07


def test_no_noise_leaves_the_inputs():
    inputs = torch.randn(2, 1, 3, 3)
    assert Augmentation().disturb(inputs, torch.Generator()) is inputs


# Weight decay


@given(seed=st.integers(0, 1000), vectors=st.booleans(), momentum=st.sampled_from([0.0, 0.9]))
@settings(deadline=None, max_examples=10)
def test_weight_decay_spares_vectors_when_told(seed, vectors, momentum):
    torch.manual_seed(seed)
    layer = torch.nn.Linear(3, 2).double()
    expected = {name: value.detach().clone() for name, value in layer.named_parameters()}
    optimiser = Sgd(0.1, momentum, 0.5, decay_vectors=vectors).over(layer.parameters())
    velocity = dict.fromkeys(expected, 0.0)
    for _ in range(3):
        optimiser.zero_grad()
        layer(torch.ones(1, 3).double()).sum().backward()
        optimiser.step()
        for name in expected:
            decay = 0.5 if vectors or name == "weight" else 0.0
            velocity[name] = momentum * velocity[name] + 1 + decay * expected[name]
            expected[name] = expected[name] - 0.1 * velocity[name]
    for name, value in layer.named_parameters():
        torch.testing.assert_close(value.detach(), expected[name])
