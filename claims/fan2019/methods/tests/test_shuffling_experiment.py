from __future__ import annotations

from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from claims.fan2019.methods.arms import (
    ARMS,
    CONDITIONS,
    PERCEPTRON,
    RANDOM_LABELS,
    SEEDS,
    Scale,
    arm,
    arms,
    resnets,
    scale,
    title_of,
    vgg_or_resnet,
)
from claims.fan2019.methods.modified_networks import fan
from claims.fan2019.methods.readings import Accuracies
from claims.fan2019.methods.shuffle_layer import Shuffle
from claims.fan2019.methods.shuffle_layers import set_shuffling, shuffles
from claims.fan2019.methods.shuffle_test import AS_TRAINED, Condition, ShuffleTest
from harness.evidence.recheck import compare
from harness.rules import Estimate
from harness.rules.student import margin_shown
from harness.runs import Run, ingredients
from harness.statistics.seeds_needed import seeds_needed
from harness.system.stable_names import stable_name
from harness.tests.training_bench import MadeUpBench
from harness.training import Adam, Cosine, Data, Keep, LabelNoise, Network, Steps
from harness.training.loop import train
from harness.training.training import Training

TRAINING = Training(
    network=Network.of("fan-modified", width=2, classes=3),
    data=Data("made-up", count=30, held_out=6),
    optimiser=Adam(1e-2),
    epochs=1,
    batch_size=10,
)


def network(**how) -> Network:
    return Network.of("fan-modified", width=2, classes=3, **how)


def bench() -> MadeUpBench:
    return MadeUpBench(train=40, test=30, size=32, channels=3)


SHUFFLED = Condition("shuffled", network(method="spatial", last=4))
CHANNELS = Condition("channels", network(method="channel", last=4))
PLAIN = ShuffleTest(TRAINING, (SHUFFLED, CHANNELS), passes=3)


@pytest.fixture(scope="module")
def plain():
    return PLAIN.compute(5, bench()).metrics


def test_the_trained_network_is_tested_on_the_test_split(plain):
    fitted, test = train(TRAINING, 5, bench()), bench().images("made-up", "test")
    with torch.no_grad():
        right = fitted.network.eval()(fitted.data.as_input(test.images)).argmax(1) == test.labels
    assert plain["test_accuracy"][AS_TRAINED] == [right.double().mean().item()]
    assert plain["test_images"] == 30
    told = {**fitted.result.metrics, "shared_images": {"validation": [0, 6], "test": [0, 30]}}
    assert {name: plain[name] for name in told} == told


def test_no_weights_are_kept_unless_they_are_asked_for():
    assert not ShuffleTest(TRAINING).compute(5, bench()).tensors
    kept = ShuffleTest(TRAINING.with_(keep=Keep(("classifier*",), (1,)))).compute(5, bench()).tensors
    assert all(name.endswith("@1") for name in kept)
    assert kept


def test_test_images_that_were_trained_on_are_told():
    leaky = bench()
    leaky.sets["test"] = leaky.sets["train"]
    assert ShuffleTest(TRAINING).compute(5, leaky).metrics["shared_images"]["test"] == [30, 40]


def test_the_first_epoch_done_again_is_that_of_the_record():
    recipe = PLAIN.with_(training=TRAINING.with_(epochs=3))
    whole, opening = recipe.compute(5, bench()).metrics, recipe.opening().compute(5, bench()).metrics
    comparison = compare(whole, opening, ingredients(Run(recipe, 5), bench()), to_the_bit=True)
    assert comparison.differences == ()
    assert comparison.compared > 8
    assert set(opening["test_accuracy"]) == {AS_TRAINED}
    assert PLAIN.opening() is None


def test_only_the_first_images_are_tested_where_a_number_is_given(plain):
    metrics = ShuffleTest(TRAINING, images=7).compute(5, bench()).metrics
    assert metrics["test_images"] == 7
    assert (7 * metrics["test_accuracy"][AS_TRAINED][0]).is_integer()


def test_random_shuffles_are_tested_several_times_and_nothing_else_is(plain):
    assert {name: len(passes) for name, passes in plain["test_accuracy"].items()} == {
        AS_TRAINED: 1, "shuffled": 3, "channels": 3,
    }  # fmt: skip
    fixed = PLAIN.with_(training=TRAINING.with_(network=network(method="spatial", last=4, fixed=True)), conditions=())
    assert len(fixed.compute(5, bench()).metrics["test_accuracy"][AS_TRAINED]) == 1


def test_a_seed_decides_everything_whatever_the_global_generator(plain):
    torch.manual_seed(99)
    assert PLAIN.compute(5, bench()).metrics == plain


def test_a_test_changes_neither_the_training_nor_other_tests(plain):
    metrics = PLAIN.with_(conditions=(CHANNELS,), passes=2).compute(5, bench()).metrics
    assert metrics["test_accuracy"]["channels"] == plain["test_accuracy"]["channels"][:2]
    assert {name: metrics[name] for name in metrics if name != "test_accuracy"} == {
        name: plain[name] for name in plain if name != "test_accuracy"
    }


def test_shuffles_of_a_test_are_not_those_of_the_training(monkeypatch):
    drawn = []
    original = Shuffle.draw

    def recorded(self, x):
        index = original(self, x)
        drawn.append((self.generator is not None, index[0, 0].tolist()))
        return index

    monkeypatch.setattr(Shuffle, "draw", recorded)
    recipe = ShuffleTest(TRAINING.with_(network=network(method="spatial", only=3)), passes=2)
    recipe.compute(5, bench())
    in_training = [index for seeded, index in drawn if not seeded]
    in_test = [index for seeded, index in drawn if seeded]
    assert len(in_test) == 2
    assert len(in_training) == 3 + 3 + 2  # opening losses, three steps, and validation before and after them
    assert not any(index in in_training for index in in_test)


def test_shuffling_maps_of_one_pixel_costs_nothing():
    how: dict[str, Any] = {"architecture": "resnet50", "width": 2, "classes": 3, "small_images": False}
    one_pixel, larger = (
        Condition(str(only), Network.of("fan-modified", method="spatial", only=only, **how)) for only in (16, 2)
    )
    training = TRAINING.with_(network=Network.of("fan-modified", **how), epochs=0, precision="float64")
    accuracies = ShuffleTest(training, (one_pixel, larger), passes=3).compute(1, bench()).metrics["test_accuracy"]
    assert accuracies["16"] == 3 * accuracies[AS_TRAINED]
    assert accuracies["2"] != 3 * accuracies[AS_TRAINED]


def test_a_fixed_permutation_drawn_in_inference_serves_in_training():
    layer, x = Shuffle(fixed=True, generator=torch.Generator().manual_seed(0)), torch.randn(1, 2, 4, 4)
    with torch.inference_mode():
        first = layer(x)
    again = layer(x.requires_grad_())
    again.sum().backward()
    torch.testing.assert_close(again.detach(), first.clone())


@stable_name("test-turned")
@dataclass(frozen=True)
class Turned:
    """Turn images by half a circle."""

    def apply(self, images, generator):
        return images.flip(-2, -1)


def test_what_no_test_could_mean_is_refused():
    with pytest.raises(ValueError, match="without interventions"):
        ShuffleTest(TRAINING.with_(data=Data("made-up", interventions=(Turned(),))))
    with pytest.raises(ValueError, match="0 passes"):
        ShuffleTest(TRAINING, passes=0)


def test_a_strided_network_is_the_shuffled_one_without_its_shuffles():
    torch.manual_seed(0)
    how: dict[str, Any] = {"width": 2, "classes": 3, "last": 7, "downsampling": "stride"}
    strided, shuffled, pooled = fan(**how).eval(), fan(**how, method="spatial").eval(), fan(width=2, classes=3).eval()
    for other in (shuffled, pooled):
        other.load_state_dict(strided.state_dict())
    set_shuffling(shuffled, False)
    images = torch.randn(2, 3, 32, 32)
    torch.testing.assert_close(strided(images), shuffled(images))
    assert not torch.allclose(strided(images), pooled(images))
    assert not any(layer.active for layer in shuffles(strided))
    with pytest.raises(ValueError, match="only VGG"):
        fan("resnet50", width=2, last=2, downsampling="stride")


def test_images_may_have_one_channel():
    assert fan(width=2, classes=3, channels=1).eval()(torch.randn(2, 1, 32, 32)).shape == (2, 3)
    with pytest.raises(ValueError, match="3 channels"):
        fan("resnet50", width=2, channels=1)


@pytest.mark.parametrize("tier", ["laptop", "nightly"])
@pytest.mark.parametrize("name", [name for name in ARMS if "resnet" not in name])
def test_every_arm_can_be_tested_as_its_conditions(tier, name):
    recipe = arm(name, scale(tier))
    with torch.device("meta"):
        keys = recipe.training.network.build().state_dict().keys()
        for condition in recipe.conditions:
            assert condition.network.build().state_dict().keys() == keys
    assert [condition.name for condition in recipe.conditions] == list(CONDITIONS.get(name, ()))


def small(one: Scale) -> Scale:
    """The same with tiny networks and two epochs of a few images."""
    few = Data("made-up", count=8, held_out=4)
    tiny = thin(one, classes=3)
    return replace(tiny, training=tiny.training.with_(data=few, epochs=2, schedule=Steps((1,))))


def thin(one: Scale, **shape) -> Scale:
    """The same with networks of width 2."""
    parameters = {**dict(one.training.network.parameters), "width": 2, **shape}
    return replace(one, training=one.training.with_(network=Network.of("fan-modified", **parameters)))


EVERY_ARM = (*ARMS, PERCEPTRON, f"spatial at 1{RANDOM_LABELS}")


@pytest.mark.parametrize(
    ("at", "tier", "name"),
    [(scale, "nightly", name) for name in EVERY_ARM]
    + [(resnets, "laptop", name) for name in ("resnet50", "resnet50 spatial 8", "resnet50 branch 8")],
)
def test_every_arm_trains_for_two_epochs(at, tier, name):
    metrics = arm(name, small(at(tier))).compute(0, bench()).metrics
    assert len(metrics["train_loss"]) == 2
    assert np.isfinite(metrics["train_loss"]).all()
    assert list(metrics["test_accuracy"]) == [AS_TRAINED, *CONDITIONS.get(name, ())]


def test_work_counts_operations_so_that_a_small_network_says_what_a_large_one_costs():
    def work(tier, name="plain"):
        return arm(name, scale(tier)).work()

    laptop, nightly, paper = map(work, ("laptop", "nightly", "paper"))
    resnet, perceptron = work("nightly", "resnet50"), work("nightly", PERCEPTRON)
    # Of a forward pass: 313 million multiplications in the convolutions of a VGG-16, 1.3 thousand million in ResNet-50.
    # Images get no gradient, which saves the first layer one of its three passes.
    forward, first = 2 * (313.2e6 + 64 * 8 * 4096 + 4096**2 + 409_600), 2 * 64 * 27 * 32**2
    assert nightly / (10 * 50_000) == pytest.approx(3 * forward - first, rel=1e-4)
    assert paper / nightly == pytest.approx(100 / 10)
    assert 3.5 < resnet / nightly < 4.5
    assert perceptron / (10 * 50_000) == 2 * 512 * (2 * 3072 + 3 * 100)
    assert nightly / laptop == pytest.approx(8**2 * (10 * 50_000) / (8 * 45_000), rel=0.1)


def test_random_labels_are_those_of_the_training_images_alone():
    plain, random = (arm(f"spatial at 1{end}", scale("laptop")).training for end in ("", RANDOM_LABELS))
    assert random.data.label_noise == LabelNoise(1.0, "any class")
    assert random.with_(data=plain.data) == plain


def test_shuffles_of_the_short_resnet_are_on_maps_of_the_sizes_of_resnet50s_last_stage():
    sides: dict[str, list[int]] = {"laptop": [], "nightly": []}
    for tier, found in sides.items():
        network = arm("resnet50 spatial 8", thin(resnets(tier))).training.network.build().eval()
        for layer in shuffles(network):
            layer.register_forward_pre_hook(lambda _, inputs, found=found: found.append(inputs[0].shape[-1]))
        network(torch.randn(1, 3, 32, 32))
    assert sides["laptop"] == [8, 8, 4, 4]
    assert set(sides["nightly"][-6:]) == {8, 4}


def test_the_short_resnet_is_wider_and_trained_for_longer_than_the_narrow_vgg_and_alike_in_all_else():
    vgg, resnet = scale("laptop").training, resnets("laptop").training
    assert (vgg.epochs, vgg.schedule) == (8, Cosine(8))
    assert (resnet.epochs, resnet.schedule) == (10, Cosine(10))
    assert dict(resnet.network.parameters) == {**dict(vgg.network.parameters), "width": 16}
    assert resnet.with_(network=vgg.network, epochs=vgg.epochs, schedule=vgg.schedule) == vgg


def test_a_part_of_the_short_resnet_stands_for_halves_alone():
    for name in ("plain", "resnet50 spatial 5", "resnet50 spatial at 1", "resnet152"):
        with pytest.raises(ValueError, match="no part of the short ResNet stands for"):
            arm(name, resnets("laptop"))


def test_a_vgg_stands_in_for_the_resnet_below_tier_paper():
    runs = vgg_or_resnet(("plain", "spatial 4"), ("resnet50", "resnet50 spatial 5"))
    assert list(runs("laptop")) == list(runs("nightly")) == ["plain", "spatial 4"]
    assert list(runs("paper")) == ["resnet50", "resnet50 spatial 5"]


def test_the_papers_recipe_is_that_of_the_authors_code():
    training: Any = arm("plain", scale("paper")).training
    assert training.data == Data("cifar100")
    assert (training.optimiser.rate, training.optimiser.momentum, training.optimiser.weight_decay) == (0.1, 0.9, 1e-4)
    assert (training.epochs, training.batch_size, training.schedule.milestones) == (100, 128, (50, 75))
    assert (training.augmentation.shift, training.augmentation.flip) == (4, True)
    assert dict(training.network.parameters)["width"] == 64


def test_the_shorter_recipe_warms_up_for_an_epoch_and_ends_at_no_rate():
    training: Any = arm("plain", scale("nightly")).training
    rates = [training.optimiser.rate * training.schedule.share(epoch) for epoch in range(training.epochs + 1)]
    assert len(rates) == 11
    assert rates[0] == 0.05 / 4
    assert rates[1:] == sorted(rates[1:], reverse=True)
    assert rates[-1] == 0
    assert 0 not in SEEDS["nightly"], "the schedule was chosen on it"


def accuracies(**shares) -> Accuracies:
    """Arms whose two seeds have these accuracies in every test and on every epoch; chance is a tenth."""
    recipes = arms(*shares)("laptop")

    def records(recipe):
        values = next(shares[name] for name, one in recipes.items() if one is recipe)
        return [
            SimpleNamespace(
                metrics={
                    "test_accuracy": {AS_TRAINED: [value - 0.01, value + 0.01], "spatial 4": [value / 2]},
                    "test_images": 2000,
                    "shared_images": {"validation": [0, 500]},
                    "best_validation_accuracy": value + 0.05,
                    "validation_accuracy": [0.1, value],
                    "train_accuracy": [value],
                }
            )
            for value in values
        ]

    return Accuracies(recipes, records)


def test_claims_read_per_cent_of_the_images_whatever_the_baseline_reaches():
    found = accuracies(**{"plain": [0.5, 0.7], "spatial 4": [0.5, 0.6]})
    np.testing.assert_allclose(found.percent("plain").by_seed, [50, 70])
    np.testing.assert_allclose(found.percent_above_chance("plain").by_seed, [40, 60])
    np.testing.assert_allclose(found.lost_percent("spatial 4").by_seed, [0, 10], atol=1e-12)
    np.testing.assert_allclose(found.lost_percent("plain", "spatial 4").by_seed, [25, 35])
    np.testing.assert_allclose(found.lost_percent("spatial 4", epoch="best").by_seed, [0, 10], atol=1e-12)
    np.testing.assert_allclose(found.untrained_percent("spatial 4").by_seed, 10)
    np.testing.assert_allclose(found.percent_after("plain", "validation_accuracy", 4).by_seed, [50, 70])
    np.testing.assert_allclose(found.curve("plain", "validation_accuracy"), [[50], [70]])


def test_every_accuracy_knows_how_many_images_it_is_of():
    found = accuracies(**{"plain": [0.5, 0.7], "spatial 4": [0.5, 0.6]})
    assert found.percent("plain").images == (2000,)
    assert found.percent("plain", epoch="best").images == found.untrained_percent("plain").images == (500,)
    assert (found.percent("plain") - found.untrained_percent("plain")).images == (500, 2000)
    assert found.percent_after("plain", "validation_accuracy", 4).images == (500,)
    assert found.percent_after("plain", "train_accuracy", 4).image_variance == 0


def test_figures_have_our_points_and_those_that_are_printed():
    found = accuracies(**{"plain": [0.5, 0.7], "spatial 10": [0.1, 0.1], "gap-fc 4": [0.6, 0.6]})
    curves = found.curves(by_share={0: "plain", 10: "spatial 10", 4: "gap-fc 4"}, unknown={4: "gap-fc 4"})
    assert list(curves) == ["by share", "by share, as printed", "unknown"]
    assert curves["by share"][0] == [0, 10, 4]
    np.testing.assert_allclose(curves["by share"][1], [60, 10, 60])
    assert curves["by share, as printed"] == ([0, 10], [74.10, 57.05])


def test_accuracies_are_said_with_both_spreads():
    fitted, plain, shuffled = accuracies(plain=[0.5, 0.7]).notes()
    assert fitted == "plain gets 60 % of its training images right in the last epoch"
    assert plain == "plain, as trained: 60.00 % (14.14 over seeds, 1.41 over 2 forward passes)"
    assert shuffled == "plain, spatial 4: 30.00 % (7.07 over seeds)"


@pytest.mark.parametrize("margin", [0.3, 1.0, 10.0])
def test_seeds_needed_are_the_fewest_that_show_the_margin(margin):
    values = [0.0, 1.0, 3.0, 2.0]
    spread, n = np.std(values, ddof=1), seeds_needed(values, margin)

    def shown(n):
        return margin_shown(Estimate(0.0, spread / n**0.5, n, n - 1))

    assert shown(n) <= margin
    assert n == 2 or shown(n - 1) > margin


def test_seeds_needed_are_unknown_for_one_seed_and_for_too_many():
    assert seeds_needed([1.0], 1.0) is None
    assert seeds_needed([0.0, 1.0], 1e-4) is None


def test_every_arm_has_a_title_of_its_own():
    names = [*ARMS, PERCEPTRON, f"spatial at 1{RANDOM_LABELS}"]
    assert len({title_of(name) for name in names}) == len(names)
    assert not {title_of(name) for name in names} & {title_of(name, "narrow") for name in names if name in ARMS}


@pytest.mark.parametrize(("name", "title"), [
    ("plain", "VGG-16"),
    ("spatial 4", "VGG-16, spatial shuffle, last 4 layers"),
    ("spatial 4 of each image", "VGG-16, spatial shuffle, last 4 layers, each image on its own"),
    ("fixed channel 4", "VGG-16, channel shuffle, last 4 layers, one permutation for good"),
    ("gap-fc 1", "VGG-16, GAP+FC, last layer"),
    ("truncated 4", "VGG-16, without the last 4 layers"),
    ("stride 4", "VGG-16, stride for pooling, last 4 layers"),
    ("patch 4 at 1", "VGG-16, patch shuffle, layer 1, patches of 4"),
    ("resnet50 patch 4 at 0", "ResNet-50, patch shuffle, stem, patches of 4"),
    ("resnet50 branch 8", "ResNet-50, spatial shuffle, last 8 bottlenecks, skip connections unshuffled"),
    (f"spatial at 1{RANDOM_LABELS}", "VGG-16, spatial shuffle, layer 1, random labels"),
    (PERCEPTRON, "perceptron with 512 hidden units"),
])  # fmt: skip
def test_titles_say_what_an_arm_is(name, title):
    assert title_of(name) == title


def test_the_title_of_a_stand_in_says_so():
    assert title_of("spatial 4", "narrow") == "narrow VGG-16, spatial shuffle, last 4 layers"


@pytest.mark.parametrize("tier", ["laptop", "nightly"])
def test_people_know_recipes_by_their_titles(tier):
    stand_in = "narrow" if tier == "laptop" else ""
    assert arm("spatial 4", scale(tier)).title == title_of("spatial 4", stand_in)
    assert arm(PERCEPTRON, scale(tier)).title == title_of(PERCEPTRON)
