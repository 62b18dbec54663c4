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


@pytest.mark.parametrize("seed", SEEDS["laptop"])
def test_the_unmodified_vgg_is_right_about_three_quarters_of_the_images(seed):
    title = f"{arm('plain', scale('laptop')).title}, seed {seed}"
    entries = Archive.read(Path(__file__).parents[4] / EVIDENCE).entries.values()
    (ended,) = (np.mean(one.metrics["test_accuracy"][AS_TRAINED]) for one in entries if one.title == title)
    assert ended > LEARNT
