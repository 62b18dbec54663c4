"""Networks that verdicts rest on have learnt: those on images as they are, under each optimiser that trains them.

Gradient descent at a rate that was too low once left kernels of 27 x 27 pixels as they began, and turned verdicts.
"""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from statistics import median
from typing import Any

import pytest

from harness.evidence import Archive
from harness.system.places import EVIDENCE

LEARNT = 0.75
"""Of ten classes, of the validation images: chance is a tenth, the worst of the networks that Adam trains gets 0.83."""


def takes_order_or_labels(training: dict[str, Any]) -> bool:
    """Whether something is done to the images or the labels of a training that makes them harder to learn."""
    data = training["data"]["fields"]
    done = [one for one in data.get("interventions", ()) if one["fields"].get("swaps", 1)]
    return bool(done) or "label_noise" in data


def accuracies() -> dict[str, list[float]]:
    """Where the runs on images as they are ended, by arm."""
    found: dict[str, list[float]] = defaultdict(list)
    for entry in Archive.read(Path(__file__).parents[4] / EVIDENCE).entries.values():
        fields = entry.made_of["recipe"]["fields"]
        ended = entry.metrics.get("validation_accuracy")
        network = fields.get("training", {}).get("fields", {}).get("network", {}).get("fields", {})
        if ended and network.get("name") == "ghosh-cnn" and not takes_order_or_labels(fields["training"]["fields"]):
            found[entry.title.rpartition(", seed")[0]].append(ended[-1])
    return dict(found)


ENDED = accuracies()


@pytest.mark.parametrize("arm", sorted(ENDED))
def test_networks_on_images_as_they_are_have_learnt_to_tell_them_apart(arm):
    assert median(ENDED[arm]) > LEARNT


def test_both_optimisers_are_among_them():
    assert sum("SGD" in arm for arm in ENDED) >= 10
    assert sum("SGD" not in arm for arm in ENDED) >= 10
