"""The experimental set-up: which networks, which maps, which shares of their layers (sections 3.2 and 4)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from claims.fan2019.methods.shuffled_maps import spatial_shuffle
from harness.claims.claim import claim
from harness.measures.complexity import map_sizes
from harness.measures.support import jacobian_support
from harness.rules import Exact, equals, worst_case
from harness.system.lazy import st, torch

if TYPE_CHECKING:
    from torch import Tensor, nn

    from harness.lab.lab import Lab
    from harness.networks.vgg import VGG

CIFAR, IMAGENET = (1, 3, 32, 32), (1, 3, 224, 224)


def structure(architecture: str, **how: Any) -> nn.Module:
    """A network of the paper without weights."""
    from claims.fan2019.methods.modified_networks import fan

    with torch.device("meta"):
        return fan(architecture, **how)


def side_of_each_block(network: nn.Module, shape: tuple[int, ...] = CIFAR) -> list[int]:
    """Side of the map that the 3 x 3 convolution of each bottleneck reads, first to last."""
    return [size[0] for name, size in map_sizes(network, shape).items() if name.endswith("conv2")]


def largest_change_by_shuffling(side: int) -> Exact:
    """By how much spatial shuffle changes maps of side x side pixels at most."""

    def change(seed: int, channels: int) -> float:
        source = torch.Generator().manual_seed(seed)
        x = torch.randn(2, channels, side, side, dtype=torch.float64, generator=source)
        return (spatial_shuffle(x, source) - x).abs().max().item()

    return worst_case(change, seed=st.integers(0, 2**31), channels=st.integers(1, 8))


@claim(
    "SH-46",
    where="Section 3.2",
    paper={"final_side": 1},
    rule={"final_side": equals(1), "change": equals(0.0)},
    control="the stem that the paper uses instead",
)
def test_shuffling_has_no_effect_on_the_last_maps_of_the_original_resnet(lab: Lab) -> None:
    """On 32 x 32 images the original ResNet has 1 x 1 maps at its last layers, where shuffling has no effect."""

    def parts(small_images: bool) -> dict[str, Exact]:
        side = side_of_each_block(structure("resnet50", small_images=small_images))[-1]
        return {"final_side": Exact(side), "change": largest_change_by_shuffling(side)}

    lab.measure(**parts(small_images=False))
    lab.control(**parts(small_images=True))


@claim(
    "SH-47",
    where="Section 3.2",
    paper=4,
    unit="pixels",
    rule=equals(4),
    control="the original stem",
)
def test_the_changed_stem_leaves_maps_of_4_by_4(lab: Lab) -> None:
    """With a 3 x 3 convolution of stride 1 and without the first max pooling the final feature maps are 4 x 4."""
    lab.measure(Exact(side_of_each_block(structure("resnet50", small_images=True))[-1]))
    lab.control(Exact(side_of_each_block(structure("resnet50", small_images=False))[-1]))


def spatial_extents(block: nn.Module, lab: Lab) -> dict[str, int]:
    """Pixels that one output of each convolution of a block depends on."""
    convolutions = {name: layer for name, layer in block.named_modules() if isinstance(layer, torch.nn.Conv2d)}
    return {
        name: int(jacobian_support(layer, (layer.in_channels, 7, 7), (1, 1), lab.generator).sum())
        for name, layer in convolutions.items()
    }


@claim(
    "SH-48",
    where="Section 3.2",
    readings={"stride": (1, 2)},
    rule={"spatial_layers": equals(1), "pixels": equals(9)},
    control="torchvision's basic block, which has two 3 x 3 convolutions",
)
def test_only_the_3_by_3_convolution_of_a_bottleneck_has_spatial_extent(lab: Lab, stride: int) -> None:
    """The 3 x 3 convolution is the only operation with spatial extent in a bottleneck.

    Counted from the Jacobian of each convolution; `pixels` are those that the ones with spatial extent read, in all.
    The 1 x 1 convolution on the skip connection of a bottleneck of stride 2 reads one pixel, but it passes only every
    fourth one.
    """
    from harness.system.torchvision_compat import torchvision

    models = torchvision.models.resnet

    def parts(kind: Any) -> dict[str, Exact]:
        with torch.random.fork_rng():
            torch.manual_seed(lab.seed)
            projection = torch.nn.Sequential(torch.nn.Conv2d(8, 2 * kind.expansion, 1, stride))
            extents = spatial_extents(kind(8, 2, stride, projection).double(), lab)
        lab.note(f"{kind.__name__}: {extents}")
        spatial = [pixels for pixels in extents.values() if pixels > 1]
        return {"spatial_layers": Exact(len(spatial)), "pixels": Exact(sum(spatial))}

    lab.measure(**parts(models.Bottleneck))
    lab.control(**parts(models.BasicBlock))


SHARES = {
    "vgg16_last_4": ("vgg16", 4, 31), "vgg16_last_7": ("vgg16", 7, 54), "vgg16_last_10": ("vgg16", 10, 77),
    "resnet50_last_5": ("resnet50", 5, 31), "resnet50_last_8": ("resnet50", 8, 50),
    "resnet50_last_13": ("resnet50", 13, 81), "imagenet_vgg16": ("vgg16", 1, 8),
    "imagenet_resnet50": ("resnet50", 1, 6), "imagenet_resnet152_shuffle": ("resnet152", 1, 2),
    "imagenet_resnet152_gap": ("resnet152", 5, 10),
}  # fmt: skip
"""The architecture, how many of its layers are modified, and the paper's percentage."""


@claim(
    "SH-25",
    where="Fig. 4, Fig. 5, Table 2, section 4.2",
    paper={name: percent for name, (_, _, percent) in SHARES.items()},
    unit="%",
    rule={name: equals(percent, within=0.5) for name, (_, _, percent) in SHARES.items()},
    control="one layer more",
)
def test_the_shares_are_whole_numbers_of_layers(lab: Lab) -> None:
    """The percentages of modified layers are whole numbers of the 13 layers of VGG-16 and 16 and 50 blocks of ResNets.

    The text's "30 %" and the abstract's "53 %" are other names of 31 % and 54 % (N-SH2).
    """
    from harness.networks.resnet import bottlenecks
    from harness.networks.vgg import convolutions

    layers = {name: len(bottlenecks(structure(name))) for name in ("resnet50", "resnet152")}
    layers["vgg16"] = len(convolutions(cast("VGG", structure("vgg16"))))

    def shares(more: int) -> dict[str, Exact]:
        return {name: Exact(100 * (count + more) / layers[which]) for name, (which, count, _) in SHARES.items()}

    lab.measure(**shares(more=0))
    lab.control(**shares(more=1))


@claim(
    "SH-72",
    where="Fig. 7, section 4.4",
    paper={"vgg16_layer_1": 32, "resnet50_layer_1": 32},
    unit="pixels",
    rule={"vgg16_layer_1": equals(32), "resnet50_layer_1": equals(32), "left_over": equals(0)},
    control="layer 3 of VGG-16; the original stem; and layers 15 and 16, whose 4 x 4 maps hold no patch of 8",
)
def test_the_patch_sizes_fit_the_maps(lab: Lab) -> None:
    """At layer 1 patches of 32 are the whole map, and patches of 2, 4 and 8 fit layers 8 to 14 of ResNet-50.

    `left_over` is the largest remainder of a map's side by a patch.  Layer 14 fits only where stride 2 is in the 3 x 3
    convolution, as in torchvision and the authors' code; in the original ResNet it is in the 1 x 1 before it, and the
    map there is 4 x 4.
    """

    def left_over(sides: list[int]) -> Exact:
        return Exact(max(side % patch for side in sides for patch in (2, 4, 8)))

    vgg_sides = [size[0] for size in map_sizes(structure("vgg16"), CIFAR).values()]
    sides = side_of_each_block(structure("resnet50"))
    lab.measure(
        vgg16_layer_1=Exact(vgg_sides[0]),
        resnet50_layer_1=Exact(sides[0]),
        left_over=left_over(sides[7:14]),
    )
    original = side_of_each_block(structure("resnet50", small_images=False))
    lab.control(vgg16_layer_1=Exact(vgg_sides[2]), resnet50_layer_1=Exact(original[0]), left_over=left_over(sides[14:]))


def drawn_weights(network: nn.Module) -> dict[str, Tensor]:
    """What initialisation draws at random, by name: the weights of convolutions and fully connected layers."""
    kinds = (torch.nn.Conv2d, torch.nn.Linear)
    return {name: layer.weight for name, layer in network.named_modules() if isinstance(layer, kinds)}


def shared(network: nn.Module, baseline: nn.Module) -> float:
    """Share of a network's weights, among those that the baseline has in the same place and shape, that are equal."""
    mine, theirs = drawn_weights(network), drawn_weights(baseline)
    common = [name for name in mine if name in theirs and mine[name].shape == theirs[name].shape]
    return sum(torch.equal(mine[name], theirs[name]) for name in common) / len(common)


def drawn_in_order(network: nn.Module) -> nn.Module:
    """Draw a finished network's weights as a constructor would: torch's defaults first, then convolutions anew."""
    for layer in network.modules():
        if hasattr(layer, "reset_parameters"):
            cast("Any", layer).reset_parameters()
    for layer in network.modules():
        if isinstance(layer, torch.nn.Conv2d):
            torch.nn.init.kaiming_normal_(layer.weight, mode="fan_out", nonlinearity="relu")
    return network


@claim(
    "SH-66",
    where="Section 3.2",
    readings={"construction": ("a changed baseline", "each from the seed")},
    rule={"shuffled": equals(1.0), "gap_fc": equals(1.0)},
    control="another seed",
)
def test_all_models_share_their_initialisation(lab: Lab, construction: str) -> None:
    """All models of a set of experiments share the same initialisation from the same random seed.

    Measured is the share of equal weights among those that a model has in common with the baseline.  Where a model is
    a changed baseline, all are; where each model is constructed from the seed, as in the authors' code, the smaller
    layers of GAP+FC use up fewer random numbers, and every weight drawn after them differs.
    """
    from claims.fan2019.methods.modified_networks import fan

    def build(method: str, seed: int) -> nn.Module:
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            network = fan("vgg16", method, last=0 if method == "none" else 4, width=2, classes=10)
            if construction == "each from the seed":
                torch.manual_seed(seed)
                network = drawn_in_order(network)
        return network

    baseline = build("none", 1)
    lab.measure(
        shuffled=Exact(shared(build("spatial", 1), baseline)), gap_fc=Exact(shared(build("gap-fc", 1), baseline))
    )
    lab.control(
        shuffled=Exact(shared(build("spatial", 2), baseline)), gap_fc=Exact(shared(build("gap-fc", 2), baseline))
    )


@claim(
    "SH-36",
    where="Section 4.2, Table 2",
    paper={"cost": 0.73, "map_side": 14, "share": 10},
    rule={"cost": equals(0.73, within=0.005), "map_side": equals(14), "share": equals(10, within=0.5)},
    control="GAP+FC in the last block alone, and the cost of spatial shuffle there",
)
def test_resnet152_can_do_without_its_last_tenth(lab: Lab) -> None:
    """In ResNet-152 the last 10 % of the layers can be replaced by GAP+FC behind 14 x 14 maps, at a cost of 0.73 %.

    The cost is from Table 2's accuracies; 10 % are five bottlenecks, the three of the last stage and two before them.
    """
    network = structure("resnet152", small_images=False, classes=1000)
    blocks = [size[0] for name, size in map_sizes(network, IMAGENET).items() if name.endswith("conv1") and "." in name]
    lab.measure(cost=Exact(77.66 - 76.93), map_side=Exact(blocks[-5]), share=Exact(100 * 5 / len(blocks)))
    lab.control(cost=Exact(77.66 - 76.64), map_side=Exact(blocks[-1]), share=Exact(100 / len(blocks)))
