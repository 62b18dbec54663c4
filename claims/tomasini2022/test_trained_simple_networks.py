"""What the simple networks learn on the task in one dimension (section 4, appendix B.2)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from claims.tomasini2022.methods.ring_arms import (
    BIASES,
    ENOUGH,
    FEW,
    REACH,
    SEEDS,
    on_48_and_on_8_images,
    on_48_images,
)
from claims.tomasini2022.methods.ring_training import ALL, MEAN_ACTIVITY, MEAN_FILTERS, TRAINED, UNTRAINED
from harness.claims.about import About, Gate
from harness.claims.claim import claim
from harness.rules import Count, Several, all_runs, equivalent_to, in_all
from harness.system.lazy import np

if TYPE_CHECKING:
    from harness.lab.lab import Lab


@claim(
    "SP-51",
    where="Appendix B.2",
    paper="exactly zero",
    tier="laptop",
    readings={"biases": tuple(BIASES)},
    about=About.REGIME,
    gate=Gate("share of the training images with a margin of one", at_least=1.0),
    runs=on_48_and_on_8_images,
    seeds=SEEDS,
    reach=REACH,
    rule=all_runs(),
    control="networks that were trained on 8 images, which they fit, too",
)
def test_the_generalisation_error_of_simple_networks_is_zero(lab: Lab, biases: str) -> None:
    """The generalization error of the trained CNNs is exactly zero.

    Counted are the networks that get all images right that they were not trained on: 192 of the task's 240.  Training
    stops by the training loss alone, where the authors' code goes on until unseen images are right.
    """

    def without_error(name: str) -> Count:
        return Count.of(np.array([record.metrics["errors"][TRAINED] == 0 for record in lab.records(lab.runs[name])]))

    records = list(lab.records(lab.runs[ENOUGH]))
    lab.gate(float(record.metrics["interpolation_epoch"] is not None) for record in records)
    lab.measure(without_error(ENOUGH))
    lab.control(without_error(FEW))
    for name, run in lab.runs.items():
        errors = [record.metrics["errors"][TRAINED] / record.metrics["unseen"] for record in lab.records(run)]
        lab.note(f"{name}: {np.mean(errors):.1%} of the other images wrong, on average")


FIRST = 6
"""Of twelve layers, those of "the first part of the network"."""

AS_THEY_ARE = 0.095
"""Of log D and of log G: they may be 10 % more or less and count as the same, which the paper shows in a figure."""


@claim(
    "SP-34",
    where="Section 4, Fig. 4",
    paper="does not change",
    tier="laptop",
    readings={"average": (MEAN_FILTERS, MEAN_ACTIVITY), "biases": tuple(BIASES)},
    about=About.SIZE,
    runs=on_48_images,
    seeds=SEEDS,
    reach=REACH,
    rule=dict.fromkeys(("D", "G"), in_all(equivalent_to(0.0, within=AS_THEY_ARE, refuted_beyond=2))),
    control="untrained networks",
)
def test_sensitivities_of_the_first_layers_are_those_of_the_mean_channel(lab: Lab, average: str, biases: str) -> None:
    """The behaviour of the sensitivities does not change if all the filters at a layer are replaced by their average.

    Of layers 1 to 6: log D and log G of the mean channel less those of all.  The text averages filters, the authors'
    code the activity of a layer's channels.  How alike channels become depends on how wide the network is and how long
    it is trained: the ridge takes ten thousand epochs to shrink what filters began with to a third.
    """
    records = list(lab.records(lab.runs[ENOUGH]))

    def apart(state: str) -> dict[str, Several]:
        def logarithms(of: str, what: str) -> np.ndarray:
            rows = [record.metrics["sensitivity"][state][of][what][:FIRST] for record in records]
            return np.log(np.array(rows, dtype=float))

        return {
            part: Several.of(logarithms(average, what) - logarithms(ALL, what), "layer")
            for part, what in (("D", "deformation"), ("G", "noise"))
        }

    lab.measure(**apart(TRAINED))
    lab.control(**apart(UNTRAINED))
    for of in (ALL, average):
        for part, what in (("D", "deformation"), ("G", "noise")):
            rows = np.array([record.metrics["sensitivity"][TRAINED][of][what] for record in records], dtype=float)
            lab.series(f"{part}, {of}", range(1, rows.shape[1] + 1), np.exp(np.log(rows).mean(0)).tolist())
