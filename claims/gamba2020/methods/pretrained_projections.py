"""Reading the filters' projections off a network that somebody else has trained."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from claims.gamba2020.methods.projections import projection_cosines
from harness.data.pretrained import kernels
from harness.runs.recipe import Recipe, Result
from harness.system.lazy import np, torch
from harness.system.stable_names import stable_name
from harness.training.randomness import stream

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from harness.runs.bench import Bench


@stable_name("pretrained-projections")
@dataclass(frozen=True)
class PretrainedProjections(Recipe):
    """Count negative projections in each convolution of a pretrained network, and in one drawn anew.

    Attributes:
        network: a key of `harness.data.pretrained.PRETRAINED`, whose file is listed there with its SHA-256.
        keep: layers whose weights the result holds.
    """

    network: str
    keep: tuple[str, ...] = ()

    def compute(self, seed: int, bench: Bench) -> Result:
        """Metrics: see `projection_counts`.  Tensors: the weights of `keep`."""
        layers = kernels(self.network, bench.data)
        kept = {name: np.ascontiguousarray(layers[name]) for name in self.keep}
        return Result(projection_counts(layers, seed), kept)


def projection_counts(layers: Mapping[str, NDArray[np.float32]], seed: int) -> dict[str, Any]:
    """What the kernels `(filters, channels, kernel, kernel)` of a network show, by layer.

    Returns:
        One entry a layer: `layers`, `sizes` (of the kernels), `filters`, `negative` (projections of zero included),
        `zero`, and `negative_drawn` in normal weights.
    """
    generator = stream(seed, "weights drawn anew")
    cosines = [projection_cosines(torch.from_numpy(weight)) for weight in layers.values()]
    drawn = [projection_cosines(torch.randn(weight.shape, generator=generator)) for weight in layers.values()]
    return {
        "layers": list(layers),
        "sizes": [weight.shape[-1] for weight in layers.values()],
        "filters": [len(weight) for weight in layers.values()],
        "negative": [int((of_layer <= 0).sum()) for of_layer in cosines],
        "zero": [int((of_layer == 0).sum()) for of_layer in cosines],
        "negative_drawn": [int((of_layer <= 0).sum()) for of_layer in drawn],
    }
