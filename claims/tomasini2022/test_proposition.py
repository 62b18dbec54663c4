"""The Gaussian limit and its constants: Proposition A.1 and its proof (appendix A).

The printed constants do not follow from the paper's own master equations.  All of them go back to Eq. 9 and are one
erratum.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from claims.tomasini2022.methods import diffusion
from harness.claims.claim import claim
from harness.claims.kinds import Erratum, Kind, Remark
from harness.rules import Exact, equals, less_than, worst_case
from harness.system.lazy import st

if TYPE_CHECKING:
    from harness.lab.lab import Lab

    Law = Callable[[int], float]
    """A constant of the limit, by filter size."""
    Moments = Callable[[int], list[float]]
    """Mass, mean and mean square of a jump, by filter size."""

ODD, EVEN = (3, 5, 7, 9, 11), (2, 4, 6, 8, 10)


def printed_diffusion(filter_size: int) -> float:
    """D of Proposition A.1: D^(1) for odd F (Eq. 4), D^(2) for even F (Eq. 5)."""
    f = filter_size
    return (f - 1) ** 3 / (12 * f) if f % 2 else (f**3 - 3 * f**2 + 6 * f - 4) / (12 * f)


def printed_drift(filter_size: int) -> float:
    """Mean displacement of a pixel in a layer, -v: 0 for odd F, (F - 1)/(2F) for even F (Eq. 5)."""
    return 0.0 if filter_size % 2 else (filter_size - 1) / (2 * filter_size)


def correct_diffusion(filter_size: int) -> float:
    """Half the variance of a step that is uniform over F pixels."""
    return (filter_size**2 - 1) / 24


def correct_drift(filter_size: int) -> float:
    """0 for odd F; half a pixel for even F, whose patch has one pixel more on the left."""
    return 0.0 if filter_size % 2 else 0.5


@claim(
    "SP-46",
    where="Appendix A, Eqs. 6 to 8",
    rule=less_than(0.5),
    control="a coefficient D that belongs to a filter two pixels larger",
)
def test_master_equation_tends_to_the_fokker_planck_equation(lab: Lab) -> None:
    """In the limit of large L and depth the related equation is the Fokker-Planck equation ∂_k p = v ∂_a p + D ∂_a² p.

    The two sides, with central differences of the exact distribution, differ by a share of the largest D ∂_a² p.  The
    value is that share after 2400 layers over that after 50, for the least favourable of the filter sizes 2 to 5: a
    difference that vanishes in the limit falls to a seventh (even F) or less, one that stays keeps its size.  Here
    v = -E[x] and D = Var[x]/2 of a step x; which constants the paper prints is E-SP1's matter.
    """

    def mismatch(filter_size: int, depth: int, coefficient: float) -> float:
        ring = [diffusion.wrapped(diffusion.walk(filter_size, k), 4096) for k in (depth - 1, depth, depth + 1)]
        p = ring[1]
        in_time = (ring[2] - ring[0]) / 2
        slope, curvature = (p.roll(-1) - p.roll(1)) / 2, p.roll(-1) - 2 * p + p.roll(1)
        rest = in_time + diffusion.step_mean(filter_size) * slope - coefficient * curvature
        return float(rest.abs().max() / (coefficient * curvature).abs().max())

    def left(larger: int = 0) -> Exact:
        def share(filter_size: int, depth: int) -> float:
            return mismatch(filter_size, depth, diffusion.step_variance(filter_size + larger) / 2)

        return Exact(max(share(f, 2400) / share(f, 50) for f in range(2, 6)))

    lab.measure(left())
    lab.control(left(larger=2))


def continuous_moments(filter_size: int) -> list[float]:
    """∫ W dx, ∫ W x dx and ∫ W x² dx for the density 1/F between the first and the last of the F jumps."""
    low, high = diffusion.patch(filter_size)[0], diffusion.patch(filter_size)[-1]
    return [(high ** (n + 1) - low ** (n + 1)) / ((n + 1) * filter_size) for n in range(3)]


def integer_moments(filter_size: int) -> list[float]:
    """Σ W, Σ W x and Σ W x² over the F jumps."""
    return [sum(x**n for x in diffusion.patch(filter_size)) / filter_size for n in range(3)]


@claim(
    "SP-64",
    where="Appendix A, Eq. 9 and the sentence below it",
    paper="D^(1), D^(2), v^(2) of Eqs. 4 and 5",
    kind=Kind.DERIVED,
    rule={"drift": equals(0.0, within=1e-12), "diffusion": equals(0.0, within=1e-12)},
    control="the sums over F integers, the jumps of the paper's own master equations",
)
def test_printed_constants_are_integrals_over_an_interval(lab: Lab) -> None:
    """The constants of Eqs. 4 and 5 are the integrals of Eq. 9 with W = 1/F over an interval of length F - 1.

    Largest difference for F = 2 to 11.  That is where the printed constants come from (E-SP1): the jumps of Eqs. 6 and
    7 are integers, whose moments are others.
    """

    def difference(moment: int, printed: Law, moments: Moments) -> Exact:
        return Exact(max(abs(moments(f)[moment] - printed(f)) for f in (*ODD, *EVEN)))

    def parts(moments: Moments) -> dict[str, Exact]:
        return {
            "drift": difference(1, lambda f: -printed_drift(f), moments),
            "diffusion": difference(2, printed_diffusion, moments),
        }

    lab.measure(**parts(continuous_moments))
    lab.control(**parts(integer_moments))


def moment_error(sizes: Sequence[int], drift: Law, coefficient: Law) -> Exact:
    """Largest relative error, for any depth, of a law of the mean and of the variance 2 D k."""

    def error(filter_size: int, depth: int) -> float:
        walk = diffusion.walk(filter_size, depth)
        mean = abs(walk.mean - depth * drift(filter_size)) / (depth * filter_size)
        return max(mean, abs(walk.variance / (2 * depth * coefficient(filter_size)) - 1))

    return worst_case(error, filter_size=st.sampled_from(sizes), depth=st.integers(1, 60))


def left_in_the_limit(sizes: Sequence[int], drift: Law, coefficient: Law) -> Exact:
    """Total variation distance from the Gaussian with these constants: after 200 layers over after 50, the largest.

    A distance that vanishes in the limit falls to a quarter, one that stays keeps its size.
    """

    def distance(f: int, depth: int) -> float:
        return diffusion.distance_to_gaussian(diffusion.walk(f, depth), depth * drift(f), 2 * depth * coefficient(f))

    return Exact(max(distance(f, 200) / distance(f, 50) for f in sizes))


def defined(coefficient: Callable[[float, float], float]) -> Exact:
    """Largest relative error of the variance 2 D k with D from the exact mean and mean square of a step."""
    return moment_error((*ODD, *EVEN), correct_drift, lambda f: coefficient(*integer_moments(f)[1:]))


@claim(
    "E-SP1",
    where="Appendix A, Proposition A.1, Eqs. 4, 5 and 9",
    paper="D^(1) = (F - 1)³/(12F); D^(2) = (F³ - 3F² + 6F - 4)/(12F), v^(2) = (1 - F)/(2F)",
    erratum=Erratum(
        printed=r"$D^{(1)} = \frac{1}{12F}(F-1)^{3}$ ... $D^{(2)} = \frac{1}{12F}\left(F^3 - 3F^2 + 6F - 4\right)$ ... "
        r"with $v^{(2)} = (1 - F)/(2F)$ ... $D = \int dx W_i(x)x^2$",
        correct="D = (F² - 1)/24 for odd and even F, v^(2) = -1/2; in Eq. 9 D is half the variance of a jump, and W is "
        "1/F at each of F integers",
        derivation="By Eqs. 6 and 7 a layer moves a pixel by a step that is uniform over F neighbouring integers: of "
        "variance (1² + ... + F²)/F - ((F + 1)/2)² = (F² - 1)/12, and of mean 0 for odd F, half a pixel for even F.  "
        "Steps of different layers are independent and their variances add; the Gaussian exp(-x²/(4 D k)) has the "
        "variance 2 D k, so that D is half the variance of a step.  Eq. 9 lacks that half and takes the second moment "
        "about 0, and its integrals run over an interval of length F - 1 where W = 1/F has the mass (F - 1)/F only "
        "(SP-64: that gives the printed constants).  Printed over correct, D is 2 (F - 1)²/(F (F + 1)) for odd F: 2/3 "
        "for F = 3, 16/15 for F = 5, and towards 2 for large F.  For F = 2 the drift is half of what it should be.",
        consequence="D^(1), D^(2), v^(2) and D of Eq. 9 are one mistake.  The Gaussian shape and A_k ~ √k survive, and "
        "with them the scalings of D_k and G_k: the width is wrong by a factor, the same at every depth, and for "
        "even F the centre by a part of a pixel in each layer.  Even F is not used in the experiments of this text",
    ),
    formerly=("E-SP2", "E-SP12", "SP-40", "SP-41", "SP-42"),
    rule={
        "odd": equals(0.0, within=1e-9),
        "even": equals(0.0, within=1e-9),
        "odd_limit": less_than(0.5),
        "even_limit": less_than(0.5),
        "equation_9": equals(0.0, within=1e-9),
    },
    control="the corrected statement",
)
def test_constants_of_the_gaussian_limit(lab: Lab) -> None:
    """For odd and for even F, M^k δ_i becomes a Gaussian of mean i - v k and variance 2 D k with the printed D and v.

    Parts: the largest relative error of mean and variance, for odd and for even F, after up to 60 layers; the total
    variation distance from the Gaussian after 200 layers over that after 50, which tends to a quarter where the
    Gaussian is the limit, for F = 2 to 11; and the error of the variance with Eq. 9's D from exact sums over the jumps.
    """

    def parts(drift: Law, coefficient: Law, definition: Callable[[float, float], float]) -> dict[str, Exact]:
        return {
            "odd": moment_error(ODD, drift, coefficient),
            "even": moment_error(EVEN, drift, coefficient),
            "odd_limit": left_in_the_limit(ODD, drift, coefficient),
            "even_limit": left_in_the_limit(EVEN, drift, coefficient),
            "equation_9": defined(definition),
        }

    lab.measure(**parts(printed_drift, printed_diffusion, lambda mean, square: square))
    lab.control(**parts(correct_drift, correct_diffusion, lambda mean, square: (square - mean**2) / 2))
    ratios = [printed_diffusion(f) / correct_diffusion(f) for f in range(2, 12)]
    lab.series("D as printed over D, by F", range(2, 12), ratios)


@claim(
    "N-SP13",
    where="Appendix A, below Eq. 9",
    remark=Remark(
        Kind.SLIP,
        printed=r"the probability distribution $W_i(x)$ of having a jump x starting from the location i ... we have "
        r"$W_i(x) = 1/F$ for $x \in [i - (F - 1)/2, i + (F - 1)/2]$ for odd F and $x \in [i - F/2, i + F/2 - 1]$ for "
        "even F",
        meant="the offsets from i of the pixels that an output reads; a pixel jumps by their negatives",
        derivation="A jump is a displacement, and its distribution does not depend on where it starts; the interval "
        "printed lies around i.  It leans to the left for even F, while by Eq. 7 the pixels move to the right; with "
        "Eq. 8, in which p moves by -v, the drift comes out right all the same.  That the jumps are integers is "
        "E-SP1's matter.",
    ),
    formerly=("E-SP13",),
    rule={"place": equals(0.0, within=1e-9), "side": equals(0.0, within=1e-9)},
    control="the jumps at the letter: x uniform over the printed interval",
)
def test_jumps_are_the_negatives_of_the_offsets_read(lab: Lab) -> None:
    """A pixel's jump is minus an offset that an output reads: wherever it starts, on average what the walk moves.

    Parts: by how much the mean jump from pixel 7 differs from that from 0; the largest difference of the mean jump from
    0 and the mean displacement of one step of the walk, for F = 2 to 11.
    """
    sizes = (*ODD, *EVEN)

    def meant(filter_size: int, start: int) -> float:
        return -sum(diffusion.patch(filter_size)) / filter_size

    def at_the_letter(filter_size: int, start: int) -> float:
        return start + (diffusion.patch(filter_size)[0] + diffusion.patch(filter_size)[-1]) / 2

    def parts(mean: Callable[[int, int], float]) -> dict[str, Exact]:
        return {
            "place": Exact(max(abs(mean(f, 7) - mean(f, 0)) for f in sizes)),
            "side": Exact(max(abs(mean(f, 0) - diffusion.walk(f, 1).mean) for f in sizes)),
        }

    lab.measure(**parts(meant))
    lab.control(**parts(at_the_letter))
