"""GAP+FC: what it removes, and what it saves (sections 3.1 and 4.2)."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, cast

from claims.fan2019.methods.shuffled_maps import patch_shuffle, spatial_shuffle
from harness.claims.claim import claim
from harness.measures.complexity import flops, parameters
from harness.rules import Exact, equals, less_than, worst_case
from harness.system.lazy import st, torch

if TYPE_CHECKING:
    from collections.abc import Iterable

    from torch import Tensor, nn

    from harness.lab.lab import Lab
    from harness.networks.vgg import VGG

ARCHITECTURES = ("vgg16", "resnet50", "resnet152")
LAYERS = {"vgg16": 13, "resnet50": 16, "resnet152": 50}
MODIFIED = {"vgg16": (1, 4, 7, 10), "resnet50": (1, 5, 8, 13), "resnet152": (5,)}
"""Numbers of modified layers that the paper tests."""

CIFAR, IMAGENET = (1, 3, 32, 32), (1, 3, 224, 224)
INPUT = {"vgg16": CIFAR, "resnet50": CIFAR, "resnet152": IMAGENET}


@cache
def structure(architecture: str, method: str = "none", last: int = 0) -> nn.Module:
    """A network with as many classes as ImageNet, without weights; shared by all that only count."""
    from claims.fan2019.methods.modified_networks import fan

    with torch.device("meta"):
        small = INPUT[architecture] == CIFAR
        return fan(architecture, method, last=last, classes=1000, small_images=small)


@cache
def operations(architecture: str, method: str = "none", last: int = 0) -> int:
    """Floating point operations of that network on one image."""
    return flops(structure(architecture, method, last), INPUT[architecture])


def modified_layers(network: nn.Module, count: int) -> list[Any]:
    """The convolutions and fully connected layers in the last `count` layers (bottlenecks), before the classifier."""
    from harness.networks.resnet import bottlenecks

    kinds = (torch.nn.Conv2d, torch.nn.Linear)
    blocks = bottlenecks(network)
    if blocks:
        return [layer for block in blocks[-count:] for layer in block.modules() if isinstance(layer, kinds)]
    return [layer for layer in cast("VGG", network).features if isinstance(layer, kinds)][-count:]


def activations_read(network: nn.Module, layers: Iterable[nn.Module], shape: tuple[int, ...]) -> list[int]:
    """How many activations each of these layers reads in one forward pass on one image."""
    found: list[int] = []
    handles = [layer.register_forward_pre_hook(lambda _, inputs: found.append(inputs[0].numel())) for layer in layers]
    with torch.no_grad():
        network.eval()(torch.empty(shape, device="meta"))
    for handle in handles:
        handle.remove()
    return found


def pixels_read(network: nn.Module, count: int, shape: tuple[int, ...]) -> int:
    """Pixels of the largest map that the last `count` layers read."""
    layers = modified_layers(network, count)
    channels = [layer.weight.shape[1] for layer in layers]
    return max(n // c for n, c in zip(activations_read(network, layers, shape), channels, strict=True))


@claim(
    "SH-07",
    where="Section 3.1",
    readings={"architecture": ARCHITECTURES},
    rule={"pixels": equals(1), "parameters": less_than(1.0), "flops": less_than(1.0)},
    control="spatial shuffle of the same layers",
)
def test_gap_fc_shrinks_all_later_maps_to_one_pixel(lab: Lab, architecture: str) -> None:
    """GAP+FC shrinks all subsequent feature maps to one pixel and has fewer FLOPs and fewer parameters.

    The largest map, and the largest ratios to the unmodified network, over the numbers of layers that the paper
    modifies.
    """
    shape, baseline = INPUT[architecture], structure(architecture)
    replaced = {last: structure(architecture, "gap-fc", last) for last in MODIFIED[architecture]}
    lab.measure(
        pixels=Exact(max(pixels_read(network, last, shape) for last, network in replaced.items())),
        parameters=Exact(max(map(parameters, replaced.values())) / parameters(baseline)),
        flops=Exact(max(operations(architecture, "gap-fc", last) for last in replaced) / operations(architecture)),
    )
    shuffled = structure(architecture, "spatial", 1)
    lab.control(
        pixels=Exact(pixels_read(shuffled, 1, shape)),
        parameters=Exact(parameters(shuffled) / parameters(baseline)),
        flops=Exact(operations(architecture, "spatial", 1) / operations(architecture)),
    )


@claim(
    "SH-08",
    where="Section 3.1",
    readings={"permutation": ("each map", "within patches", "all maps together")},
    rule=equals(0.0, within=1e-12),
    control="average pooling over 2 x 2 pixels instead of over the map",
)
def test_global_average_pooling_erases_what_shuffling_erases(lab: Lab, permutation: str) -> None:
    """Global average pooling achieves the goal of shuffling: it gives the same for a map in any order of its pixels."""

    def shuffled(x: Tensor, seed: int) -> Tensor:
        source = torch.Generator().manual_seed(seed)
        if permutation == "within patches":
            return patch_shuffle(x, 2, source)
        return spatial_shuffle(x, source, aligned=permutation == "all maps together")

    def difference(seed: int, channels: int, down: int, along: int, local: bool) -> float:
        source = torch.Generator().manual_seed(seed)
        x = torch.randn(2, channels, 2 * down, 2 * along, dtype=torch.float64, generator=source)
        pool = torch.nn.AvgPool2d((2, 1)) if local else torch.nn.AdaptiveAvgPool2d(1)
        return (pool(shuffled(x, seed)) - pool(x)).abs().max().item()

    def search(local: bool) -> Exact:
        sides = st.integers(1, 5)
        return worst_case(
            difference, seed=st.integers(0, 2**31), channels=sides, down=sides, along=sides, local=st.just(local)
        )

    lab.measure(search(local=False))
    lab.control(search(local=True))


@claim(
    "SH-60",
    where="Section 3.1",
    readings={"architecture": ARCHITECTURES},
    rule={"flops": less_than(1.0), "moved": equals(0)},
    control="spatial shuffle itself",
)
def test_gap_fc_is_cheaper_than_shuffling(lab: Lab, architecture: str) -> None:
    """GAP+FC is more efficient than spatial shuffle, which puts an extra burden on each forward pass.

    FLOPs are compared (the largest ratio over the numbers of layers that the paper modifies), and the activations that
    have to be moved; time is not measured.
    """
    from claims.fan2019.methods.shuffle_layers import shuffles

    shape = INPUT[architecture]

    def relative_flops(method: str) -> list[float]:
        return [
            operations(architecture, method, last) / operations(architecture, "spatial", last)
            for last in MODIFIED[architecture]
        ]

    def parts(method: str) -> dict[str, Exact]:
        most = structure(architecture, method, MODIFIED[architecture][-1])
        moved = sum(activations_read(most, shuffles(most), shape))
        return {"flops": Exact(max(relative_flops(method))), "moved": Exact(moved)}

    lab.series("FLOPs relative to the shuffled network", MODIFIED[architecture], relative_flops("gap-fc"))
    lab.measure(**parts("gap-fc"))
    lab.control(**parts("spatial"))


@claim(
    "SH-38",
    where="Section 4.2",
    readings={"architecture": ARCHITECTURES},
    rule=less_than(0.0),
    unit="million parameters",
    control="the unmodified network",
)
def test_gap_fc_always_has_fewer_parameters_than_shuffling(lab: Lab, architecture: str) -> None:
    """A modification by GAP+FC always has fewer parameters than one by spatial shuffle.

    The largest difference over numbers of modified layers: each of VGG-16, every third of ResNet-50, and 1, 25 and 49
    blocks of ResNet-152.
    """
    step = {"vgg16": 1, "resnet50": 3, "resnet152": 24}[architecture]
    numbers = range(1, LAYERS[architecture] + 1, step)

    def excess(count: int) -> float:
        shuffled, replaced = (structure(architecture, method, count) for method in ("spatial", "gap-fc"))
        return (parameters(replaced) - parameters(shuffled)) / 1e6

    found = [excess(count) for count in numbers]
    lab.series("million parameters, GAP+FC minus shuffle", numbers, found)
    lab.measure(Exact(max(found)))
    lab.control(Exact(excess(0)))
