"""What kernels of little order are good for, and what it takes to have ordered ones (sections 5.1 and 5.2).

The paper argues for both and trains nothing for them: the arms are ours, on the images of Fig. 4, as
`methods.kernel_recipes` has them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from claims.ghosh2019.methods.initial_weights import INITIAL_WEIGHTS
from claims.ghosh2019.methods.kernel_orderness import FAR_APART, TRAINED, UNTRAINED, orderness_of
from claims.ghosh2019.methods.kernel_recipes import ENDS, SEEDS, SIZES, size_and_order, transferred
from claims.ghosh2019.methods.optimisers import OPTIMISERS
from claims.ghosh2019.methods.orderness import ESTIMATORS
from claims.ghosh2019.methods.triples import NEIGHBOURHOODS
from harness.claims.about import About
from harness.claims.claim import claim
from harness.rules import greater_than
from harness.system.lazy import np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from harness.lab.lab import Lab

    Numbers = NDArray[np.float64]

ON_KERNELS: dict[str, Any] = {
    "tier": "laptop", "data": ("mnist",), "about": About.DIRECTION, "seeds": SEEDS,
    "reach": {"laptop": "proxy", "nightly": "proxy"},
    "readings": {"estimator": ESTIMATORS, "neighbours": NEIGHBOURHOODS, "optimiser": OPTIMISERS},
}  # fmt: skip
TWICE_AS_MANY = range(2 * len(SEEDS))
"""Of SO-42: with six other seeds (`--fresh-seeds 1000`) one of its twelve readings was undecided."""

FEW, MANY = ENDS
SMALL, LARGE = SIZES[0], SIZES[-1]


@claim(
    "SO-43",
    where="Section 5.2",
    runs=size_and_order,
    rule={"without small kernels": greater_than(0.0), "without ordered images": greater_than(0.0)},
    mirrored=("without ordered images",),
    control="the small kernels, of ordered images and of others, rearranged so that neighbours come from far apart: "
    "the more order they had, the less they have",
    **{**ON_KERNELS, "readings": {**ON_KERNELS["readings"], "initial": INITIAL_WEIGHTS}},
)
def test_ordered_kernels_take_small_kernels_and_ordered_images(
    lab: Lab, data: str, estimator: str, neighbours: str, optimiser: str, initial: str
) -> None:
    """Ordered features need small kernels and ordered data, both.

    How much order kernels of 3 x 3 pixels on images without swaps lose where either is given up: kernels of 27 x 27,
    or images after 100 swaps.  Each is counted beyond what the same kernels have before training.
    """

    def of(kernels: str, size: int, swaps: int) -> Numbers:
        return orderness_of(lab.records(lab.runs[size, swaps]), kernels, estimator, neighbours)

    def gained(kernels: str, size: int, swaps: int) -> Numbers:
        return of(kernels, size, swaps) - of(UNTRAINED, size, swaps)

    both, one_order = gained(TRAINED, SMALL, FEW), gained(FAR_APART, SMALL, FEW)
    lab.measure(
        **{
            "without small kernels": both - gained(TRAINED, LARGE, FEW),
            "without ordered images": both - gained(TRAINED, SMALL, MANY),
        }
    )
    lab.control(
        **{
            "without small kernels": one_order - gained(TRAINED, LARGE, FEW),
            "without ordered images": one_order - gained(FAR_APART, SMALL, MANY),
        }
    )
    for size in (SMALL, LARGE):
        means = [float(of(TRAINED, size, swaps).mean()) for swaps in ENDS]
        lab.series(f"kernels of {size} x {size}", x=ENDS, y=means)
        lab.note(f"kernels of {size} x {size}: {means[0]:.3f} without swaps, {means[1]:.3f} after {MANY}")


@claim(
    "SO-42",
    where="Section 5.1",
    paper="kernels with very low spatial order are not likely to extract visually meaningful features",
    runs=transferred,
    rule={"less order": greater_than(0.0), "fewer features": greater_than(0.0)},
    mirrored=("less order",),
    control="the kernels rearranged so that neighbours come from far apart: the more order they had, the less they "
    "have; untrained kernels, of no order, in the place of the ordered ones, and these in the place of the others",
    **{**ON_KERNELS, "seeds": TWICE_AS_MANY},
)
def test_kernels_of_little_order_extract_less(
    lab: Lab, data: str, estimator: str, neighbours: str, optimiser: str
) -> None:
    """Kernels of little order extract no meaningful features.

    What features are worth is told by a new linear head on images without swaps: how much more of them it gets right on
    the convolutions of a network that was trained on such images than on those of one trained after 100 swaps, with
    none of them trained any further.  The claim speaks of these only if the latter's kernels have less order.
    """

    def order(kernels: str, swaps: int) -> Numbers:
        return orderness_of(lab.records(lab.runs[swaps]), kernels, estimator, neighbours)

    def right(kernels: str, swaps: int) -> Numbers:
        records = lab.records(lab.runs[swaps])
        return np.array([record.metrics["heads"]["without swaps"][kernels] for record in records])

    ordered, disordered, untrained = right(TRAINED, FEW), right(TRAINED, MANY), right(UNTRAINED, FEW)
    lab.measure(**{"less order": order(TRAINED, FEW) - order(TRAINED, MANY), "fewer features": ordered - disordered})
    lab.control(**{"less order": order(FAR_APART, FEW) - order(FAR_APART, MANY), "fewer features": untrained - ordered})
    lab.note(
        f"right of images without swaps: {ordered.mean():.1%} on kernels of such images, {disordered.mean():.1%} on "
        f"those of images after {MANY} swaps, {untrained.mean():.1%} on untrained ones"
    )
