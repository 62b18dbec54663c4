"""Convolutional layers: what they do to shifted images, and how the orderness of their maps is defined."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from claims.ghosh2019.methods.orderness import map_orderness, orderness
from claims.ghosh2019.methods.triples import NEIGHBOURHOODS
from harness.claims.claim import claim
from harness.rules import equals, worst_case
from harness.statistics.draws import normal
from harness.system.lazy import st, torch

if TYPE_CHECKING:
    from torch import Tensor

    from harness.lab.lab import Lab


@claim(
    "SO-57",
    where="Section 1",
    rule=equals(0.0, within=1e-12),
    control="layers of stride 2, shifted by an odd number of pixels",
)
def test_convolution_commutes_with_translation(lab: Lab) -> None:
    """A convolutional network exhibits translation equivariance across its layers.

    Two layers with rectified units on a torus (circular padding), where every translation of the image is one.
    Measured is the largest difference between the output for the shifted image and the shifted output.
    """

    def residual(seed: int, down: int, right: int, stride: int) -> float:
        images, first, second = (normal(seed, *shape) for shape in ((1, 2, 8, 8), (3, 2, 3, 3), (4, 3, 3, 3)))

        def layer(x: Tensor, weight: Tensor) -> Tensor:
            padded = torch.nn.functional.pad(x, (1, 1, 1, 1), mode="circular")
            return torch.nn.functional.conv2d(padded, weight, stride=stride).relu()

        shifted = layer(layer(images.roll((down, right), (2, 3)), first), second)
        expected = layer(layer(images, first), second).roll((down // stride**2, right // stride**2), (2, 3))
        return float((shifted - expected).abs().max())

    seeds, places = st.integers(0, 1000), st.integers(0, 7)

    def kept(seed: int, down: int, right: int) -> float:
        return residual(seed, down, right, stride=1)

    def lost(seed: int, right: int) -> float:
        return residual(seed, 1, right, stride=2)

    lab.measure(worst_case(kept, examples=30, down=places, seed=seeds, right=places))
    lab.control(worst_case(lost, examples=5, seed=seeds, right=places))


@claim(
    "SO-23",
    where="Section 4.2",
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
