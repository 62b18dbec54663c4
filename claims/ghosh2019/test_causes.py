"""What the effects rest on: the same with their cause taken away.

Many controls of this paper's claims are the measurement with its sides exchanged.  They show that a rule can fail; that
order of the pixels, labels or training make the effect, networks show that lack them.  All is derived: the paper has no
such networks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from claims.ghosh2019.methods import kernel_recipes
from claims.ghosh2019.methods.cause_recipes import (
    DEPTHS,
    IN_ONE_ORDER,
    MISLABELLED,
    PLAIN,
    SWAPS,
    in_one_order,
    untrained,
    with_random_labels,
)
from claims.ghosh2019.methods.depth_readings import correlations, deepest
from claims.ghosh2019.methods.depth_recipes import REACH, SEEDS, table_1
from claims.ghosh2019.methods.kernel_orderness import TRAINED, orderness_of
from claims.ghosh2019.methods.map_readings import GRIDS, TESTED, Progress
from claims.ghosh2019.methods.optimisers import OPTIMISERS
from claims.ghosh2019.methods.orderness import ESTIMATORS
from claims.ghosh2019.methods.triples import NEIGHBOURHOODS
from harness.claims.about import About
from harness.claims.claim import SINGLE, claim
from harness.claims.kinds import Kind
from harness.rules import Estimate, Several, greater_than, in_all, less_than
from harness.system.lazy import np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from claims.ghosh2019.methods.map_progress import MapProgress
    from harness.lab.lab import Lab

    Numbers = NDArray[np.float64]

OF_FIGURE_2: dict[str, Any] = {
    "tier": "laptop", "about": About.DIRECTION, "seeds": SEEDS, "reach": REACH, "unit": "percentage points",
    "kind": Kind.DERIVED,
}  # fmt: skip
DEEP = DEPTHS[-1]
FEW, MANY = SWAPS
ON_BOTH = ("mnist", "fashion-mnist")
EACH = {"neighbours": NEIGHBOURHOODS, "optimiser": OPTIMISERS}


POINTS, SHARE = "percentage points", "per cent of the errors"


def gains(lab: Lab, images: str, swaps: int, scale: str = POINTS) -> Numbers:
    """By how much three layers err less than one, one a seed: in points, or as a share of what one layer gets wrong."""
    shallow, deep = (
        np.array(
            [record.metrics["final_validation_accuracy"] for record in lab.records(lab.runs[images, depth, swaps])]
        )
        for depth in DEPTHS
    )
    found: Numbers = 100 * (deep - shallow) / (1.0 if scale == POINTS else 1 - shallow)
    return found


@claim(
    "SO-67",
    where="Section 4.1.2 (derived)",
    data=ON_BOTH,
    readings={"optimiser": OPTIMISERS},
    runs=in_one_order,
    rule=in_all(less_than(0.0)),
    control="the same images with their pixels in place, where depth does gain",
    **OF_FIGURE_2,
)
def test_depth_gains_nothing_where_neighbours_have_nothing_in_common(lab: Lab, data: str, optimiser: str) -> None:
    """What depth gains rests on where pixels are: in images that share one random order of pixels, it raises the error.

    Three layers against one, without swaps and after 30.  The order is the same for all images: nothing is lost to a
    network that does not care for places.  It is the control that SO-18 and SO-21 lack.
    """
    ours, theirs = ({swaps: gains(lab, images, swaps) for swaps in SWAPS} for images in (IN_ONE_ORDER, PLAIN))
    lab.measure(_by_swaps(ours))
    lab.control(_by_swaps(theirs))


def _by_swaps(values: dict[int, Numbers]) -> Several:
    return Several(tuple(map(Estimate.from_replicates, values.values())), tuple(f"{swaps} swaps" for swaps in values))


@claim(
    "SO-68",
    where="Section 4.1.2 (derived)",
    data=ON_BOTH,
    readings={"scale": (POINTS, SHARE), "optimiser": OPTIMISERS},
    runs=in_one_order,
    rule=greater_than(0.0),
    mirrored=(SINGLE,),
    control="images as they are and images in one random order exchanged",
    **{**OF_FIGURE_2, "unit": "%"},
)
def test_swaps_take_more_from_depth_where_there_is_order_to_take(
    lab: Lab, data: str, scale: str, optimiser: str
) -> None:
    """That depth gains less after swaps rests on the order that they take.

    By how much the gain of three layers over one shrinks from none to 30 swaps, less what it shrinks by where the
    pixels of all images are in one random order.  There swaps take no order, but make images harder to tell apart all
    the same; what that does to gains is no effect of order.  It is the control that SO-19 and SO-22 lack.  As the two
    kinds of images are not equally hard, points of one are not those of the other: a gain is read as a share of the
    errors of one layer, too.
    """
    shrinks = {
        images: gains(lab, images, FEW, scale) - gains(lab, images, MANY, scale) for images in (PLAIN, IN_ONE_ORDER)
    }
    more = shrinks[PLAIN] - shrinks[IN_ONE_ORDER]
    lab.measure(more)
    lab.control(-more)
    lab.note(
        f"in {scale} the gain shrinks by "
        + ", ".join(f"{one.mean():.2f} ({images})" for images, one in shrinks.items())
    )


@claim(
    "SO-69",
    where="Section 4.1.2 (derived)",
    data=("mnist",),
    readings={"optimiser": OPTIMISERS},
    runs=with_random_labels,
    rule=greater_than(0.0),
    mirrored=(SINGLE,),
    control="true and random labels exchanged",
    **OF_FIGURE_2,
)
def test_depth_gains_more_than_with_random_labels(lab: Lab, data: str, optimiser: str) -> None:
    """What depth gains is not there where the training images have random labels.

    The gain of three layers over one, less that of the same networks after training on random labels.
    """
    true, random = (gains(lab, images, FEW) for images in (PLAIN, MISLABELLED))
    lab.measure(true - random)
    lab.control(random - true)
    lab.note(f"three layers gain {true.mean():.2f} points, {random.mean():.2f} with random labels")


@claim(
    "SO-73",
    where="Appendix C (derived)",
    data=ON_BOTH,
    readings=EACH,
    runs=in_one_order,
    rule=in_all(greater_than(0.0)),
    control="the same with the pixels of all images, swapped before, in one random order",
    **{**OF_FIGURE_2, "unit": ""},
)
def test_swaps_lower_the_orderness_of_maps_only_where_images_have_some(
    lab: Lab, data: str, neighbours: str, optimiser: str
) -> None:
    """Swaps lower the orderness of every layer by the order that they take from the images.

    From none to 30 swaps, of the networks of three layers of Fig. 2.  Images in one random order have none to lose.  It
    is the control that SO-50 and SO-54 lack.
    """

    def falls(images: str) -> Several:
        few, many = (
            np.array(
                [
                    [layer[TESTED][-1] for layer in record.metrics["orderness"][neighbours]]
                    for record in lab.records(lab.runs[images, DEEP, swaps])
                ]
            )
            for swaps in SWAPS
        )
        return Several.of(few - many, "layer")

    lab.measure(falls(PLAIN))
    lab.control(falls(IN_ONE_ORDER))


@claim(
    "SO-70",
    where="Section 5.2 (derived)",
    tier="laptop",
    data=("mnist",),
    readings={"estimator": ESTIMATORS, "neighbours": NEIGHBOURHOODS, "optimiser": OPTIMISERS},
    about=About.DIRECTION,
    kind=Kind.DERIVED,
    runs=kernel_recipes.in_one_order,
    seeds=kernel_recipes.SEEDS,
    reach=kernel_recipes.REACH,
    rule=greater_than(0.0),
    mirrored=(SINGLE,),
    control="images as they are and images in one random order exchanged",
)
def test_kernels_lose_order_by_the_order_that_images_lose(
    lab: Lab, data: str, estimator: str, neighbours: str, optimiser: str
) -> None:
    """Swaps lower the orderness of kernels by the order that they take from the images.

    How much order kernels lose from none to 100 swaps, less what they lose where the pixels of all images, swapped
    before, are in one random order, so that they have none to lose.  It is the control that SO-33 lacks.
    """

    def falls(images: str) -> Numbers:
        few, many = (
            orderness_of(lab.records(lab.runs[images, swaps]), TRAINED, estimator, neighbours)
            for swaps in kernel_recipes.ENDS
        )
        return few - many

    with_order, without = falls(kernel_recipes.ORDERED), falls(kernel_recipes.REORDERED)
    lab.measure(with_order - without)
    lab.control(without - with_order)
    lab.note(f"kernels lose {with_order.mean():.3f}, {without.mean():.3f} where images have no order to lose")


@claim(
    "SO-71",
    where="Section 4.2.1 (derived)",
    tier="laptop",
    data=ON_BOTH,
    readings={"optimiser": OPTIMISERS, "looks": GRIDS, "neighbours": NEIGHBOURHOODS},
    about=About.DIRECTION,
    kind=Kind.DERIVED,
    runs=untrained,
    seeds=SEEDS,
    reach={"laptop": "reduced", "nightly": "paper", "paper": "paper"},
    rule={"rises more": in_all(greater_than(0.0)), "falls more": in_all(greater_than(0.0))},
    mirrored=("rises more", "falls more"),
    control="trained and untrained networks exchanged",
)
def test_orderness_rises_and_falls_by_training(
    lab: Lab, data: str, optimiser: str, looks: str, neighbours: str
) -> None:
    """Orderness of maps rises to its peak and falls from it by more than looks at an untrained network vary.

    Of each layer, less the same of the network before training, looked at as often and read in the same way, with other
    probes at each look: a training at rate 0, whose looks differ all the same.  It is the control that SO-24, 26 and 28
    lack.
    """
    recipes = {name: lab.runs[name] for name in ("trained", "untrained")}
    watched = cast("MapProgress", recipes["trained"])
    trained, not_trained = (Progress.of(watched, lab.records(recipe), neighbours, looks) for recipe in recipes.values())
    rises, falls = trained.rises - not_trained.rises, trained.falls - not_trained.falls
    lab.measure(**{"rises more": Several.of(rises, "layer"), "falls more": Several.of(falls, "layer")})
    lab.control(**{"rises more": Several.of(-rises, "layer"), "falls more": Several.of(-falls, "layer")})
    spread = not_trained.orderness[:, :, TESTED].std(-1).mean(0)
    lab.note(f"looks at untrained layers vary by {', '.join(f'{one:.3f}' for one in spread)} (standard deviation)")


@claim(
    "SO-72",
    where="Appendix C (derived)",
    tier="laptop",
    data=("mnist",),
    readings=EACH,
    about=About.DIRECTION,
    kind=Kind.DERIVED,
    runs=table_1,
    seeds=SEEDS,
    reach=REACH,
    rule=greater_than(0.0),
    mirrored=(SINGLE,),
    control="the scales of the other layers in the place of its own, and the reverse",
)
def test_maps_go_with_the_input_at_their_own_scale_more_than_at_others(
    lab: Lab, data: str, neighbours: str, optimiser: str
) -> None:
    """The orderness of the maps at depth k goes with the input's at scale 2k more closely than with that at others.

    The correlation over the numbers of swaps that SO-49 has, less its mean with the scales of the other two layers.
    Since swaps lower all of them, the correlation alone, which is what SO-46 and 49 judge, does not tell scales apart.
    """
    maps, inputs = deepest(lab, neighbours)
    own = correlations(maps, inputs).mean(1)
    others = np.stack([correlations(maps, np.roll(inputs, by, axis=1)).mean(1) for by in (1, 2)]).mean(0)
    lab.measure(own - others)
    lab.control(others - own)
    lab.note(f"correlation {own.mean():.3f} with the layer's own scale, {others.mean():.3f} with others")
