"""Table 1 and Figure 1: VGG-16 trained and tested with its last layers shuffled, with other layers shuffled, or none.

`methods.arms` says how the networks are trained at each tier.  Accuracies are in per cent of the images, what is lost
in percentage points; intervals are over seeds and images (`methods.percent`).  Only figures and tables are drawn on the
scale of the paper's baseline.  A training that is shorter than the paper's supports a size only where its baseline is
near the paper's (`methods.readings.NEAR_THE_PAPER`).  Every accuracy under a random shuffle is the mean over forward
passes whose permutations are drawn apart from those of the training (section 3.2).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from claims.fan2019.methods.arms import PERCEPTRON, arms
from claims.fan2019.methods.readings import NEAR_THE_PAPER, Accuracies, claim_on_cifar, note_seeds
from harness.claims.about import About, Gate
from harness.claims.claim import SINGLE
from harness.claims.kinds import Kind
from harness.rules import equivalent_to, greater_than, matches, proportion_above
from harness.statistics.by_run import runs_above
from harness.system.lazy import np

if TYPE_CHECKING:
    from claims.fan2019.methods.percent import Percent
    from harness.lab.lab import Lab

EPOCHS = ("last", "best")
DOWNSAMPLING = ("pool", "stride")


TABLE = (
    ("plain", "as trained", 74.10),
    ("channel 4", "as trained", 67.56),
    ("channel 4", "plain", 67.80),
    ("plain", "channel 4", 1.04),
    ("spatial 4", "as trained", 74.07),
    ("spatial 4", "plain", 73.74),
    ("plain", "spatial 4", 23.49),
)
"""Table 1: the trained network, what it is tested as, and the printed accuracy in per cent."""


def draw_table(lab: Lab, found: Accuracies) -> None:
    """Put the rows of Table 1 into the report."""
    rows = range(1, len(TABLE) + 1)
    lab.series("Table 1", x=rows, y=[found.percent(arm, test).by_seed.mean() for arm, test, _ in TABLE])
    lab.series("Table 1, as printed", x=rows, y=[printed for *_, printed in TABLE])


@claim_on_cifar(
    "SH-10",
    about=About.SIZE,
    where="Table 1",
    paper=74.10,
    runs=arms("plain", "channel 4"),
    readings={"epoch": EPOCHS},
    rule=matches(74.10, within=1.0),
    baseline=NEAR_THE_PAPER,
    control="the network that is trained and tested with channel-wise shuffle, 67.56 %",
    unit="%",
)
def test_the_baseline_reaches_its_accuracy(lab: Lab, data: str, epoch: str) -> None:
    """VGG-16 reaches 74.10 % on CIFAR100.

    Below tier `paper` the rule says how far the stand-in's baseline is from the paper's, and no more: neither a small
    network on other images nor a short training is expected to reach it.
    """
    found = Accuracies.of(lab)
    lab.measure(found.percent("plain", epoch=epoch))
    lab.control(found.percent("channel 4", epoch=epoch))


@claim_on_cifar(
    "SH-11",
    about=About.SIZE,
    where="Table 1",
    paper=0.03,
    runs=arms("plain", "spatial 4", "strided spatial 4", "channel 4"),
    readings={"downsampling": DOWNSAMPLING, "epoch": EPOCHS},
    rule=equivalent_to(0.0, within=1.0),
    baseline=NEAR_THE_PAPER,
    control="the same layers shuffled channel-wise, which costs 6.54",
)
def test_late_layers_do_without_order_when_trained_without(lab: Lab, data: str, downsampling: str, epoch: str) -> None:
    """Trained with it, VGG-16 keeps its accuracy when its last 30 % of layers are spatially shuffled.

    In the authors' code for CIFAR shuffled layers have stride 2 in place of the max pooling behind them, and the best
    epoch on the test images is reported.  Here the best epoch is chosen, and read, on the validation images.
    """
    found = Accuracies.of(lab)
    lost = found.lost_percent({"pool": "spatial 4", "stride": "strided spatial 4"}[downsampling], epoch=epoch)
    lab.measure(lost)
    lab.control(found.lost_percent("channel 4", epoch=epoch))
    note_seeds(lab, lost, 1.0)
    note_seeds(lab, lost, 0.03)
    draw_table(lab, found)


@claim_on_cifar(
    "SH-12",
    about=About.SIZE,
    where="Table 1",
    paper=0.36,
    runs=arms("plain", "spatial 4"),
    rule=equivalent_to(0.0, within=1.0),
    baseline=NEAR_THE_PAPER,
    control="the network that was trained without shuffle, tested with it",
)
def test_the_shuffle_can_be_left_out_when_testing(lab: Lab, data: str) -> None:
    """Trained with its last 30 % of layers spatially shuffled, VGG-16 keeps its accuracy without shuffle at test time.

    Measured is what is lost against the baseline: 74.10 - 73.74 in the paper.
    """
    found = Accuracies.of(lab)
    lost = found.lost_percent("spatial 4", "plain")
    lab.measure(lost)
    lab.control(found.lost_percent("plain", "spatial 4"))
    note_seeds(lab, lost, 1.0)


@claim_on_cifar(
    "SH-13",
    about=About.DIRECTION,
    where="Table 1",
    paper={"drop": 50.61, "above chance": 22.49},
    runs=arms("plain", "spatial 4"),
    readings={"downsampling": DOWNSAMPLING},
    rule={"drop": greater_than(0.0), "above chance": greater_than(0.0)},
    mirrored=("drop",),
    control="with and without shuffle exchanged; for chance the accuracy of the network that was trained with it",
)
def test_a_network_that_never_met_the_shuffle_suffers_from_it(lab: Lab, data: str, downsampling: str) -> None:
    """Trained without shuffle, VGG-16 falls to 23.49 %, above chance, with its last 30 % of layers shuffled in tests.

    With stride 2 in place of max pooling in the shuffled layers, as in the authors' code, the weights meet two changes.
    """
    found = Accuracies.of(lab)
    condition = {"pool": "spatial 4", "stride": "strided spatial 4"}[downsampling]
    left = found.percent("plain", condition)
    lab.measure(
        **{"drop": found.percent("plain") - left, "above chance": found.percent_above_chance("plain", condition)}
    )
    lab.control(**{"drop": left - found.percent("plain"), "above chance": left - found.percent("spatial 4")})


@claim_on_cifar(
    "SH-02",
    about=About.EQUIVALENCE,
    where="Section 3.1",
    paper="does not make a difference",
    runs=arms("plain", "spatial 4", "spatial 4 of each image", "channel 4"),
    rule=equivalent_to(0.0, within=1.0, refuted_beyond=2),
    control="channel-wise shuffle in place of a spatial shuffle of each image",
)
def test_the_images_of_a_batch_can_be_shuffled_alike(lab: Lab, data: str) -> None:
    """It makes no difference whether the images of a batch are shuffled in the same way or in different ways.

    Measured in the last 30 % of the layers, trained and tested; what shuffling each image on its own gains.
    """
    found = Accuracies.of(lab)
    gained = found.percent("spatial 4 of each image") - found.percent("spatial 4")
    lab.measure(gained)
    lab.control(found.percent("channel 4") - found.percent("spatial 4"))
    note_seeds(lab, gained, 1.0)


@claim_on_cifar(
    "SH-14",
    about=About.DIRECTION,
    where="Table 1",
    paper=6.54,
    runs=arms("plain", "channel 4", "fixed channel 4"),
    readings={"epoch": EPOCHS},
    rule=greater_than(0.0),
    control="a fixed permutation of the channels, which weights can learn, against one that is drawn for every batch",
)
def test_channel_shuffle_costs_accuracy_even_when_trained_with(lab: Lab, data: str, epoch: str) -> None:
    """Trained and tested with channel-wise shuffle in its last 30 % of layers, VGG-16 loses significantly: 67.56 %."""
    found = Accuracies.of(lab)
    shuffled = found.percent("channel 4", epoch=epoch)
    lab.measure(found.percent("plain", epoch=epoch) - shuffled)
    lab.control(shuffled - found.percent("fixed channel 4", epoch=epoch))


@claim_on_cifar(
    "SH-15",
    about=About.EQUIVALENCE,
    where="Table 1",
    paper=0.24,
    runs=arms("plain", "channel 4"),
    rule=equivalent_to(0.0, within=1.5, refuted_beyond=2),
    control="the network that was trained without shuffle",
)
def test_the_channel_shuffle_can_be_left_out_when_testing(lab: Lab, data: str) -> None:
    """Trained with channel-wise shuffle, VGG-16 does as well without it at test time: 67.80 and 67.56 %."""
    found = Accuracies.of(lab)
    gained = found.percent("channel 4", "plain") - found.percent("channel 4")
    lab.measure(gained)
    lab.control(found.percent("plain") - found.percent("plain", "channel 4"))
    note_seeds(lab, gained, 1.5)


@claim_on_cifar(
    "SH-16",
    about=About.EQUIVALENCE,
    where="Table 1",
    paper=0.04,
    runs=arms("plain"),
    rule=equivalent_to(0.0, within=2.0, refuted_beyond=2),
    control="spatial shuffle of the same layers at test time, which leaves 23.49 %",
)
def test_a_network_that_never_met_channel_shuffle_falls_to_chance(lab: Lab, data: str) -> None:
    """Trained without shuffle, VGG-16 falls to chance, 1.04 %, with its last 30 % of layers channel-wise shuffled.

    Measured in percentage points above chance.
    """
    found = Accuracies.of(lab)
    left = found.percent_above_chance("plain", "channel 4")
    lab.measure(left)
    lab.control(found.percent_above_chance("plain", "spatial 4"))
    note_seeds(lab, left, 2.0)


@claim_on_cifar(
    "SH-17",
    about=About.DIRECTION,
    where="Table 1, caption",
    paper=22.45,
    runs=arms("plain"),
    rule=greater_than(0.0),
    mirrored=(SINGLE,),
    control="the two shuffles exchanged",
)
def test_the_network_is_more_robust_to_spatial_than_to_channel_shuffle(lab: Lab, data: str) -> None:
    """Trained without shuffle, VGG-16 is more robust to spatial (23.49 %) than to channel-wise shuffle (1.04 %)."""
    found = Accuracies.of(lab)
    spatial, channel = found.percent("plain", "spatial 4"), found.percent("plain", "channel 4")
    lab.measure(spatial - channel)
    lab.control(channel - spatial)


@claim_on_cifar(
    "SH-18",
    about=About.SIZE,
    where="Section 4.1",
    paper=-2.12,
    runs=arms("plain", PERCEPTRON),
    rule=equivalent_to(0.0, within=5.0),
    baseline=NEAR_THE_PAPER,
    control="the network without shuffle at test time",
)
def test_what_is_left_is_what_a_perceptron_reaches(lab: Lab, data: str) -> None:
    """The 23.49 % left under spatial shuffle are similar to a perceptron with one hidden layer of 512 units: 25.61 %.

    The perceptron sees the images unshuffled.
    """
    found = Accuracies.of(lab)
    lab.measure(found.percent("plain", "spatial 4") - found.percent(PERCEPTRON))
    lab.control(found.percent("plain") - found.percent(PERCEPTRON))


QUARTERS = {"quarter": 1, "half": 2, "three quarters": 3, "end": 4}


@claim_on_cifar(
    "SH-20",
    about=About.SIZE,
    where="Fig. 1",
    paper="very similar",
    runs=arms("plain", "spatial 7", "channel 10"),
    readings={"curve": ("train_accuracy", "validation_accuracy")},
    rule=dict.fromkeys(QUARTERS, equivalent_to(0.0, within=5.0)),
    baseline=NEAR_THE_PAPER,
    control="channel-wise shuffle in the last 77 % of the layers",
)
def test_the_training_curves_are_similar(lab: Lab, data: str, curve: str) -> None:
    """The training curves of the standard VGG-16 and of the one with its last 54 % of layers shuffled are very similar.

    Compared after a quarter, half, three quarters and all of the epochs.
    """
    found = Accuracies.of(lab)

    def gaps(arm: str) -> dict[str, Percent]:
        return {
            part: found.percent_after("plain", curve, quarters) - found.percent_after(arm, curve, quarters)
            for part, quarters in QUARTERS.items()
        }

    lab.measure(**gaps("spatial 7"))
    lab.control(**gaps("channel 10"))
    for arm in ("plain", "spatial 7", "channel 10"):
        mean = found.curve(arm, curve).mean(0)
        lab.series(arm, x=range(1, len(mean) + 1), y=mean)
    if curve == "validation_accuracy":
        for arm, printed in {"plain": 74.10, "spatial 7": 71.44}.items():
            lab.series(f"{arm}, as printed", x=[len(mean)], y=[printed])


@claim_on_cifar(
    "SH-68",
    about=About.REGIME,
    where="Table 2, caption",
    runs=arms("plain", "spatial 4", "channel 4"),
    rule=proportion_above(0.5),
    gate=Gate("training accuracy of the unmodified network in the last epoch", at_least=0.95),
    control="an epoch that is chosen beforehand, the first, in the place of the best",
    unit="",
)
def test_selecting_the_best_epoch_raises_the_accuracy(lab: Lab, data: str) -> None:
    """The best performing models are selected, which raises the accuracies that are reported.

    No best epoch is worse than the last one, but the last may be the best, and then nothing is raised.  Counted are the
    seeds for which the best epoch exceeds the last one in each of three arms of Table 1, on the images that it is
    chosen on: more than half of them, by a sign test, which needs five.  The paper trains long after its networks have
    fitted their images, so that accuracies go up and down; of networks that still learn the last epoch is the best, and
    they say nothing of it.
    """
    found = Accuracies.of(lab)
    records_of_arms = found.records.values()
    curves = 100 * np.array([[record.metrics["validation_accuracy"] for record in arm] for arm in records_of_arms])
    raised = curves.max(2) - curves[:, :, -1]
    lab.measure(runs_above(raised.min(0), 0.0))
    lab.control(runs_above((curves[:, :, 1] - curves[:, :, -1]).min(0), 0.0))
    lab.gate(record.metrics["train_accuracy"][-1] for record in found.records["plain"])
    for arm, points in zip(found.records, raised.mean(1), strict=True):
        lab.note(f"{arm}: the best epoch exceeds the last one by {points:.2f} percentage points, mean over seeds")


@claim_on_cifar(
    "SH-82",
    kind=Kind.DERIVED,
    about=About.EQUIVALENCE,
    where="Section 3.2, the authors' code",
    runs=arms("plain", "stride 4"),
    rule=equivalent_to(0.0, within=1.0, refuted_beyond=2),
    control="the weights that were trained with max pooling",
)
def test_stride_in_place_of_max_pooling_costs_nothing_by_itself(lab: Lab, data: str) -> None:
    """Stride 2 in place of the max pooling behind the last 30 % of layers costs VGG-16 no accuracy by itself.

    Derived: the authors' code for CIFAR makes this change together with the shuffle (SH-91), so that a cost of its own
    would be counted as the shuffle's.
    """
    found = Accuracies.of(lab)
    lost = found.lost_percent("stride 4")
    lab.measure(lost)
    lab.control(found.lost_percent("plain", "stride 4"))
    note_seeds(lab, lost, 1.0)
