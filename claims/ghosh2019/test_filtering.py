"""Fourier masks on the input, in the discussion of other works (section 6)."""

from __future__ import annotations

from claims.ghosh2019.methods.distortions import HighPass, LowPass, RandomMask
from claims.ghosh2019.methods.orderness import ESTIMATORS
from claims.ghosh2019.methods.orderness_of_images import OrdernessProfile, orderness_of
from claims.ghosh2019.methods.triples import NEIGHBOURHOODS
from harness.claims.claim import claim
from harness.rules import greater_than

IMAGES = {"smoke": 10_000, "quick": 10_000, "nightly": None, "paper": None}
CUTOFF = 0.5
"""Of the low pass, in units of the Nyquist frequency; it keeps pi/16, a fifth, of all frequencies."""

KEEP = {"as many": 0.196, "nine of ten": 0.9}
"""Share of the frequencies that the random mask keeps: as many as the low pass, or enough to recognise the image."""


def masked(tier, data, mask):
    """The images unfiltered, and under each mask."""
    plain = OrdernessProfile(data, count=IMAGES[tier])
    masks = {"low": LowPass(CUTOFF), "high": HighPass(CUTOFF), "random": RandomMask(KEEP[mask])}
    return {"none": plain} | {name: plain.with_(distortions=(distortion,)) for name, distortion in masks.items()}


@claim(
    "SO-44",
    where="Section 6",
    data=("mnist", "fashion-mnist", "cifar10"),
    proxies=("digits", "textures"),
    readings={"neighbours": NEIGHBOURHOODS, "estimator": ESTIMATORS, "mask": tuple(KEEP)},
    rule={"over unfiltered": greater_than(0.0), "over random": greater_than(0.0)},
    control="the frequencies that the low pass drops",
    runs=masked,
)
def test_low_pass_enhances_orderness(lab, data, neighbours, estimator, mask):
    """Low-pass filtering enhances the spatial orderness of the input, compared with a random mask and no filter.

    Measured is by how much, at scale 1.  The paper states no mask: the low pass keeps radial frequencies up to half of
    Nyquist's, the random mask the same frequencies in all images.
    """
    found = {name: orderness_of(lab.record(run), neighbours, 1, estimator) for name, run in lab.runs.items()}
    for report, name in ((lab.measure, "low"), (lab.control, "high")):
        report(**{"over unfiltered": found[name] - found["none"], "over random": found[name] - found["random"]})
