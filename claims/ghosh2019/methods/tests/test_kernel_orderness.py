"""Kernels of a training, read in the run: orderness under every reading, and no weights in the result."""

from __future__ import annotations

import json

import pytest
import torch

from claims.ghosh2019.methods.kernel_orderness import (
    FAR_APART,
    KERNELS,
    RANDOM_ORDER,
    TRAINED,
    UNTRAINED,
    KernelOrderness,
    orderness_of,
    readings,
    rearrange,
)
from claims.ghosh2019.methods.orderness import ESTIMATORS, orderness
from claims.ghosh2019.methods.triples import NEIGHBOURHOODS
from harness.evidence.recheck import compare
from harness.runs import Run, ingredients
from harness.tests.made_up_records import as_record
from harness.tests.training_bench import MadeUpBench
from harness.training import Adam, Data, Keep, Network, kept_name
from harness.training.loop import train
from harness.training.training import Training


def recipe(**network: int) -> KernelOrderness:
    return KernelOrderness(
        Training(
            network=Network.of("ghosh-cnn", depth=2, width=4, classes=3, size=12, **network),
            data=Data("made-up", count=24, held_out=12),
            optimiser=Adam(1e-2),
            epochs=2,
            batch_size=8,
        )
    )


def bench() -> MadeUpBench:
    return MadeUpBench(size=12)


@pytest.fixture(scope="module")
def result():
    return recipe().compute(3, bench())


def test_no_weights_are_kept_and_a_record_is_small(result):
    assert not result.tensors
    assert len(json.dumps(result.metrics)) < 4096


def test_every_reading_is_that_of_the_weights_themselves(result):
    training = recipe().training
    kept = train(training.with_(keep=Keep((KERNELS,), (0, 2))), 3, bench()).result.tensors
    untrained, trained = (torch.from_numpy(kept[kept_name(KERNELS, epoch)]) for epoch in (0, 2))
    assert not torch.equal(untrained, trained)
    found = result.metrics["orderness"]
    assert set(found) == {UNTRAINED, TRAINED, RANDOM_ORDER, FAR_APART}
    for estimator in ESTIMATORS:
        for neighbours in NEIGHBOURHOODS:
            for name, kernels in (
                (UNTRAINED, untrained), (TRAINED, trained), (FAR_APART, rearrange(trained, neighbours)),
            ):  # fmt: skip
                assert found[name][estimator][neighbours] == orderness(kernels, neighbours, estimator=estimator)


def test_a_random_order_is_drawn_by_the_seed():
    kernels = torch.randn(8, 1, 5, 5, generator=torch.Generator().manual_seed(0))
    one, again, other = (readings(kernels, kernels, seed)[RANDOM_ORDER] for seed in (0, 0, 1))
    assert one == again != other
    assert one != readings(kernels, kernels, 0)[TRAINED]


def test_larger_kernels_have_no_places_far_apart():
    kernels = torch.randn(8, 1, 5, 5, generator=torch.Generator().manual_seed(0))
    assert FAR_APART not in readings(kernels, kernels, 0)


def test_a_claim_reads_one_number_a_record(result):
    read = orderness_of([as_record(result)] * 2, TRAINED, "pooled", "four")
    assert read.tolist() == [result.metrics["orderness"][TRAINED]["pooled"]["four"]] * 2


def test_the_first_epoch_done_again_is_that_of_the_record(result):
    opening = recipe().opening()
    found = opening.compute(3, bench()).metrics
    made_of = ingredients(Run(recipe(), 3), bench())
    comparison = compare(result.metrics, found, made_of, to_the_bit=True)
    assert comparison.compared > 5
    assert comparison.exact
    assert comparison.differences == ()
    other = recipe().opening().compute(4, bench()).metrics
    assert compare(result.metrics, other, made_of, to_the_bit=True).differences
