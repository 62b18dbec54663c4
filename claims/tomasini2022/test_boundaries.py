"""When the image's borders do not matter (appendix A, last paragraph)."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

from claims.tomasini2022.methods import diffusion
from claims.tomasini2022.methods.diffusion import Distribution
from harness.claims.claim import claim
from harness.claims.kinds import Erratum
from harness.rules import Exact, less_than, matches, worst_case
from harness.system.lazy import st

if TYPE_CHECKING:
    from harness.lab.lab import Lab


def wrap_error(filter_size: int, depth: int, length: int) -> float:
    """Total variation distance between the distribution on a ring and on an endless line."""
    walk = diffusion.walk(filter_size, depth)
    centred = Distribution(walk.positions - round(walk.mean), walk.weights)
    beyond = (centred.positions < -length / 2) | (centred.positions >= length / 2)
    return float(centred.weights[beyond].sum())


@claim(
    "SP-47",
    where="Appendix A, last paragraph",
    paper="F √K ≪ L",
    rule=less_than(1e-3),
    control="L = F √K",
)
def test_wide_images_do_not_feel_their_borders(lab: Lab) -> None:
    """If F √K ≪ L, the diffusion is not influenced by the boundaries of the image.

    Total variation distance between the walk on a ring and on an endless line; ≪ is taken as 3 F √K <= L, which the
    paper's own network obeys (10.4 pixels and 32).
    """

    def error(filter_size: int, depth: int, wide: int = 3) -> float:
        return wrap_error(filter_size, depth, math.ceil(wide * filter_size * depth**0.5))

    lab.measure(
        worst_case(
            error,
            explicit=[{"filter_size": 3, "depth": 12}],
            filter_size=st.integers(2, 9),
            depth=st.integers(1, 60),
        )
    )
    lab.control(Exact(error(3, 12, wide=1)))
    lab.note(
        "The paper's network (F = 3, K = 12, L = 32) reaches 12 pixels to either side and never feels the borders."
    )


def path_length(law: Callable[[int, int], float]) -> Exact:
    """Root mean square displacement over a law of filter size and depth: the value farthest from 1."""
    ratios = [diffusion.walk(f, k).variance ** 0.5 / law(f, k) for f in (3, 5, 7, 9, 11) for k in (1, 12, 100)]
    return Exact(max(ratios, key=lambda ratio: abs(ratio - 1)))


def printed_path(filter_size: int, depth: int) -> float:
    """F √K."""
    return float(filter_size * depth**0.5)


def path(filter_size: int, depth: int) -> float:
    """√((F² - 1)/12) √K."""
    return float(((filter_size**2 - 1) / 12 * depth) ** 0.5)


@claim(
    "E-SP5",
    where="Appendix A, last paragraph",
    paper="F √K",
    erratum=Erratum(
        printed="the average path walked by the random walker after K steps is F √K",
        correct="√((F² - 1)/12) √K, about 0.289 F √K, as root mean square",
        derivation="The displacement is a sum of K independent steps of variance (F² - 1)/12.  F √K is its order of "
        "magnitude, and 3.5 times its size or more.",
        consequence="none: F √K ≪ L is asked for where less would do (SP-47)",
    ),
    rule=matches(1.0, within=0.05),
    control="the corrected statement",
)
def test_walkers_path_is_overstated(lab: Lab) -> None:
    """After K steps the random walker is F √K pixels from its start on average; ratio for odd F."""
    lab.measure(path_length(printed_path))
    lab.control(path_length(path))


@claim(
    "E-SP5-corrected",
    where="Appendix A, last paragraph",
    rule=matches(1.0, within=0.05),
    control="F √K, as printed",
)
def test_walkers_path(lab: Lab) -> None:
    """After K steps the random walker is √((F² - 1)/12) √K pixels from its start, as root mean square, for odd F."""
    lab.measure(path_length(path))
    lab.control(path_length(printed_path))
