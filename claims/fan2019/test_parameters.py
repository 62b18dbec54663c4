"""The parameter counts of section 4.2 and Table 2, by counting."""

from __future__ import annotations

from harness.claims.claim import claim
from harness.measures.complexity import parameters
from harness.rules import Exact, equals
from harness.system.lazy import torch

LAST_DIGIT = 0.005
"""Half a unit of the last digit that the paper prints, in millions."""


def millions(architecture, method="none", last=0, bias=False):
    """Parameters with the 1000 classes of ImageNet and of Small-ImageNet, in millions."""
    from claims.fan2019.methods.modified_networks import fan

    with torch.device("meta"):
        network = fan(architecture, method, last=last, bias=bias, classes=1000, small_images=False)
    return Exact(parameters(network) / 1e6)


def printed(**numbers):
    """The paper's numbers, and the rule that ours round to them."""
    return {"paper": numbers, "rule": {name: equals(number, within=LAST_DIGIT) for name, number in numbers.items()}}


@claim(
    "SH-31",
    where="Section 4.2",
    unit="million parameters",
    readings={"bias": (False, True)},
    control="one layer more replaced",
    **printed(baseline=37.70, gap_fc=29.31),
)
def test_gap_fc_reduces_vgg16_from_3770_to_2931_million(lab, bias):
    """On Small-ImageNet GAP+FC reduces VGG-16's parameters from 37.70M to 29.31M.

    That is the last 4 of 13 convolutions replaced.  The reading says whether convolutions and the layers in their place
    have biases; the authors' code has both.
    """
    lab.measure(baseline=millions("vgg16", bias=bias), gap_fc=millions("vgg16", "gap-fc", 4, bias))
    lab.control(gap_fc=millions("vgg16", "gap-fc", 5, bias))


@claim(
    "SH-32",
    where="Table 2",
    unit="million parameters",
    readings={"bias": (False, True)},
    control="another layer replaced",
    **printed(baseline=37.70, shuffle=37.70, gap_fc=35.61),
)
def test_the_parameters_of_vgg16_in_table_2(lab, bias):
    """VGG-16 has 37.70M parameters, also with spatial shuffle in its last layer, and 35.61M with GAP+FC there.

    35.61M has convolutions with biases (35,605,544); without them it is 35.60M (35,601,320).  37.70M is both.
    """
    lab.measure(
        baseline=millions("vgg16", bias=bias),
        shuffle=millions("vgg16", "spatial", 1, bias),
        gap_fc=millions("vgg16", "gap-fc", 1, bias),
    )
    lab.control(gap_fc=millions("vgg16", "gap-fc", 2, bias))


@claim(
    "SH-33",
    where="Table 2",
    unit="million parameters",
    control="another bottleneck changed",
    **printed(baseline=25.56, shuffle=25.56, gap_fc=23.46),
)
def test_the_parameters_of_resnet50_in_table_2(lab):
    """ResNet-50 has 25.56M parameters, also with spatial shuffle in its last block, and 23.46M with GAP+FC there."""
    lab.measure(
        baseline=millions("resnet50"),
        shuffle=millions("resnet50", "spatial", 1),
        gap_fc=millions("resnet50", "gap-fc", 1),
    )
    lab.control(gap_fc=millions("resnet50", "gap-fc", 2))


@claim(
    "SH-34",
    where="Table 2",
    unit="million parameters",
    control="another bottleneck changed",
    **printed(baseline=60.19, shuffle=60.19, gap_fc=52.85),
)
def test_the_parameters_of_resnet152_in_table_2(lab):
    """ResNet-152 has 60.19M parameters, also with spatial shuffle in 2 % of it, and 52.85M with GAP+FC in 10 %."""
    lab.measure(
        baseline=millions("resnet152"),
        shuffle=millions("resnet152", "spatial", 1),
        gap_fc=millions("resnet152", "gap-fc", 5),
    )
    lab.control(gap_fc=millions("resnet152", "gap-fc", 6))
