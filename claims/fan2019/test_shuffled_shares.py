"""Figures 4 and 5: how much of a network can be shuffled, from its last layer on (sections 4.1 and 4.2).

`methods.arms` says how the networks are trained.  Accuracies are in per cent of the images, what is lost in percentage
points; intervals are over seeds and images (`methods.percent`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from claims.fan2019.methods.arms import arms, resnets, vgg_or_resnet
from claims.fan2019.methods.readings import BELOW_RESNET, NEAR_THE_PAPER, Accuracies, claim_on_cifar, draw, note_seeds
from harness.claims.about import About
from harness.claims.claim import SINGLE
from harness.rules import Curve, equivalent_to, greater_than, matches, monotone

if TYPE_CHECKING:
    from collections.abc import Mapping

    from claims.fan2019.methods.shuffle_test import ShuffleTest
    from harness.lab.lab import Lab

SPATIAL = {0: "plain", 4: "spatial 4", 7: "spatial 7", 10: "spatial 10"}
CHANNEL = {0: "plain", 4: "channel 4", 10: "channel 10"}
GAP_FC = {0: "plain", 4: "gap-fc 4", 10: "gap-fc 10"}
"""Arms by how many of the 13 layers are modified."""


def draw_by_share(lab: Lab, found: Accuracies, **curves: Mapping[int, str]) -> None:
    """Put accuracies over the share of modified layers into the report, as in the paper's figures."""
    by_share = {name: {100 * count / 13: arm for count, arm in by_count.items()} for name, by_count in curves.items()}
    draw(lab, found, **by_share)


@claim_on_cifar(
    "SH-19",
    about=About.SIZE,
    where="Figs. 1 and 4",
    paper=2.66,
    runs=arms("plain", "spatial 7", "spatial 10"),
    readings={"epoch": ("last", "best")},
    rule=matches(2.66, within=1.5),
    baseline=NEAR_THE_PAPER,
    control="the last 77 % of the layers shuffled, which cost 17.05",
)
def test_half_of_the_layers_cost_266(lab: Lab, data: str, epoch: str) -> None:
    """With its last 54 % of layers spatially shuffled VGG-16 loses 2.66 %, from 74.10 to 71.44."""
    found = Accuracies.of(lab)
    lost = found.lost_percent("spatial 7", epoch=epoch)
    lab.measure(lost)
    lab.control(found.lost_percent("spatial 10", epoch=epoch))
    note_seeds(lab, lost, 1.5)


@claim_on_cifar(
    "SH-21",
    about=About.DIRECTION,
    where="Section 4.1",
    paper=52.21,
    runs=arms("plain", "spatial 10", "channel 10"),
    rule=greater_than(0.0),
    mirrored=(SINGLE,),
    control="the two shuffles exchanged",
)
def test_77_percent_shuffled_leave_much_more_under_spatial_shuffle(lab: Lab, data: str) -> None:
    """With the last 77 % of layers shuffled, 57.05 % remain under spatial shuffle, but 4.84 % under channel-wise."""
    found = Accuracies.of(lab)
    spatial, channel = found.percent("spatial 10"), found.percent("channel 10")
    lab.measure(spatial - channel)
    lab.control(channel - spatial)


@claim_on_cifar(
    "SH-22",
    about=About.DIRECTION,
    where="Fig. 4",
    runs=arms("plain", "spatial 4", "spatial 7", "spatial 10", "channel 4", "channel 10"),
    rule={"spatial": monotone("decreasing"), "channel-wise": monotone("decreasing")},
    mirrored=("spatial", "channel-wise"),
    control="the shares in reverse order",
)
def test_accuracy_decreases_with_the_share_of_shuffled_layers(lab: Lab, data: str) -> None:
    """With the share of layers that are shuffled the accuracy decreases under both shuffles."""
    found = Accuracies.of(lab)

    def curves(step: int) -> dict[str, Curve]:
        kinds = {"spatial": SPATIAL, "channel-wise": CHANNEL}
        return {
            kind: Curve.of([*arms_by_count][::step], [found.percent(arm).by_seed for arm in arms_by_count.values()])
            for kind, arms_by_count in kinds.items()
        }

    lab.measure(**curves(step=1))
    lab.control(**curves(step=-1))
    draw_by_share(lab, found, spatial_shuffle=SPATIAL, channel_shuffle=CHANNEL)


@claim_on_cifar(
    "SH-23",
    about=About.SIZE,
    where="Fig. 4, caption",
    paper=2.66,
    runs=arms("plain", "channel 1", "channel 10"),
    rule=matches(2.66, within=1.5),
    baseline=NEAR_THE_PAPER,
    control="the last 77 % of the layers shuffled channel-wise, which cost 69.26",
)
def test_channel_shuffle_in_the_last_layer_costs_266(lab: Lab, data: str) -> None:
    """Channel-wise shuffle costs as much in the last layer alone as spatial shuffle in 54 % of the layers: 2.66 %."""
    found = Accuracies.of(lab)
    lost = found.lost_percent("channel 1")
    lab.measure(lost)
    lab.control(found.lost_percent("channel 10"))
    note_seeds(lab, lost, 1.5)


@claim_on_cifar(
    "SH-24",
    about=About.SIZE,
    where="Fig. 4, caption",
    paper=0.03,
    runs=arms("plain", "spatial 4", "channel 4"),
    rule=equivalent_to(0.0, within=1.0),
    baseline=NEAR_THE_PAPER,
    control="as many layers shuffled channel-wise, which costs 6.54",
)
def test_31_percent_shuffled_do_not_really_affect_the_accuracy(lab: Lab, data: str) -> None:
    """With 31 % of its layers modified by spatial shuffle the test accuracy is not really affected."""
    found = Accuracies.of(lab)
    lab.measure(found.lost_percent("spatial 4"))
    lab.control(found.lost_percent("channel 4"))


@claim_on_cifar(
    "SH-29",
    about=About.EQUIVALENCE,
    where="Section 4.2, Fig. 5",
    runs=arms("plain", "spatial 4", "spatial 10", "gap-fc 4", "gap-fc 10", "channel 10"),
    rule={
        "31 %": equivalent_to(0.0, within=4.0, refuted_beyond=2),
        "77 %": equivalent_to(0.0, within=4.0, refuted_beyond=2),
    },
    control="channel-wise shuffle of the last 77 % in place of GAP+FC",
)
def test_spatial_shuffle_and_gap_fc_behave_alike(lab: Lab, data: str) -> None:
    """Spatial shuffle and GAP+FC have an overall similar behaviour: they leave the same accuracy, up to 4 points."""
    found = Accuracies.of(lab)

    for part, n in {"31 %": 4, "77 %": 10}.items():
        lab.measure(**{part: found.percent(f"gap-fc {n}") - found.percent(f"spatial {n}")})
        lab.control(**{part: found.percent("channel 10") - found.percent(f"spatial {n}")})
    draw_by_share(lab, found, spatial_shuffle={0: "plain", 4: "spatial 4", 10: "spatial 10"}, GAP_FC=GAP_FC)


@claim_on_cifar(
    "SH-61",
    about=About.DIRECTION,
    where="Sections 1 and 5",
    runs=arms("plain", "gap-fc 4", "truncated 4"),
    rule=greater_than(0.0),
    control="GAP+FC before training",
)
def test_depth_is_needed_but_late_layers_need_not_be_convolutions(lab: Lab, data: str) -> None:
    """Depth is needed for a good performance, but later layers need not be convolutions.

    With GAP+FC in the place of its last 30 % of convolutions VGG-16 is better than without those layers at all.
    """
    found = Accuracies.of(lab)
    truncated = found.percent("truncated 4")
    lab.measure(found.percent("gap-fc 4") - truncated)
    lab.control(found.untrained_percent("gap-fc 4") - truncated)
    lost = [found.lost_percent(arm).by_seed.mean() for arm in ("gap-fc 4", "truncated 4")]
    lab.note(f"GAP+FC loses {lost[0]:.2f} percentage points, truncation {lost[1]:.2f}")


@claim_on_cifar(
    "SH-26",
    about=About.SIZE,
    where="Section 4.2",
    paper={"ResNet-50, CIFAR100": 0.17, "VGG-16, Small-ImageNet": 1.44},
    runs=vgg_or_resnet(("plain", "spatial 4", "spatial 10"), ("resnet50", "resnet50 spatial 5", "resnet50 spatial 13")),
    rule=matches(0.805, within=1.635),
    control="the last 77 to 81 % of the layers, which cost 8.58 and more",
    reach=BELOW_RESNET,
)
def test_30_percent_cost_between_017_and_144(lab: Lab, data: str) -> None:
    """The last 30 % of layers cost 0.17 % (ResNet-50, CIFAR100) to 1.44 % (VGG-16, Small-ImageNet).

    Judged within a point of that range.  Tier `paper` trains ResNet-50; below it VGG-16 stands in.
    """
    found = Accuracies.of(lab)
    _, some, most = lab.runs
    lab.measure(found.lost_percent(some))
    lab.control(found.lost_percent(most))


@claim_on_cifar(
    "SH-28",
    about=About.SIZE,
    where="Section 4.2",
    paper={"least": 8.58, "most": 20.21},
    runs=arms("plain", "spatial 10"),
    rule=equivalent_to(14.395, within=8.815),
    baseline=NEAR_THE_PAPER,
    control="the same networks before training, against the trained baseline",
)
def test_77_percent_cost_between_858_and_2021(lab: Lab, data: str) -> None:
    """77 to 81 % of the layers cost 8.58 to 20.21 %.

    Judged within 3 points of that range, with spatial shuffle, for which Fig. 4 has 17.05 (VGG-16, CIFAR100).
    """
    found = Accuracies.of(lab)
    lab.measure(found.lost_percent("spatial 10"))
    lab.control(found.percent("plain") - found.untrained_percent("spatial 10"))


@claim_on_cifar(
    "SH-27",
    about=About.SIZE,
    where="Section 4.2",
    paper=2.48,
    runs=arms("resnet50", "resnet50 spatial 8"),
    readings={"epoch": ("last", "best")},
    rule=matches(2.48, within=2.0),
    control="the same networks before training, against the trained baseline",
    tier="nightly",
)
def test_half_of_resnet50_costs_248(lab: Lab, data: str, epoch: str) -> None:
    """With its last half of bottlenecks spatially shuffled ResNet-50 loses 2.48 % on CIFAR100."""
    found = Accuracies.of(lab)
    lab.measure(found.lost_percent("resnet50 spatial 8", epoch=epoch))
    lab.control(found.percent("resnet50", epoch=epoch) - found.untrained_percent("resnet50 spatial 8"))


@claim_on_cifar(
    "SH-49",
    about=About.DIRECTION,
    where="Section 3.2",
    runs=arms("resnet50 spatial 8", "resnet50 branch 8", at=resnets),
    rule=greater_than(0.0),
    control="the network with unshuffled skip connections before training",
)
def test_an_unshuffled_skip_connection_saves_accuracy(lab: Lab, data: str) -> None:
    """With the skip connections left unshuffled a ResNet learns to ignore the branch, so that accuracy is higher.

    Measured with the last half of ResNet-50's bottlenecks shuffled, without the skip connections and with them.
    """
    found = Accuracies.of(lab)
    with_skip = found.percent("resnet50 spatial 8")
    lab.measure(found.percent("resnet50 branch 8") - with_skip)
    lab.control(found.untrained_percent("resnet50 branch 8") - with_skip)


def resnet_by_share(tier: str) -> Mapping[str, ShuffleTest]:
    """ResNet-50 with its last half modified by either method, at tier `paper` with the other shares of Fig. 5 too."""
    counts = (5, 8, 13) if tier == "paper" else (8,)
    return arms("resnet50", *(f"resnet50 {method} {n}" for method in ("spatial", "gap-fc") for n in counts))(tier)


@claim_on_cifar(
    "SH-90",
    about=About.EQUIVALENCE,
    where="Section 4.2, Fig. 5",
    runs=resnet_by_share,
    rule=equivalent_to(0.0, within=4.0, refuted_beyond=2),
    control="GAP+FC before training",
    tier="nightly",
)
def test_spatial_shuffle_and_gap_fc_behave_alike_in_resnet50(lab: Lab, data: str) -> None:
    """In ResNet-50, too, spatial shuffle and GAP+FC have an overall similar behaviour.

    With the last half of the bottlenecks modified they leave the same accuracy, up to 4 points as in SH-29.
    """
    found = Accuracies.of(lab)
    spatial = found.percent("resnet50 spatial 8")
    lab.measure(found.percent("resnet50 gap-fc 8") - spatial)
    lab.control(found.untrained_percent("resnet50 gap-fc 8") - spatial)
    for name, method in {"spatial shuffle": "spatial", "GAP+FC": "gap-fc"}.items():
        counts = [n for n in (5, 8, 13) if f"resnet50 {method} {n}" in lab.runs]
        draw(lab, found, **{name: {0: "resnet50"} | {100 * n / 16: f"resnet50 {method} {n}" for n in counts}})
