"""Fully connected networks, against which the introduction sets convolutional ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

from claims.ghosh2019.methods.dense_recipes import (
    CONVOLUTIONAL,
    DEEPEST,
    DENSE,
    HIDDEN,
    dense_and_convolutional,
)
from claims.ghosh2019.methods.depth_recipes import DEPTHS, REACH, SEEDS
from claims.ghosh2019.methods.error_by_depth import best_by_others, worse_than_best
from harness.claims.about import About
from harness.claims.claim import claim
from harness.rules import greater_than
from harness.system.lazy import np

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from harness.lab.lab import Lab

    Numbers = NDArray[np.float64]

OVER, DEEPER = "more than a convolutional one", "more with depth"


@claim(
    "SO-56",
    where="Section 1",
    paper="CNNs easily outperform FC-NNs; increasing the depth of a FC-NN quickly leads to worse test performance",
    tier="laptop",
    data=("mnist",),
    about=About.DIRECTION,
    readings={"deepest": tuple(DEEPEST)},
    runs=dense_and_convolutional,
    seeds=SEEDS,
    reach=REACH,
    unit="percentage points",
    rule={OVER: greater_than(0.0), DEEPER: greater_than(0.0)},
    control="a linear classifier in the place of the convolutional network; convolutional networks of one to three "
    "layers in the place of the fully connected ones",
)
def test_fully_connected_networks_err_more_and_more_with_depth(lab: Lab, data: str, deepest: str) -> None:
    """On MNIST a convolutional network beats a fully connected one, which deeper layers make worse.

    By how much the error of the best fully connected network is above that of three convolutions, and that of the
    deepest above that of the best shallower one.  Which is best is taken from the other seeds.
    """
    hidden = [depth for depth in HIDDEN if 0 < depth <= DEEPEST[deepest]]

    def error(kind: str, depths: Iterable[int]) -> Numbers:
        """In per cent of the validation images, `(seeds, depths)`."""
        by_depth = [
            [100 * (1 - record.metrics["final_validation_accuracy"]) for record in lab.records(lab.runs[kind, depth])]
            for depth in depths
        ]
        return np.array(by_depth).T

    dense, convolutional, linear = error(DENSE, hidden), error(CONVOLUTIONAL, DEPTHS), error(DENSE, [0])
    best = best_by_others(dense)
    lab.measure(**{OVER: best - convolutional[:, -1], DEEPER: worse_than_best(dense)})
    lab.control(**{OVER: best - linear[:, 0], DEEPER: worse_than_best(convolutional)})
    lab.series("error, fully connected", x=[0, *hidden], y=[linear.mean(), *dense.mean(0).tolist()])
    lab.series("error, convolutional", x=DEPTHS, y=convolutional.mean(0).tolist())
