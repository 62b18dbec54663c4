"""Controls of claims on trained networks, on made-up records: they can fail, and do where the effect is in them."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from harness.judging.cases import judge_case
from harness.lab.lab import Lab
from harness.tests.planting import declared
from harness.verdicts import Verdict

LAYERS, FILTERS = 8, 64
CIFAR10 = {"data": "cifar10"}


class MadeUp(Lab):
    """A lab whose records are made up: `made(name of the run, seed)` gives their metrics."""

    def __init__(self, id, made, *, tier="quick", **parameters):
        place: Any = SimpleNamespace(tier=tier)
        super().__init__(declared(id), "", parameters, place)
        self._made = made

    def records(self, recipe, seeds=None):
        (name,) = [name for name, one in self.runs.items() if one == recipe]
        return [SimpleNamespace(metrics=self._made(name, seed)) for seed in seeds or self.claim.seeds_within(self.tier)]


def judged(id, made, *, tier="quick", **parameters):
    lab = MadeUp(id, made, tier=tier, **parameters)
    lab.claim.function(lab, **parameters)
    return judge_case(lab.claim, lab.measured, lab.controls)


def history(shares_of_epoch, epochs=12, **more):
    """Metrics with these shares after each epoch."""
    return {
        "filters": [FILTERS] * LAYERS,
        "shares": [list(shares_of_epoch(epoch)) for epoch in range(epochs + 1)],
        "train_loss": [2.0 - 0.1 * epoch for epoch in range(epochs)],
        "train_accuracy": [0.5] * epochs,
        "final_validation_accuracy": 0.5,
        **more,
    }


def resets(drops, last=12):
    """Metrics of an accuracy and of what is left of it."""
    left = {"0": list(1 - np.asarray(drops)), str(last): [1.0] * LAYERS}
    left |= dict.fromkeys(("1", "2", "5", "fresh"), left["0"])
    return {
        "accuracy": dict.fromkeys(("test", "validation"), 1.0),
        "reset": dict.fromkeys(("test", "validation"), left),
    }


def jittered(values, seed, by=0.01):
    return np.asarray(values, dtype=float) + by * np.random.default_rng(seed).normal(size=len(values))


def unmoved(name, seed):
    """Weights that move and a loss that does not, whichever the run."""
    change = [0.01] * LAYERS
    return history(lambda epoch: [0.5] * LAYERS, moved=change, turned=change, train_loss=[float(np.log(10))] * 12)


@pytest.mark.parametrize(
    ("id", "more"), [("HP-26", {"change": "moved"}), ("HP-26", {"change": "turned"}), ("HP-27", {}), ("HP-28", {})]
)
def test_networks_that_learn_would_be_supported_if_they_were_unmoved(id, more):
    found = judged(id, unmoved, **CIFAR10, meaning="variance", **more)
    assert (found.verdict, found.control, found.control_holds) == (Verdict.SUPPORTED, Verdict.SUPPORTED, False)


def test_networks_that_learn_move():
    def made(name, seed):
        metrics = unmoved(name, seed)
        if name == "learning":
            metrics |= history(lambda epoch: [0.5 + epoch / 40] * LAYERS)
        return metrics

    for id, more in (("HP-26", {"change": "moved"}), ("HP-27", {}), ("HP-28", {})):
        found = judged(id, made, **CIFAR10, meaning="variance", **more)
        assert (found.verdict, found.control) == (Verdict.SUPPORTED, Verdict.REFUTED)


def test_layers_in_a_random_order_have_a_spread():
    def made(name, seed):
        return history(lambda epoch: [0.5] * LAYERS) | resets([0.5] * (4 + seed % 2) + [0.0] * (4 - seed % 2))

    found = judged("HP-38", made, **CIFAR10, images="test")
    (control,) = found.control_parts.values()
    assert control.low < control.high < 8
    assert found.control is Verdict.REFUTED


@pytest.mark.parametrize(("untrained", "verdict"), [(True, Verdict.SUPPORTED), (False, Verdict.REFUTED)])
def test_the_bias_of_untrained_networks_is_supported_where_it_goes_with_criticality(untrained, verdict):
    def made(name, seed):
        bias = jittered(np.linspace(0.4, 0.05, LAYERS), seed)
        before = bias if untrained else bias[::-1]
        return history(lambda epoch: 0.5 + (bias if epoch else before)) | resets(jittered(2 * bias, seed + 50, 0.07))

    found = judged("HP-40", made, **CIFAR10, sampled="networks", images="test")
    assert (found.verdict, found.control) == (Verdict.SUPPORTED, verdict)


@pytest.mark.parametrize(("before", "verdict"), [(0.4, Verdict.SUPPORTED), (0.0, Verdict.REFUTED)])
def test_untrained_networks_have_no_bias_to_lose(before, verdict):
    def made(name, seed):
        after = 0.9 if name == "whole" else 0.6
        shares = jittered([after] * LAYERS, seed + len(name)), jittered([0.5 + before] * LAYERS, seed + 50)
        return history(lambda epoch: shares[0] if epoch else shares[1])

    found = judged("HP-53", made)
    assert (found.verdict, found.control) == (Verdict.SUPPORTED, verdict)


@pytest.mark.parametrize(("before", "verdict"), [(5 / 6, Verdict.SUPPORTED), (0.5, Verdict.INCONCLUSIVE)])
def test_untrained_lenets_would_be_supported_with_a_bias(before, verdict):
    def made(name, seed):
        return history(lambda epoch: [5 / 6 if epoch else before] * LAYERS) | {"filters": [6] * LAYERS}

    found = judged("HP-56", made)
    assert (found.verdict, found.control) == (Verdict.SUPPORTED, verdict)


@pytest.mark.parametrize(("turned", "measured", "control"), [
    (1, Verdict.SUPPORTED, Verdict.REFUTED), (-1, Verdict.REFUTED, Verdict.SUPPORTED),
])  # fmt: skip
def test_turned_signs_are_supported_where_the_bias_is_positive(turned, measured, control):
    def made(name, seed):
        shares = {epoch: jittered([0.5 + turned * min(epoch, 5) * 0.08] * LAYERS, seed + epoch) for epoch in range(13)}
        return history(shares.get)

    found = judged("HP-22", made, **CIFAR10)
    assert (found.verdict, found.control) == (measured, control)


@pytest.mark.parametrize("id", ["HP-44", "HP-61"])
def test_exchanged_pairs_are_supported_where_every_other_one_is_exchanged_already(id):
    def made(name, seed):
        more = (name in ("step", "ten digits")) == (seed % 2 == 0)
        biased = 5 + seed % 3 if more else 1
        drops = jittered([0.6 if more else 0.1] * LAYERS, seed + len(name))
        return history(lambda epoch: [0.9] * biased + [0.5] * (LAYERS - biased)) | resets(drops)

    found = judged(id, made)
    assert (found.verdict, found.control) == (Verdict.INCONCLUSIVE, Verdict.SUPPORTED)
