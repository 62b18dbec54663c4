"""The network that the others are compared with at tier `laptop` has learnt its task."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from claims.fan2019.methods.arms import SEEDS, arm, scale
from claims.fan2019.methods.shuffle_test import AS_TRAINED
from harness.evidence import Archive
from harness.system.places import EVIDENCE

LEARNT = 0.75
"""Of the test images of ten classes.  Of a network far from its end a shuffle costs what it slows down."""


ENDED = {
    entry.title: np.mean(entry.metrics["test_accuracy"][AS_TRAINED])
    for entry in Archive.read(Path(__file__).parents[4] / EVIDENCE).entries.values()
    if entry.made_of["recipe"]["name"] == "shuffle-test"
}
"""The share of the test images that runs of these claims end with, by title."""


@pytest.mark.parametrize("seed", SEEDS["laptop"])
def test_the_unmodified_vgg_is_right_about_three_quarters_of_the_images(seed):
    assert ENDED[f"{arm('plain', scale('laptop')).title}, seed {seed}"] > LEARNT
