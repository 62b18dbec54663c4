"""Figures 6 and 7: one layer shuffled alone, over its whole map or within patches (sections 4.3 and 4.4).

`methods.arms` says how the networks are trained.  Accuracies are in per cent of the images, what is lost in percentage
points; intervals are over seeds and images (`methods.percent`).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from claims.fan2019.methods.arms import RANDOM_LABELS, arms, vgg_or_resnet, well_trained
from claims.fan2019.methods.readings import BELOW_RESNET, Accuracies, claim_on_cifar, draw, note_seeds
from harness.claims.about import About
from harness.rules import Curve, equivalent_to, greater_than, matches, monotone

if TYPE_CHECKING:
    from claims.fan2019.methods.percent import Percent
    from harness.lab.lab import Lab


@claim_on_cifar(
    "SH-39",
    about=About.EQUIVALENCE,
    where="Section 4.3, Fig. 6",
    paper="very similar",
    runs=arms("plain", "spatial 4", "spatial 10", "spatial at 1", "spatial at 4", "spatial at 10", at=well_trained),
    rule={
        "layer 4": equivalent_to(0.0, within=3.0, refuted_beyond=2),
        "layer 10": equivalent_to(0.0, within=3.0, refuted_beyond=2),
    },
    control="a late layer alone, number 10, against all from the 4th on and against the first alone (16.02 %, Fig. 7)",
)
def test_one_shuffled_layer_does_what_all_later_ones_do(lab: Lab, data: str) -> None:
    """Shuffling a single layer has a very similar effect on accuracy as shuffling all layers from it on.

    Judged at layers 4 and 10 of 13, within 3 percentage points.
    """
    found = Accuracies.of(lab)
    tenth, from_4_on = found.percent("spatial at 10"), found.percent("spatial 10")
    lab.measure(
        **{"layer 4": found.percent("spatial at 4") - from_4_on, "layer 10": tenth - found.percent("spatial 4")}
    )
    lab.control(**{"layer 4": tenth - from_4_on, "layer 10": tenth - found.percent("spatial at 1")})
    single, multiple = {4: "spatial at 4", 10: "spatial at 10"}, {4: "spatial 10", 10: "spatial 4"}
    draw(lab, found, single_layer=single, multiple_layers=multiple)


@claim_on_cifar(
    "SH-40",
    about=About.DIRECTION,
    where="Section 4.3",
    paper="not able to recover the damage",
    runs=arms("plain", "spatial 10", "spatial at 1", "spatial at 4", "spatial at 10", at=well_trained),
    rule=greater_than(0.0),
    control="a late layer alone, number 10, with what shuffling the first one costs as the damage",
)
def test_later_layers_do_not_recover_what_an_early_shuffle_destroys(lab: Lab, data: str) -> None:
    """The network cannot recover the damage caused by shuffling an early layer.

    Damage is what is lost with all layers from 4 to 13 shuffled.  With layer 4 alone shuffled, the layers behind it
    could win some of it back.  Measured is what stays lost less what is won back: above 0, most of the damage stays,
    which is the least that the sentence can mean.
    """
    found = Accuracies.of(lab)
    plain = found.percent("plain")

    def stays(single: str, damaged: str) -> Percent:
        left = found.percent(single)
        return (plain - left) - (left - found.percent(damaged))

    lab.measure(stays("spatial at 4", "spatial 10"))
    lab.control(stays("spatial at 10", "spatial at 1"))


def in_reverse(arms_by_patch: dict[int, str]) -> dict[int, str]:
    """The same arms, as if the smallest patch were the largest."""
    return dict(zip(arms_by_patch, reversed(arms_by_patch.values()), strict=True))


@claim_on_cifar(
    "SH-42",
    about=About.DIRECTION,
    where="Section 4.4, Fig. 7",
    runs=arms("plain", "patch 4 at 1", "spatial at 1", "patch 2 at 10", "spatial at 10", at=well_trained),
    readings={"sizes": ("from 1 on", "from 2 on")},
    rule={"falls with patches": monotone("decreasing"), "faster than late": greater_than(0.0)},
    mirrored=("falls with patches", "faster than late"),
    control="the sizes of the patches in reverse order; the two layers exchanged",
)
def test_accuracy_falls_faster_with_patches_at_early_layers(lab: Lab, data: str, sizes: str) -> None:
    """With the size of the patches accuracy falls rapidly at first layers, and faster there than at last ones.

    At layer 1 patches of 1, 4 and 32 pixels (none, and the whole image) are compared.  Percentage points lost by each
    doubling of the patch are compared with those at layer 10, whose map of 4 x 4 a patch of 4 is.  Whether the first
    step counts, from no shuffle to the smallest one, is read in two ways; the figure's late patches, which "do not make
    much difference", are 2, 4 and 8.
    """
    found = Accuracies.of(lab)
    early = {1: "plain", 4: "patch 4 at 1", 32: "spatial at 1"}
    late = {1: "plain", 2: "patch 2 at 10", 4: "spatial at 10"}

    from_to_early, from_to_late = {"from 1 on": ((1, 4), (1, 4)), "from 2 on": ((4, 32), (2, 4))}[sizes]

    def lost_by_doubling(arms_by_patch: dict[int, str], smallest: int, largest: int) -> Percent:
        lost = found.percent(arms_by_patch[smallest]) - found.percent(arms_by_patch[largest])
        return lost / math.log2(largest / smallest)

    def curve(arms_by_patch: dict[int, str]) -> Curve:
        return Curve.of(list(arms_by_patch), [found.percent(arm).by_seed for arm in arms_by_patch.values()])

    lost_early, lost_late = lost_by_doubling(early, *from_to_early), lost_by_doubling(late, *from_to_late)
    lab.measure(**{"falls with patches": curve(early), "faster than late": lost_early - lost_late})
    lab.control(**{"falls with patches": curve(in_reverse(early)), "faster than late": lost_late - lost_early})
    draw(lab, found, layer_1=early, layer_10=late)


@claim_on_cifar(
    "SH-41", about=About.SIZE,
    where="Section 4.4, Fig. 7",
    paper="similar",
    runs=vgg_or_resnet(
        ("plain", "patch 2 at 10", "spatial at 10", "patch 4 at 1", "spatial at 1"),
        (
            "resnet50", "resnet50 patch 2 at 10", "resnet50 spatial at 10", "resnet50 patch 4 at 0",
            "resnet50 spatial at 1",
        ),
    ),
    rule=equivalent_to(0.0, within=1.5),
    control="at the first layer, between patches of 4 and the whole map",
    reach=BELOW_RESNET,
)  # fmt: skip
def test_the_size_of_the_patches_does_not_matter_at_late_layers(lab: Lab, data: str) -> None:
    """At layers 8 to 14 of ResNet-50 patches of 2, 4 and 8 give similar accuracies.

    Judged between patches of 2 and the whole map, of 8 x 8 pixels at bottleneck 10 of ResNet-50, which tier `paper`
    trains, and of 4 x 4 at layer 10 of VGG-16, which stands in below it.
    """
    found = Accuracies.of(lab)
    _, smallest, whole, early, early_whole = lab.runs
    gained = found.percent(smallest) - found.percent(whole)
    lab.measure(gained)
    lab.control(found.percent(early) - found.percent(early_whole))
    note_seeds(lab, gained, 1.5)


@claim_on_cifar(
    "SH-43",
    about=About.SIZE,
    where="Section 4.4",
    paper=4.0,
    runs=vgg_or_resnet(
        ("plain", "patch 4 at 1", "spatial at 1"),
        ("resnet50", "resnet50 patch 4 at 0", "resnet50 spatial at 1", "resnet50 patch 4 at 1"),
    ),
    rule=matches(4.0, within=2.0),
    control="the whole map of the first layer shuffled",
    reach=BELOW_RESNET,
)
def test_patches_of_4_on_the_input_image_cost_4_points(lab: Lab, data: str) -> None:
    """ResNet-50 loses 4.0 % with patches of 4 shuffled on the input image.

    Tier `paper` trains ResNet-50, and says what its first bottleneck loses, which may be meant (E-SH5); below it VGG-16
    stands in, whose first layer sees the image.
    """
    found = Accuracies.of(lab)
    _, image, whole, *bottleneck = lab.runs
    lab.measure(found.lost_percent(image))
    lab.control(found.lost_percent(whole))
    for arm in bottleneck:
        lab.note(f"{arm} loses {found.lost_percent(arm).by_seed.mean():.2f} percentage points")


@claim_on_cifar(
    "SH-44",
    about=About.DIRECTION,
    where="Fig. 7, caption",
    paper=15.02,
    runs=arms("plain", "spatial at 1", f"spatial at 1{RANDOM_LABELS}", at=well_trained),
    rule=greater_than(0.0),
    control="the network trained on random labels, with this one's accuracy in the place of chance",
)
def test_a_completely_shuffled_image_is_still_recognised(lab: Lab, data: str) -> None:
    """With the input image completely shuffled VGG-16 does not fall to random guessing: 16.02 %.

    Measured in percentage points above chance.
    """
    found = Accuracies.of(lab)
    lab.measure(found.percent_above_chance("spatial at 1"))
    lab.control(found.percent(f"spatial at 1{RANDOM_LABELS}") - found.percent("spatial at 1"))
