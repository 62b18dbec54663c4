from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from claims.gamba2020.methods.criticality import FRESH, FRESH_SEED, Criticality, drops_of, shares_of
from claims.gamba2020.methods.drift import drift
from claims.gamba2020.methods.layer_resets import relative_drop, reset_hits
from claims.gamba2020.methods.projections import convolutional_layers, negative_shares
from harness.evidence.recheck import compare
from harness.interventions.reinitialise import reset_layer
from harness.networks.vgg import plain
from harness.runs import Run, ingredients
from harness.tests.made_up_records import as_record
from harness.tests.training_bench import MadeUpBench
from harness.training import Data, Network, Sgd
from harness.training.loop import initial_network, train
from harness.training.training import Training

RECIPE = Criticality(
    Training(
        network=Network.of("plain-vgg", classes=3, channels=1, width=8, depth=11, head="linear"),
        data=Data("made-up", count=48, held_out=12),
        optimiser=Sgd(0.05, momentum=0.9, weight_decay=5e-4),
        epochs=3,
        batch_size=8,
    ),
    resets=(0, 2, 3),
    test_images=16,
)
LAYERS = 8


def bench():
    return MadeUpBench(size=32)


@pytest.fixture(scope="module")
def record():
    return RECIPE.compute(1, bench())


def vgg(seed):
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return plain(5, 4, depth=13, head="average").eval()


def batch(n=6):
    generator = torch.Generator().manual_seed(8)
    return torch.randn(n, 3, 32, 32, generator=generator), torch.randint(5, (n,), generator=generator)


def plain_hits(network, state, images, labels):
    trained = network.state_dict()
    found = []
    for layer in convolutional_layers(network):
        logits = torch.func.functional_call(network, reset_layer(trained, layer, state), (images,))
        found.append(int((logits.argmax(1) == labels).sum()))
    return found


def test_prefixes_computed_once_give_what_whole_networks_give():
    network, (images, labels) = vgg(0), batch(40)
    sources = {"one": vgg(1).state_dict(), "two": vgg(2).state_dict()}
    with torch.inference_mode():
        hits = reset_hits(network, sources, images, labels)
        assert {name: hits[name].tolist() for name in sources} == {
            name: plain_hits(network, state, images, labels) for name, state in sources.items()
        }
        assert hits[""].tolist() == [int((network(images).argmax(1) == labels).sum())]


def test_resets_leave_the_network_as_it_was():
    network, (images, labels) = vgg(0), batch()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    pixels = images.clone()
    reset_hits(network, {"other": vgg(1).state_dict()}, images, labels)
    assert all(torch.equal(before[name], value) for name, value in network.state_dict().items())
    assert torch.equal(pixels, images)


def test_a_state_without_the_layer_is_refused():
    with pytest.raises(KeyError, match=r"features\.0\.weight"):
        reset_hits(vgg(0), {"empty": {}}, *batch())


def test_relative_drop():
    assert relative_drop(0.8, 0.6) == pytest.approx(0.25)
    assert relative_drop(0.5, 0.6) == pytest.approx(-0.2)
    with pytest.raises(ValueError, match="accuracy of 0"):
        relative_drop(0.0, 0.1)


def test_a_reset_to_the_last_epoch_costs_exactly_nothing(record):
    for images in ("test", "validation"):
        assert drops_of(record, images, "3").tolist() == [0.0] * LAYERS


def test_resets_are_those_of_the_training_itself(record):
    keep = replace(RECIPE.training.keep, weights=("features.*",), epochs=(0,))
    fitted = train(replace(RECIPE.training, keep=keep), 1, bench())
    state = {name.removesuffix("@0"): torch.from_numpy(value) for name, value in fitted.result.tensors.items()}
    test = bench().images("made-up", "test")
    images, labels = fitted.data.as_input(test.images[:16]), test.labels[:16]
    with torch.inference_mode():
        right = plain_hits(fitted.network, state, images, labels)
        accuracy = float((fitted.network(images).argmax(1) == labels).double().mean())
    assert record.metrics["reset"]["test"]["0"] == [hits / 16 for hits in right]
    assert record.metrics["accuracy"]["test"] == accuracy
    assert record.metrics["accuracy"]["validation"] == pytest.approx(record.metrics["final_validation_accuracy"])


def test_a_fresh_draw_is_another_one_than_the_initial(record):
    assert set(record.metrics["reset"]["test"]) == {"0", "2", "3", FRESH}
    assert record.metrics["moved"] != record.metrics["turned"]
    first, fresh = (initial_network(RECIPE.training, seed).state_dict() for seed in (1, 1 + FRESH_SEED))
    assert not any(torch.equal(first[name], fresh[name]) for name in first if name.endswith("weight"))

    assert "accuracy" not in replace(RECIPE, resets=()).compute(1, bench()).metrics


def test_shares_begin_with_the_untrained_network(record):
    shares = shares_of(record)
    assert shares.shape == (4, LAYERS)
    assert shares[0].tolist() == negative_shares(initial_network(RECIPE.training, 1))
    fitted = train(RECIPE.training, 1, bench())
    assert shares[-1].tolist() == negative_shares(fitted.network)
    first, last = (convolutional_layers(one) for one in (initial_network(RECIPE.training, 1), fitted.network))
    drifts = [drift(a.weight, b.weight) for a, b in zip(first.values(), last.values(), strict=True)]
    assert record.metrics["moved"] == pytest.approx([one.moved for one in drifts])


def counted(weight):
    """Filters whose weights sum to zero or less, in exact arithmetic."""
    sums = [sum(map(Fraction, row)) for row in weight.flatten(1).tolist()]
    return sum(one <= 0 for one in sums) / len(sums)


@settings(deadline=None, max_examples=25)
@given(seed=st.integers(0, 10**6), ties=st.booleans(), kernel=st.sampled_from([2, 3, 5]))
def test_shares_equal_an_independent_count_ties_included(seed, ties, kernel):
    generator = torch.Generator().manual_seed(seed)
    network = torch.nn.Sequential(torch.nn.Conv2d(2, 7, kernel), torch.nn.ReLU(), torch.nn.Conv2d(7, 9, kernel))
    for layer in convolutional_layers(network).values():
        drawn = torch.randn(layer.weight.shape, generator=generator)
        layer.weight.data = (2 * drawn).round() if ties else drawn
    layers = convolutional_layers(network).values()
    assert negative_shares(network) == [counted(layer.weight) for layer in layers]


def test_ties_do_occur_and_count_as_negative():
    layer = torch.nn.Conv2d(1, 4, 2)
    layer.weight.data = (
        torch.tensor([[1, -1, 1, -1], [1, 1, 1, 1], [-1, 0, 0, 0], [0, 0, 0, 0]]).float().reshape(4, 1, 2, 2)
    )
    assert negative_shares(torch.nn.Sequential(layer)) == [0.75] == [counted(layer.weight)]


def test_sign_flipped_weights_turn_the_bias_positive():
    network = vgg(3)
    for layer in convolutional_layers(network).values():
        layer.weight.data = -layer.weight.data.abs()
    assert negative_shares(network) == [1.0] * 10
    for layer in convolutional_layers(network).values():
        layer.weight.data = -layer.weight.data
    assert negative_shares(network) == [0.0] * 10


def test_a_breakdown_is_a_result_only_where_it_is_asked_for():
    from harness.runs.errors import RunDiverged

    hot = replace(RECIPE, training=replace(RECIPE.training, optimiser=Sgd(1e30)), resets=())
    with pytest.raises(RunDiverged):
        hot.compute(0, bench())
    result = replace(hot, breakdown=True).compute(0, bench())
    assert list(result.metrics) == ["broke_at_step"]


@pytest.mark.parametrize("resets", [(), (0,)])
def test_the_test_split_is_read_where_layers_are_reset(resets):
    sets = replace(RECIPE, resets=resets).data_sets()
    assert (("made-up", "test") in sets) == bool(resets)
    assert RECIPE.modules() == RECIPE.training.modules()


def test_no_weights_are_kept_and_images_of_both_sets_are_counted(record):
    assert not record.tensors
    assert record.metrics["shared_images"] == {"validation": [0, 12], "test": [0, 16]}
    assert set(replace(RECIPE, resets=()).compute(1, bench()).metrics["shared_images"]) == {"validation"}


def test_test_images_that_were_trained_on_are_told():
    leaky = bench()
    leaky.sets["test"] = leaky.sets["train"]
    shared, of = RECIPE.with_(test_images=60).compute(1, leaky).metrics["shared_images"]["test"]
    assert (shared, of) == (48, 60)


@pytest.mark.parametrize("resets", [(), RECIPE.resets])
def test_the_first_epoch_done_again_is_that_of_the_record(resets):
    recipe = replace(RECIPE, resets=resets)
    whole, opening = recipe.compute(1, bench()).metrics, recipe.opening().compute(1, bench()).metrics
    comparison = compare(whole, opening, ingredients(Run(recipe, 1), bench()), to_the_bit=True)
    assert comparison.differences == ()
    assert comparison.compared > 8
    assert len(opening["train_loss"]) == 1
    assert len(opening.get("reset", {"test": {"0": 0, FRESH: 0}})["test"]) == 2


def test_what_cannot_be_cut_has_no_opening():
    assert replace(RECIPE, breakdown=True).opening() is None
    assert RECIPE.opening().opening() is None


def test_weight_decay_moves_and_does_not_turn():
    weight = torch.randn(4, 3, 3, 3, generator=torch.Generator().manual_seed(0))
    assert drift(weight, 0.9 * weight) == pytest.approx((0.1, 0.0), abs=1e-7)
    assert drift(weight, -weight) == pytest.approx((2.0, 0.0), abs=1e-7)
    sideways = torch.zeros_like(weight)
    sideways[0, 0, 0, :2] = weight[0, 0, 0, :2].flip(0) * torch.tensor([-1, 1])
    found = drift(weight, weight + sideways)
    assert found.moved == pytest.approx(found.turned) == pytest.approx(float(sideways.norm() / weight.norm()))
    with pytest.raises(ValueError, match="zero"):
        drift(torch.zeros(3), torch.ones(3))


def test_arrays_are_plain():
    shares = shares_of(as_record(RECIPE.compute(0, bench())))
    assert isinstance(shares, np.ndarray)
    assert ((shares >= 0) & (shares <= 1)).all()
