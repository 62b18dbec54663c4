"""Generated scenes: the same for the same seed, boxes that are tight, objects of every size."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from harness.data import catalogue
from harness.data.detection_catalogue import load_detection
from harness.data.scenes import CLASSES, COVERED, GRID, MOST, SIDES, SIMILAR, lay_out, render, scenes

CPU = torch.device("cpu")


def some(n=60, seed=3):
    return lay_out(n, torch.Generator().manual_seed(seed))


def test_a_seed_decides_all():
    assert torch.equal(render(some(), 32), render(some(), 32))
    assert not torch.equal(render(some(), 32), render(some(seed=4), 32))


def test_a_set_is_always_the_same_and_its_splits_differ():
    first, second, test = scenes("train"), scenes("train"), scenes("test")
    assert first.digest == second.digest != test.digest
    assert (len(first), len(test)) == (6000, 1000)
    few = torch.arange(5)
    assert torch.equal(first.draw(few, 32, CPU), second.draw(few, 32, CPU))
    assert not torch.equal(first.draw(few, 32, CPU), test.draw(few, 32, CPU))
    with pytest.raises(ValueError, match="no split 'validation'; scenes have train and test"):
        scenes("validation")


def test_a_scene_does_not_depend_on_what_is_drawn_with_it():
    whole, layout = render(some(), 32), some()
    alone = torch.cat([render(layout.chosen(torch.tensor([number])), 32) for number in range(5)])
    assert torch.equal(alone, whole[:5])


@pytest.mark.parametrize("size", [48, 96])
def test_boxes_are_tight_around_what_changes_when_an_object_goes(size):
    layout = some()
    single = layout._replace(there=layout.there & (torch.arange(MOST) == 0))
    gone = single._replace(there=torch.zeros_like(layout.there))
    changed = (render(single, size).int() - render(gone, size).int()).abs().amax(1) > 0
    slack = 1.5 if size == 48 else 2.0
    for mask, box in zip(changed.numpy(), layout.boxes[:, 0].numpy() * size, strict=True):
        rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
        seen = np.array([columns[0], rows[0], columns[-1] + 1, rows[-1] + 1])
        assert (seen[:2] >= box[:2] - 0.5).all()
        assert (seen[2:] <= box[2:] + 0.5).all()
        assert np.abs(seen - box).max() <= slack, (seen, box)


def test_sizes_reach_from_small_to_nearly_the_whole_image():
    found = scenes("train")
    side = (found.boxes[:, 2:] - found.boxes[:, :2]).prod(1).sqrt()
    assert SIDES[0] - 1 / GRID <= side.min() < 0.16
    assert 0.9 < side.max() <= SIDES[1] + 1 / GRID
    assert (side < 0.25).float().mean() > 0.25
    assert (side > 0.6).float().mean() > 0.15


def test_objects_lie_within_the_image_and_hardly_hide_one_another():
    found = scenes("train")
    assert ((found.boxes >= 0) & (found.boxes <= 1)).all()
    counts = torch.bincount(found.owners, minlength=len(found))
    assert counts.min() == 1
    assert counts.max() == MOST
    layout = some(300)
    for boxes in (image[there] for image, there in zip(layout.boxes, layout.there, strict=True)):
        for first in range(len(boxes)):
            for second in range(first):
                low, high = (
                    torch.maximum(boxes[first], boxes[second])[:2],
                    torch.minimum(boxes[first], boxes[second])[2:],
                )
                smaller = min((boxes[number][2:] - boxes[number][:2]).prod() for number in (first, second))
                assert (high - low).clamp(min=0).prod() <= (COVERED + 1e-6) * smaller


def test_classes_are_equally_frequent_and_each_has_one_like_it():
    found = scenes("train")
    shares = torch.bincount(found.labels).float() / len(found.labels)
    assert len(shares) == len(CLASSES)
    assert shares.min() > 0.9 / len(CLASSES)
    assert sorted(name for group in SIMILAR for name in group) == sorted(CLASSES)
    assert all(len(group) == 2 for group in SIMILAR)


def test_chosen_images_keep_their_objects():
    whole = scenes("test")
    picked = torch.tensor([7, 3, 900])
    few = whole.chosen(picked)
    assert len(few) == 3
    for place, number in enumerate(picked):
        assert torch.equal(few.boxes[few.owners == place], whole.boxes[whole.owners == number])
        assert torch.equal(few.labels[few.owners == place], whole.labels[whole.owners == number])
    assert (few.owners.diff() >= 0).all()
    assert torch.equal(few.pixels(32, CPU), whole.draw(picked, 32, CPU))
    again = few.chosen(torch.tensor([2]))
    assert torch.equal(again.pixels(32, CPU), whole.draw(picked[2:], 32, CPU))
    assert torch.equal(again.boxes, whole.boxes[whole.owners == 900])


def test_scenes_are_in_the_catalogue_and_always_present():
    assert "scenes" in catalogue.names()
    assert catalogue.present("scenes", None)
    assert load_detection("scenes", "train", None) is load_detection("scenes", "train", None)
    with pytest.raises(
        ValueError, match=r"no set of annotated images 'coco'; there are voc2007, voc2007\+2012, scenes"
    ):
        load_detection("coco", "train", None)
