"""Section 4.5 and Figures 8 and 9: detectors trained from scratch with the backbone's last layer shuffled, or not.

`methods.detection_arms` says how the detectors are trained at each tier, `detection_readings` what is read
off them.  All detectors of a tier are tested on the same images.  Intervals are over both, seeds and images
(`methods.seeds_and_images`).
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, cast

from claims.fan2019.methods import seeds_and_images
from claims.fan2019.methods.average_precision import ALL_POINTS, ELEVEN_POINTS
from claims.fan2019.methods.detection_arms import arm
from claims.fan2019.methods.detection_errors import CONVENTIONS, Kind
from claims.fan2019.methods.detection_readings import Detectors, claim_on_detectors, crossed
from claims.fan2019.methods.detection_statistics import ELSEWHERE, PICTURED, QUANTILES, RENAMED, SIZES, WHOLE
from harness.claims.about import About
from harness.claims.claim import SINGLE
from harness.claims.kinds import Kind as ClaimKind
from harness.lab.pictures import stacked_bar
from harness.lab.session import NotAvailable
from harness.rules import Estimate, Rule, equivalent_to, greater_than, matches
from harness.system.lazy import np, torch

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from claims.fan2019.methods.detection_readings import Floats
    from claims.fan2019.methods.detector_test import DetectorTest
    from harness.lab.lab import Lab

PLACEMENTS = {"branch only": "branch", "branch and skip": "both"}
"""What is shuffled in the last bottleneck: the input of its 3 x 3 convolution, and the skip (section 3.2)."""


def compared(tier: str, data: str, placement: str) -> Mapping[str, DetectorTest]:
    """The detector without shuffle and the shuffled one."""
    return {name: arm(name, tier, data) for name in ("plain", PLACEMENTS[placement])}


claim_on_both = functools.partial(claim_on_detectors, runs=compared)
"""`claim` on the two."""


def total(shares: Mapping[Kind, Floats], kinds: Iterable[Kind]) -> Floats:
    """The shares of some kinds of predictions together."""
    return np.sum([shares[kind] for kind in kinds], axis=0)


BY_CONVENTION = {"placement": tuple(PLACEMENTS), "convention": CONVENTIONS}
BY_SIZE = {"placement": tuple(PLACEMENTS), "sizes": SIZES}

ITSELF = "the detector without shuffle against itself: each seed's on half of the images, the next one's on the others"
MISPLACED = "the detector without shuffle, judged on the annotations of other images"
EXCHANGED = "the two detectors exchanged"


def difference(found: Detectors, first: Floats, second: Floats) -> Estimate:
    """The mean difference of two statistics in points."""
    return seeds_and_images.mean(first - second, found.images, "points")


@claim_on_both(
    "SH-51",
    about=About.DIRECTION,
    where="Section 4.5",
    paper=16.0,
    readings={"placement": tuple(PLACEMENTS), "area": (ALL_POINTS, ELEVEN_POINTS)},
    rule=greater_than(0.0),
    mirrored=(SINGLE,),
    control=EXCHANGED,
)
def test_detection_suffers_from_lost_order(lab: Lab, data: str, placement: str, area: str) -> None:
    """Trained from scratch, the detector reaches 50 % mAP, and 34 % with its last layer shuffled.

    Measured is what is lost: that it is anything at all is decided here, the paper's two ratios are SH-92.
    """
    found = Detectors.of(lab)
    plain, shuffled = (found.mean_ap(name, rule=area) for name in ("plain", PLACEMENTS[placement]))
    lab.measure(difference(found, plain, shuffled))
    lab.control(difference(found, shuffled, plain))


@claim_on_both(
    "SH-52",
    about=About.DIRECTION,
    where="Section 4.5, Fig. 9",
    paper=2.0,
    readings=BY_CONVENTION,
    rule=greater_than(1.0),
    mirrored=(SINGLE,),
    control=EXCHANGED,
    unit="",
)
def test_the_localisation_error_of_detection_doubles(lab: Lab, data: str, placement: str, convention: str) -> None:
    """The localisation error is doubled for the shuffled detector, from 14.2 to 28.4 % of its predictions.

    Of each class as many of the most confident predictions are looked at as it has objects.  Measured is the factor;
    that it is above 1 is decided here.  The paper's 2 is SH-92's, and the report says whether images alone allow it.
    """
    found, name = Detectors.of(lab), PLACEMENTS[placement]
    shuffled, plain = found.shares(name, convention), found.shares("plain", convention)

    more, fewer = shuffled[Kind.LOCALISATION], plain[Kind.LOCALISATION]
    lab.measure(seeds_and_images.ratio(more, fewer, found.images))
    lab.control(seeds_and_images.ratio(fewer, more, found.images))
    low, high = seeds_and_images.over_images(more.mean(0) / fewer.mean(0))
    lab.note(
        f"ratio, 90 % interval over images alone: {low:.2f} to {high:.2f}, "
        f"which {'contains' if low <= 2 <= high else 'leaves out'} 2"
    )
    for arm_name, shares in {"plain": plain, name: shuffled}.items():
        draw_shares(lab, f"{arm_name}, {convention}", {kind: share[:, 0].mean() for kind, share in shares.items()})
        lab.series(f"{arm_name}: {', '.join(kind.name.lower() for kind in shares)}", x=list(shares), y=[
            share[:, 0].mean() for share in shares.values()
        ])  # fmt: skip


COLOURS = {
    Kind.CORRECT: (55, 214, 122), Kind.LOCALISATION: (255, 176, 32), Kind.DUPLICATE: (255, 220, 140),
    Kind.BACKGROUND: (150, 150, 150),
}  # fmt: skip
WRONG_CLASS = (255, 90, 82)


def draw_shares(lab: Lab, name: str, shares: Mapping[Kind, float]) -> None:
    """The shares of the kinds of predictions in per cent, as in Fig. 9."""
    words = ", ".join(f"{kind.name.lower()} {share:.1f} %" for kind, share in shares.items() if share)
    bar = stacked_bar((share / 100, COLOURS.get(kind, WRONG_CLASS)) for kind, share in shares.items())
    lab.picture(f"{name}: {words}", bar, ())


@claim_on_both(
    "SH-53",
    about=About.DIRECTION,
    where="Section 4.5, Fig. 9",
    paper=13.8,
    readings=BY_CONVENTION,
    rule=greater_than(0.0),
    mirrored=(SINGLE,),
    control=EXCHANGED,
)
def test_fewer_detections_are_correct(lab: Lab, data: str, placement: str, convention: str) -> None:
    """Of the baseline's predictions 59.1 % are correct, of the shuffled detector's 45.3 %.

    Measured is what is lost.
    """
    found = Detectors.of(lab)
    plain, shuffled = (found.shares(name, convention)[Kind.CORRECT] for name in ("plain", PLACEMENTS[placement]))
    lab.measure(difference(found, plain, shuffled))
    lab.control(difference(found, shuffled, plain))


@claim_on_both(
    "SH-54",
    about=About.EQUIVALENCE,
    where="Section 4.5",
    paper=0.4,
    readings=BY_CONVENTION,
    rule=equivalent_to(0.0, within=2.0, refuted_beyond=2),
    control=MISPLACED,
)
def test_classification_of_detections_is_not_affected(lab: Lab, data: str, placement: str, convention: str) -> None:
    """Classification-wise the shuffled detector got as many predictions right: 73.7 % against 73.3 %.

    Right are correct predictions and those of localisation errors, and of TIDE's duplicates.  That they are
    alike within 2 points is asked for; the paper speaks of preserved, and even slightly higher.
    """
    found = Detectors.of(lab)

    def right(arm_name: str, on: str = WHOLE) -> Floats:
        shares = found.shares(arm_name, convention, on)
        return shares[Kind.CORRECT] + shares[Kind.LOCALISATION] + shares[Kind.DUPLICATE]

    lab.measure(difference(found, right(PLACEMENTS[placement]), right("plain")))
    lab.control(difference(found, right("plain", ELSEWHERE), right("plain")))


@claim_on_both(
    "SH-55",
    about=About.EQUIVALENCE,
    where="Section 4.5, Fig. 9",
    paper="similar percents",
    readings=BY_CONVENTION,
    rule={
        "wrong class": equivalent_to(0.0, within=3.0, refuted_beyond=2),
        "background": equivalent_to(0.0, within=3.0, refuted_beyond=2),
    },
    control=f"the detector without shuffle, its classes taken for one another; and {MISPLACED}",
)
def test_other_errors_of_detection_stay_at_their_level(lab: Lab, data: str, placement: str, convention: str) -> None:
    """Predictions of a wrong class, and of background, are of similar percents for both detectors.

    Within 3 points.  Wrong are similar and other classes together, and what TIDE calls both.
    """
    found = Detectors.of(lab)

    def parts(arm_name: str, on: str = WHOLE) -> dict[str, Estimate]:
        shares, plain = found.shares(arm_name, convention, on), found.shares("plain", convention)
        kinds = {"wrong class": (Kind.SIMILAR, Kind.OTHER, Kind.BOTH), "background": (Kind.BACKGROUND,)}
        return {part: difference(found, total(shares, which), total(plain, which)) for part, which in kinds.items()}

    lab.measure(**parts(PLACEMENTS[placement]))
    controls = {"wrong class": RENAMED, "background": ELSEWHERE}
    lab.control(**{part: parts("plain", on)[part] for part, on in controls.items()})


@claim_on_both(
    "SH-56",
    about=About.DIRECTION,
    where="Section 4.5, Fig. 8",
    readings=BY_SIZE,
    rule=greater_than(0.0),
    mirrored=(SINGLE,),
    control=EXCHANGED,
)
def test_extra_errors_of_detection_come_from_small_objects(lab: Lab, data: str, placement: str, sizes: str) -> None:
    """The localisation error of the shuffled detector mainly comes from small objects.

    Measured is by how much more localisation errors are added for a hundred small objects than for a hundred large
    ones (Hoiem et al.).  Sizes are those of Hoiem et al., within each class, or COCO's, whose small and medium objects
    are taken together.
    """
    found = Detectors.of(lab)

    def more_on_small(arm_name: str) -> Floats:
        small, large = found.mislocalised(arm_name, by=sizes)
        return small - large

    plain, shuffled = more_on_small("plain"), more_on_small(PLACEMENTS[placement])
    lab.measure(difference(found, shuffled, plain))
    lab.control(difference(found, plain, shuffled))
    if sizes == QUANTILES:
        draw(lab, found, PLACEMENTS[placement])


def draw(lab: Lab, found: Detectors, shuffled: str) -> None:
    """The first test images with what both detectors find in them, as in Fig. 8; nothing where no images are here."""
    recipe = cast("DetectorTest", lab.runs["plain"])
    try:
        test = lab.detection(recipe.data)
    except NotAvailable as missing:
        lab.note(f"no pictures: {missing}")
        return
    pixels = test.chosen(torch.arange(PICTURED)).pixels(recipe.size, torch.device("cpu"))
    for number, image in enumerate(pixels):
        for name in ("plain", shuffled):
            lab.picture(f"test image {number + 1}, {name}", image, found.boxes(name, number))


@claim_on_both(
    "SH-57",
    about=About.DIRECTION,
    where="Section 4.5, Fig. 8",
    readings=BY_SIZE,
    rule=greater_than(0.0),
    control=MISPLACED,
)
def test_detection_of_large_objects_gets_better(lab: Lab, data: str, placement: str, sizes: str) -> None:
    """On large objects the shuffled detector seems better than the baseline.

    Measured is the gain in mAP on large objects alone.  The paper says so of the first 11 test images.
    """
    found = Detectors.of(lab)

    def on_large(arm_name: str, on: str = WHOLE) -> Floats:
        return found.mean_ap_of_large(arm_name, on, by=sizes)

    lab.measure(difference(found, on_large(PLACEMENTS[placement]), on_large("plain")))
    lab.control(difference(found, on_large("plain", ELSEWHERE), on_large("plain")))


RATIOS: dict[str, Rule] = {"mAP kept": matches(34 / 50, within=0.1), "localisation error": matches(2.0, within=0.5)}


def ratios(found: Detectors, shuffled: str, convention: str) -> dict[str, Estimate]:
    """Mean average precision and localisation error of a shuffled detector, as multiples of the baseline's."""
    pairs = {
        "mAP kept": (found.mean_ap(shuffled), found.mean_ap("plain")),
        "localisation error": (
            found.shares(shuffled, convention)[Kind.LOCALISATION], found.shares("plain", convention)[Kind.LOCALISATION],
        ),
    }  # fmt: skip
    return {part: seeds_and_images.ratio(*pair, found.images) for part, pair in pairs.items()}


def ratios_of_itself(found: Detectors, convention: str) -> dict[str, Estimate]:
    """The same of the baseline and itself."""
    pairs = {
        "mAP kept": crossed(lambda on: found.mean_ap("plain", on)),
        "localisation error": crossed(lambda on: found.shares("plain", convention, on)[Kind.LOCALISATION]),
    }
    return {part: seeds_and_images.ratio(*pair, found.images) for part, pair in pairs.items()}


@claim_on_both(
    "SH-92",
    about=About.SIZE,
    where="Sections 3.2 and 4.5",
    paper={"mAP kept": 0.68, "localisation error": 2.0},
    readings=BY_CONVENTION,
    formerly=("E-SH11",),
    rule=RATIOS,
    control=ITSELF,
    unit="",
)
def test_a_reading_of_the_detection_experiment_gives_both_ratios(
    lab: Lab, data: str, placement: str, convention: str
) -> None:
    """Shuffling the last layer of the backbone keeps 34 of 50 points of mAP and doubles the localisation error.

    By the rule of section 3.2 for ResNets the skip connection is shuffled too.  Then no order reaches the head (SH-69),
    and all that is left is what a detector reaches that does not know where things are (SH-70).  If the branch alone is
    shuffled, the skip connection carries the order on.  The verdict by reading says which of the two goes with both of
    the paper's ratios: 0.68 within 0.1, and 2 within 0.5.  No printed statement is
    wrong by this: the text leaves open what is shuffled.
    """
    found = Detectors.of(lab)
    lab.measure(**ratios(found, PLACEMENTS[placement], convention))
    lab.control(**ratios_of_itself(found, convention))


STAGES = {"branch only": "stage branch", "branch and skip": "stage both"}


def whole_stage(tier: str, data: str, placement: str) -> Mapping[str, DetectorTest]:
    """The detector without shuffle, and the one with all bottlenecks of its last stage shuffled."""
    return {name: arm(name, tier, data) for name in ("plain", STAGES[placement])}


@claim_on_both(
    "SH-86",
    about=About.SIZE,
    where="Section 4.5",
    paper={"mAP kept": 0.68, "localisation error": 2.0},
    readings=BY_CONVENTION,
    rule=RATIOS,
    control=ITSELF,
    unit="",
    tier="nightly",
    runs=whole_stage,
)
def test_the_last_stage_as_the_last_layer_gives_both_ratios_of_detection(
    lab: Lab, data: str, placement: str, convention: str
) -> None:
    """Shuffling the last stage of the backbone keeps 34 of 50 points of mAP and doubles the localisation error.

    Another reading of "the last layer": all bottlenecks of the last stage, not the last one alone.  Tried once at the
    scale of tier laptop, after the rules were fixed: with branches alone shuffled three seeds keep 0.68 of the mAP
    (0.58 to 0.79, too wide to count) and have 1.7 to 2.0 times the localisation error; with skips too, 0.16 and 2.6 to
    3.3.
    """
    found = Detectors.of(lab)
    lab.measure(**ratios(found, STAGES[placement], convention))
    lab.control(**ratios_of_itself(found, convention))


def fixed_or_not(tier: str, data: str) -> Mapping[str, DetectorTest]:
    """The detector without shuffle, and those with branch and skip shuffled: anew for each batch, and once for all."""
    return {name: arm(name, tier, data) for name in ("plain", "both", "fixed")}


@claim_on_both(
    "SH-87",
    kind=ClaimKind.DERIVED,
    about=About.DIRECTION,
    where="Section 4.5",
    rule=greater_than(0.0),
    control="the fixed permutation against none",
    tier="nightly",
    runs=fixed_or_not,
)
def test_a_fixed_permutation_harms_detection_less(lab: Lab, data: str) -> None:
    """A permutation that is drawn once for all costs a detector less mAP than one that is drawn for every batch.

    Derived: a fixed one loses nothing but the neighbourhoods, and what it moves where can be learned.
    """
    found = Detectors.of(lab)
    lab.measure(difference(found, found.mean_ap("fixed"), found.mean_ap("both")))
    lab.control(difference(found, found.mean_ap("fixed"), found.mean_ap("plain")))
