"""How the sensitivities scale with the receptive field's size (section 4, Fig. 4).

Everything here is exact: the expectations of Eq. 1 for a homogeneous network and all images of the scale-detection task
on a ring, in all rotations; deformations move each active pixel by one.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from claims.tomasini2022.methods.pooling_sensitivity import (
    deformation_sensitivities,
    log_slope,
    noise_power,
    noise_sensitivities,
    overlaps,
)
from claims.tomasini2022.methods.receptive_field import receptive_field_size
from claims.tomasini2022.methods.scale_task import outside_gap
from harness.claims.claim import claim
from harness.claims.kinds import Kind
from harness.rules import Exact, equals, greater_than, less_than, matches
from harness.system.lazy import torch

if TYPE_CHECKING:
    from torch import Tensor

    from claims.tomasini2022.methods.scale_task import Gap
    from harness.lab.lab import Lab


class Size(NamedTuple):
    """Pixels of the ring, and the layers that are looked at."""

    length: int
    layers: range


GAPS = ("full", "half")
"""Distances left out around the scale ξ: from ξ - g to ξ + g, or from ξ - g/2 to ξ + g/2; the paper does not say."""

PAPER = Size(length=32, layers=range(1, 13))
"""The size of the paper's networks (appendix B.2)."""

LARGE = Size(length=2048, layers=range(60, 201))
"""A size at which the laws should hold: deep, and far wider than the receptive fields."""

MIDDLE = Size(length=128, layers=range(16, 33))
"""Beyond the paper's size, and small enough for raw noise, whose sensitivity takes longer to compute."""

FEW = Size(length=512, layers=range(2, 7))
"""The layers that a network of stride 2 can have on a ring of this size."""


def distances(length: int, gap: Gap, balanced: bool = False) -> Tensor:
    """Distances of all images with one of their two active pixels at 0, for ξ = 11 and g = 4; near and far as often."""
    steps = torch.arange(1, length)
    steps = torch.minimum(steps, length - steps)
    steps = steps[outside_gap(steps.double(), 11, 4, gap)]
    near, far = steps[steps < 11], steps[steps >= 11]
    return torch.cat([near.repeat(len(far)), far.repeat(len(near))]) if balanced else steps


def deformation(size: Size, gap: Gap, filter_size: int = 3, stride: int = 1, balanced: bool = False) -> Tensor:
    """D_k of these layers."""
    steps = distances(size.length, gap, balanced)
    return deformation_sensitivities(size.length, filter_size, size.layers[-1], steps, stride)[size.layers[0] - 1 :]


def noise(
    size: Size,
    gap: Gap,
    kind: str = "rectified",
    filter_size: int = 3,
    stride: int = 1,
    balanced: bool = False,
) -> Tensor:
    """G_k of these layers."""
    steps = distances(size.length, gap, balanced)
    every = noise_sensitivities(size.length, filter_size, size.layers[-1], steps, noise=kind, stride=stride)
    return every[size.layers[0] - 1 :]


def exponent(values: Tensor | Sequence[float], layers: range, filter_size: int = 3, stride: int = 1) -> Exact:
    """The power of A_k with which the values go."""
    return Exact(log_slope([receptive_field_size(filter_size, k, stride) for k in layers], values))


def noise_exponent(size: Size, gap: Gap, kind: str = "rectified") -> Exact:
    """The power of A_k with which G_k goes."""
    return exponent(noise(size, gap, kind), size.layers)


def deformation_exponent(size: Size, gap: Gap, filter_size: int = 3, stride: int = 1, balanced: bool = False) -> Exact:
    """The power of A_k with which D_k goes."""
    return exponent(deformation(size, gap, filter_size, stride, balanced), size.layers, filter_size, stride)


@claim(
    "SP-35",
    where="Section 4",
    paper=1.0,
    readings={"gap": GAPS},
    rule=matches(1.0, within=0.15),
    control="a network without ReLU, where noise averages out",
)
def test_noise_sensitivity_grows_with_the_receptive_field(lab: Lab, gap: Gap) -> None:
    """The sensitivity to noise follows G_k ~ A_k, asymptotically: layers 60 to 200 on a ring of 2048 pixels.

    The noise is rectified before it enters, as the paper did it.
    """
    lab.measure(noise_exponent(LARGE, gap))
    lab.control(noise_exponent(LARGE, gap, "linear"))
    every = LARGE._replace(layers=range(1, 201))
    sizes = [receptive_field_size(3, k) for k in every.layers]
    lab.series("G_k by A_k", sizes, noise(every, gap).tolist())
    lab.note(f"Over all layers from the first the exponent is {noise_exponent(every, gap).value:.2f}.")


@claim(
    "SP-36",
    where="Section 4",
    paper=-2.0,
    readings={"gap": GAPS},
    rule=matches(-2.0, within=0.15),
    control="filter size and stride 2",
)
def test_deformation_sensitivity_falls_with_the_receptive_fields_square(lab: Lab, gap: Gap) -> None:
    """The sensitivity to deformations follows D_k ~ A_k^-2, asymptotically: layers 60 to 200 on 2048 pixels."""
    lab.measure(deformation_exponent(LARGE, gap))
    lab.control(deformation_exponent(FEW, gap, filter_size=2, stride=2))
    every = LARGE._replace(layers=range(1, 201))
    sizes = [receptive_field_size(3, k) for k in every.layers]
    lab.series("D_k by A_k", sizes, deformation(every, gap).tolist())


@claim(
    "SP-61",
    where="Section 4, Fig. 4",
    paper={"exponent of D_k": -2.0, "exponent of G_k": 1.0},
    kind=Kind.DERIVED,
    readings={"gap": GAPS, "images": ("all", "balanced")},
    rule={"falls": less_than(1.0), "rises": greater_than(1.0)},
    control="filters of one pixel, whose receptive fields do not grow",
)
def test_twelve_layers_show_the_trends(lab: Lab, gap: Gap, images: str) -> None:
    """At the size of Fig. 4, 12 layers on 32 pixels, D_k falls and G_k rises with every layer, as the laws have it.

    For the exact homogeneous network, not the trained ones of the figure: the largest ratio of D_(k+1) and D_k, the
    smallest of G_(k+1) and G_k; over all images, or with as many near pairs as far ones.
    """
    balanced = images == "balanced"

    def steps(values: Tensor) -> list[float]:
        return (values[1:] / values[:-1]).tolist()

    def parts(filter_size: int) -> dict[str, Exact]:
        deformed = deformation(PAPER, gap, filter_size, balanced=balanced)
        disturbed = noise(PAPER, gap, filter_size=filter_size, balanced=balanced)
        return {"falls": Exact(max(steps(deformed))), "rises": Exact(min(steps(disturbed)))}

    lab.measure(**parts(3))
    lab.control(**parts(1))
    deformed, disturbed = deformation(PAPER, gap, balanced=balanced), noise(PAPER, gap, balanced=balanced)
    sizes = [receptive_field_size(3, k) for k in PAPER.layers]
    lab.series("D_k by A_k", sizes, deformed.tolist())
    lab.series("G_k by A_k", sizes, disturbed.tolist())
    fitted = exponent(deformed, PAPER.layers).value, exponent(disturbed, PAPER.layers).value
    lab.note(f"The exponents over all twelve layers are {fitted[0]:.2f} of D_k and {fitted[1]:.2f} of G_k.")


@claim(
    "SP-48",
    where="Appendix B.2",
    readings={"gap": GAPS},
    rule={"without": greater_than(0.0), "pre_asymptotic": greater_than(0.0)},
    control="rectified noise in place of raw noise; a network without ReLU, which never comes to the law",
)
def test_raw_noise_is_before_its_asymptote(lab: Lab, gap: Gap) -> None:
    """Without ReLU already applied on the noise one sees a pre-asymptotic behaviour of G_k with respect to A_k.

    How far the exponent of G_k in A_k is from the law's 1.  Parts: how much farther it is with raw noise, which the
    network's first ReLU rectifies, than with noise rectified before, at the paper's size of 12 layers on 32 pixels; how
    much farther with raw noise at that size than deeper and wider (layers 16 to 32 on 128 pixels), where it comes near.
    """

    def off(size: Size, kind: str) -> float:
        return abs(noise_exponent(size, gap, kind).value - 1)

    rectified = off(PAPER, "rectified")
    lab.measure(
        without=Exact(off(PAPER, "raw") - rectified), pre_asymptotic=Exact(off(PAPER, "raw") - off(MIDDLE, "raw"))
    )
    lab.control(
        without=Exact(off(PAPER, "rectified") - rectified),
        pre_asymptotic=Exact(off(PAPER, "linear") - off(LARGE, "linear")),
    )
    raw = [noise_exponent(size, gap, "raw").value for size in (PAPER, MIDDLE)]
    lab.note(f"With raw noise the exponent is {raw[0]:.2f} at the paper's size and {raw[1]:.2f} in the deeper layers.")


@claim(
    "SP-49",
    where="Abstract of the full version, section 4",
    readings={"gap": GAPS},
    rule={"due": greater_than(0.0), "piles_up": greater_than(0.0), "stays": equals(0.0, within=1e-9)},
    control="a network without ReLU: on a wide ring, and for the noise's mean; filters whose weights sum to 0.9",
)
def test_noise_sensitivity_grows_because_of_relu(lab: Lab, gap: Gap) -> None:
    """The increased sensitivity to noise is due to the noise piling up during pooling, after ReLU has rectified it.

    Parts: by how much the exponent of G_k in A_k, for raw noise at the paper's size, exceeds that of the same network
    without ReLU (which is not quite 0: on a small ring the images grow alike, too); by how much the mean's share of the
    rectified noise's power E |f_k(x + η) - f_k(x)|² grows over those layers; the relative change of the mean's power
    itself.  The mean stays as it is while the fluctuation around it averages out: that is how the noise piles up.
    """
    linear = noise_exponent(PAPER, gap, "linear").value

    def powers(rectified: bool, loss: float = 1.0) -> list[tuple[float, float]]:
        """For each layer the power of the noise and of its mean alone, where each layer keeps `loss` of the sum."""
        layers = [q * loss ** (2 * k) for k, q in enumerate(overlaps(PAPER.length, 3, PAPER.layers[-1]))][1:]
        means = [float(q.sum()) * PAPER.length * (0.5 / math.pi if rectified else 0.0) for q in layers]
        return [(float(noise_power(q, 1.0, rectified)), mean) for q, mean in zip(layers, means, strict=True)]

    def share(rectified: bool) -> Exact:
        first, *_, last = [mean / power for power, mean in powers(rectified)]
        return Exact(last - first)

    def change(loss: float) -> Exact:
        first, *_, last = [mean for _, mean in powers(True, loss)]
        return Exact(last / first - 1)

    lab.measure(
        due=Exact(noise_exponent(PAPER, gap, "raw").value - linear), piles_up=share(rectified=True), stays=change(1.0)
    )
    lab.control(
        due=Exact(noise_exponent(LARGE, gap, "linear").value - linear),
        piles_up=share(rectified=False),
        stays=change(0.9),
    )
    lab.note(f"Without ReLU the exponent of G_k is {linear:.2f}.")


@claim(
    "SP-50",
    where="Abstract of the full version",
    readings={"gap": GAPS},
    rule={"deformation": greater_than(1.0), "noise": greater_than(1.0)},
    control="another filter size in place of a stride",
)
def test_scalings_depend_on_strides(lab: Lab, gap: Gap) -> None:
    """The scalings of the sensitivities with depth depend on the presence of strides in the architecture.

    Exponents of D_k and of G_k in the depth k over layers 2 to 6.  The value is by how much stride 2 changes them, the
    least of the filter sizes 2 to 5, in units of what these filter sizes make of them without a stride at most.
    """
    sizes = range(2, 6)
    measures: dict[str, Callable[..., Tensor]] = {"deformation": deformation, "noise": noise}

    def exponents(measure: Callable[..., Tensor], stride: int) -> list[float]:
        return [log_slope(FEW.layers, measure(FEW, gap, filter_size=f, stride=stride)) for f in sizes]

    def parts(stride: int) -> dict[str, Exact]:
        changes = {}
        for name, measure in measures.items():
            plain, others = exponents(measure, 1), exponents(measure, stride)
            moved = others if stride > 1 else plain[1:] + plain[:1]
            least = min(abs(a - b) for a, b in zip(moved, plain, strict=True))
            changes[name] = Exact(least / (max(plain) - min(plain)))
        return changes

    lab.measure(**parts(stride=2))
    lab.control(**parts(stride=1))
    strided = [deformation_exponent(FEW, gap, f, stride=2).value for f in sizes]
    listed = ", ".join(f"{power:.2f} for F = {f}" for f, power in zip(sizes, strided, strict=True))
    lab.note(f"With stride 2, D_k goes with A_k to the power {listed}: for odd F it does not fall at all.")


@claim(
    "SP-54",
    where="Abstract, section 4",
    readings={"gap": GAPS},
    rule={"falls": less_than(1.0), "rises": greater_than(1.0), "one_curve": less_than(1.0)},
    control="filters of one pixel, whose receptive fields do not grow; fields and depths exchanged",
)
def test_both_trends_come_from_the_spreading_of_receptive_fields(lab: Lab, gap: Gap) -> None:
    """Both trends, of D_k and of G_k, are caused by a diffusive spreading of the neurons' receptive fields.

    D and G of layer 12 over those of layer 1 at the paper's size; and the largest relative difference of D and of G
    between networks of filter size 3, 5 and 7 at depths where A_k is the same, √24, over that at the same depth of 12:
    what counts is the field's size, not the depth.
    """

    def change(measure: Callable[..., Tensor], filter_size: int) -> Exact:
        values = measure(PAPER, gap, filter_size=filter_size)
        return Exact(float(values[-1] / values[0]))

    def spread(*networks: tuple[int, int]) -> float:
        """Of networks of these filter sizes and depths: the larger of the spreads of D and of G."""
        spreads = []
        for measure in (deformation, noise):
            values = [float(measure(Size(512, range(k, k + 1)), gap, filter_size=f)[0]) for f, k in networks]
            spreads.append(max(values) / min(values) - 1)
        return max(spreads)

    same_field, same_depth = spread((3, 36), (5, 12), (7, 6)), spread((3, 12), (5, 12), (7, 12))
    lab.measure(falls=change(deformation, 3), rises=change(noise, 3), one_curve=Exact(same_field / same_depth))
    lab.control(falls=change(deformation, 1), rises=change(noise, 1), one_curve=Exact(same_depth / same_field))
    lab.note(f"Networks of the same A_k differ by {same_field:.0%} at most, of the same depth by {same_depth:.0%}.")
