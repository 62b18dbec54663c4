"""Fourier masks on the input, in the discussion of other works (section 6)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from claims.ghosh2019.methods.distortions import Distortion, HighPass, LowPass, RandomMask
from claims.ghosh2019.methods.orderness import ESTIMATORS
from claims.ghosh2019.methods.orderness_of_images import OrdernessProfile, orderness_of
from claims.ghosh2019.methods.triples import NEIGHBOURHOODS
from harness.claims.claim import claim
from harness.rules import greater_than

if TYPE_CHECKING:
    from harness.lab.lab import Lab

IMAGES = {"smoke": 10_000, "laptop": 10_000, "nightly": None, "paper": None}
CUTOFF = 0.5
"""Of the low pass, in units of the Nyquist frequency; it keeps pi/16, a fifth, of all frequencies."""

KEEP = {"as many": 0.196, "nine of ten": 0.9}
"""Share of the frequencies that the random mask keeps: as many as the low pass, or enough to recognise the image."""


def masked(tier: str, data: str, mask: str) -> dict[str, OrdernessProfile]:
    """The images unfiltered, and under each mask."""
    plain = OrdernessProfile(data, count=IMAGES[tier])
    masks: dict[str, Distortion] = {"low": LowPass(CUTOFF), "high": HighPass(CUTOFF), "random": RandomMask(KEEP[mask])}
    # Few frequencies drawn at random may all be high: what the high pass has to lose against keeps nearly all of them.
    masks["nearly all"] = RandomMask(KEEP["nine of ten"])
    return {"none": plain} | {name: plain.with_(distortions=(distortion,)) for name, distortion in masks.items()}


@claim(
    "SO-44",
    where="Section 6",
    data=("mnist", "fashion-mnist", "cifar10"),
    proxies=("digits", "textures"),
    readings={"neighbours": NEIGHBOURHOODS, "estimator": ESTIMATORS, "mask": tuple(KEEP)},
    rule={"over unfiltered": greater_than(0.0), "over random": greater_than(0.0)},
    control="the frequencies that the low pass drops, against no filter and a random mask that keeps nine of ten",
    runs=masked,
)
def test_low_pass_enhances_orderness(lab: Lab, data: str, neighbours: str, estimator: str, mask: str) -> None:
    """Low-pass filtering enhances the spatial orderness of the input, compared with a random mask and no filter.

    Measured is by how much, at scale 1.  The paper states no mask: the low pass keeps radial frequencies up to half of
    Nyquist's, the random mask the same frequencies in all images.
    """
    by_mask = {name: orderness_of(lab.record(run), neighbours, 1, estimator) for name, run in lab.runs.items()}
    unfiltered, random = by_mask["none"], by_mask["random"]
    lab.measure(**{"over unfiltered": by_mask["low"] - unfiltered, "over random": by_mask["low"] - random})
    lab.control(
        **{"over unfiltered": by_mask["high"] - unfiltered, "over random": by_mask["high"] - by_mask["nearly all"]}
    )
