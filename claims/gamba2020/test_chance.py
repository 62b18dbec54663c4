"""What the projection statistics are by chance: at initialisation, and as a test of bias (sections 3.2 and A.2).

The claim that trained layers are biased stands on this.  The null distribution of a layer's share of negative
projections is exact: binomial with F trials and probability one half, for any weights drawn symmetrically about zero.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import TYPE_CHECKING

from claims.gamba2020.methods.projection_null import (
    aligned_probability,
    cosine_distribution,
    share_at_least,
    share_probabilities,
    share_spread,
)
from claims.gamba2020.methods.projections import convolutional_layers, negative_share, projection_cosines
from harness.claims.claim import claim
from harness.claims.kinds import Erratum, Kind
from harness.rules import (
    ALPHA,
    Count,
    Exact,
    equals,
    equivalent_to,
    less_than,
    proportion_is,
    worst_case,
)
from harness.statistics.draws import normal
from harness.system.lazy import np, st, torch

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Generator, Tensor

    from harness.lab.lab import Lab


def first_layers_of_vgg19(scheme: str, generator: Generator) -> list[Tensor]:
    """Weights of the first four convolutional layers, drawn anew."""
    from harness.networks.initialise import initialise
    from harness.system.torchvision_compat import torchvision

    with torch.device("meta"):
        layers = torchvision.models.vgg19().features[:8]
    layers.to_empty(device="cpu")
    initialise(layers, scheme, generator)
    return [layer.weight.detach() for layer in convolutional_layers(layers).values()]


def standardised(cosines: Tensor, weight: Tensor) -> Tensor:
    """Cosines in units of their standard deviation by chance, 1 / sqrt(Ckk)."""
    return cosines * weight[0].numel() ** 0.5


@claim(
    "HP-19",
    where="Section 3.2, Fig. 4",
    paper=0.5,
    readings={"start": ("kaiming", "torch-default", "xavier")},
    rule={"share": proportion_is(0.5, within=0.05), "mean": equivalent_to(0, within=0.1)},
    control="weights shifted by a twentieth of their standard deviation",
)
def test_half_of_the_projections_are_negative_at_initialisation(lab: Lab, start: str) -> None:
    """At initialisation the cosines have zero mean and about half of them are negative.

    Six draws of the first four layers of VGG19, 2304 filters; the mean in standard deviations.  Section 3.1 names
    Kaiming's normal start; the authors' AlexNet has torch's own and their LeNet Xavier's, both uniform.
    """
    weights = [weight for _ in range(6) for weight in first_layers_of_vgg19(start, lab.generator)]

    def statistics(shift: float) -> dict[str, Count | Tensor]:
        shifted = [weight + shift * weight.std() for weight in weights]
        cosines = [projection_cosines(weight) for weight in shifted]
        scaled = [standardised(*pair) for pair in zip(cosines, shifted, strict=True)]
        negative = sum(int((of_layer <= 0).sum()) for of_layer in cosines)
        return {"share": Count(negative, sum(map(len, cosines))), "mean": torch.cat(scaled)}

    lab.measure(**statistics(0.0))
    lab.control(**statistics(-0.05))


@claim(
    "HP-71",
    kind=Kind.DERIVED,
    where="Section 3.2, Fig. 5",
    rule={"binomial": equals(0, within=1e-12), "spread": equals(0, within=1e-12), "pairing": equals(0, within=1e-12)},
    control="a normal distribution of the same mean and variance, as if shares were continuous (binomial); filters "
    "that come in pairs of one sign (spread); weights rounded so that projections of zero occur (pairing)",
)
def test_share_by_chance_is_exactly_binomial(lab: Lab) -> None:
    """By chance F n_l is binomial with F trials of probability 1/2: n_l has spread 1/(2 sqrt F) (derived check).

    A filter and its negative are equally likely under every start in use, and filters are drawn independently: all 2^F
    patterns of signs are equally likely.  They are counted here, and the two halves of each pair of filters W and -W
    checked to share n_l and 1 - n_l.  No spread over seeds below 1/(2 sqrt F) needs explaining by learning: 0.063 for a
    layer of 64 filters, 0.022 for 512.
    """
    from scipy.stats import norm

    def counted(filters: int, copies: int = 1) -> NDArray[np.float64]:
        """Chance of each number of negative filters among so many drawn independently, each there `copies` times."""
        negative = copies * np.array(list(product((0, 1), repeat=filters))).sum(1)
        return np.bincount(negative, minlength=copies * filters + 1) / 2**filters

    def misfit(probabilities: NDArray[np.float64]) -> float:
        return float(np.abs(probabilities - share_probabilities(len(probabilities) - 1)).max())

    def wrong_spread(probabilities: NDArray[np.float64]) -> float:
        filters = len(probabilities) - 1
        shares = np.arange(filters + 1) / filters
        return float(abs(np.sqrt(probabilities @ (shares - 0.5) ** 2) - share_spread(filters)))

    def unpaired(weight: Tensor) -> float:
        shares = [negative_share(projection_cosines(sign * weight)) for sign in (1, -1)]
        return abs(sum(shares) - 1)

    def symmetric(seed: int, filters: int, power: float) -> Tensor:
        draws = normal(seed, filters, 2, 3, 3)
        return draws.sign() * draws.abs() ** power  # other distributions than the normal one, symmetric as well

    layer = st.integers(1, 10)
    lab.measure(
        binomial=worst_case(lambda filters: misfit(counted(filters)), 10, filters=layer),
        spread=worst_case(lambda filters: wrong_spread(counted(filters)), 10, filters=layer),
        pairing=worst_case(
            lambda **case: unpaired(symmetric(**case)),
            20,
            seed=st.integers(0, 10**6),
            filters=st.integers(1, 64),
            power=st.floats(0.5, 3),
        ),
    )
    lab.control(
        binomial=Exact(misfit(norm.pdf(np.arange(7) / 6, 0.5, share_spread(6)) / 6)),
        spread=Exact(wrong_spread(counted(3, copies=2))),
        pairing=Exact(unpaired(normal(lab.seed, 64, 1, 2, 2).round())),
    )
    for filters in (6, 64, 512):
        lab.note(f"{filters} filters: spread by chance {share_spread(filters):.3f}")


LAYERS = {
    "LeNet, layer 1": (6, 9),
    "VGG19, layer 1": (64, 27),
    "AlexNet, layer 1": (64, 363),
    "VGG19, layer 16": (512, 4608),
}
"""Filters of a layer, and weights of each."""


@claim(
    "HP-72",
    where="Section 3.2",
    rule={layer: less_than(1) for layer in LAYERS},
    control="1 x 1 filters of two channels, 512 of them, in the place of each layer",
)
def test_cosines_at_initialisation_are_normal_for_all_a_layer_can_tell(lab: Lab) -> None:
    """At initialisation the cosines of a layer are normally distributed.

    No limit theorem is needed: sums of independent normal weights are normal, and divided by their length they follow
    exactly the law of the cosine of a random direction, which has lighter tails (excess kurtosis -6/(Ckk + 2)).
    Measured is its greatest distance from the normal law, in units of what a Kolmogorov-Smirnov test at 5 % finds in F
    filters.
    """
    from scipy.stats import kstwo, norm

    def detectability(filters: int, weights: int) -> Exact:
        cosines = np.linspace(-1, 1, 20001)
        distance = np.abs(cosine_distribution(cosines, weights) - norm.cdf(cosines * weights**0.5)).max()
        return Exact(float(distance / kstwo.isf(0.05, filters)))

    lab.measure(**{layer: detectability(*sizes) for layer, sizes in LAYERS.items()})
    lab.control(**dict.fromkeys(LAYERS, detectability(512, 2)))


def misstated_variance(stated: Callable[[NDArray[np.float64]], NDArray[np.float64]], generator: Generator) -> float:
    """Root mean square over layers of log(variance / what is stated of it), when Kaiming's start is drawn anew."""
    weights = first_layers_of_vgg19("kaiming", generator)
    fan_out = np.array([float(weight.shape[0] * weight[0, 0].numel()) for weight in weights])
    errors = np.log([float(weight.var()) for weight in weights]) - np.log(stated(fan_out))
    return float(np.sqrt((errors**2).mean()))


def printed_variance(fan_out: NDArray[np.float64]) -> NDArray[np.float64]:
    """Proportional to the fan-out; with the factor that is right for the geometric mean of the layers."""
    return 2 * fan_out / np.exp(2 * np.log(fan_out).mean())


@claim(
    "E-HP4",
    where="Section 3.2",
    rule=equivalent_to(0, within=0.1),
    control="the corrected statement, 2 over the fan-out",
    formerly=("HP-20",),
    erratum=Erratum(
        printed="each weight in the network is drawn independently from a Gaussian distribution "
        "$\\mathcal{N}(0, \\sigma_l^2)$, with $σ_l^2$ proportional to the fan-out",
        correct="Inversely proportional: $s^2$ = 2 / fan-out, in the mode that the authors' code takes.",
        derivation="Back-propagation through a layer with ReLU multiplies the mean square of the signal by fan-out x "
        "s^2 / 2, which Kaiming initialisation, named in section 3.1, sets to one.  Measured is how far the logarithms "
        "of the variances of four layers of VGG19, drawn by torch's kaiming_normal_, lie from the stated ones, which "
        "are given the best factor.  Nor is a limit theorem needed: sums of normal weights are normal.",
        consequence="None: signs, cosines and n_l do not depend on the scale of the weights.",
    ),
)
def test_initial_variance_grows_with_fan_out(lab: Lab) -> None:
    """At initialisation the variance of a layer's weights is proportional to its fan-out."""
    lab.measure([misstated_variance(printed_variance, lab.generator) for _ in range(4)])
    lab.control([misstated_variance(lambda fan_out: 2 / fan_out, lab.generator) for _ in range(4)])


@claim(
    "HP-32",
    where="Section A.2",
    readings={"sign": ("either", "negative")},
    rule=less_than(ALPHA),
    control="a layer of 4 filters",
)
def test_alignment_of_a_whole_layer_by_chance_is_improbable(lab: Lab, sign: str) -> None:
    """That the polyhedra of all filters of a layer are aligned by chance has a fairly small probability.

    Below 5 % for every layer of the paper, from LeNet's 6 filters (3 %) on.  The printed F / 2^F is not that
    probability (E-HP1), but the conclusion does not depend on it.
    """
    either = sign == "either"
    lab.measure(Exact(aligned_probability(6, either_sign=either)))
    lab.control(Exact(aligned_probability(4, either_sign=either)))
    for filters in (6, 64, 512):
        lab.note(f"{filters} filters: {aligned_probability(filters, either_sign=either):.2g}")


def chance_of_alignment(filters: int, sign: str) -> float:
    """Share of the 2^F equally likely patterns of signs whose signs are all equal, or all negative."""
    sums = np.array(list(product((-1, 1), repeat=filters))).sum(1)
    aligned = np.abs(sums) == filters if sign == "either" else sums == -filters
    return float(aligned.mean())


def misstated_alignment(stated: Callable[[int], float], sign: str) -> Exact:
    """Largest relative error of a stated probability of alignment, for 3 to 12 filters."""
    return worst_case(
        lambda filters: abs(stated(filters) / chance_of_alignment(filters, sign) - 1), 10, filters=st.integers(3, 12)
    )


@claim(
    "E-HP1",
    where="Section A.2",
    readings={"sign": ("either", "negative")},
    rule=equals(0, within=1e-9),
    control="the corrected statement, 2 / 2^F, or 1 / 2^F for the negative sign alone",
    erratum=Erratum(
        printed="the probability of all polyhedra $\\{\\mathcal{H}_i^l\\}_{i=1}^F$ to be aligned along "
        "$\\mathcal{I}^+$, is $\\frac{F}{2^F}$",
        correct="It is $2 / 2^F$ for either sign, $1 / 2^F$ for the negative one.",
        derivation="Initial weights are symmetric about zero and filters independent, so that all 2^F patterns of "
        "signs are equally likely.  Two of them, all negative and all positive, are aligned.  F / 2^F is the chance "
        "of exactly one negative filter among F.",
        consequence="None for the conclusion: the right value is smaller by F / 2, 1.5e-154 in place of 3.8e-152 for "
        "512 filters.  But no layer needs to be aligned as a whole, and most in the figures are mostly so: what "
        "measures the significance of a share is the tail of a binomial distribution (HP-33).",
    ),
)
def test_chance_of_alignment_is_f_over_two_to_the_f(lab: Lab, sign: str) -> None:
    """The probability of all F polyhedra of a layer to be aligned along the positive identity line is F / 2^F."""
    lab.measure(misstated_alignment(lambda filters: filters / 2**filters, sign))
    lab.control(misstated_alignment(lambda filters: aligned_probability(filters, either_sign=sign == "either"), sign))


@claim(
    "HP-33",
    where="Section A.2",
    kind=Kind.DERIVED,
    rule=less_than(ALPHA),
    control="the 6 filters of LeNet's first layer",
)
def test_a_visible_bias_is_statistically_significant(lab: Lab) -> None:
    """A bias that can be seen, a share of 0.7, is statistically significant from 64 filters on, and not among 6.

    Section A.2 says so of the layers of pretrained networks, without a number; their shares are HP-29's and HP-31's
    matter.  One-sided exact binomial p-values: 64 filters are the narrowest layer of VGG19 and AlexNet, 6 are LeNet's
    first layer, where five negative ones have p = 0.11 and only all six are significant in one network.
    """
    lab.measure(Exact(share_at_least(0.7, 64)))
    lab.control(Exact(share_at_least(0.7, 6)))
    for filters in (6, 64, 192, 512):
        smallest = next(k for k in range(filters + 1) if share_at_least(k / filters, filters) < ALPHA)
        lab.note(
            f"{filters} filters: significant from {smallest} negative ones on, a share of {smallest / filters:.2f}"
        )
