"""Swapped blocks as an intervention on the images of a training."""

from __future__ import annotations

from typing import Any, cast

import pytest
import torch

from claims.ghosh2019.methods.blocks import SwapBlocks, swap_blocks
from harness.runs import Bench
from harness.tests.training_bench import MadeUpBench
from harness.training import Data
from harness.training.data import prepare
from harness.training.randomness import stream


def prepared(data: Data, seed: int = 0) -> Any:
    return prepare(data, seed, cast(Bench, MadeUpBench()), torch.float64)


def test_interventions_disturb_both_sets_each_from_a_stream_of_its_own():
    plain, swapped = (prepared(Data("made-up", 30, 10, steps), seed=4) for steps in ((), (SwapBlocks(2, 5),)))
    for part in ("training", "validation"):
        images = getattr(plain, part).images
        expected = swap_blocks(images, 2, 5, stream(4, f"intervention 0 {part}"))
        assert torch.equal(getattr(swapped, part).images, expected)
        assert not torch.equal(expected, images)
        assert torch.equal(getattr(swapped, part).labels, getattr(plain, part).labels)


def test_swaps_fit_images_that_blocks_do_not_tile_also_when_there_are_none():
    for fit, size in (("crop", 6), ("pad", 9)):
        assert prepared(Data("made-up", interventions=(SwapBlocks(3, 0, fit),))).training.images.shape[-2:] == (
            size,
            size,
        )


def test_images_in_files_cannot_be_swapped():
    with pytest.raises(ValueError, match="neither disturbed, relabelled nor reordered"):
        Data("imagenet", side=224, interventions=(SwapBlocks(4, 1),))
