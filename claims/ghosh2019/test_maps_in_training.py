"""Orderness of feature maps through training: it peaks, falls, and accuracy follows (section 4.2.1, appendices B, E).

`methods.map_recipes` says what is trained and what the paper leaves open of it.  The maps are those behind pooling and
ReLU, for training images, as section 4.2 has it.  The ends of epochs, where the paper looks, miss a peak within the
first epoch: so all looks are a reading as well.  How peaks are found is in `methods.map_readings`; all rules were fixed
before any of these networks was trained, after the review's two prototypes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from claims.ghosh2019.methods.map_readings import GRIDS, QUARTILES, TESTED, Progress
from claims.ghosh2019.methods.map_recipes import ON, REACH, SEEDS, progress, two_layers
from claims.ghosh2019.methods.optimisers import OPTIMISERS
from claims.ghosh2019.methods.triples import NEIGHBOURHOODS
from harness.claims.about import About
from harness.claims.claim import SINGLE, claim
from harness.rules import Count, Estimate, Several, greater_than, in_all, proportion_above
from harness.system.lazy import np

if TYPE_CHECKING:
    from claims.ghosh2019.methods.map_progress import MapProgress
    from harness.lab.lab import Lab

READINGS = {"optimiser": OPTIMISERS, "looks": GRIDS, "neighbours": NEIGHBOURHOODS}
EVERY_LOOK = GRIDS[1]
TRAINED: dict[str, Any] = {"tier": "laptop", "about": About.DIRECTION, "seeds": SEEDS, "reach": REACH}
BEGINNING = 0.5
"""The share of the epochs that is called the beginning of training, at the most."""


def seen(lab: Lab, neighbours: str, grid: str) -> Progress:
    """What the looks at a case's networks saw, drawn as the paper's figures are."""
    recipe = cast("MapProgress", lab.runs["network"])
    found = Progress.of(recipe, lab.records(recipe), neighbours, grid)
    orderness = found.orderness[:, :, TESTED].mean(0)
    for layer, curve in enumerate(orderness, start=1):
        lab.series(f"layer {layer}", x=found.epochs.tolist(), y=curve.tolist())
    lab.series("validation accuracy", x=found.epochs.tolist(), y=found.accuracy.mean(0).tolist())
    peaks = ", ".join(f"{epoch:.2g}" for epoch in found.peak_epochs.mean(0))
    lab.note(f"the layers peak after {peaks} epochs, mean over seeds")
    dead = np.array([record.metrics["dead_maps"] for record in lab.records(recipe)])
    lab.note(f"dead maps in a layer: {dead.max()} at the most, left out of its mean")
    return found


@claim(
    "SO-24",
    where="Section 4.2.1, Fig. 3",
    paper="a synchronized peaking at the beginning of training",
    data=ON,
    readings=READINGS,
    runs=progress,
    **TRAINED,
    rule={
        "above the start": in_all(greater_than(0.0)),
        "above the end": in_all(greater_than(0.0)),
        "together": proportion_above(0.5),
        "at the beginning": proportion_above(0.5),
    },
    mirrored=("above the start", "above the end"),
    control="each curve upside down; the last layer's with time reversed; all with time reversed",
)
def test_orderness_of_all_layers_peaks_together(
    lab: Lab, data: str, optimiser: str, looks: str, neighbours: str
) -> None:
    """The orderness of all layers' feature maps shows a synchronised peak at the beginning of training.

    In every layer the peak is higher than the start and than the end.  Synchronised are peaks within one epoch, which
    is what the paper resolves, and at the beginning those in the first half of the training, which is the most that
    the words can mean; counted are the networks all of whose layers have their peaks so.
    """
    found = seen(lab, neighbours, looks)
    backwards = found.reversed()
    last_backwards = np.concatenate([found.peak_epochs[:, :-1], backwards.peak_epochs[:, -1:]], 1)

    lab.measure(
        **{
            "above the start": Several.of(found.rises, "layer"),
            "above the end": Several.of(found.falls, "layer"),
            "together": Count.of(np.ptp(found.peak_epochs, 1) <= 1),
            "at the beginning": Count.of(found.peak_epochs.max(1) <= BEGINNING * found.epochs[-1]),
        }
    )
    lab.control(
        **{
            "above the start": Several.of(-found.rises, "layer"),
            "above the end": Several.of(-found.falls, "layer"),
            "together": Count.of(np.ptp(last_backwards, 1) <= 1),
            "at the beginning": Count.of(backwards.peak_epochs.max(1) <= BEGINNING * found.epochs[-1]),
        }
    )


PEAK = "a peak"
"""Part of the claims on what comes after the last layer's peak: without one nothing does."""


def last_peak(found: Progress, upside_down: bool = False) -> Several:
    """How high the last layer's peak is."""
    heights = np.stack([found.rises[:, -1], found.falls[:, -1]], 1) * (-1 if upside_down else 1)
    return Several(tuple(map(Estimate.from_replicates, heights.T)), ("above the start", "above the end"))


@claim(
    "SO-25",
    where="Abstract; section 4.2.1",
    paper="does not show any steady improvement in this phase",
    data=ON,
    readings={**READINGS, "peak": ("top", "half way up")},
    runs=progress,
    **TRAINED,
    rule={PEAK: in_all(greater_than(0.0)), "gained after it": greater_than(0.5)},
    mirrored=(PEAK, "gained after it"),
    control="the curve upside down; the share that comes before the peak",
)
def test_accuracy_rises_after_the_peak(
    lab: Lab, data: str, optimiser: str, looks: str, neighbours: str, peak: str
) -> None:
    """Validation accuracy shows no steady improvement while orderness rises, and improves after its peak.

    The share of the whole gain of accuracy that comes after the last layer's peak: more than half of it, which is the
    least that the sentence can mean.  Where the phase of the rise ends is a reading: at the top of the peak, or half
    way up, when orderness is well under way.
    """
    found = seen(lab, neighbours, looks)
    after = found.gained_after(peak)
    lab.measure(**{PEAK: last_peak(found), "gained after it": after})
    lab.control(**{PEAK: last_peak(found, upside_down=True), "gained after it": 1 - after})


STEADY = "no steady improvement"
OFTEN = 0.75
"""What improves in a larger share of the stretches than this does so steadily: half way between chance and always."""


@claim(
    "SO-64",
    where="Section 4.2.1",
    paper="the validation accuracy of the networks do not show any steady improvement in this phase",
    data=ON,
    readings={"optimiser": OPTIMISERS, "neighbours": NEIGHBOURHOODS, "peak": ("top", "half way up")},
    runs=progress,
    **TRAINED,
    rule={PEAK: in_all(greater_than(0.0)), STEADY: proportion_above(0.5)},
    mirrored=(PEAK,),
    control="the curve upside down; the same accuracies in ascending order",
)
def test_accuracy_does_not_improve_steadily_before_the_peak(
    lab: Lab, data: str, optimiser: str, neighbours: str, peak: str
) -> None:
    """While the orderness of the maps rises, the validation accuracy does not show any steady improvement.

    Steady is what improves from nearly every look to the next, where what only fluctuates does so in half of them:
    counted are the networks whose accuracy improves in three quarters at the most of the stretches before the phase
    ends, which is where SO-25 has it.  The ends of epochs are too few for that: between two of them whatever improves
    at all does so throughout.
    """
    found = seen(lab, neighbours, EVERY_LOOK)
    improving, steady = (of.improving_before(peak) for of in (found, found.steadied()))
    lab.measure(**{PEAK: last_peak(found), STEADY: Count.of(improving <= OFTEN)})
    lab.control(**{PEAK: last_peak(found, upside_down=True), STEADY: Count.of(steady <= OFTEN)})
    lab.note(f"accuracy improves in {improving.mean():.0%} of the stretches before the phase ends, mean over seeds")


@claim(
    "SO-26",
    where="Section 4.2.1, Fig. 3",
    paper="after the peak, the spatial orderness of all layers shows a synchronized decrease",
    data=ON,
    readings=READINGS,
    runs=progress,
    **TRAINED,
    rule=in_all(greater_than(0.0)),
    mirrored=(SINGLE,),
    control="the end of the training and the peak exchanged",
)
def test_orderness_of_all_layers_falls_after_the_peak(
    lab: Lab, data: str, optimiser: str, looks: str, neighbours: str
) -> None:
    """After the peak the orderness of all layers decreases.

    From each layer's own peak to the end of training.
    """
    found = seen(lab, neighbours, looks)
    lab.measure(Several.of(found.falls, "layer"))
    lab.control(Several.of(-found.falls, "layer"))


@claim(
    "SO-27",
    where="Section 4.2.1, Fig. 3",
    paper="the spatial orderness of the last layer shows the greatest reduction after its peak",
    data=ON,
    readings=READINGS,
    runs=progress,
    **TRAINED,
    rule=greater_than(0.0),
    control="the first layer in the place of the last one",
)
def test_the_last_layer_falls_most(lab: Lab, data: str, optimiser: str, looks: str, neighbours: str) -> None:
    """The orderness of the last layer shows the greatest reduction after its peak.

    By how much it falls more than the layer, of all others, that falls most in the same network.
    """
    most = seen(lab, neighbours, looks).falls_most
    lab.measure(most[:, -1])
    lab.control(most[:, 0])


@claim(
    "SO-28",
    where="Section 4.2.1, Fig. 3",
    paper="the other layers decrease with training as well, even including the first layer",
    data=ON,
    readings=READINGS,
    runs=progress,
    **TRAINED,
    rule=greater_than(0.0),
    mirrored=(SINGLE,),
    control="the end of the training and the peak exchanged",
)
def test_even_the_first_layer_falls(lab: Lab, data: str, optimiser: str, looks: str, neighbours: str) -> None:
    """The orderness of the other layers decreases with training as well, even that of the first layer.

    The first layer's, from its peak to the end of training.
    """
    first = seen(lab, neighbours, looks).falls[:, 0]
    lab.measure(first)
    lab.control(-first)


JUMP = "the jump after it"


def jumps(lab: Lab, neighbours: str, looks: str) -> None:
    """Measure in how many networks accuracy gains most after the last layer's peak."""
    found = seen(lab, neighbours, looks)
    lab.measure(**{PEAK: last_peak(found), JUMP: Count.of(found.jumps_after)})
    lab.control(**{PEAK: last_peak(found, upside_down=True), JUMP: Count.of(found.reversed().jumps_after)})


@claim(
    "SO-47",
    where="Appendix B, Fig. 5",
    paper="accuracy starts an unconstrained jump only after the orderness of the final layer starts decreasing",
    data=("mnist",),
    readings=READINGS,
    runs=two_layers,
    **TRAINED,
    rule={PEAK: in_all(greater_than(0.0)), JUMP: proportion_above(0.5)},
    mirrored=(PEAK, JUMP),
    control="the curve upside down; the same networks with time reversed",
)
def test_accuracy_jumps_after_the_second_layer_turns(
    lab: Lab, data: str, optimiser: str, looks: str, neighbours: str
) -> None:
    """With two layers and a small rate, accuracy jumps only after the last layer's orderness starts to decrease.

    Counted are the networks whose accuracy gains most, of all stretches between two looks, after that layer's peak: a
    sign test.
    """
    jumps(lab, neighbours, looks)


@claim(
    "SO-48",
    where="Appendix B, Fig. 6",
    paper="the same of three layers at rate 1e-3",
    data=("mnist",),
    readings=READINGS,
    runs=progress,
    **TRAINED,
    rule={PEAK: in_all(greater_than(0.0)), JUMP: proportion_above(0.5)},
    mirrored=(PEAK, JUMP),
    control="the curve upside down; the same networks with time reversed",
)
def test_accuracy_jumps_after_the_third_layer_turns(
    lab: Lab, data: str, optimiser: str, looks: str, neighbours: str
) -> None:
    """With three layers, accuracy jumps only after the last layer's orderness starts to decrease.

    As SO-47, of the network of Fig. 6.
    """
    jumps(lab, neighbours, looks)


@claim(
    "SO-55",
    where="Appendix E, Fig. 8",
    paper="a smooth transition from high to low spatial orderness",
    data=("mnist",),
    readings=READINGS,
    runs=progress,
    **TRAINED,
    rule=greater_than(0.0),
    mirrored=(SINGLE,),
    control="the end of the training and the peak exchanged",
)
def test_single_maps_move_from_high_to_low_orderness(
    lab: Lab, data: str, optimiser: str, looks: str, neighbours: str
) -> None:
    """The orderness of the last layer's single maps moves from high to low as the network is trained.

    The median over the maps of one network, at the layer's peak less that at the end: a network is one trial, however
    many maps it has.
    """
    found = seen(lab, neighbours, looks)
    falls = found.median_falls
    for name, curve in zip(QUARTILES, found.last_layer.mean(0), strict=True):
        lab.series(f"{name} over the last layer's maps", x=found.epochs.tolist(), y=curve.tolist())
    lab.measure(falls)
    lab.control(-falls)
