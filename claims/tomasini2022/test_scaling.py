"""How the sensitivities scale with the receptive field's size (section 4, Fig. 4).

Everything here is exact: the expectations of Eq. 1 for a homogeneous network and all images of the scale-detection task
on a ring, in all rotations; deformations move each active pixel by one.
"""

from __future__ import annotations

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
from harness.rules import Exact, greater_than, less_than, matches
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

LARGE = Size(length=512, layers=range(30, 61))
"""A size at which the laws should hold: deep, and far wider than the receptive fields."""

STRIDED = Size(length=512, layers=range(2, 7))


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


def noise(size: Size, gap: Gap, kind: str = "rectified", filter_size: int = 3, balanced: bool = False) -> Tensor:
    """G_k of these layers."""
    steps = distances(size.length, gap, balanced)
    return noise_sensitivities(size.length, filter_size, size.layers[-1], steps, noise=kind)[size.layers[0] - 1 :]


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
    """The sensitivity to noise follows G_k ~ A_k, asymptotically: layers 30 to 60 on a ring of 512 pixels.

    The noise is rectified before it enters, as the paper did it.
    """
    lab.measure(noise_exponent(LARGE, gap))
    lab.control(noise_exponent(LARGE, gap, "linear"))
    every = LARGE._replace(layers=range(1, 61))
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
    """The sensitivity to deformations follows D_k ~ A_k^-2, asymptotically: layers 30 to 60 on a ring of 512 pixels."""
    lab.measure(deformation_exponent(LARGE, gap))
    lab.control(deformation_exponent(STRIDED, gap, filter_size=2, stride=2))
    every = LARGE._replace(layers=range(1, 61))
    sizes = [receptive_field_size(3, k) for k in every.layers]
    lab.series("D_k by A_k", sizes, deformation(every, gap).tolist())


@claim(
    "SP-61",
    where="Section 4, Fig. 4",
    paper={"deformation": -2.0, "noise": 1.0},
    readings={"gap": GAPS, "images": ("all", "balanced")},
    rule={"deformation": matches(-2.0, within=0.15), "noise": matches(1.0, within=0.15)},
    control="a network without ReLU for noise; filter size and stride 2 for deformations",
)
def test_twelve_layers_show_the_laws(lab: Lab, gap: Gap, images: str) -> None:
    """The predicted laws, D_k ~ A_k^-2 and G_k ~ A_k, show in networks of 12 layers on 32 pixels, those of Fig. 4.

    Exponents over all twelve layers of the exact homogeneous network, with the same margins as for the asymptotic laws;
    over all images, or with as many near pairs as far ones.
    """
    layers, balanced = PAPER.layers, images == "balanced"
    deformed, disturbed = deformation(PAPER, gap, balanced=balanced), noise(PAPER, gap, balanced=balanced)
    lab.measure(deformation=exponent(deformed, layers), noise=exponent(disturbed, layers))
    lab.control(
        deformation=deformation_exponent(STRIDED, gap, filter_size=2, stride=2, balanced=balanced),
        noise=exponent(noise(PAPER, gap, "linear", balanced=balanced), layers),
    )
    sizes = [receptive_field_size(3, k) for k in layers]
    lab.series("D_k by A_k", sizes, deformed.tolist())
    lab.series("G_k by A_k", sizes, disturbed.tolist())


@claim(
    "SP-48",
    where="Section 4, appendix B.2",
    readings={"gap": GAPS},
    rule=greater_than(0.2),
    control="a network without ReLU in place of rectified noise",
)
def test_raw_noise_is_before_its_asymptote(lab: Lab, gap: Gap) -> None:
    """Without ReLU applied to the noise beforehand, one sees a pre-asymptotic behaviour of G_k with respect to A_k.

    The value is the exponent with noise rectified before it enters less that with raw noise, which the network's first
    ReLU rectifies: at the paper's size, 12 layers on 32 pixels.
    """
    raw = noise_exponent(PAPER, gap, "raw").value
    lab.measure(Exact(noise_exponent(PAPER, gap).value - raw))
    lab.control(Exact(noise_exponent(PAPER, gap, "linear").value - raw))
    lab.note(f"With raw noise the exponent is {raw:.2f}.")


@claim(
    "SP-49",
    where="Abstract of the full version, section 4",
    readings={"gap": GAPS},
    rule={"growth": greater_than(0.2), "piles_up": matches(0.0, within=0.15)},
    control="networks without ReLU, where the noise averages out as it is pooled: the same, or one on a wide ring",
)
def test_noise_sensitivity_grows_because_of_relu(lab: Lab, gap: Gap) -> None:
    """The increased sensitivity to noise is due to the noise piling up during pooling, after ReLU has rectified it.

    By how much the exponent of G_k in A_k, for raw noise at the paper's size, exceeds that of the same network without
    ReLU (which is not quite 0: on a small ring the images grow alike, too); and the exponent of the noise's power
    E |f_k(x + η) - f_k(x)|² alone, for rectified noise in deep layers: what piles up does not fall with the depth.
    """

    def power(kind: str) -> Exact:
        layers = overlaps(LARGE.length, 3, LARGE.layers[-1])[LARGE.layers[0] :]
        return exponent([float(noise_power(q, 1.0, kind == "rectified")) for q in layers], LARGE.layers)

    linear = noise_exponent(PAPER, gap, "linear").value
    lab.measure(growth=Exact(noise_exponent(PAPER, gap, "raw").value - linear), piles_up=power("rectified"))
    lab.control(growth=Exact(noise_exponent(LARGE, gap, "linear").value - linear), piles_up=power("linear"))
    lab.note(f"Without ReLU the exponent of G_k is {linear:.2f}.")


@claim(
    "SP-50",
    where="Abstract of the full version",
    readings={"filter_size": (2, 3), "gap": GAPS},
    rule=greater_than(0.5),
    control="filter size 5 in place of a stride",
)
def test_scalings_depend_on_strides(lab: Lab, filter_size: int, gap: Gap) -> None:
    """The scalings depend on the presence of strides in the network's architecture.

    The value is the exponent of D_k in A_k for stride 2 less that for stride 1.
    """
    plain = deformation_exponent(LARGE, gap, filter_size).value
    strided = deformation_exponent(STRIDED, gap, filter_size, stride=2).value
    lab.measure(Exact(strided - plain))
    lab.control(Exact(deformation_exponent(LARGE, gap, filter_size=5).value - plain))
    lab.note(f"With stride 2 the exponent is {strided:.2f}.")


@claim(
    "SP-54",
    where="Abstract, section 4",
    readings={"gap": GAPS},
    rule={"falls": less_than(1.0), "rises": greater_than(1.0), "one_curve": less_than(0.1)},
    control="filters of one pixel, whose receptive fields do not grow; networks of one depth, whose fields differ",
)
def test_both_trends_come_from_the_spreading_of_receptive_fields(lab: Lab, gap: Gap) -> None:
    """Both trends, of D_k and of G_k, are caused by a diffusive spreading of the neurons' receptive fields.

    D and G of layer 12 over those of layer 1 at the paper's size; and the largest relative difference of D and of G
    between networks of filter size 3, 5 and 7 at depths where A_k is the same, √24.
    """

    def change(measure: Callable[..., Tensor], filter_size: int) -> Exact:
        values = measure(PAPER, gap, filter_size=filter_size)
        return Exact(float(values[-1] / values[0]))

    def spread(*networks: tuple[int, int]) -> Exact:
        """Of networks of these filter sizes and depths: the larger of the spreads of D and of G."""
        spreads = []
        for measure in (deformation, noise):
            values = [float(measure(Size(512, range(k, k + 1)), gap, filter_size=f)[0]) for f, k in networks]
            spreads.append(max(values) / min(values) - 1)
        return Exact(max(spreads))

    lab.measure(
        falls=change(deformation, 3),
        rises=change(noise, 3),
        one_curve=spread((3, 36), (5, 12), (7, 6)),
    )
    lab.control(falls=change(deformation, 1), rises=change(noise, 1), one_curve=spread((3, 12), (5, 12), (7, 12)))
