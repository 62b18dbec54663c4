"""How far the layers of trained simple networks see, and how their sensitivities go with it (section 4, Fig. 4)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from claims.tomasini2022.methods.pooling_sensitivity import log_slope
from claims.tomasini2022.methods.ring_arms import (
    BIASES,
    ENOUGH,
    ONE_PIXEL,
    REACH,
    SEEDS,
    fields_of_both_filter_sizes,
)
from claims.tomasini2022.methods.ring_training import ALL, TRAINED, UNTRAINED
from harness.claims.about import About
from harness.claims.claim import claim
from harness.rules import Count, proportion_above
from harness.statistics.by_run import runs_above
from harness.system.lazy import np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.lab.lab import Lab
    from harness.store.record import Record

FIRST = 9
"""Of twelve layers, those in which the paper finds pooling (appendix B.2)."""

ROOT, LINEAR = 0.5, 1.0
"""Exponents of A_k in k: the paper's, and that of the pixels that a layer sees at all."""

GROWS, BY_DIFFUSION = "grows", "by diffusion"


def sizes(record: Record, state: str, which: str = "field") -> list[float]:
    """A_k of the first layers; 0 where nothing is felt."""
    return [size or 0.0 for size in record.metrics[which][state][:FIRST]]


def exponent(of: Sequence[float], over: Sequence[float]) -> float:
    """The power with which values go; 0 for such as do not grow from nothing."""
    return log_slope(over, of) if min(of) > 0 else 0.0


def in_depth(records: Sequence[Record], state: str, which: str = "field") -> np.ndarray:
    """The exponent of each network's A_k in k."""
    return np.array([exponent(sizes(record, state, which), range(1, FIRST + 1)) for record in records])


@claim(
    "SP-75",
    where="Section 4; abstract",
    paper=ROOT,
    tier="laptop",
    readings={"biases": tuple(BIASES)},
    about=About.DIRECTION,
    runs=fields_of_both_filter_sizes,
    seeds=SEEDS,
    reach=REACH,
    rule={GROWS: proportion_above(0.5), BY_DIFFUSION: proportion_above(0.5)},
    control="networks whose filters have one pixel; all pixels that a layer sees, each as much as any other",
)
def test_receptive_fields_of_trained_networks_grow_as_the_root_of_depth(lab: Lab, biases: str) -> None:
    """In trained networks the effective receptive field grows by diffusion: A_k ~ √k.

    Counted are the networks in which the exponent of A_k in k, over the layers 1 to 9, is nearer to 1/2 than to 0, no
    growth, and those in which it is nearer to 1/2 than to 1, growth by as much in each layer.  A_k is the spread of
    what one active pixel changes in a layer.  It grows so before training, too: what a stack of filters does to a pixel
    is diffusion whatever their weights are.
    """
    trained, one_pixel = (list(lab.records(lab.runs[name])) for name in (ENOUGH, ONE_PIXEL))

    def counted(growing: np.ndarray, diffusing: np.ndarray) -> dict[str, Count]:
        return {
            GROWS: runs_above(np.abs(growing) - np.abs(growing - ROOT), 0.0),
            BY_DIFFUSION: runs_above(np.abs(diffusing - LINEAR) - np.abs(diffusing - ROOT), 0.0),
        }

    found = in_depth(trained, TRAINED)
    lab.measure(**counted(found, found))
    lab.control(**counted(in_depth(one_pixel, TRAINED), in_depth(trained, TRAINED, "reach")))
    for state, values in {TRAINED: found, UNTRAINED: in_depth(trained, UNTRAINED)}.items():
        lab.note(f"The exponent of A_k in k is {values.mean():.2f} in {state} networks, on average.")
        mean = np.mean([sizes(record, state) for record in trained], axis=0)
        lab.series(f"A_k, {state}", range(1, FIRST + 1), mean.tolist())


D_FALLS, G_RISES = "D falls with the field", "G rises with the field"
LAW = {D_FALLS: ("deformation", -2.0), G_RISES: ("noise", 1.0)}


@claim(
    "SP-68",
    where="Section 4, Fig. 4",
    paper={"exponent of D_k": -2.0, "exponent of G_k": 1.0},
    tier="laptop",
    readings={"biases": tuple(BIASES)},
    about=About.SIZE,
    runs=fields_of_both_filter_sizes,
    seeds=SEEDS,
    reach=REACH,
    rule={D_FALLS: proportion_above(0.5), G_RISES: proportion_above(0.5)},
    control="networks whose filters have one pixel, with the fields of the others",
)
def test_sensitivities_of_trained_networks_go_with_the_receptive_field(lab: Lab, biases: str) -> None:
    """The sensitivities of the trained simple networks verify the predictions D_k ~ A_k^-2 and G_k ~ A_k.

    Counted are the networks in which the exponent in A_k, over the layers 1 to 9, is nearer to the prediction than to
    0.  Networks that are much narrower, or trained for less long, keep filters that are far from homogeneous, and say
    nothing of the paper's.  With the code's biases G may rise in networks of one-pixel filters, too: their layers bend
    what comes in, pixel by pixel.
    """
    trained, one_pixel = (list(lab.records(lab.runs[name])) for name in (ENOUGH, ONE_PIXEL))

    def exponents(of: Sequence[Record], what: str, state: str = TRAINED) -> np.ndarray:
        pairs = zip(of, trained, strict=True)
        rows = [(one.metrics["sensitivity"][state][ALL][what][:FIRST], sizes(beside, state)) for one, beside in pairs]
        return np.array([exponent([value or 0.0 for value in values], over) for values, over in rows])

    def counted(of: Sequence[Record]) -> dict[str, Count]:
        found = {part: (exponents(of, what), law) for part, (what, law) in LAW.items()}
        return {part: runs_above(np.abs(values) - np.abs(values - law), 0.0) for part, (values, law) in found.items()}

    lab.measure(**counted(trained))
    lab.control(**counted(one_pixel))
    for name, what in (("D_k", "deformation"), ("G_k", "noise")):
        for state in (TRAINED, UNTRAINED):
            lab.note(f"The exponent of {name} in A_k is {exponents(trained, what, state).mean():.2f}, {state}.")
            rows = np.array(
                [record.metrics["sensitivity"][state][ALL][what][:FIRST] for record in trained], dtype=float
            )
            mean = np.mean([sizes(record, state) for record in trained], axis=0)
            lab.series(f"{name} by A_k, {state}", mean.tolist(), np.exp(np.log(rows).mean(0)).tolist())
