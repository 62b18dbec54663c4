"""The scale-detection task and its networks."""

from __future__ import annotations

import itertools
import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from claims.tomasini2022.methods import scale_task as scale_detection
from claims.tomasini2022.methods.scale_networks import ScaleDetectionCNN, pooling_stack

few = settings(deadline=None, max_examples=20)


@pytest.mark.parametrize(("convention", "near", "far"), [("full", 192, 48), ("half", 256, 112)])
def test_images_of_the_papers_task(convention, near, far):
    task = scale_detection.scale_detection_1d(32, 11, 4, convention)
    assert int((task.labels == 1).sum()) == near
    assert int((task.labels == -1).sum()) == far


@few
@given(
    st.integers(2, 6), st.integers(1, 6), st.sampled_from([0, 1, 2]), st.sampled_from(["full", "half"]), st.booleans()
)
def test_plane_task_by_brute_force(size, scale, gap, convention, diagonal):
    margin = gap if convention == "full" else gap / 2
    expected = {}
    pixels = [(r, c) for r in range(size) for c in range(size) if diagonal or r != c]
    for first, second in itertools.combinations(pixels, 2):
        d = math.dist(first, second)
        if d < scale - margin or d >= scale + margin:
            expected[first, second] = 1 if d < scale else -1
    task = scale_detection.scale_detection_2d(size, scale, gap, convention, diagonal)
    found = {
        tuple(map(tuple, pair)): label for pair, label in zip(task.pairs.tolist(), task.labels.tolist(), strict=True)
    }
    assert found == expected


def test_labels_are_the_sign():
    assert scale_detection.labels(torch.tensor([1.0, 3.0, 3.5]), 3).tolist() == [1, 0, -1]


def test_distances_on_a_ring_go_the_shorter_way():
    pairs = torch.tensor([[[0], [9]], [[2], [5]]])
    assert scale_detection.distances(pairs).tolist() == [9, 3]
    assert scale_detection.distances(pairs, ring=10).tolist() == [1, 3]


def test_render_puts_one_on_each_active_pixel():
    pairs = torch.tensor([[[0, 1], [2, 2]], [[1, 1], [1, 1]]])
    images = scale_detection.render(pairs, (3, 3))
    assert images.shape == (2, 1, 3, 3)
    assert images[0, 0].nonzero().tolist() == [[0, 1], [2, 2]]
    assert float(images[1, 0, 1, 1]) == 2
    assert images.sum((1, 2, 3)).tolist() == [2, 2]


def test_moves_are_clipped_or_go_round():
    pairs = torch.tensor([[[0], [4]]])
    away = torch.tensor([[-1], [1]])
    assert scale_detection.displace(pairs, away, (5,)).flatten().tolist() == [0, 4]
    assert scale_detection.displace(pairs, away, (5,), ring=True).flatten().tolist() == [4, 0]
    assert len(scale_detection.moves(1)) == 4
    assert len(scale_detection.moves(2)) == 64


def test_network_of_the_paper():
    network = ScaleDetectionCNN(width=8, depth=12, generator=torch.Generator().manual_seed(0))
    images = scale_detection.scale_detection_1d(32, 11, 4).images()
    assert network(images).shape == (240,)
    assert [tuple(f.shape[1:]) for f in network.representations(images)] == [(8, 32)] * 12
    assert sum(p.numel() for p in network.parameters()) == 3 * 8 + 11 * 3 * 64 + 8
    weights = [weight for name, weight in network.named_parameters() if name.startswith("layers.3")]
    assert weights[0].std().item() == pytest.approx(1, abs=0.2)
    again = ScaleDetectionCNN(width=8, depth=12, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(network(images), again(images))


def test_network_activity_keeps_its_order_of_magnitude():
    network = ScaleDetectionCNN(width=150, depth=6, generator=torch.Generator().manual_seed(0))
    images = scale_detection.scale_detection_1d(32, 11, 4).images()[::4]
    sizes = [f.square().mean().item() for f in network.representations(images)]
    ratios = [after / before for before, after in itertools.pairwise(sizes)]
    assert ratios == pytest.approx([0.5] * 5, abs=0.15)


def test_biases_are_there_when_asked_for():
    with_biases = ScaleDetectionCNN(width=4, depth=2, bias=True, generator=torch.Generator().manual_seed(0))
    assert [layer.bias.shape for layer in with_biases.layers] == [(4,), (4,)]


def test_pooling_stack_averages():
    images = torch.rand(2, 1, 8, dtype=torch.float64)
    expected = (images.roll(1, -1) + images + images.roll(-1, -1)) / 3
    for channel in pooling_stack(3, 1, channels=2)(images).unbind(1):
        torch.testing.assert_close(channel, expected[:, 0])
