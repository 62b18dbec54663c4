"""The parameter counts of section 4.2 and Table 2, by counting."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.claims.claim import claim
from harness.measures.complexity import parameters
from harness.rules import Exact, Rule, equals
from harness.system.lazy import torch

if TYPE_CHECKING:
    from harness.lab.lab import Lab

LAST_DIGIT = 0.005
"""Half a unit of the last digit that the paper prints, in millions."""


def millions(architecture: str, method: str = "none", last: int = 0, bias: bool = False) -> Exact:
    """Parameters with the 1000 classes of ImageNet and of Small-ImageNet, in millions."""
    from claims.fan2019.methods.modified_networks import fan

    with torch.device("meta"):
        network = fan(architecture, method, last=last, bias=bias, classes=1000, small_images=False)
    return Exact(parameters(network) / 1e6)


def row_of_table_2(architecture: str, replaced: int, bias: bool = False, gap_bias: bool = False) -> dict[str, Exact]:
    """A network unmodified, with its last layer shuffled, and with its last `replaced` layers replaced by GAP+FC.

    `bias` and, of GAP+FC, `gap_bias` say whether convolutions and the layers in their place have biases.
    """
    return {
        "baseline": millions(architecture, bias=bias),
        "shuffle": millions(architecture, "spatial", 1, bias),
        "gap_fc": millions(architecture, "gap-fc", replaced, gap_bias),
    }


def row_with_one_more_replaced(architecture: str, replaced: int, gap_bias: bool = False) -> dict[str, Exact]:
    """The same with GAP+FC in one layer more than stated, in each of the three."""
    one = millions(architecture, "gap-fc", 1, gap_bias)
    return {"baseline": one, "shuffle": one, "gap_fc": millions(architecture, "gap-fc", replaced + 1, gap_bias)}


def rounds_to(numbers: dict[str, float]) -> dict[str, Rule]:
    """The rule that ours round to the paper's numbers."""
    return {name: equals(number, within=LAST_DIGIT) for name, number in numbers.items()}


REPLACED_30 = {"baseline": 37.70, "gap_fc": 29.31}
VGG16 = {"baseline": 37.70, "shuffle": 37.70, "gap_fc": 35.61}
RESNET50 = {"baseline": 25.56, "shuffle": 25.56, "gap_fc": 23.46}
RESNET152 = {"baseline": 60.19, "shuffle": 60.19, "gap_fc": 52.85}
"""Millions of parameters: VGG-16 with its last 30 % replaced (section 4.2), and the rows of Table 2."""


@claim(
    "SH-31",
    where="Section 4.2",
    unit="million parameters",
    readings={"bias": (False, True)},
    control="one layer more replaced, in the baseline too",
    paper=REPLACED_30,
    rule=rounds_to(REPLACED_30),
)
def test_gap_fc_reduces_vgg16_from_3770_to_2931_million(lab: Lab, bias: bool) -> None:
    """On Small-ImageNet GAP+FC reduces VGG-16's parameters from 37.70M to 29.31M.

    That is the last 4 of 13 convolutions replaced.  The reading says whether convolutions and the layers in their place
    have biases, which the paper does not; the authors' code has them with GAP+FC, and has none with shuffle.
    """
    lab.measure(baseline=millions("vgg16", bias=bias), gap_fc=millions("vgg16", "gap-fc", 4, bias))
    lab.control(baseline=millions("vgg16", "gap-fc", 1, bias), gap_fc=millions("vgg16", "gap-fc", 5, bias))


@claim(
    "SH-32",
    where="Table 2",
    unit="million parameters",
    readings={"bias": (False, True)},
    control="one layer more replaced, in the baseline and in the shuffled network too",
    paper=VGG16,
    rule=rounds_to(VGG16),
)
def test_the_parameters_of_vgg16_in_table_2(lab: Lab, bias: bool) -> None:
    """VGG-16 has 37.70M parameters, also with spatial shuffle in its last layer, and 35.61M with GAP+FC there.

    The reading says whether the convolutions of the first two have biases; with GAP+FC they have some, as in the
    authors' code (35,605,544; without them 35,601,320, which is no 35.61M).
    """
    lab.measure(**row_of_table_2("vgg16", replaced=1, bias=bias, gap_bias=True))
    lab.control(**row_with_one_more_replaced("vgg16", replaced=1, gap_bias=True))


@claim(
    "SH-33",
    where="Table 2",
    unit="million parameters",
    control="one bottleneck more replaced, in the baseline and in the shuffled network too",
    paper=RESNET50,
    rule=rounds_to(RESNET50),
)
def test_the_parameters_of_resnet50_in_table_2(lab: Lab) -> None:
    """ResNet-50 has 25.56M parameters, also with spatial shuffle in its last block, and 23.46M with GAP+FC there."""
    lab.measure(**row_of_table_2("resnet50", replaced=1))
    lab.control(**row_with_one_more_replaced("resnet50", replaced=1))


@claim(
    "SH-34",
    where="Table 2",
    unit="million parameters",
    control="one bottleneck more replaced, in the baseline and in the shuffled network too",
    paper=RESNET152,
    rule=rounds_to(RESNET152),
)
def test_the_parameters_of_resnet152_in_table_2(lab: Lab) -> None:
    """ResNet-152 has 60.19M parameters, also with spatial shuffle in 2 % of it, and 52.85M with GAP+FC in 10 %."""
    lab.measure(**row_of_table_2("resnet152", replaced=5))
    lab.control(**row_with_one_more_replaced("resnet152", replaced=5))
