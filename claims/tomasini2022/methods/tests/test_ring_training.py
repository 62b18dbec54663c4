"""The training of simple networks: its images, its stop, and what is measured on the way."""

from __future__ import annotations

import pytest
import torch

from claims.tomasini2022.methods import pooling_sensitivity, ring_training
from claims.tomasini2022.methods.layer_sensitivities import layer_sensitivities
from claims.tomasini2022.methods.ring_training import (
    LENGTH,
    RingTraining,
    filters,
    measured,
    ring_probes,
    split_of,
)
from claims.tomasini2022.methods.scale_networks import AmplifiedCNN, ScaleDetectionCNN, pooling_stack
from claims.tomasini2022.methods.scale_task import distances, scale_detection_1d
from harness.runs import Bench
from harness.runs.errors import RunDiverged

SMALL = RingTraining(width=8, bias=True, multiple=2, depth=3, rate=0.02)
TASK = scale_detection_1d(LENGTH, 11, 4, "full")


def network(width: int = 8) -> ScaleDetectionCNN:
    return ScaleDetectionCNN(width, 3, bias=True, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize(("patterns", "gap", "unseen"), [(48, "full", 192), (48, "half", 320), (8, "full", 232)])
def test_images_are_half_of_each_class_and_all_others_are_unseen(patterns, gap, unseen):
    split = split_of(RingTraining(8, True, 2, patterns=patterns, gap=gap), 3)
    assert [int((split.labels == label).sum()) for label in (1, -1)] == [patterns // 2] * 2
    assert len(split.unseen) == unseen
    seen = {tuple(image.flatten().tolist()) for image in split.images}
    assert not seen & {tuple(image.flatten().tolist()) for image in split.unseen}
    torch.testing.assert_close(split.images.square().mean((1, 2)), torch.ones(patterns))


def test_more_images_than_a_class_has_are_refused():
    with pytest.raises(ValueError, match="leaves none"):
        split_of(RingTraining(8, True, 2, patterns=96), 0)


def test_training_goes_on_until_so_many_times_the_epoch_at_which_it_fits(monkeypatch):
    losses = iter([0.3, 0.0, 0.0])
    monkeypatch.setattr(ring_training, "hinge_loss", lambda *_: next(losses))
    monkeypatch.setattr(ring_training, "measured", lambda *_: {})
    found = SMALL.with_(patterns=8).compute(0, Bench()).metrics
    assert (found["interpolation_epoch"], found["epochs"]) == (20, 40)
    assert set(found["errors"]) == {"untrained", "as it fitted", "trained"}


def test_a_loss_that_is_no_number_ends_the_training(monkeypatch):
    monkeypatch.setattr(ring_training, "hinge_loss", lambda *_: float("nan"))
    monkeypatch.setattr(ring_training, "measured", lambda *_: {})
    with pytest.raises(RunDiverged):
        SMALL.with_(patterns=8).compute(0, Bench())


def test_the_hinge_loss_is_zero_where_each_image_has_a_margin_of_one():
    labels = torch.tensor([1.0, -1.0])
    losses = [
        ring_training.hinge_loss(lambda images: images, scores, labels)  # type: ignore[arg-type]
        for scores in (torch.tensor([1.0, -3.0]), torch.tensor([0.5, 1.0]))
    ]
    assert losses == [0.0, pytest.approx((0.5 + 2.0) / 2)]


def test_a_network_that_does_not_fit_its_images_is_given_up():
    found = SMALL.with_(rate=0.0, longest=12).compute(0, Bench()).metrics
    assert (found["interpolation_epoch"], found["epochs"]) == (None, 12)
    assert found["errors"]["untrained"] == found["errors"]["trained"]


def test_a_step_is_down_the_gradient_of_hinge_and_ridge():
    split, training = split_of(SMALL, 0), SMALL.with_(batch_size=48, longest=1)
    plain = training.network(0)
    loss = (1 - split.labels * plain(split.images)).clamp_min(0).mean()
    loss = loss + 0.01 * torch.stack([weight.square().sum() for weight in filters(plain)]).sum() / (8 * 3)
    loss.backward()
    with torch.no_grad():
        for parameter in plain.parameters():
            assert parameter.grad is not None
            parameter.sub_(0.02 * 8 * parameter.grad)
    trained = training.compute(0, Bench()).metrics["mean_filters"]["trained"]
    for weight, taps in zip(filters(plain), trained, strict=True):
        torch.testing.assert_close(torch.tensor(taps), weight.detach().mean((0, 1)), rtol=1e-4, atol=1e-6)


def test_probes_of_the_ring_give_the_closed_forms_of_a_homogeneous_network():
    distance = distances(TASK.pairs, ring=LENGTH).long()
    asked, stack = ring_probes(TASK, 0), pooling_stack(3, 4)

    class Layers:
        def layer_names(self) -> list[str]:
            return ["relu"] * 4

        def representations(self, x: torch.Tensor) -> list[torch.Tensor]:
            return stack.representations(x)

    found = layer_sensitivities(Layers(), asked)  # type: ignore[arg-type]
    exact = pooling_sensitivity.deformation_sensitivities(LENGTH, 3, 4, distance)
    torch.testing.assert_close(found.deformation, exact)
    noise = pooling_sensitivity.noise_sensitivities(LENGTH, 3, 4, distance, noise="rectified")
    torch.testing.assert_close(found.noise, noise, rtol=0.1, atol=0)


def test_a_network_of_equal_channels_is_its_own_average():
    alike = network()
    with torch.no_grad():
        for weight in filters(alike):
            weight.copy_(weight.mean((0, 1), keepdim=True).abs().expand_as(weight))
        for name, parameter in alike.named_parameters():
            parameter.mul_(0.0 if name.endswith("bias") else 1.0)
    found = measured(alike, "full", 0)["sensitivity"]
    for what in ("deformation", "noise"):
        assert found["mean filters"][what] == pytest.approx(found["all channels"][what], rel=1e-4)
        assert found["mean activity"][what] == pytest.approx(found["all channels"][what], rel=1e-4)
    other = measured(network(), "full", 0)["sensitivity"]
    assert other["mean activity"]["deformation"] != pytest.approx(other["all channels"]["deformation"], rel=0.1)


def test_amplified_layers_are_the_others_times_the_root_of_the_filter_size():
    plain, images = network(), torch.rand(2, 1, LENGTH)
    amplified = AmplifiedCNN(8, 3, bias=True, generator=torch.Generator().manual_seed(0))
    x = images
    for layer, found in zip(plain.layers, amplified.representations(images), strict=True):
        x = 3**0.5 * layer(x).clamp_min(0)
        torch.testing.assert_close(found, x)
    torch.testing.assert_close(amplified(images), x.mean(-1) @ plain.readout / 8)
