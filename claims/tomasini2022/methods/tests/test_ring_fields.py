"""Receptive fields of trained simple networks: against closed forms, and beside a training that is the plain one."""

from __future__ import annotations

import pytest
import torch

from claims.tomasini2022.methods.receptive_field import receptive_field_size
from claims.tomasini2022.methods.ring_fields import RingFields, fields_of
from claims.tomasini2022.methods.ring_training import RingTraining
from claims.tomasini2022.methods.scale_networks import AmplifiedCNN, ScaleDetectionCNN
from harness.runs import Bench

SHORT = RingTraining(width=8, bias=True, multiple=2, depth=3, rate=0.02, longest=2)


def network(filter_size: int = 3, depth: int = 6) -> ScaleDetectionCNN:
    return AmplifiedCNN(8, depth, filter_size, bias=True, generator=torch.Generator().manual_seed(1))


def homogeneous() -> ScaleDetectionCNN:
    found = network()
    with torch.no_grad():
        for name, parameter in found.named_parameters():
            parameter.fill_(0.0 if name.endswith("bias") else 0.3)
    return found


def test_the_field_of_homogeneous_filters_is_the_closed_form():
    assert fields_of(homogeneous())["field"] == pytest.approx(
        [receptive_field_size(3, depth) for depth in range(1, 7)], rel=1e-5
    )


@pytest.mark.parametrize("made", [homogeneous, network])
def test_all_pixels_that_are_seen_at_all_are_two_more_in_each_layer(made):
    assert fields_of(made())["reach"] == pytest.approx([(k * (k + 1) / 3) ** 0.5 for k in range(1, 7)], rel=1e-5)


def test_a_field_is_the_spread_of_what_one_active_pixel_changes():
    made, position = network().double(), 0
    images = torch.zeros(2, 1, 32, dtype=torch.float64)
    images[1, 0, position] = 4.0
    last = made.representations(images)[-1].detach()
    weights = [float((last[1, :, i] - last[0, :, i]).square().sum()) ** 0.5 for i in range(32)]
    places = [i if i < 16 else i - 32 for i in range(32)]
    mean = sum(w * x for w, x in zip(weights, places, strict=True)) / sum(weights)
    square = sum(w * (x - mean) ** 2 for w, x in zip(weights, places, strict=True)) / sum(weights)
    assert fields_of(made)["field"][-1] == pytest.approx(square**0.5, rel=1e-5)


def test_filters_of_one_pixel_see_no_other():
    assert fields_of(network(filter_size=1)) == {"field": [0.0] * 6, "reach": [0.0] * 6}


def test_where_nothing_is_felt_there_is_no_field():
    dead = homogeneous()
    with torch.no_grad():
        for name, parameter in dead.named_parameters():
            parameter.fill_(-100.0 if name.endswith("bias") else 0.3)
    assert fields_of(dead)["field"] == [None] * 6


def test_the_training_is_the_plain_one_and_the_field_is_that_of_its_network():
    plain, beside = SHORT.compute(3, Bench()).metrics, RingFields(SHORT).compute(3, Bench()).metrics
    assert {name: beside[name] for name in plain} == plain
    assert beside["field"]["untrained"] == fields_of(SHORT.network(3))["field"]
    assert beside["field"]["trained"] != beside["field"]["untrained"]


def test_networks_of_one_pixel_are_trained_too():
    found = RingFields(SHORT, filter_size=1).compute(0, Bench()).metrics
    assert found["epochs"] == 2
    assert [len(taps) for taps in found["mean_filters"]["trained"]] == [1] * 3
    assert found["mean_filters"]["trained"] != found["mean_filters"]["untrained"]
