"""Spatial diffusion, the model behind the measure: how much neighbours and two-hop neighbours differ (section 2).

A field diffuses under a reading of "neighbour" when each hop adds an independent step.  Along four-neighbours that is
the sum of a walk along the rows and one along the columns, along eight-neighbours that of walks along the diagonals.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from claims.ghosh2019.methods.correlation import neighbour_correlation
from claims.ghosh2019.methods.orderness import orderness
from claims.ghosh2019.methods.orderness_of_images import bootstrapped_orderness
from claims.ghosh2019.methods.triples import NEIGHBOURHOODS
from harness.claims.claim import claim
from harness.data.generated import autoregression, axis_walk, diagonal_walk, levels_with_noise, noise, ramp
from harness.interventions.pixels import permute_pixels
from harness.rules import Exact, equivalent_to, greater_than
from harness.statistics.resampling import ratio_of_means

if TYPE_CHECKING:
    from torch import Tensor

    from harness.lab.lab import Lab
    from harness.statistics.resampling import Bootstrapped

DIFFUSION = {"four": axis_walk, "straight": axis_walk, "eight": diagonal_walk}
SHAPE = (8000, 24, 24)
REPLICATES = 300


def two_hops_over_one(images: Tensor, neighbours: str) -> Bootstrapped:
    """E(X(p) - X(r))^2 / E(X(p) - X(q))^2, bootstrapped over images: one more than their orderness."""
    return bootstrapped_orderness(images, neighbours, replicates=REPLICATES) + 1


def second_hop_over_first(images: Tensor) -> Bootstrapped:
    """E(X(q) - X(r))^2 / E(X(p) - X(q))^2 over triples that go to the right, bootstrapped over images."""
    steps = (images[..., 1:] - images[..., :-1]).square()
    return ratio_of_means(steps[..., 1:].flatten(1).mean(1), steps[..., :-1].flatten(1).mean(1), REPLICATES)


@claim(
    "SO-03",
    where="Eq. 4",
    paper=0.0,
    readings={"neighbours": NEIGHBOURHOODS},
    rule={"small steps": equivalent_to(0.0, within=0.02), "large steps": equivalent_to(0.0, within=0.02)},
    control="diffusion over a slope, against which steps can be small or large",
)
def test_the_ratio_does_not_depend_on_the_size_of_a_step(lab: Lab, neighbours: str) -> None:
    """The ratio of the two expectations is the same whatever the standard deviation of a step.

    Measured is by how much it changes from steps of 1 to steps of 0.1 and of 10.
    """

    def changes(background: Tensor | float) -> dict[str, Bootstrapped]:
        fields = {size: DIFFUSION[neighbours](*SHAPE, lab.generator, size) for size in (0.1, 1.0, 10.0)}
        ratio = {size: two_hops_over_one(field + background, neighbours) for size, field in fields.items()}
        return {"small steps": ratio[0.1] - ratio[1.0], "large steps": ratio[10.0] - ratio[1.0]}

    lab.measure(**changes(0.0))
    lab.control(**changes(ramp(*SHAPE[1:])))


@claim(
    "SO-04",
    where="Eq. 5",
    paper=1.0,
    readings={"neighbours": NEIGHBOURHOODS},
    rule={"p to r": equivalent_to(1.0, within=0.02), "q to r": equivalent_to(1.0, within=0.02)},
    control="walks along the rows whose steps grow to the right, not permuted",
)
def test_permuted_pixels_all_differ_alike(lab: Lab, neighbours: str) -> None:
    """With the pixels permuted at random, p and r, p and q, q and r all differ by the same in expectation.

    Measured are the expectations for (p, r) and for (q, r) over that for (p, q).
    """
    field = DIFFUSION[neighbours](*SHAPE, lab.generator)

    def ratios(images: Tensor) -> dict[str, Bootstrapped]:
        return {"p to r": two_hops_over_one(images, neighbours), "q to r": second_hop_over_first(images)}

    lab.measure(**ratios(permute_pixels(field, lab.generator)))
    # A stationary field would do for (p, r) alone: in it (q, r) differ as (p, q) do.
    lab.control(**ratios((noise(*SHAPE, lab.generator) * ramp(*SHAPE[1:])).cumsum(-1)))


@claim(
    "SO-05",
    where="Eqs. 1-4 and 6",
    formerly=("SO-02",),
    paper=1.0,
    readings={"neighbours": NEIGHBOURHOODS},
    rule=equivalent_to(1.0, within=0.02),
    control="a smooth ramp, on which differences grow faster than in a diffusion",
)
def test_orderness_is_one_under_diffusion(lab: Lab, neighbours: str) -> None:
    """When the diffusion from p over q to r is strictly followed, orderness is 1: two hops differ twice as much as one.

    Measured is the ratio of equation 6 less one; equation 4 is that this ratio is 2.
    """
    lab.measure(bootstrapped_orderness(DIFFUSION[neighbours](*SHAPE, lab.generator), neighbours, replicates=REPLICATES))
    lab.control(Exact(orderness(ramp(*SHAPE[1:]), neighbours)))


@claim(
    "SO-09",
    where="Section 2",
    readings={"neighbours": NEIGHBOURHOODS},
    rule={"orderness": greater_than(0.3), "correlation": equivalent_to(0.0, within=0.02)},
    control="two sets of one and the same field, for orderness; for correlation, one field of less",
)
def test_correlation_of_neighbours_is_not_enough(lab: Lab, neighbours: str) -> None:
    """Correlation between neighbouring pixels does not tell how spatially ordered images are.

    Two fields whose neighbours correlate by 0.9, one autoregressive, the other constant images with independent noise:
    measured is by how much orderness and correlation differ between them.
    """

    def orderness_apart(first: Tensor, second: Tensor) -> Bootstrapped:
        return two_hops_over_one(first, neighbours) - two_hops_over_one(second, neighbours)

    def correlation_apart(first: Tensor, second: Tensor) -> Bootstrapped:
        return neighbour_correlation(first, REPLICATES) - neighbour_correlation(second, REPLICATES)

    shape = (5000, 12, 12)
    ordered, again = (autoregression(*shape, lab.generator, correlation=0.9) for _ in range(2))
    levels = levels_with_noise(*shape, lab.generator, spread=3.0)
    lab.measure(orderness=orderness_apart(ordered, levels), correlation=correlation_apart(ordered, levels))
    less = autoregression(*shape, lab.generator, correlation=0.5)
    lab.control(orderness=orderness_apart(ordered, again), correlation=correlation_apart(ordered, less))
