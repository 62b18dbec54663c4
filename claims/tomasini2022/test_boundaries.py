"""When the image's borders do not matter (appendix A, last paragraph)."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

from claims.tomasini2022.methods import diffusion
from claims.tomasini2022.methods.diffusion import Distribution
from claims.tomasini2022.methods.pooling_sensitivity import log_slope
from harness.claims.claim import claim
from harness.claims.kinds import Kind, Remark
from harness.rules import Exact, equals, less_than, worst_case
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


@claim(
    "N-SP5",
    where="Appendix A, last paragraph",
    paper="F √K",
    remark=Remark(
        Kind.UNSAID,
        printed=r"The average path walked by the random walker after $\tilde{K}$ steps is given by $F\sqrt{K}$",
        meant="F √K is an upper estimate, of the right order, of the distance between the walker's end and its start",
        derivation="Which average is not said.  The distance's root mean square is √((F² - 1)/12) √K, or 0.27 to 0.29 "
        "F √K for F from 3 on, and its mean absolute value about a fifth less; both lie below F √K and go with √K.  "
        "The way that is walked, step by step, goes with K.  Nothing depends on it: F √K ≪ L asks for more than is "
        "needed (SP-47).",
    ),
    formerly=("E-SP5",),
    rule={"bound": less_than(1.0), "order": equals(0.5, within=1e-9)},
    control="the path at the letter, all steps' lengths added up",
)
def test_walkers_distance_is_below_the_printed_estimate(lab: Lab) -> None:
    """After K steps the random walker is less than F √K pixels from its start, and that distance goes with √K.

    Parts: the largest ratio of the root mean square distance and F √K, for odd F from 3 to 11 and up to 100 steps; the
    distance's exponent in K that is farthest from 1/2.
    """

    def distance(filter_size: int, steps: int) -> float:
        return diffusion.walk(filter_size, steps).variance ** 0.5

    def way(filter_size: int, steps: int) -> float:
        jumps = diffusion.walk(filter_size, 1)
        return steps * float(jumps.positions.abs() @ jumps.weights)

    def parts(walked: Callable[[int, int], float]) -> dict[str, Exact]:
        sizes, depths = (3, 5, 7, 9, 11), (1, 12, 100)
        exponents = [log_slope(depths, [walked(f, k) for k in depths]) for f in sizes]
        return {
            "bound": Exact(max(walked(f, k) / (f * k**0.5) for f in sizes for k in depths)),
            "order": Exact(max(exponents, key=lambda exponent: abs(exponent - 0.5))),
        }

    lab.measure(**parts(distance))
    lab.control(**parts(way))
