"""Table 2 and the Small-ImageNet half of Figure 5: the same modifications on a thousand classes (section 4.2).

At tier `paper` alone; `methods.arms` says how the networks are trained there.  Accuracies are in per
cent of the 50,000 images that validate, with which the best epoch is chosen too, as in the paper.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from claims.fan2019.methods.arms import SEEDS, arms, imagenet, small_imagenet
from claims.fan2019.methods.readings import Accuracies
from harness.claims.about import About
from harness.claims.claim import claim
from harness.rules import Rule, equivalent_to, greater_than, matches
from harness.system.lazy import np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from harness.lab.lab import Lab

EPOCHS = ("last", "best")
claim_at_paper = functools.partial(
    claim, tier="paper", seeds=SEEDS["paper"], reach={"paper": "paper"}, readings={"epoch": EPOCHS}, unit="points"
)
claim_on_imagenet = functools.partial(claim_at_paper, data=("imagenet",))
claim_on_small_imagenet = functools.partial(claim_at_paper, data=("small-imagenet",))
UNTRAINED_WITH = "the network that was trained without shuffle, tested with it"


def per_cent(found: Accuracies, arm: str, epoch: str) -> np.ndarray:
    """The accuracy, by seed."""
    return 100 * found.shares(arm, epoch=epoch)


def lost(found: Accuracies, arm: str, epoch: str) -> np.ndarray:
    """Points that the baseline is better by, by seed."""
    return per_cent(found, found.baseline, epoch) - per_cent(found, arm, epoch)


def shuffled_in_tests(found: Accuracies, arm: str) -> np.ndarray:
    """The baseline's accuracy, in the last epoch, with the shuffle of an arm in tests alone."""
    return 100 * found.shares(found.baseline, arm)


def judge_accuracies(lab: Lab, epoch: str) -> None:
    """Measure what Table 2 has for a network: the baseline, with spatial shuffle, with GAP+FC."""
    found = Accuracies.of(lab)
    lab.measure(**{part: per_cent(found, arm, epoch) for part, arm in zip(lab.claim.rules, lab.runs, strict=True)})
    _, shuffled, _ = lab.runs
    lab.control(**dict.fromkeys(lab.claim.rules, shuffled_in_tests(found, shuffled)))


def reaches(accuracies: Mapping[str, float]) -> dict[str, Rule]:
    """The rule of a row of Table 2: each of its accuracies is reproduced within 0.7 points."""
    return {part: matches(accuracy, within=0.7) for part, accuracy in accuracies.items()}


claim_on_row_of_table_2 = functools.partial(claim_on_imagenet, where="Table 2", unit="%", control=UNTRAINED_WITH)

VGG16 = {"baseline": 72.96, "spatial shuffle": 73.51, "GAP+FC": 72.55}
RESNET50 = {"baseline": 75.47, "spatial shuffle": 74.68, "GAP+FC": 74.57}
RESNET152 = {"baseline": 77.66, "spatial shuffle": 76.64, "GAP+FC": 76.93}
"""The rows of Table 2, in per cent."""


@claim_on_row_of_table_2(
    "SH-79",
    about=About.SIZE,
    runs=arms("plain", "spatial 1", "gap-fc 1", at=imagenet),
    paper=VGG16,
    rule=reaches(VGG16),
)
def test_vgg16_reaches_its_accuracies_on_imagenet(lab: Lab, data: str, epoch: str) -> None:
    """On ImageNet VGG-16 reaches 72.96 %, 73.51 % with spatial shuffle and 72.55 % with GAP+FC in its last layer."""
    judge_accuracies(lab, epoch)


@claim_on_row_of_table_2(
    "SH-80",
    about=About.SIZE,
    runs=arms("resnet50", "resnet50 spatial 1", "resnet50 gap-fc 1", at=imagenet),
    paper=RESNET50,
    rule=reaches(RESNET50),
)
def test_resnet50_reaches_its_accuracies_on_imagenet(lab: Lab, data: str, epoch: str) -> None:
    """On ImageNet ResNet-50 reaches 75.47 %, 74.68 % with spatial shuffle and 74.57 % with GAP+FC in its last block."""
    judge_accuracies(lab, epoch)


@claim_on_row_of_table_2(
    "SH-81",
    about=About.SIZE,
    runs=arms("resnet152", "resnet152 spatial 1", "resnet152 gap-fc 5", at=imagenet),
    paper=RESNET152,
    rule=reaches(RESNET152),
)
def test_resnet152_reaches_its_accuracies_on_imagenet(lab: Lab, data: str, epoch: str) -> None:
    """On ImageNet ResNet-152 reaches 77.66 %, 76.64 % with spatial shuffle and 76.93 % with GAP+FC.

    Its last block (2 %) is shuffled; its last five (10 %) are replaced.
    """
    judge_accuracies(lab, epoch)


@claim_on_imagenet(
    "SH-35",
    about=About.SIZE,
    where="Section 4.2",
    paper={"spatial shuffle": 0.79, "GAP+FC": 0.90},
    runs=arms("resnet50", "resnet50 spatial 1", "resnet50 gap-fc 1", at=imagenet),
    rule={"spatial shuffle": equivalent_to(0.0, within=1.0), "GAP+FC": equivalent_to(0.0, within=1.0)},
    control=UNTRAINED_WITH,
)
def test_6_percent_of_resnet50_cost_less_than_a_point(lab: Lab, data: str, epoch: str) -> None:
    """Within 1 % of accuracy, the last 6 % of ResNet-50 can be modified on ImageNet."""
    found = Accuracies.of(lab)
    shuffled, replaced = "resnet50 spatial 1", "resnet50 gap-fc 1"
    lab.measure(**{"spatial shuffle": lost(found, shuffled, epoch), "GAP+FC": lost(found, replaced, epoch)})
    without_training = per_cent(found, "resnet50", "last") - shuffled_in_tests(found, shuffled)
    lab.control(**dict.fromkeys(lab.claim.rules, without_training))


@claim_on_imagenet(
    "SH-37",
    about=About.DIRECTION,
    where="Section 4.2",
    paper=0.55,
    runs=arms("plain", "spatial 1", at=imagenet),
    rule=greater_than(0.0),
    control=UNTRAINED_WITH,
)
def test_a_shuffled_last_layer_makes_vgg16_better(lab: Lab, data: str, epoch: str) -> None:
    """VGG-16 with spatial shuffle in its last 8 % is slightly better than the baseline on ImageNet."""
    found = Accuracies.of(lab)
    lab.measure(-lost(found, "spatial 1", epoch))
    lab.control(shuffled_in_tests(found, "spatial 1") - per_cent(found, "plain", "last"))


@claim_on_small_imagenet(
    "SH-30",
    about=About.SIZE,
    where="Section 4.2",
    paper=0.54,
    runs=arms("plain", "gap-fc 4", "gap-fc 10", at=small_imagenet),
    rule=equivalent_to(0.0, within=1.5),
    control="GAP+FC in the last 77 % of the layers, which costs 20.21",
)
def test_gap_fc_keeps_the_accuracy_of_vgg16_on_small_imagenet(lab: Lab, data: str, epoch: str) -> None:
    """GAP+FC keeps VGG-16's accuracy on Small-ImageNet, 46.05 against 46.59 %, with 29.31 instead of 37.70M parameters.

    The numbers of parameters are SH-31.
    """
    found = Accuracies.of(lab)
    lab.measure(lost(found, "gap-fc 4", epoch))
    lab.control(lost(found, "gap-fc 10", epoch))


@claim_on_small_imagenet(
    "SH-88",
    about=About.SIZE,
    where="Section 4.2",
    paper={"last 30 %": 1.44, "last 77 %": 20.21},
    runs=arms("plain", "spatial 4", "gap-fc 10", at=small_imagenet),
    rule={"last 30 %": matches(1.44, within=1.0), "last 77 %": matches(20.21, within=3.0)},
    control=f"{UNTRAINED_WITH}; for the last 77 % the last 30 % instead",
)
def test_what_vgg16_loses_on_small_imagenet(lab: Lab, data: str, epoch: str) -> None:
    """On Small-ImageNet VGG-16 loses 1.44 % with its last 30 % of layers shuffled, 20.21 % with GAP+FC in 77 %.

    The ends of the ranges of SH-26 and SH-28 that are not CIFAR-100's.
    """
    found = Accuracies.of(lab)
    few, many = lost(found, "spatial 4", epoch), lost(found, "gap-fc 10", epoch)
    lab.measure(**{"last 30 %": few, "last 77 %": many})
    without_training = per_cent(found, "plain", "last") - shuffled_in_tests(found, "spatial 4")
    lab.control(**{"last 30 %": without_training, "last 77 %": few})


@claim_on_small_imagenet(
    "SH-89",
    about=About.SIZE,
    where="Section 4.2, Fig. 5",
    paper=6.92,
    runs=arms("resnet50", "resnet50 gap-fc 8", "resnet50 gap-fc 13", at=small_imagenet),
    rule=matches(6.92, within=2.0),
    control="GAP+FC in the last 81 % of the bottlenecks",
)
def test_half_of_resnet50_costs_692_on_small_imagenet(lab: Lab, data: str, epoch: str) -> None:
    """With GAP+FC in the last half of its bottlenecks ResNet-50 loses 6.92 % on Small-ImageNet-32x32.

    The end of the range of SH-27 that is not CIFAR-100's.
    """
    found = Accuracies.of(lab)
    lab.measure(lost(found, "resnet50 gap-fc 8", epoch))
    lab.control(lost(found, "resnet50 gap-fc 13", epoch))
