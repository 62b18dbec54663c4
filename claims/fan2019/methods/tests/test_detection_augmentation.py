"""Crops, mirror images and colours of images with boxes: boxes go where the pixels go."""

from __future__ import annotations

import colorsys

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from claims.fan2019.methods.detection_augmentation import DetectionAugmentation, coloured, cropped, moved
from claims.fan2019.methods.detection_loss import Objects

SIZE = 64


def marked(boxes):
    """Grey images with one white box each, in shares."""
    images = torch.full((len(boxes), 3, SIZE, SIZE), 0.5)
    for image, box in zip(images, boxes, strict=True):
        left, top, right, bottom = (round(SIZE * edge) for edge in box.tolist())
        image[:, top:bottom, left:right] = 1
    return images


def edges(image):
    """The box around what is brighter than grey."""
    bright = image[0] > 0.75
    rows, columns = bright.any(1).nonzero().flatten(), bright.any(0).nonzero().flatten()
    return torch.tensor([columns[0], rows[0], columns[-1] + 1, rows[-1] + 1]) / SIZE


def test_nothing_is_done_unless_told():
    images, objects = marked(torch.tensor([[0.25, 0.25, 0.5, 0.75]])), Objects(torch.rand(1, 1, 4), torch.zeros(1, 1))
    same, where = DetectionAugmentation().apply(images, objects, torch.Generator())
    assert same is images
    assert where is objects


@settings(deadline=None, max_examples=25)
@given(seed=st.integers(0, 2**31), flip=st.booleans(), jitter=st.sampled_from([0.0, 0.1, 0.2]))
def test_boxes_follow_the_pixels(seed, flip, jitter):
    boxes = torch.tensor([[0.25, 0.375, 0.625, 0.75], [0.5, 0.25, 0.75, 0.5], [0.0, 0.0, 1.0, 0.5]])
    augmentation, generator = DetectionAugmentation(jitter, flip), torch.Generator().manual_seed(seed)
    images, objects = augmentation.apply(
        marked(boxes), Objects(boxes[:, None], torch.tensor([[0], [1], [2]])), generator
    )
    for image, box, label in zip(images, objects.boxes[:, 0], objects.labels[:, 0], strict=True):
        if label >= 0:
            torch.testing.assert_close(edges(image), box, atol=1.01 / SIZE, rtol=0)


def test_edges_move_by_a_share_of_the_image_at_most_and_half_of_the_images_are_mirrored():
    n = 400
    objects = Objects(torch.tensor([0.4, 0.4, 0.5, 0.6]).expand(n, 1, 4), torch.zeros(n, 1, dtype=torch.int64))
    augmentation = DetectionAugmentation(jitter=0.2, flip=True)
    _, found = augmentation.apply(torch.zeros(n, 3, 4, 4), objects, torch.Generator().manual_seed(0))
    left, top, right, bottom = found.boxes[:, 0].unbind(-1)
    assert (right - left).min() >= 0.1 / 1.4 - 1e-6
    assert (right - left).max() <= 0.1 / 0.6 + 1e-6
    assert (bottom - top).min() >= 0.2 / 1.4 - 1e-6
    _, found = DetectionAugmentation(flip=True).apply(
        torch.zeros(n, 3, 4, 4), objects, torch.Generator().manual_seed(0)
    )
    mirrored = torch.isclose(found.boxes[:, 0], torch.tensor([0.5, 0.4, 0.6, 0.6])).all(1)
    assert 0.4 < mirrored.float().mean() < 0.6
    torch.testing.assert_close(found.boxes[~mirrored], objects.boxes[~mirrored])
    assert torch.equal(objects.boxes[0, 0], torch.tensor([0.4, 0.4, 0.5, 0.6])), "the data stay as they are"


def test_a_window_by_hand():
    windows = torch.tensor([[0.0, 0.0, 0.5, 0.5], [1.0, 0.0, 0.0, 1.0], [-0.5, -0.5, 1.5, 1.5]])
    image = torch.arange(16.0).reshape(1, 1, 4, 4) / 16
    half, mirror, wide = cropped(image.expand(3, -1, -1, -1), windows)
    torch.testing.assert_close(mirror, image[0].flip(2))
    weights = torch.tensor([0.75, 0.25])
    assert half[0, 1, 1] == weights @ image[0, 0, :2, :2] @ weights
    assert wide[0, 0].tolist() == pytest.approx([0.5] * 4)
    objects = Objects(
        torch.tensor([[0.1, 0.1, 0.3, 0.3], [0.4, 0.4, 0.9, 0.9]]).expand(3, 2, 4), torch.tensor([[3, 4]] * 3)
    )
    found = moved(objects, windows)
    assert found.labels.tolist() == [[3, -1], [3, 4], [3, 4]]
    torch.testing.assert_close(found.boxes[0, 0], torch.tensor([0.2, 0.2, 0.6, 0.6]))
    torch.testing.assert_close(found.boxes[1, 1], torch.tensor([0.1, 0.4, 0.6, 0.9]))
    torch.testing.assert_close(found.boxes[2, 0], torch.tensor([0.3, 0.3, 0.4, 0.4]))


def test_what_is_cut_loses_the_part_outside():
    found = moved(
        Objects(torch.tensor([[[0.0, 0.2, 0.5, 0.6]]]), torch.tensor([[0]])), torch.tensor([[0.2, 0.0, 1.2, 1.0]])
    )
    torch.testing.assert_close(found.boxes[0, 0], torch.tensor([0.0, 0.2, 0.3, 0.6]))


@settings(deadline=None, max_examples=50)
@given(
    colour=st.tuples(*[st.floats(0.02, 1)] * 3), exposure=st.floats(0.66, 1.5), saturation=st.floats(0.66, 1.5)
)  # fmt: skip
def test_colours_are_changed_as_in_hue_saturation_value(colour, exposure, saturation):
    image = torch.tensor(colour, dtype=torch.float64).reshape(1, 3, 1, 1)
    factors = torch.tensor([exposure, saturation], dtype=torch.float64)
    hue, s, v = colorsys.rgb_to_hsv(*colour)
    expected = colorsys.hsv_to_rgb(hue, min(1, s * saturation), min(1, v * exposure))
    assert coloured(image, factors[:1], factors[1:]).flatten().tolist() == pytest.approx(expected, abs=1e-4)


def test_black_stays_black():
    assert (coloured(torch.zeros(1, 3, 2, 2), torch.tensor([1.5]), torch.tensor([1.5])) == 0).all()
