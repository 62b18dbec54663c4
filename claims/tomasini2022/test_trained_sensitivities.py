"""What networks that were trained on CIFAR-10 do layer by layer (section 2, Figs. 2, 3, 7, 8)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, cast

from claims.tomasini2022.methods.sensitivity_arms import (
    CIFAR_EPOCHS,
    LENET_REACH,
    REACH,
    SEEDS,
    lenet_on_cifar,
    on_images,
    vgg_on_cifar,
)
from claims.tomasini2022.methods.sensitivity_readings import (
    LAYERS,
    STATISTICS,
    Depth,
    draw,
    exchanged,
    frequencies,
    layers_of_each,
    of_each,
    records_of,
    rise,
    spectra,
    steps_down,
    untrained_state,
)
from claims.tomasini2022.methods.sensitivity_runs import AS_IT_IS, SHUFFLED, TRAINED, UNTRAINED
from claims.tomasini2022.methods.without_relu import BY_CHANNELS, HOMOGENEOUS, ROUGH, depth_of
from harness.claims.about import About, Gate
from harness.claims.claim import claim
from harness.rules import Several, greater_than, in_all, less_than, proportion_above
from harness.statistics.by_run import runs_above
from harness.system.lazy import np

if TYPE_CHECKING:
    from claims.tomasini2022.methods.sensitivity_runs import LayerSensitivities
    from harness.lab.lab import Lab

FALLS, STEPS, FALLS_MORE = "falls", "most steps fall", "falls more than before training"
FALLING = {
    FALLS: in_all(less_than(0.0)),
    STEPS: in_all(proportion_above(0.5)),
    FALLS_MORE: in_all(less_than(0.0)),
}
"""From the first layer to the output; in how many networks most of the steps from layer to layer fall (a sign test:
shares of few steps are often the same in all networks); and against untrained networks."""

NO_RELU = "networks without ReLU, in which noise averages out, of homogeneous filters; before training, of rough ones"


def judge_falling(lab: Lab, layers: str, statistics: str) -> None:
    """Measure `FALLING` of log R of each kind of network, and its control; one number a network."""
    trained, untrained = {}, {}
    for name in lab.runs:
        records = records_of(lab, name)
        trained[name] = Depth(records, TRAINED, layers=layers).relative
        untrained[name] = Depth(records, untrained_state(records, statistics), layers=layers).relative

    def parts(after: Mapping[str, np.ndarray], more: Mapping[str, np.ndarray]) -> dict[str, Several]:
        return {
            FALLS: of_each({name: rise(values) for name, values in after.items()}),
            STEPS: Several(tuple(runs_above(steps_down(values), 0.5) for values in after.values()), tuple(after)),
            FALLS_MORE: of_each(more),
        }

    more = {name: rise(trained[name]) - rise(untrained[name]) for name in trained}
    smooth, rough = (depth_of(kind).relative for kind in (HOMOGENEOUS, ROUGH))
    lab.measure(**parts(trained, more))
    lab.control(**parts({HOMOGENEOUS: smooth}, {HOMOGENEOUS: rise(smooth) - rise(rough)}))
    for name, values in trained.items():
        steps = np.diff(values.mean(0))
        rising = [f"{k + 1} to {k + 2}" for k in np.flatnonzero(steps > 0)]
        lab.note(f"{name}: on average R rises from layer {', '.join(rising)}" if rising else f"{name}: each step falls")
    draw(lab, layers)


@claim(
    "SP-10",
    where="Section 2, Fig. 2, left",
    tier="laptop",
    readings={"layers": LAYERS, "statistics": STATISTICS},
    about=About.DIRECTION,
    runs=vgg_on_cifar,
    seeds=SEEDS,
    reach=REACH,
    rule=FALLING,
    control=NO_RELU,
)
def test_r_falls_through_the_layers_of_vgg(lab: Lab, layers: str, statistics: str) -> None:
    """The relative sensitivity to diffeomorphisms R_k of VGG networks trained on CIFAR10 decreases after each layer.

    Judged is that it falls from the first layer to the output, in most of the steps, and more than before training; the
    note says which steps rise.
    """
    judge_falling(lab, layers, statistics)


@claim(
    "SP-12",
    where="Section 2, Fig. 7, left",
    tier="laptop",
    readings={"layers": LAYERS},
    about=About.DIRECTION,
    runs=lenet_on_cifar,
    seeds=SEEDS,
    reach=LENET_REACH,
    rule=FALLING,
    control=NO_RELU,
)
def test_r_falls_through_the_layers_of_lenet(lab: Lab, layers: str) -> None:
    """The same of LeNet: R_k decreases after each layer when trained on CIFAR10.

    Judged as SP-10.  Of AlexNet the figure says the same, which is not judged.
    """
    judge_falling(lab, layers, STATISTICS[0])


ABOVE, STILL_FALLS = "above the original", "falls all the same"


@claim(
    "SP-14",
    where="Section 2, Fig. 2",
    tier="laptop",
    readings={"layers": LAYERS},
    about=About.DIRECTION,
    runs=on_images,
    seeds=SEEDS,
    reach=REACH,
    rule={ABOVE: in_all(greater_than(0.0)), STILL_FALLS: in_all(greater_than(0.0))},
    control="networks without ReLU, in which noise averages out, of homogeneous filters that are made of channels",
)
def test_shuffled_channels_neither_leave_r_as_it_is_nor_constant(lab: Lab, layers: str) -> None:
    """With shuffled channels the curves of R_k neither overlap with the original ones nor are constant.

    So both spatial and channel pooling are performed.  At the output: log R with shuffled channels less log R as it
    is; and log R with shuffled channels in the first layer less that at the output.  Each network is shuffled five
    times, of which the mean is one number.
    """
    above, falls = {}, {}
    for name in lab.runs:
        records = records_of(lab, name)
        shuffled = Depth(records, TRAINED, SHUFFLED, layers).relative
        above[name] = shuffled[:, -1] - Depth(records, TRAINED, layers=layers).relative[:, -1]
        falls[name] = -rise(shuffled)
    lab.measure(**{ABOVE: of_each(above), STILL_FALLS: of_each(falls)})
    original, shuffled = (depth_of(BY_CHANNELS, channels).relative for channels in (AS_IT_IS, SHUFFLED))
    lab.control(
        **{
            ABOVE: of_each({BY_CHANNELS: shuffled[:, -1] - original[:, -1]}),
            STILL_FALLS: of_each({BY_CHANNELS: -rise(shuffled)}),
        }
    )
    draw(lab, layers)


AFTER, MORE = "after training", "more than before"


@claim(
    "SP-55",
    where="Abstract",
    tier="laptop",
    readings={"layers": LAYERS, "statistics": STATISTICS},
    about=About.DIRECTION,
    runs=on_images,
    seeds=SEEDS,
    reach=REACH,
    rule={AFTER: in_all(less_than(0.0)), MORE: in_all(less_than(0.0))},
    control="networks without ReLU of rough filters; before training, of homogeneous ones",
)
def test_sensitivity_to_deformations_falls_after_training_and_not_before(
    lab: Lab, layers: str, statistics: str
) -> None:
    """After (and not before) training, the representation becomes less and less sensitive to diffeomorphisms.

    log D at the output less log D in the first layer, and the same less what it is in the untrained network.
    """
    after, before = {}, {}
    for name in lab.runs:
        records = records_of(lab, name)
        after[name] = rise(Depth(records, TRAINED, layers=layers).deformation)
        before[name] = rise(Depth(records, untrained_state(records, statistics), layers=layers).deformation)
    more = {name: after[name] - before[name] for name in after}
    lab.measure(**{AFTER: of_each(after), MORE: of_each(more)})
    smooth, rough = (rise(depth_of(kind).deformation) for kind in (HOMOGENEOUS, ROUGH))
    lab.control(**{AFTER: of_each({ROUGH: rough}), MORE: of_each({ROUGH: rough - smooth})})
    for name, values in before.items():
        lab.note(f"{name}: before training D is {np.exp(values.mean()):.2f} times at the output what it is in layer 1")
    draw(lab, layers)


OUTPUT, HIDDEN_LAYER = "output", "last hidden layer"


@claim(
    "SP-56",
    where="Abstract",
    tier="laptop",
    readings={"statistics": STATISTICS},
    about=About.REGIME,
    gate=Gate("epochs of training, as a share of the paper's", at_least=1.0),
    runs=on_images,
    seeds=SEEDS,
    reach=REACH,
    rule={OUTPUT: in_all(greater_than(0.0)), HIDDEN_LAYER: in_all(greater_than(0.0))},
    control=NO_RELU,
)
def test_training_gains_sensitivity_to_noise(lab: Lab, statistics: str) -> None:
    """Training gains sensitivity to white noise.

    log G after training less log G before, at the output and in the last layer before it.  What is acquired over
    training is not there after a part of it: LeNet loses at the output in 10 epochs, and gains in 250.
    """
    recipes = cast("Mapping[str, LayerSensitivities]", lab.runs)
    lab.gate([recipe.training.epochs / CIFAR_EPOCHS["paper"] for recipe in recipes.values() for _ in SEEDS])
    gain = {}
    for name in lab.runs:
        records = records_of(lab, name)
        gain[name] = Depth(records, TRAINED).noise - Depth(records, untrained_state(records, statistics)).noise
    loss = depth_of(HOMOGENEOUS).noise - depth_of(ROUGH).noise
    for part, layer in ((OUTPUT, -1), (HIDDEN_LAYER, -2)):
        lab.measure(**{part: of_each({name: values[:, layer] for name, values in gain.items()})})
        lab.control(**{part: of_each({HOMOGENEOUS: loss[:, layer]})})
    draw(lab)


LOW, LOWER = "low frequencies", "lower than before training"
FIRST, LAST = 2, 6


@claim(
    "SP-18",
    where="Section 2, Fig. 3, first row",
    tier="laptop",
    about=About.DIRECTION,
    runs=vgg_on_cifar,
    seeds=SEEDS,
    reach=REACH,
    rule={LOW: in_all(greater_than(0.0)), LOWER: in_all(greater_than(0.0))},
    mirrored=(LOW, LOWER),
    control="the three highest modes in the place of the three lowest; untrained and trained networks exchanged",
)
def test_filters_of_layers_2_to_6_become_low_frequency(lab: Lab) -> None:
    """When training VGG11 (with and without batch-norm) on CIFAR10, filters of layers 2 to 6 become low-frequency.

    Energy of the three lowest of nine modes (frequencies 0, 1, 1), relative to white filters, less 1; and less what it
    was before training.
    """

    def energy(state: str, modes: Mapping[int, int]) -> dict[str, np.ndarray]:
        """Of eigenspaces by their place, each with how many modes it has."""
        places, counts = list(modes), np.array(list(modes.values()))
        by_name = {name: spectra(records_of(lab, name), state)[:, FIRST - 1 : LAST] for name in lab.runs}
        return {name: of[..., places] @ counts / counts.sum() - 1 for name, of in by_name.items()}

    lowest, highest = {0: 1, 1: 2}, {4: 2, 5: 1}
    after, before = energy(TRAINED, lowest), energy(UNTRAINED, lowest)
    more = {name: after[name] - before[name] for name in after}
    lab.measure(**{LOW: layers_of_each(after, FIRST), LOWER: layers_of_each(more, FIRST)})
    lab.control(**{LOW: layers_of_each(energy(TRAINED, highest), FIRST), LOWER: layers_of_each(exchanged(more), FIRST)})
    for name, values in after.items():
        lab.series(f"three lowest modes, {name}", range(FIRST, LAST + 1), (1 + values.mean(0)).tolist())


BELOW_WHITE = "below white filters"
EIGENVALUES, MODES = (0, 1, 2, 3, 4, 6), (1, 2, 1, 2, 2, 1)
"""Of the Laplacian of 3 x 3 filters, and how many modes have each."""


@claim(
    "SP-65",
    where="Fig. 8, left",
    tier="laptop",
    about=About.DIRECTION,
    runs=vgg_on_cifar,
    seeds=SEEDS,
    reach=REACH,
    rule={BELOW_WHITE: in_all(less_than(1.0)), LOWER: in_all(less_than(0.0))},
    mirrored=(BELOW_WHITE, LOWER),
    control="frequencies counted from the highest down; untrained and trained networks exchanged",
)
def test_training_lowers_the_aggregate_frequency_of_filters(lab: Lab) -> None:
    """Training lowers the aggregate frequency of filters below that of white ones, which is 1.

    The mean over a network's convolutions.
    """
    after, before, reverse = {}, {}, {}
    weights = (max(EIGENVALUES) - np.array(EIGENVALUES)) * np.array(MODES)
    for name in lab.runs:
        records = records_of(lab, name)
        after[name], before[name] = (frequencies(records, state).mean(1) for state in (TRAINED, UNTRAINED))
        reverse[name] = (spectra(records, TRAINED) @ weights / weights.sum()).mean(1)
        lab.series(f"aggregate frequency, {name}", range(1, 9), frequencies(records, TRAINED).mean(0).tolist())
    change = {name: after[name] - before[name] for name in after}
    lab.measure(**{BELOW_WHITE: of_each(after), LOWER: of_each(change)})
    lab.control(**{BELOW_WHITE: of_each(reverse), LOWER: of_each(exchanged(change))})
