"""What more layers gain where blocks were swapped, and the orderness of what they see (4.1.2, appendices C and D).

`methods.depth_recipes` says what is trained.  Errors are in per cent of the validation images, which are swapped as the
training images are.  Networks of one seed share their images and the pairs of blocks: whatever is compared is compared
within a seed, and seeds are the replicates.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from claims.ghosh2019.methods.depth_readings import correlations, deepest
from claims.ghosh2019.methods.depth_recipes import (
    DEPTHS,
    FIGURE_SWAPS,
    ON,
    REACH,
    SEEDS,
    TABLE_SWAPS,
    figure_2,
    table_1,
)
from claims.ghosh2019.methods.error_by_depth import worse_than_best
from claims.ghosh2019.methods.map_readings import TESTED
from claims.ghosh2019.methods.optimisers import OPTIMISERS
from claims.ghosh2019.methods.printed_table import PRINTED_GAINS, PRINTED_ORDERNESS
from claims.ghosh2019.methods.triples import NEIGHBOURHOODS
from harness.claims.about import About
from harness.claims.claim import SINGLE, claim
from harness.rules import Estimate, Several, greater_than, in_all, matches
from harness.statistics.rank_correlation import rank_correlations
from harness.system.lazy import np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from harness.lab.lab import Lab
    from harness.store.record import Record

    Numbers = NDArray[np.float64]

GAINS, ORDERNESS = "gain", "orderness"
"""The halves of Table 1."""


def by_arm(lab: Lab, read: Any) -> Numbers:
    """Something of each run's metrics: shape `(seeds, depths, swaps, ...)`."""
    records = {arm: lab.records(recipe) for arm, recipe in lab.runs.items()}
    depths, swaps = (sorted({cast("tuple[int, int]", arm)[axis] for arm in records}) for axis in (0, 1))

    def of(records: list[Record]) -> list[Any]:
        return [read(record.metrics) for record in records]

    found = np.array([[of(records[depth, swap]) for swap in swaps] for depth in depths], dtype=float)
    return np.moveaxis(found, 2, 0)


def errors(lab: Lab) -> Numbers:
    """Validation errors in per cent, `(seeds, depths, swaps)`, drawn as in Fig. 2."""
    found = by_arm(lab, lambda metrics: 100 * (1 - metrics["final_validation_accuracy"]))
    depths = sorted({depth for depth, _ in lab.runs})
    for column, swaps in enumerate(sorted({swaps for _, swaps in lab.runs})):
        lab.series(f"error, {swaps} swaps", x=depths, y=found[:, :, column].mean(0).tolist())
    return found


def last_layer(lab: Lab, neighbours: str) -> Numbers:
    """Orderness of the last layer's maps after training, `(seeds, depths, swaps)`."""
    return by_arm(lab, lambda metrics: metrics["orderness"][neighbours][-1][TESTED][-1])


def falls_with_swaps(orderness: Numbers) -> Numbers:
    """Minus the rank correlation with the number of swaps within a seed.

    Args:
        orderness: shape `(seeds, layers, swaps)`.
    """
    return -rank_correlations(np.broadcast_to(np.arange(orderness.shape[-1]), orderness.shape), orderness)


def places(values: Numbers, name: str) -> Several:
    """Correlations by seed and place, as samples that know their bounds."""
    return Several.of(values, name, bounds=(-1.0, 1.0))


ON_MNIST: dict[str, Any] = {
    "tier": "laptop", "data": ("mnist",), "about": About.DIRECTION, "runs": table_1, "seeds": SEEDS, "reach": REACH,
}  # fmt: skip
IN_EACH = {"neighbours": NEIGHBOURHOODS, "optimiser": OPTIMISERS}


@claim(
    "SO-50",
    where="Appendix C, Fig. 7",
    paper="a correlated decrease of the spatial orderness of all layers",
    readings=IN_EACH,
    rule=in_all(greater_than(0.0)),
    mirrored=(SINGLE,),
    control="the numbers of swaps in the opposite order",
    **ON_MNIST,
)
def test_swaps_lower_the_orderness_of_every_layer(lab: Lab, data: str, neighbours: str, optimiser: str) -> None:
    """Reducing the orderness of the input by block-swaps lowers the orderness of all layers of a trained network.

    Minus the rank correlation of each layer's orderness with the number of swaps, within a seed, of the networks of
    three layers.
    """
    maps, inputs = deepest(lab, neighbours)
    for layer, (ours, input_) in enumerate(zip(maps.mean(0), inputs.mean(0), strict=True), start=1):
        lab.series(f"layer {layer} by the input's orderness", x=input_.tolist(), y=ours.tolist())
    falls = falls_with_swaps(maps)
    lab.measure(places(falls, "layer"))
    lab.control(places(-falls, "layer"))


@claim(
    "SO-49",
    where="Appendix C, Fig. 7",
    paper="they are correlated",
    readings=IN_EACH,
    rule=in_all(greater_than(0.0)),
    mirrored=(SINGLE,),
    control="the input's orderness with the numbers of swaps in the opposite order",
    **ON_MNIST,
)
def test_orderness_of_maps_goes_with_the_inputs_at_twice_the_scale(
    lab: Lab, data: str, neighbours: str, optimiser: str
) -> None:
    """The orderness of the maps at depth k is correlated with that of the input at scale 2k.

    Pearson's correlation over the numbers of swaps, of each layer k = 1, 2, 3 alone.  Over layers and swaps at once it
    would be there in untrained networks as well, since deeper maps are smaller; and a mean over layers would hide that
    one of them goes the other way.
    """
    maps, inputs = deepest(lab, neighbours)
    lab.measure(places(correlations(maps, inputs), "layer"))
    lab.control(places(correlations(maps, inputs[..., ::-1]), "layer"))


@claim(
    "SO-46",
    where="Section 6",
    paper="deeper feature maps indeed mirror the spatial organization of the input at higher scales",
    readings=IN_EACH,
    rule=greater_than(0.0),
    mirrored=(SINGLE,),
    control="the input's disorder, minus its orderness",
    **ON_MNIST,
)
def test_deep_maps_mirror_the_input_at_high_scales(lab: Lab, data: str, neighbours: str, optimiser: str) -> None:
    """Deeper feature maps mirror the spatial organisation of the input at higher scales.

    As SO-49, of the third layer and the scale 6 alone.
    """
    maps, inputs = deepest(lab, neighbours)
    lab.measure(_bounded(correlations(maps[:, -1], inputs[:, -1])))
    lab.control(_bounded(correlations(maps[:, -1], -inputs[:, -1])))


@claim(
    "SO-54",
    where="Table 1, appendix D",
    paper="reducing spatial orderness of the input leads to reduction of the spatial orderness in the feature maps",
    readings=IN_EACH,
    rule=in_all(greater_than(0.0)),
    mirrored=(SINGLE,),
    control="the numbers of swaps in the opposite order",
    **ON_MNIST,
)
def test_swaps_lower_the_orderness_of_the_final_maps(lab: Lab, data: str, neighbours: str, optimiser: str) -> None:
    """Reducing the orderness of the input lowers that of the final layer's maps.

    Of the networks with one and with two layers, whose final maps Table 1 has.
    """
    final = last_layer(lab, neighbours)
    for depth, ours in zip(DEPTHS, final.mean(0), strict=True):
        lab.series(f"orderness of the final layer, depth {depth}", x=TABLE_SWAPS, y=ours.tolist())
    falls = falls_with_swaps(final[:, :-1])
    lab.measure(places(falls, "depth"))
    lab.control(places(-falls, "depth"))


@claim(
    "SO-66",
    where="Table 1, appendix D",
    paper={"1->2": 0.99, "2->3": 0.985},
    readings=IN_EACH,
    rule={"1->2": greater_than(0.0), "2->3": greater_than(0.0)},
    mirrored=("1->2", "2->3"),
    control="the orderness with the numbers of swaps in the opposite order",
    **ON_MNIST,
)
def test_what_a_layer_gains_goes_with_the_orderness_that_it_sees(
    lab: Lab, data: str, neighbours: str, optimiser: str
) -> None:
    """What another layer lowers the error by is correlated with the orderness of the final maps before it is added.

    Of networks of ours, as Table 1 is made; SO-52 and 53 judge the printed table.  Pearson's correlation over the four
    numbers of swaps within a seed, where the paper has one of four means, whose errors are smaller: the sign is judged.
    """
    gains, final = -np.diff(errors(lab), axis=1), last_layer(lab, neighbours)[:, :-1]
    for row, (ours, order) in enumerate(zip(gains.mean(0), final.mean(0), strict=True), start=1):
        lab.series(f"gain by orderness, {row}->{row + 1}", x=order.tolist(), y=ours.tolist())
        together = np.corrcoef(ours, order)[0, 1]
        lab.note(f"{row}->{row + 1}: gains of {np.round(ours, 2)} points, correlation of the means {together:.2f}")
    lab.measure(**_rows(correlations(gains, final)))
    lab.control(**_rows(correlations(gains, final[..., ::-1])))


def _rows(values: Numbers) -> dict[str, Estimate]:
    return {"1->2": _bounded(values[:, 0]), "2->3": _bounded(values[:, 1])}


def _bounded(values: Numbers) -> Estimate:
    return Estimate.from_replicates(values, bounds=(-1.0, 1.0))


@claim(
    "SO-63",
    where="Table 1",
    paper={
        f"{what}, {row}, {swaps} swaps": value
        for what, table in ((GAINS, PRINTED_GAINS), (ORDERNESS, PRINTED_ORDERNESS))
        for row, values in table.items()
        for swaps, value in zip(TABLE_SWAPS, values, strict=True)
    },
    readings=IN_EACH,
    rule={GAINS: in_all(matches(0.0, within=0.1)), ORDERNESS: in_all(matches(0.0, within=0.05))},
    control="the table's columns in the opposite order",
    **{**ON_MNIST, "about": About.SIZE},
)
def test_the_table_comes_out_again(lab: Lab, data: str, neighbours: str, optimiser: str) -> None:
    """Table 1's sixteen numbers themselves, with a third layer that raises the error by 0.09 % after 60 swaps.

    What networks of ours have, less what is printed: gains in points of the validation error, which count as the same
    within 0.1 (a standard error of some thousand images), and orderness, within 0.05.  Only the paper's own length can
    decide it.
    """
    ours = {GAINS: -np.diff(errors(lab), axis=1), ORDERNESS: last_layer(lab, neighbours)[:, :-1]}
    printed = {GAINS: np.array([*PRINTED_GAINS.values()]), ORDERNESS: np.array([*PRINTED_ORDERNESS.values()])}
    lab.measure(**{what: cells(ours[what] - printed[what]) for what in ours})
    lab.control(**{what: cells(ours[what] - printed[what][:, ::-1]) for what in ours})
    for what, values in ours.items():
        for row, means in zip(PRINTED_GAINS, values.mean(0), strict=True):
            lab.note(f"{what}, {row}: {', '.join(f'{mean:.2f}' for mean in means)} after {TABLE_SWAPS} swaps")


def cells(values: Numbers) -> Several:
    """Each cell of a table with two rows, shape `(seeds, 2, swaps)`."""
    names = tuple(f"{row}, {swaps} swaps" for row in PRINTED_GAINS for swaps in TABLE_SWAPS)
    return Several(tuple(map(Estimate.from_replicates, values.reshape(len(values), -1).T)), names)


OF_FIGURE_2: dict[str, Any] = {
    "tier": "laptop", "data": ON, "about": About.DIRECTION, "runs": figure_2, "seeds": SEEDS,
    "reach": REACH, "unit": "percentage points", "readings": {"optimiser": OPTIMISERS},
}  # fmt: skip


@claim(
    "SO-18",
    where="Section 4.1.2, Fig. 2",
    rule=greater_than(0.0),
    mirrored=(SINGLE,),
    control="one and three layers exchanged",
    **OF_FIGURE_2,
)
def test_layers_lower_the_error_without_swaps(lab: Lab, data: str, optimiser: str) -> None:
    """Without swaps, more convolutional layers lower the test error.

    Of one layer less that of three.
    """
    found = errors(lab)
    gain = found[:, 0, 0] - found[:, 2, 0]
    lab.measure(gain)
    lab.control(-gain)


@claim(
    "SO-19",
    where="Section 4.1.2, Fig. 2, caption",
    paper="depth additions beyond a certain point do not yield improvements",
    rule={"gain without swaps": greater_than(0.0), "less gain after 30": greater_than(0.0)},
    mirrored=("gain without swaps", "less gain after 30"),
    control="one layer more and one less exchanged; 0 and 30 swaps exchanged",
    **OF_FIGURE_2,
)
def test_the_last_layer_gains_less_after_swaps(lab: Lab, data: str, optimiser: str) -> None:
    """With swapped blocks, layers past some depth bring no gain.

    That there is none at all would take more networks than anybody trains: judged is that the last layer gains less
    after 30 swaps than without any, where it does gain.
    """
    gain = -np.diff(errors(lab), axis=1)[:, -1]
    less = gain[:, 0] - gain[:, -1]
    lab.measure(**{"gain without swaps": gain[:, 0], "less gain after 30": less})
    lab.control(**{"gain without swaps": -gain[:, 0], "less gain after 30": -less})


@claim(
    "SO-20",
    where="Section 4.1.2, Fig. 2, caption",
    paper="such additions often significantly increase error rate, for larger Ns",
    rule=greater_than(0.0),
    mirrored=(SINGLE,),
    control="the deepest network and the best of the shallower ones exchanged",
    **OF_FIGURE_2,
)
def test_depth_raises_the_error_after_many_swaps(lab: Lab, data: str, optimiser: str) -> None:
    """For many swaps, extra depth often raises the error.

    The error of the deepest network less that of the best of the shallower ones, after 30 swaps.  Which one is best is
    taken from the other seeds: the least of several noisy errors is too small.
    """
    found = errors(lab)
    worse, without = (worse_than_best(found[:, :, swaps]) for swaps in (-1, 0))
    lab.measure(worse)
    lab.control(-worse)
    lab.note(f"without swaps the deepest network is worse by {without.mean():.2f} points")


@claim(
    "SO-21",
    where="Section 4.1.2",
    paper="initial additions of convolution layers reduce test errors irrespective of block swapping",
    rule=in_all(greater_than(0.0)),
    mirrored=(SINGLE,),
    control="one and two layers exchanged",
    **OF_FIGURE_2,
)
def test_the_first_addition_helps_however_many_blocks_are_swapped(lab: Lab, data: str, optimiser: str) -> None:
    """Initial additions of layers lower the test error irrespective of block-swapping.

    The error of one layer less that of two, after each number of swaps.
    """
    found = errors(lab)
    gains = found[:, 0] - found[:, 1]
    lab.measure(_after_swaps(gains))
    lab.control(_after_swaps(-gains))


def _after_swaps(values: Numbers) -> Several:
    return Several(tuple(map(Estimate.from_replicates, values.T)), tuple(f"{swaps} swaps" for swaps in FIGURE_SWAPS))


@claim(
    "SO-22",
    where="Section 4.1.2, Fig. 2",
    paper="adding convolution layers leads to decreasing gains, for larger number of block-swaps",
    rule=greater_than(0.0),
    mirrored=(SINGLE,),
    control="the numbers of swaps in the opposite order",
    **OF_FIGURE_2,
)
def test_the_gain_from_depth_shrinks_with_swaps(lab: Lab, data: str, optimiser: str) -> None:
    """Adding convolution layers leads to decreasing gains, the more blocks are swapped.

    Minus the slope, within a seed, of what three layers gain over one, in points for each 10 swaps.
    """
    found = errors(lab)
    gains = found[:, 0] - found[:, 2]
    steps = np.array(FIGURE_SWAPS) / 10
    slopes = gains @ (steps - steps.mean()) / ((steps - steps.mean()) ** 2).sum()
    lab.measure(-slopes)
    lab.control(slopes)
