"""How the sensitivities scale with the receptive field's size (section 4, Fig. 4).

Everything here is exact: the expectations of Eq. 1 for a homogeneous network and all images of the scale-detection task
on a ring, in all rotations; deformations move each active pixel by one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

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
    from harness.lab.lab import Lab

GAP = ("full", "half")
"""Distances left out around the scale ξ: from ξ - g to ξ + g, or from ξ - g/2 to ξ + g/2; the paper does not say."""

PAPER = {"length": 32, "layers": range(1, 13)}
"""The size of the paper's networks (appendix B.2)."""

LARGE = {"length": 512, "layers": range(30, 61)}
"""A size at which the laws should hold: deep, and far wider than the receptive fields."""

STRIDED = {"length": 512, "layers": range(2, 7)}


def distances(length, gap, balanced=False):
    """Distances of all images with one of their two active pixels at 0, for ξ = 11 and g = 4; near and far as often."""
    steps = torch.arange(1, length)
    steps = torch.minimum(steps, length - steps)
    steps = steps[outside_gap(steps.double(), 11, 4, gap)]
    near, far = steps[steps < 11], steps[steps >= 11]
    return torch.cat([near.repeat(len(far)), far.repeat(len(near))]) if balanced else steps


def deformation(length, layers, gap, filter_size=3, stride=1, balanced=False):
    """D_k of these layers."""
    found = deformation_sensitivities(length, filter_size, layers[-1], distances(length, gap, balanced), stride)
    return found[layers[0] - 1 :]


def noise(length, layers, gap, kind="rectified", filter_size=3, balanced=False):
    """G_k of these layers."""
    steps = distances(length, gap, balanced)
    found = noise_sensitivities(length, filter_size, layers[-1], steps, noise=kind)
    return found[layers[0] - 1 :]


def exponent(values, layers, filter_size=3, stride=1):
    """The power of A_k with which the values go."""
    return Exact(log_slope([receptive_field_size(filter_size, k, stride) for k in layers], values))


def noise_exponent(size, gap, kind="rectified"):
    """The power of A_k with which G_k goes."""
    return exponent(noise(**size, gap=gap, kind=kind), size["layers"])


def deformation_exponent(size, gap, filter_size=3, stride=1):
    """The power of A_k with which D_k goes."""
    found = deformation(**size, gap=gap, filter_size=filter_size, stride=stride)
    return exponent(found, size["layers"], filter_size, stride)


@claim(
    "SP-35",
    where="Section 4",
    paper=1.0,
    readings={"gap": GAP},
    rule=matches(1.0, within=0.15),
    control="a network without ReLU, where noise averages out",
)
def test_noise_sensitivity_grows_with_the_receptive_field(lab: Lab, gap: str) -> None:
    """The sensitivity to noise follows G_k ~ A_k, asymptotically: layers 30 to 60 on a ring of 512 pixels.

    The noise is rectified before it enters, as the paper did it.
    """
    lab.measure(noise_exponent(LARGE, gap))
    lab.control(noise_exponent(LARGE, gap, "linear"))
    every = {**LARGE, "layers": range(1, 61)}
    sizes = [receptive_field_size(3, k) for k in every["layers"]]
    lab.series("G_k by A_k", sizes, noise(**every, gap=gap).tolist())
    lab.note(f"Over all layers from the first the exponent is {noise_exponent(every, gap).value:.2f}.")


@claim(
    "SP-36",
    where="Section 4",
    paper=-2.0,
    readings={"gap": GAP},
    rule=matches(-2.0, within=0.15),
    control="filter size and stride 2",
)
def test_deformation_sensitivity_falls_with_the_receptive_fields_square(lab: Lab, gap: str) -> None:
    """The sensitivity to deformations follows D_k ~ A_k^-2, asymptotically: layers 30 to 60 on a ring of 512 pixels."""
    lab.measure(deformation_exponent(LARGE, gap))
    lab.control(deformation_exponent(STRIDED, gap, filter_size=2, stride=2))
    every = {**LARGE, "layers": range(1, 61)}
    sizes = [receptive_field_size(3, k) for k in every["layers"]]
    lab.series("D_k by A_k", sizes, deformation(**every, gap=gap).tolist())


@claim(
    "SP-61",
    where="Section 4, Fig. 4",
    paper={"deformation": -2.0, "noise": 1.0},
    readings={"gap": GAP, "images": ("all", "balanced")},
    rule={"deformation": matches(-2.0, within=0.15), "noise": matches(1.0, within=0.15)},
    control="a network without ReLU",
)
def test_twelve_layers_show_the_laws(lab: Lab, gap: str, images: str) -> None:
    """The predicted laws, D_k ~ A_k^-2 and G_k ~ A_k, show in networks of 12 layers on 32 pixels, those of Fig. 4.

    Exponents over all twelve layers of the exact homogeneous network, with the same margins as for the asymptotic laws;
    over all images, or with as many near pairs as far ones.
    """
    layers = PAPER["layers"]
    options = {**PAPER, "gap": gap, "balanced": images == "balanced"}
    found, disturbed = deformation(**options), noise(**options)
    lab.measure(deformation=exponent(found, layers), noise=exponent(disturbed, layers))
    lab.control(noise=exponent(noise(**options, kind="linear"), layers))
    sizes = [receptive_field_size(3, k) for k in layers]
    lab.series("D_k by A_k", sizes, found.tolist())
    lab.series("G_k by A_k", sizes, disturbed.tolist())


@claim(
    "SP-48",
    where="Section 4, appendix B.2",
    readings={"gap": GAP},
    rule=greater_than(0.2),
    control="a network without ReLU in place of rectified noise",
)
def test_raw_noise_is_before_its_asymptote(lab: Lab, gap: str) -> None:
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
    readings={"gap": GAP},
    rule={"growth": greater_than(0.2), "piles_up": matches(0.0, within=0.15)},
    control="the same network without ReLU, where the noise averages out as it is pooled",
)
def test_noise_sensitivity_grows_because_of_relu(lab: Lab, gap: str) -> None:
    """The increased sensitivity to noise is due to the noise piling up during pooling, after ReLU has rectified it.

    By how much the exponent of G_k in A_k, for raw noise at the paper's size, exceeds that of the same network without
    ReLU (which is not quite 0: on a small ring the images grow alike, too); and the exponent of the noise's power
    E |f_k(x + η) - f_k(x)|² alone, for rectified noise in deep layers: what piles up does not fall with the depth.
    """

    def power(kind):
        layers = overlaps(LARGE["length"], 3, LARGE["layers"][-1])[LARGE["layers"][0] :]
        return exponent([float(noise_power(q, 1.0, kind == "rectified")) for q in layers], LARGE["layers"])

    linear = noise_exponent(PAPER, gap, "linear").value
    lab.measure(growth=Exact(noise_exponent(PAPER, gap, "raw").value - linear), piles_up=power("rectified"))
    lab.control(piles_up=power("linear"))
    lab.note(f"Without ReLU the exponent of G_k is {linear:.2f}.")


@claim(
    "SP-50",
    where="Abstract of the full version",
    readings={"filter_size": (2, 3), "gap": GAP},
    rule=greater_than(0.5),
    control="filter size 5 in place of a stride",
)
def test_scalings_depend_on_strides(lab: Lab, filter_size: int, gap: str) -> None:
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
    readings={"gap": GAP},
    rule={"falls": less_than(1.0), "rises": greater_than(1.0), "one_curve": less_than(0.1)},
    control="filters of one pixel, whose receptive fields do not grow",
)
def test_both_trends_come_from_the_spreading_of_receptive_fields(lab: Lab, gap: str) -> None:
    """Both trends, of D_k and of G_k, are caused by a diffusive spreading of the neurons' receptive fields.

    D and G of layer 12 over those of layer 1 at the paper's size; and the largest relative difference of D and of G
    between networks of filter size 3, 5 and 7 at depths where A_k is the same, √24.
    """

    def change(measure, filter_size):
        values = measure(**PAPER, gap=gap, filter_size=filter_size)
        return Exact(float(values[-1] / values[0]))

    def spread(measure):
        values = [float(measure(512, range(k, k + 1), gap, filter_size=f)[0]) for f, k in ((3, 36), (5, 12), (7, 6))]
        return max(values) / min(values) - 1

    lab.measure(
        falls=change(deformation, 3),
        rises=change(noise, 3),
        one_curve=Exact(max(spread(deformation), spread(noise))),
    )
    lab.control(falls=change(deformation, 1), rises=change(noise, 1))
