"""Convolutional layers: what they do to shifted images, and how the orderness of their maps is defined."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from claims.ghosh2019.methods.orderness import map_orderness, orderness
from claims.ghosh2019.methods.triples import NEIGHBOURHOODS
from harness.claims.claim import claim
from harness.claims.kinds import Kind
from harness.rules import Exact, equals, worst_case
from harness.statistics.draws import normal
from harness.system.lazy import st, torch

if TYPE_CHECKING:
    from torch import Tensor

    from harness.lab.lab import Lab


@claim(
    "SO-57",
    where="Section 1",
    readings={"layers": ("convolutions", "convolutions and pooling")},
    rule=equals(0.0, within=1e-12),
    control="a fully connected network of two layers",
)
def test_convolution_commutes_with_translation(lab: Lab, layers: str) -> None:
    """Unlike a fully connected network, a CNN exhibits translation equivariance across its layers.

    Two layers with rectified units on a torus (circular padding), where every translation of the image is one; borders
    of zeros would break it.  Measured is the largest difference between the output for the shifted image and the
    shifted output.  With 2 x 2 max-pooling behind each layer, as the paper's own networks have it, only shifts by
    multiples of four pixels remain shifts of the output: by one pixel none is to be found.
    """
    pooling = layers == "convolutions and pooling"

    def weights(seed: int, *shapes: tuple[int, ...]) -> list[Tensor]:
        return [normal(seed + place, *shape) for place, shape in enumerate(shapes)]

    def convolutional(seed: int, images: Tensor) -> Tensor:
        for weight in weights(seed, (3, 2, 3, 3), (4, 3, 3, 3)):
            padded = torch.nn.functional.pad(images, (1, 1, 1, 1), mode="circular")
            images = torch.nn.functional.conv2d(padded, weight).relu()
            images = torch.nn.functional.max_pool2d(images, 2) if pooling else images
        return images

    def dense(seed: int, images: Tensor) -> Tensor:
        outputs = images.flatten(1)
        for weight in weights(seed, (128, 128), (128, 128)):
            outputs = (outputs @ weight.T).relu()
        return outputs.reshape(images.shape)

    def residual(network: Callable[[int, Tensor], Tensor], seed: int, down: int, right: int) -> float:
        """For the shift of the output that comes nearest."""
        images = normal(seed + 2, 1, 2, 8, 8)
        shifted, plain = network(seed, images.roll((down, right), (2, 3))), network(seed, images)
        stride = images.shape[-1] // plain.shape[-1]
        near = [(down // stride + rows, right // stride + columns) for rows in (0, 1) for columns in (0, 1)]
        return min(float((shifted - plain.roll(shift, (2, 3))).abs().max()) for shift in near)

    seeds, places = st.integers(0, 1000), st.integers(1, 7)
    lab.measure(worst_case(partial(residual, convolutional), examples=30, seed=seeds, down=places, right=places))
    lab.control(worst_case(partial(residual, dense), examples=5, seed=seeds, down=places, right=places))


@claim(
    "SO-23",
    where="Section 4.2",
    kind=Kind.DEFINITION,
    readings={"neighbours": NEIGHBOURHOODS},
    rule=equals(0.0, within=1e-12),
    control="the maps pooled into one ratio, in which a map of large values outweighs the others",
)
def test_orderness_of_a_layer_is_the_mean_over_its_maps(lab: Lab, neighbours: str) -> None:
    """The orderness of a layer is the mean over its feature maps of the orderness of each, taken over all examples.

    The paper leaves open what becomes of a map that is constant (a dead unit): it has no orderness and is left out.
    Measured is the largest difference from the mean of the maps measured one at a time.
    """

    def feature_maps(seed: int) -> Tensor:
        gains = torch.tensor([0.1, 1.0, 10.0, 0.0], dtype=torch.float64)
        maps = normal(seed, 6, 4, 7, 6)
        maps[:, 2] = maps[:, 2].cumsum(-1)  # one map of much order
        return maps * gains[:, None, None]

    def apart(seed: int, definition: Callable[[Tensor], float]) -> float:
        maps = feature_maps(seed)
        one_by_one = [orderness(maps[:, [i]], neighbours) for i in range(3)]
        return abs(definition(maps) - sum(one_by_one) / 3)

    seeds = st.integers(0, 1000)
    lab.measure(
        worst_case(lambda seed: apart(seed, lambda maps: map_orderness(maps, neighbours).value), 20, seed=seeds)
    )
    lab.control(worst_case(lambda seed: apart(seed, lambda maps: orderness(maps, neighbours)), 20, seed=seeds))


@claim(
    "SO-62",
    where="Appendix C (derived)",
    kind=Kind.DERIVED,
    rule={f"depth {depth}": equals(2.0**depth, within=0) for depth in (1, 2, 3)},
    control="pooling behind every second layer only",
)
def test_neighbours_in_a_map_lie_two_to_the_depth_apart(lab: Lab) -> None:
    """With pooling behind every convolution, neighbours in the maps of depth k lie 2^k pixels of the input apart.

    The appendix compares the maps of depth k with the input "at a scale of 2k", 2, 4 and 6.  It says that they "could
    be related", so that this is no mistake; by the step between neighbours the scales are 2, 4 and 8.  Measured is the
    side of the input over that of the map.
    """
    from claims.ghosh2019.methods.network import GhoshCnn

    def steps(pool_every: int) -> dict[str, Exact]:
        layers = GhoshCnn(width=2, size=48, pool_every=pool_every).layers
        maps = [layers[:depth](torch.zeros(1, 1, 48, 48)) for depth in (1, 2, 3)]
        return {f"depth {depth}": Exact(48 / each.shape[-1]) for depth, each in enumerate(maps, start=1)}

    lab.measure(**steps(pool_every=1))
    lab.control(**steps(pool_every=2))
