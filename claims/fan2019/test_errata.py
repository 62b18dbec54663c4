"""Statements that are wrong as printed, each with the corrected one; and what a reader should know of others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from harness.claims.claim import claim
from harness.claims.kinds import Erratum, Kind, Remark
from harness.measures.complexity import parameters
from harness.rules import Exact, equals, greater_than
from harness.system.lazy import np, torch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from torch import nn

    from harness.lab.lab import Lab

IMAGE = (1, 3, 32, 32)


def structure(*arguments: Any, **how: Any) -> nn.Module:
    """A network of the paper without weights."""
    from claims.fan2019.methods.modified_networks import fan

    with torch.device("meta"):
        return fan(*arguments, **how)


def original_vgg16() -> Exact:
    """Millions of parameters of VGG-16 as published, with 1000 classes."""
    from harness.system.torchvision_compat import torchvision

    with torch.device("meta"):
        return Exact(parameters(torchvision.models.vgg16(init_weights=False)) / 1e6)


def papers_vgg16() -> Exact:
    """The same of the VGG-16 that the paper trains."""
    return Exact(parameters(structure("vgg16", classes=1000)) / 1e6)


@claim(
    "N-SH1",
    where="Section 4.2, Table 2",
    paper=37.70,
    unit="million parameters",
    rule=equals(37.70, within=0.005),
    control="the VGG-16 of the original paper",
    formerly=("E-SH1", "E-SH1-corrected"),
    remark=Remark(
        Kind.UNSAID,
        printed="we first reproduce baselines as in the original papers and then apply the same training scheme",
        meant="The training is the original papers', the VGG-16 of Table 2 is not: it has batch normalisation, and a "
        "head of 512-4096-4096-1000 that reads one pixel, behind global average pooling.",
        derivation="'As in the original papers' may speak of the recipe alone.  The original network has 14,714,688 "
        "parameters in its convolutions and 123,642,856 in its dense layers, which read 7 x 7 x 512 activations: "
        "138.36M.  With 512 in place of 25,088 inputs the dense layers have 22,979,560; with 14,710,464 weights of "
        "convolutions and 8,448 of batch normalisation that makes 37,698,472.  All arms of Table 2 have this head.",
    ),
)
def test_the_vgg16_of_table_2_pools_before_its_head(lab: Lab) -> None:
    """The VGG-16 of Table 2 has batch normalisation and a head of 512-4096-4096-1000 behind global average pooling."""
    lab.measure(papers_vgg16())
    lab.control(original_vgg16())


SEVEN_OF_13 = 700 / 13
"""Per cent of VGG-16's convolutions that the abstract's second number is about."""


@claim(
    "N-SH2",
    where="Abstract",
    paper=53,
    unit="points",
    rule=equals(0, within=0.5),
    control="53 %, as the abstract has it",
    formerly=("E-SH2", "E-SH2-corrected"),
    remark=Remark(
        Kind.SLIP,
        printed="the last 30% and 53% layers",
        meant="54 %, as Fig. 1, Fig. 4 and section 4.1 have it, for the same 2.66 %.",
        derivation="7 of 13 convolutions are 53.8 %: the abstract cuts the digits off.  Its 30 % for 4 of 13, 30.8 %, "
        "is a round number, as in the text.  Both name the same networks.",
    ),
)
def test_the_second_network_of_the_abstract_has_54_percent_of_its_layers_shuffled(lab: Lab) -> None:
    """VGG-16 with its last 7 of 13 convolutions shuffled has 54 % of them shuffled, to the nearest per cent."""
    lab.measure(Exact(SEVEN_OF_13 - 54))
    lab.control(Exact(SEVEN_OF_13 - 53))


def convolutions_before_the_shuffle(network: nn.Module) -> int:
    """Convolutions with spatial extent that read maps in order before the first shuffle of a forward pass."""
    from claims.fan2019.methods.shuffle_layer import Shuffle

    events: list[str] = []
    for layer in network.modules():
        if isinstance(layer, Shuffle):
            layer.register_forward_hook(lambda *_: events.append("shuffle"))
        elif isinstance(layer, torch.nn.Conv2d) and layer.kernel_size != (1, 1):
            layer.register_forward_hook(lambda *_: events.append("convolution"))
    with torch.no_grad():
        network.eval()(torch.empty(IMAGE, device="meta"))
    return events.index("shuffle")


@claim(
    "E-SH5",
    where="Fig. 7, section 4.4",
    paper=0,
    unit="convolutions before the shuffle",
    rule={"vgg16": equals(0), "resnet50": equals(0)},
    control="the corrected statement: one convolution, the stem, before the shuffle of ResNet-50",
    erratum=Erratum(
        printed="(16.02% for VGG-16 and 40.76% for ResNet-50) at layer index 1 and patch size 32, where the input "
        "image is completely shuffled",
        correct="For VGG-16 it is the input image that is shuffled.  For ResNet-50, index 1 is the first bottleneck: "
        "what is shuffled is its maps behind the stem.",
        derivation="Index 16 is the last layer of ResNet-50, which has 3 + 4 + 6 + 3 = 16 bottlenecks and a stem "
        "before them; 'one bottleneck sub-module is considered as a single piece' (section 3.2), whose 3 x 3 "
        "convolution is modified.  At index 1 the stem has seen the image in order, and a 1 x 1 convolution too.  In "
        "the authors' code the stem has an index of its own, 0.",
        consequence="The 40.76 % of ResNet-50 and the 16.02 % of VGG-16 are not the same experiment; and if the 4 % "
        "loss with patches of 4 (section 4.4) is read off index 1, it is not one of shuffling the input image.",
    ),
)
def test_index_1_shuffles_the_input_image(lab: Lab) -> None:
    """At layer index 1 of VGG-16 and of ResNet-50 it is the input image that is shuffled."""
    before = {
        name: convolutions_before_the_shuffle(structure(name, "spatial", only=1)) for name in ("vgg16", "resnet50")
    }
    lab.measure(**{name: Exact(before[name]) for name in before})
    lab.control(vgg16=Exact(before["vgg16"]), resnet50=Exact(before["resnet50"] - 1))


def change_beside_the_shuffle(downsampling: str, seed: int) -> Exact:
    """By how much the class scores of the baseline and of the modified VGG-16 differ when its shuffles are off."""
    from claims.fan2019.methods.shuffle_layers import set_shuffling, shuffle_vgg
    from harness.networks.vgg import vgg16

    with torch.random.fork_rng():
        torch.manual_seed(seed)
        network, images = vgg16(10, width=2).double().eval(), torch.randn(2, *IMAGE[1:], dtype=torch.float64)
    with torch.no_grad():
        before = network(images)
        set_shuffling(shuffle_vgg(network, range(10, 14), downsampling=downsampling), False)
        return Exact(((network(images) - before).abs().max() / before.abs().max()).item())


@claim(
    "SH-91",
    kind=Kind.DERIVED,
    where="Section 3.2, the authors' code",
    rule=greater_than(1e-9),
    control="the max pooling kept, as the text has it",
    formerly=("E-SH6", "E-SH6-corrected"),
)
def test_the_code_for_cifar_also_changes_the_downsampling(lab: Lab) -> None:
    """In the released code for CIFAR, from 1e8db72 on, shuffled layers of a VGG-16 also halve their maps another way.

    Derived: section 3.2 has the rest of the setup remain the same.  In class VGG16 (models/cifar/vggfy.py) the last
    convolution of each stage is 'conv, then MaxPool2d(2)' where it is not shuffled, and 'shuffle, then conv of stride
    2' where it is.  In the versions before (6949476 and eba51b2, March 2019) every network, the baseline included, has
    stride 2; max pooling enters the baseline on 16 May 2019.  Nothing says which version made Table 1, so that this is
    no error of the paper's.  The code for ImageNet keeps the pooling.

    Measured is the change of the class scores when the shuffles of the last four layers are switched off, relative to
    the largest score.
    """
    lab.measure(change_beside_the_shuffle("stride", lab.seed))
    lab.control(change_beside_the_shuffle("pool", lab.seed))


def detections() -> Iterator[tuple[float, bool, bool]]:
    """A box of the right class sliding off an object: overlap, whether it is a duplicate, what the tool says."""
    from claims.fan2019.methods.detection_errors import HOIEM, detection_errors
    from claims.fan2019.methods.detection_errors import Kind as ErrorKind
    from claims.fan2019.methods.detections import Detections, Objects

    target = np.array([[0.0, 0.0, 10.0, 10.0]])
    there = Objects(target, np.array([1]), np.array([0]), np.array([False]))

    def mislocalised(*boxes: np.ndarray) -> bool:
        ones = np.ones(len(boxes), dtype=int)
        found = Detections(np.concatenate(boxes), -ones.cumsum(), ones, 0 * ones)
        return bool(detection_errors(found, there, HOIEM)[-1] == ErrorKind.LOCALISATION)

    for shift in np.arange(0, 9.9, 0.1).tolist():
        box = target + np.array([shift, 0.0, shift, 0.0])
        overlap = (10 - shift) / (10 + shift)
        yield overlap, False, mislocalised(box)
        yield overlap, True, mislocalised(target, box)


def as_printed(overlap: float, duplicate: bool) -> bool:
    """Whether a detection of the right class has a localisation error, in the words of the paper."""
    return overlap < 0.5


def as_in_the_tool(overlap: float, duplicate: bool) -> bool:
    """The same in the words of Hoiem et al."""
    return 0.1 <= overlap < 0.5 or (duplicate and overlap >= 0.5)


def disagreements(definition: Callable[[float, bool], bool]) -> Exact:
    """How many of the detections a definition sorts otherwise than the tool."""
    return Exact(sum(definition(overlap, duplicate) != said for overlap, duplicate, said in detections()))


@claim(
    "N-SH8",
    where="Section 4.5",
    paper=0,
    unit="detections",
    rule=equals(0),
    control="every overlap below 0.5, at the letter of the passage",
    formerly=("E-SH8",),
    remark=Remark(
        Kind.UNSAID,
        printed="a prediction is counted as a localization error if it has the correct class label and the IoU to the "
        "ground truth is less than 0.5",
        meant="As in the tool of [12] that it names: the overlap is at least 0.1 and less than 0.5, or the object has "
        "been detected already.",
        derivation="The passage says neither what becomes of overlaps below 0.1 nor of second detections.  The tool of "
        "[12], as far as it could be looked up (its function analyzeFalsePositives: lowest overlap 0.1, highest 0.5, "
        "duplicates), calls the former confusions with the background and the latter mislocalised.  Judged on a box of "
        "the right class sliding off its object, once alone and once as the second detection.  The two models are "
        "compared by one definition either way.",
    ),
)
def test_overlaps_from_a_tenth_and_duplicates_are_localisation_errors(lab: Lab) -> None:
    """The diagnosis counts as localisation errors overlaps from 0.1 to 0.5 with the right class, and duplicates."""
    lab.measure(disagreements(as_in_the_tool))
    lab.control(disagreements(as_printed))


def kernels(module: nn.Module) -> list[int]:
    """Sides of the kernels of all convolutions in a module, the smaller of each."""
    return [min(layer.kernel_size) for layer in module.modules() if isinstance(layer, torch.nn.Conv2d)]


def layers_of_section_1() -> dict[str, list[list[int]]]:
    """Sides of the kernels in every layer of the architectures that section 1 names, as their figures count layers.

    A bottleneck of ResNet, with its projection, is one layer, and so is a module of Inception and the reduction and the
    convolution behind it in its stem.
    """
    from harness.system.torchvision_compat import torchvision

    models = torchvision.models
    with torch.device("meta"):
        plain = {"AlexNet": models.alexnet(), "VGG": models.vgg16(init_weights=False)}
        inception, resnet = models.googlenet(init_weights=False, aux_logits=False), models.resnet50()
    stages = [block for stage in (resnet.layer1, resnet.layer2, resnet.layer3, resnet.layer4) for block in stage]
    modules = [module for name, module in inception.named_children() if name.startswith("inception")]
    return {
        **{name: [[side] for side in kernels(network)] for name, network in plain.items()},
        "Inception": [
            kernels(inception.conv1), kernels(inception.conv2) + kernels(inception.conv3), *map(kernels, modules),
        ],
        "ResNet": [kernels(resnet.conv1), *map(kernels, stages)],
    }  # fmt: skip


@claim(
    "N-SH12",
    where="Section 1",
    paper=3,
    unit="pixels",
    rule=greater_than(2),
    control="each convolution of Inception and ResNet taken for a layer",
    formerly=("E-SH12", "E-SH12-corrected"),
    remark=Remark(
        Kind.UNSAID,
        printed=r"every layer in AlexNet, VGG, Inception, and ResNet applies $3 \times 3$ or larger filters",
        meant="By a layer of Inception and ResNet a module or a bottleneck is meant, as in the paper's own figures of "
        "ResNet: each applies 3 x 3 filters or larger ones somewhere.  Of single convolutions it holds for AlexNet "
        "and VGG alone.",
        derivation="Two of the three convolutions of each bottleneck of ResNet-50 and its projections are 1 x 1, and "
        "so are the reductions of Inception; section 3.2 has the 3 x 3 convolutions as 'the only operation with "
        "spatial extent' in a bottleneck, 'considered as a single piece'.",
    ),
)
def test_every_layer_applies_3_by_3_or_larger_filters(lab: Lab) -> None:
    """Every layer in AlexNet, VGG, Inception and ResNet, a module counted as one, applies 3 x 3 or larger filters."""
    layers = layers_of_section_1()
    lab.measure(Exact(min(max(layer) for network in layers.values() for layer in network)))
    lab.control(Exact(min(min(layer) for network in layers.values() for layer in network)))
