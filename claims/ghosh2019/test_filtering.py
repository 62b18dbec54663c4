"""Fourier masks on the input, in the discussion of other works (section 6)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from claims.ghosh2019.methods import kernel_orderness
from claims.ghosh2019.methods.distortions import Distortion, HighPass, LowPass, RandomMask
from claims.ghosh2019.methods.kernel_orderness import TRAINED
from claims.ghosh2019.methods.kernel_recipes import CUTOFF, KEEP, MASKS, SEEDS, masked
from claims.ghosh2019.methods.optimisers import OPTIMISERS
from claims.ghosh2019.methods.orderness import ESTIMATORS
from claims.ghosh2019.methods.orderness_of_images import OrdernessProfile, orderness_of
from claims.ghosh2019.methods.triples import NEIGHBOURHOODS
from harness.claims.about import About
from harness.claims.claim import claim
from harness.rules import greater_than
from harness.system.lazy import np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from harness.lab.lab import Lab

    Numbers = NDArray[np.float64]

IMAGES = {"smoke": 10_000, "laptop": 10_000, "nightly": None, "paper": None}


def images_under(tier: str, data: str, mask: str) -> dict[str, OrdernessProfile]:
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
    runs=images_under,
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


TRAINED_UNDER_MASKS: dict[str, Any] = {
    "tier": "laptop", "data": ("mnist",), "runs": masked, "seeds": SEEDS,
    "reach": {"laptop": "proxy", "nightly": "proxy"},
}  # fmt: skip
"""The study that the paper speaks of has larger networks, on CIFAR-10 and SVHN."""

OVER_NONE, OVER_RANDOM = "over unfiltered", "over random"


@claim(
    "SO-45",
    where="Section 6",
    paper="the kernels within the architecture show greater spatial orderness",
    about=About.DIRECTION,
    readings={
        "neighbours": NEIGHBOURHOODS,
        "estimator": ESTIMATORS,
        "mask": tuple(KEEP),
        "optimiser": OPTIMISERS,
    },
    rule={OVER_NONE: greater_than(0.0), OVER_RANDOM: greater_than(0.0)},
    mirrored=(OVER_NONE, OVER_RANDOM),
    control="the networks trained under the low pass and the others exchanged",
    **TRAINED_UNDER_MASKS,
)
def test_low_pass_enhances_the_orderness_of_kernels(
    lab: Lab, data: str, neighbours: str, estimator: str, mask: str, optimiser: str
) -> None:
    """Low-pass filtered inputs also give more ordered kernels, compared with a random mask and no filter.

    Of the first layer, after training on the images of Fig. 4 under the masks of SO-44.  Networks of one seed begin
    with the same weights.
    """

    def of(name: str) -> Numbers:
        return kernel_orderness.orderness_of(lab.records(lab.runs[name]), TRAINED, estimator, neighbours)

    lab.measure(**{OVER_NONE: of("low") - of("none"), OVER_RANDOM: of("low") - of(mask)})
    lab.control(**{OVER_NONE: of("none") - of("low"), OVER_RANDOM: of(mask) - of("low")})
    lab.note("orderness: " + ", ".join(f"{of(name).mean():.3f} ({name})" for name in lab.runs))


@claim(
    "SO-65",
    where="Section 6",
    paper="the smallest generalization gap (among the no data-augmentation schemes)",
    about=About.SIZE,
    unit="percentage points",
    readings={"mask": tuple(KEEP), "optimiser": OPTIMISERS},
    rule={OVER_NONE: greater_than(0.0), OVER_RANDOM: greater_than(0.0)},
    mirrored=(OVER_NONE, OVER_RANDOM),
    control="the networks trained under the low pass and the others exchanged",
    **TRAINED_UNDER_MASKS,
)
def test_low_pass_has_the_smallest_gap(lab: Lab, data: str, mask: str, optimiser: str) -> None:
    """Low-pass filtered images train networks with the smallest generalisation gap of all schemes without augmentation.

    The gap is the accuracy on validation images of the kind that a network was trained on, less that on the kind of the
    three (no filter, low pass, random mask) on which it has least.  The sentence reports numbers of another study, of
    other networks on other images: nothing that we train can confirm or deny them, and ours stand beside.
    """
    places = {name: place for place, name in enumerate(["none", *MASKS])}
    kinds = ("none", "low", mask)

    def gap(trained: str) -> Numbers:
        right = np.array([record.metrics["accuracies"] for record in lab.records(lab.runs[trained])])
        return 100 * (right[:, places[trained]] - right[:, [places[kind] for kind in kinds]].min(1))

    gaps = {kind: gap(kind) for kind in kinds}
    less = {OVER_NONE: gaps["none"] - gaps["low"], OVER_RANDOM: gaps[mask] - gaps["low"]}
    lab.measure(**less)
    lab.control(**{part: -values for part, values in less.items()})
    lab.note("gaps in points: " + ", ".join(f"{values.mean():.1f} ({kind})" for kind, values in gaps.items()))
