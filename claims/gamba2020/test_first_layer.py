"""The first layer for different pixel representations (section A.7, figure 21); from tier `nightly` on."""

from __future__ import annotations

from harness.claim import claim
from harness.experiments.criticality import shares_of
from harness.experiments.vgg_recipes import SEEDS, watched
from harness.lazy import np
from harness.rules import equivalent_to

DECLARED = {"tier": "nightly", "seeds": SEEDS, "reach": {"nightly": "reduced", "paper": "paper"}}


def both_ranges(tier):
    """VGG19 on CIFAR10 with its channels standardised, as in the authors' code, and with pixels in [0, 1]."""
    return {"standardised": watched(tier, "cifar10"), "from 0 to 1": watched(tier, "cifar10", standardise=False)}


def change(lab, name, layer):
    """Share of negative projections after training less that before, by seed."""
    by_epoch = np.array([shares_of(record)[:, layer] for record in lab.records(lab.runs[name])])
    return by_epoch[:, -1] - by_epoch[:, 0]


@claim(
    "HP-55",
    where="Section A.7, Fig. 21",
    runs=both_ranges,
    rule={"standardised": equivalent_to(0, within=0.1), "from 0 to 1": equivalent_to(0, within=0.1)},
    control="the second layer",
    **DECLARED,
)
def test_first_layer_is_unbiased_on_colour_images(lab):
    """For RGB data sets the distribution of the first layer remains largely unbiased, in either range of pixels.

    Judged is the change of its share since initialisation, when one half is expected; CIFAR10 alone.
    """
    for name in lab.runs:
        lab.measure(**{name: change(lab, name, 0)})
        lab.control(**{name: change(lab, name, 1)})


@claim(
    "HP-57",
    where="Section A.7",
    runs=both_ranges,
    rule=equivalent_to(0, within=0.1),
    control="the first layer under one range, the second under the other",
    **DECLARED,
)
def test_the_range_of_pixels_does_not_matter_for_the_first_layer(lab):
    """With pixels in [0, 1] in place of [-1, 1] the first layer behaves alike."""
    first = change(lab, "from 0 to 1", 0)
    lab.measure(change(lab, "standardised", 0) - first)
    lab.control(change(lab, "standardised", 1) - first)
